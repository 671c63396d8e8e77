import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { ago, address as asAddress, coins, dateTime, sentence, shortAddress, shortHash, shortPeer } from './format.ts'
import type { Query } from './hooks.ts'
import { dataOf } from './hooks.ts'
import { hrefOf } from './router.ts'

type Children = { readonly children?: ComponentChildren }

export function Panel({ title, note, wide, children }: Children & { title: string; note?: ComponentChildren; wide?: boolean }) {
  return (
    <section class={wide === true ? 'panel wide' : 'panel'} aria-label={title}>
      <header class="panel-head">
        <h2>{title}</h2>
        {note === undefined ? null : <p class="note">{note}</p>}
      </header>
      {children}
    </section>
  )
}

export function Stat({ label, value, detail }: { label: string; value: ComponentChildren; detail?: ComponentChildren }) {
  return (
    <div class="stat">
      <dt>{label}</dt>
      <dd>
        <span class="stat-value">{value}</span>
        {detail === undefined ? null : <span class="stat-detail">{detail}</span>}
      </dd>
    </div>
  )
}

/** Says in place of a value that this node does not have it. */
export const Unknown = ({ what = 'not known here' }: { what?: string }) => <span class="unknown">{what}</span>

export const Empty = ({ children }: Children) => <p class="empty">{children}</p>

type Tone = 'good' | 'bad' | 'warn' | 'neutral' | 'info'

export const Badge = ({ tone = 'neutral', children }: Children & { tone?: Tone }) => <span class={`badge ${tone}`}>{children}</span>

export const Address = ({ of, full }: { of: string; full?: boolean }) => (
  <a class="mono" href={hrefOf('accounts', asAddress(of))} title={asAddress(of)}>
    {full === true ? asAddress(of) : shortAddress(of)}
  </a>
)

export const BlockLink = ({ height }: { height: number }) => (
  <a class="mono" href={hrefOf('blocks', height)}>
    {height}
  </a>
)

export const TransactionLink = ({ id }: { id: string }) => (
  <a class="mono" href={hrefOf('transactions', id)} title={id}>
    {shortHash(id)}
  </a>
)

export const Hash = ({ of, full }: { of: string; full?: boolean }) => (
  <span class={full === true ? 'mono breaks' : 'mono'} title={of}>
    {full === true ? of : shortHash(of)}
  </span>
)

export const Peer = ({ of }: { of: string }) => (
  <span class="mono" title={of}>
    {shortPeer(of)}
  </span>
)

export const Coins = ({ of }: { of: number }) => (
  <span class="amount">
    {coins(of)} <span class="unit">coins</span>
  </span>
)

export const Time = ({ ms, now }: { ms: number; now?: number }) => (
  <time dateTime={new Date(ms).toISOString()} title={dateTime(ms)}>
    {now === undefined ? dateTime(ms) : ago(ms, now)}
  </time>
)

/** A bar for a share; what it says stands beside it as text. */
export const Meter = ({ ppm, mark, tone = 'info' }: { ppm: number; mark?: number; tone?: Tone }) => (
  <span class="meter" aria-hidden="true">
    <span class={`meter-fill ${tone}`} style={{ width: `${Math.min(100, ppm / 10_000)}%` }} />
    {mark === undefined ? null : <span class="meter-mark" style={{ left: `${mark / 10_000}%` }} />}
  </span>
)

export function Copy({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false)
  // Without https the browser offers no clipboard except on this machine.
  if (navigator.clipboard === undefined) return null
  const copy = () =>
    navigator.clipboard
      .writeText(text)
      .then(() => setCopied(true))
      .catch(() => setCopied(false))
  return (
    <button type="button" class="quiet" onClick={() => void copy()} aria-label={`Copy ${what}`}>
      {copied ? 'copied' : 'copy'}
    </button>
  )
}

/** What a question came to: the data, or in words why there is none. */
export function Answer<T>({ of, what, children }: { of: Query<T>; what: string; children: (data: T) => ComponentChildren }): JSX.Element {
  const data = dataOf(of)
  if (data !== undefined) {
    return (
      <>
        {of.state === 'failed' ? <p class="stale">Not refreshed: {of.message}</p> : null}
        {children(data)}
      </>
    )
  }
  switch (of.state) {
    case 'unknown':
      return <Empty>Not known here: this node does not tell {what}.</Empty>
    case 'failed':
      return (
        <div class="failed" role="alert">
          {of.code.endsWith('-not-found') ? (
            <p>{sentence(of.message)}</p>
          ) : (
            <p>
              There is no {what} to show: {sentence(of.message)} <code>{of.code}</code>
            </p>
          )}
        </div>
      )
    default:
      return <p class="loading">Asking the node for {what}…</p>
  }
}

/** Scrolls sideways by itself, so that the page does not; a shadow shows where there is more. While there is something to scroll, the keyboard reaches it. */
export function Wide({ label, children }: Children & { label: string }) {
  const place = useRef<HTMLElement>(null)
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const showMore = () => {
      const hiddenPx = element.scrollWidth - element.clientWidth
      const isMoreLeft = element.scrollLeft > 1
      const isMoreRight = element.scrollLeft < hiddenPx - 1
      element.dataset['more'] = isMoreLeft && isMoreRight ? 'both' : isMoreLeft ? 'left' : isMoreRight ? 'right' : ''
    }
    const observer = new ResizeObserver(() => {
      if (element.scrollWidth > element.clientWidth) element.tabIndex = 0
      else element.removeAttribute('tabindex')
      showMore()
    })
    element.addEventListener('scroll', showMore, { passive: true })
    observer.observe(element)
    for (const child of element.children) observer.observe(child)
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', showMore)
    }
  }, [])
  return (
    <section ref={place} class="scroll-x" aria-label={`${label}, as a table`}>
      {children}
    </section>
  )
}

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => ComponentChildren
  /** Numbers stand to the right. */
  readonly isNumber?: boolean
  /** Shows what stands beside it: its title is for those who do not see it. */
  readonly isBar?: boolean
}

export function Table<Row>(props: {
  caption: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => string | number
  rowClass?: (row: Row) => string
  /** On a narrow screen each row becomes lines. */
  isFolding?: boolean
}) {
  const { caption, columns, rows, keyOf, rowClass, isFolding } = props
  return (
    <Wide label={caption}>
      <table class={isFolding === true ? 'folding' : ''}>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, isNumber, isBar }) => (
              <th key={title} scope="col" class={isNumber === true ? 'number' : ''}>
                {isBar === true ? <span class="hidden">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={rowClass?.(row) ?? ''}>
              {columns.map(({ title, cell, isNumber }) => (
                <td key={title} class={isNumber === true ? 'number' : ''}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  )
}

export const Facts = ({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) => (
  <dl class="facts">
    {rows.map(([label, value]) => (
      <div key={label}>
        <dt>{label}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)
