import { Fragment } from 'preact'
import { useState } from 'preact/hooks'
import type { BlockSummary, Timeline } from '../api.ts'
import { ago, duration, number, shortAddress } from '../format.ts'
import { useLive, useNow } from '../hooks.ts'
import { type PhaseName, phasesOf, phaseTitles } from '../phases.ts'
import { type Signers, signersOf } from '../signers.ts'
import { Address, BlockLink, Empty, Unknown, Wide } from '../ui.tsx'

const SHOWN = 14
/** More columns than a screen has room for are shown as numbers. */
const MOST_COLUMNS = 32

/** The newest blocks, one a row: a cell for each verifier says what it did, a bar how long each phase took. */
export function LiveChain() {
  const { blocks, quorum, status, sizes } = useLive()
  const [isPaused, pause] = useState(false)
  const [held, setHeld] = useState<readonly BlockSummary[]>([])
  const known = isPaused ? held : blocks
  const shown = known.slice(0, SHOWN)
  const now = useNow(1000)
  if (status === null || shown.length === 0) return <Empty>No block yet. They appear here as they become final.</Empty>
  const signers = signersOf(known, sizes).slice(0, SHOWN)
  const most = Math.max(0, ...signers.map(({ places }) => places))
  const columns = most <= MOST_COLUMNS ? Array.from({ length: most }, (_, index) => index) : []
  const scaleMs = Math.max(status.slotMs, ...shown.map(({ timeline }) => timeline?.finalMs ?? 0))
  return (
    <>
      <div class="legend-row">
        <Legend />
        <button
          type="button"
          class="quiet"
          aria-pressed={isPaused}
          onClick={() => {
            setHeld(blocks)
            pause(!isPaused)
          }}
        >
          {isPaused ? 'go on' : 'pause'}
        </button>
      </div>
      <Wide label="Newest blocks">
        <table class="chain-table">
          <caption class="hidden">The newest blocks: what each verifier did for them, and how long the phases took</caption>
          <thead>
            <tr>
              <th scope="col" class="number">
                Height
              </th>
              <th scope="col">Age</th>
              <th scope="col">Led by</th>
              {columns.length === 0 ? (
                <>
                  <th scope="col">Voted</th>
                  <th scope="col">Locked</th>
                  <th scope="col">Sealed</th>
                </>
              ) : (
                columns.map((index) => (
                  <th key={index} scope="col" class="who" title={titleOf(index, quorum?.members[index]?.address)}>
                    <span class="hidden">Verifier </span>
                    {index}
                  </th>
                ))
              )}
              <th scope="col" class="number">
                Tx
              </th>
              <th scope="col" class="phases-head">
                Phases, of {duration(scaleMs)}
              </th>
              <th scope="col" class="number">
                Final
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((block, index) => (
              <Fragment key={block.hash}>
                <Row block={block} columns={columns} signers={signers[index] ?? nobody} scaleMs={scaleMs} now={now} />
                {signers[index]?.isFirst === true ? (
                  <tr class="handover">
                    <td colSpan={FIXED_COLUMNS + (columns.length === 0 ? 3 : columns.length)}>
                      another quorum signs from height {number(block.header.height)}
                    </td>
                  </tr>
                ) : null}
              </Fragment>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  )
}

/** Height, age, leader, transactions, phases, final. */
const FIXED_COLUMNS = 6
const nobody: Signers = { quorum: null, members: null, places: 0, isFirst: false }

const titleOf = (index: number, address: string | undefined): string =>
  address === undefined ? `verifier ${index}` : `verifier ${index}: ${shortAddress(address)}`

interface RowProps {
  readonly block: BlockSummary
  readonly columns: readonly number[]
  readonly signers: Signers
  readonly scaleMs: number
  readonly now: number
}

function Row({ block, columns, signers, scaleMs, now }: RowProps) {
  const { header, makerAddress, timeline, seal, transactions, timeMs } = block
  const { voters = null, lockers = null } = timeline ?? {}
  const of = signers.members === null ? '' : ` of ${signers.members}`
  return (
    <tr>
      <th scope="row" class="number">
        <BlockLink height={header.height} />
      </th>
      <td class="age">{ago(timeMs, now)}</td>
      <td class="leader">
        <b>{header.maker}</b> <Address of={makerAddress} />
      </td>
      {columns.length === 0 ? (
        <>
          <td>{voters === null ? <Unknown what="?" /> : `${voters.length}${of}`}</td>
          <td>{lockers === null ? <Unknown what="?" /> : `${lockers.length}${of}`}</td>
          <td>{`${seal.signers.length}${of}`}</td>
        </>
      ) : (
        columns.map((index) => (
          <td key={index} class="who">
            {/* The quorum of this block may be smaller: no mark is not the same as nothing done. */}
            {index < signers.places ? (
              <Deeds
                led={header.maker === index}
                voted={voters === null ? null : voters.includes(index)}
                locked={lockers === null ? null : lockers.includes(index)}
                sealed={seal.signers.includes(index)}
              />
            ) : null}
          </td>
        ))
      )}
      <td class="number">{number(transactions)}</td>
      <td class="phases">
        <PhaseBar timeline={timeline ?? null} scaleMs={scaleMs} />
      </td>
      <td class="number">{timeline?.finalMs == null ? <Unknown what="–" /> : duration(timeline.finalMs)}</td>
    </tr>
  )
}

/** What one verifier did for one block: three marks, and a ring around who led. Null is what this node did not see. */
export function Deeds(props: { led: boolean; voted: boolean | null; locked: boolean | null; sealed: boolean }) {
  const { led, voted, locked, sealed } = props
  const marks: readonly (readonly [PhaseName, boolean | null])[] = [
    ['vote', voted],
    ['lock', locked],
    ['seal', sealed],
  ]
  const done = [led ? 'led' : null, said('voted', voted), said('locked', locked), said('sealed', sealed)].filter((text) => text !== null)
  const text = done.length === 0 ? 'nothing' : done.join(', ')
  return (
    <span class={led ? 'deeds led' : 'deeds'} title={text}>
      {marks.map(([name, did]) => (
        <span key={name} aria-hidden="true" class={did === null ? 'mark maybe' : did ? `mark ${name}` : 'mark'} />
      ))}
      <span class="hidden">{text}</span>
    </span>
  )
}

const said = (word: string, did: boolean | null): string | null => (did === null ? `${word} not known` : did ? word : null)

/** The time from the start of the slot until final, by phase. */
export function PhaseBar({ timeline, scaleMs }: { timeline: Timeline | null; scaleMs: number }) {
  const phases = timeline === null ? null : phasesOf(timeline)
  if (phases === null) return <Unknown />
  const text = phases
    .map(
      ({ name, fromMs, toMs, includes }) =>
        `${[...includes, name].map((one) => phaseTitles[one]).join(' and ')} ${duration(toMs - fromMs)}`,
    )
    .join(', ')
  return (
    <span class="phase-bar" title={text}>
      {phases.map(({ name, fromMs, toMs, includes }) => (
        <span
          key={name}
          aria-hidden="true"
          class={includes.length > 0 ? `phase ${name} joined` : `phase ${name}`}
          style={{ width: `${((toMs - fromMs) / scaleMs) * 100}%` }}
        />
      ))}
      <span class="hidden">{text}</span>
    </span>
  )
}

const Legend = () => (
  <ul class="legend" aria-label="Marks and colours">
    <li>
      <span class="deeds led key" aria-hidden="true">
        <span class="mark" />
      </span>
      led
    </li>
    {(['candidate', 'vote', 'lock', 'seal'] as const).map((name) => (
      <li key={name}>
        <span class={`swatch ${name}`} aria-hidden="true" />
        {phaseTitles[name]}
      </li>
    ))}
    <li>
      <span class="swatch maybe" aria-hidden="true" />
      not known here
    </li>
  </ul>
)
