import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Announcer } from './announcer.tsx'
import { Banners } from './banners.tsx'
import { feed } from './feed.ts'
import { useLive } from './hooks.ts'
import { hrefOf, useRoute } from './router.ts'
import { Search } from './search.tsx'
import { type Theme, useTheme } from './theme.ts'
import { Badge, Empty } from './ui.tsx'
import { Overview } from './views/overview.tsx'

export interface ViewProps {
  /** What follows the name of the view in the address; empty for none. */
  readonly argument: string
}
type View = ComponentType<ViewProps>

/** In the order of the navigation. The first view comes with the page, each other one when it is opened. */
const views: Readonly<Record<string, { readonly title: string; readonly inNavigation: boolean; readonly load: () => Promise<View> }>> = {
  overview: { title: 'Overview', inNavigation: true, load: async () => Overview },
  blocks: { title: 'Blocks', inNavigation: true, load: async () => (await import('./views/blocks.tsx')).Blocks },
  swarm: { title: 'Swarm', inNavigation: true, load: async () => (await import('./views/swarm.tsx')).Swarm },
  quorum: { title: 'Quorum', inNavigation: true, load: async () => (await import('./views/quorum.tsx')).Quorum },
  elections: { title: 'Elections', inNavigation: true, load: async () => (await import('./views/elections.tsx')).Elections },
  evidence: { title: 'Evidence', inNavigation: true, load: async () => (await import('./views/evidence.tsx')).Evidence },
  accounts: { title: 'Accounts', inNavigation: true, load: async () => (await import('./views/accounts.tsx')).Accounts },
  transactions: { title: 'Transaction', inNavigation: false, load: async () => (await import('./views/transaction.tsx')).TransactionPage },
  charts: { title: 'Charts', inNavigation: true, load: async () => (await import('./views/charts.tsx')).Charts },
  node: { title: 'Node', inNavigation: true, load: async () => (await import('./views/node.tsx')).NodePage },
}

const loaded = new Map<string, View>([['overview', Overview]])

/** The view's component; null while it comes. Tried again when the node is back, from which it comes. */
function useView(name: string): View | 'failed' | null {
  const { returns } = useLive()
  const [failed, setFailed] = useState<string | null>(null)
  const [, render] = useState({})
  useEffect(() => {
    const view = views[name]
    if (view === undefined || loaded.has(name)) return
    let isWanted = true
    view.load().then(
      (component) => {
        loaded.set(name, component)
        if (isWanted) render({})
      },
      () => {
        if (isWanted) setFailed(name)
      },
    )
    return () => {
      isWanted = false
    }
  }, [name, returns])
  return loaded.get(name) ?? (failed === name ? 'failed' : null)
}

export function App() {
  const { view, argument } = useRoute()
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  const name = views[view] === undefined ? 'nowhere' : view
  const title = views[name]?.title ?? 'Nothing here'
  useEffect(() => {
    document.title = `${title}${argument === '' ? '' : ` ${argument.slice(0, 16)}`} · quorate`
    // Who moved to another view by keyboard or screen reader goes on reading there, not at the link.
    if (!isFirst.current) main.current?.focus({ preventScroll: true })
    isFirst.current = false
    scrollTo(0, 0)
  }, [title, argument])
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header />
      <Navigation current={name} />
      <main id="main" ref={main} tabIndex={-1} aria-label={title}>
        <Banners />
        <Content name={name} argument={argument} />
      </main>
      <Announcer />
    </>
  )
}

function Content({ name, argument }: { name: string; argument: string }) {
  const View = useView(name)
  if (views[name] === undefined)
    return (
      <Empty>
        There is nothing at this address. <a href={hrefOf('overview')}>To the overview</a>
      </Empty>
    )
  if (View === null) return <p class="loading">Loading…</p>
  if (View === 'failed') return <Missing />
  return <View argument={argument} />
}

/** In place of a view whose files did not come. */
function Missing() {
  const { connection } = useLive()
  const isLost = connection.state === 'lost'
  return (
    <div class="failed" role="alert">
      <p>
        {isLost
          ? 'This view comes from the node, which does not answer. It is loaded when the node answers again.'
          : 'This view could not be loaded from the node. If the node was replaced by another version, the page must be loaded again.'}
      </p>
      <button type="button" onClick={() => (isLost ? feed.start() : location.reload())}>
        {isLost ? 'Load it now' : 'Load the page again'}
      </button>
    </div>
  )
}

function Header() {
  const { status, connection } = useLive()
  return (
    <header class="top">
      <a class="brand" href={hrefOf('overview')}>
        quorate
      </a>
      <p class="chain">
        <span class="mono">{status?.chain ?? '…'}</span>{' '}
        <SyncBadge state={connection.state === 'lost' ? 'lost' : (status?.sync.state ?? null)} />
      </p>
      <Search />
      <ThemeChoice />
    </header>
  )
}

function SyncBadge({ state }: { state: 'lost' | 'none' | 'waiting-for-peers' | 'syncing' | 'following' | null }) {
  switch (state) {
    case 'following':
      return <Badge tone="good">following</Badge>
    case 'syncing':
      return <Badge tone="warn">syncing</Badge>
    case 'waiting-for-peers':
      return <Badge tone="warn">waiting for peers</Badge>
    case 'none':
      return <Badge tone="info">bootstrap</Badge>
    case 'lost':
      return <Badge tone="bad">no answer</Badge>
    case null:
      return <Badge>connecting</Badge>
  }
}

const themes: Readonly<Record<Theme, { readonly next: Theme; readonly sign: string }>> = {
  auto: { next: 'light', sign: '◐' },
  light: { next: 'dark', sign: '☀' },
  dark: { next: 'auto', sign: '☾' },
}

function ThemeChoice() {
  const { theme, set } = useTheme()
  const { next, sign } = themes[theme]
  return (
    <button
      type="button"
      class="theme"
      onClick={() => set(next)}
      aria-label={`Colours: ${theme}. Change to ${next}`}
      title={`Colours: ${theme}`}
    >
      <span aria-hidden="true">{sign}</span>
    </button>
  )
}

function Navigation({ current }: { current: string }) {
  const { status } = useLive()
  const shown = current === 'transactions' ? 'accounts' : current
  const bar = useRef<HTMLElement>(null)
  // On a phone the bar scrolls sideways: where one is must be seen.
  useEffect(() => {
    const link = bar.current?.querySelector<HTMLElement>('[aria-current]')
    if (bar.current !== null && link != null) bar.current.scrollLeft = link.offsetLeft - bar.current.clientWidth / 3
  }, [shown])
  return (
    <nav aria-label="Views" ref={bar}>
      <ul>
        {Object.entries(views)
          .filter(([, { inNavigation }]) => inNavigation)
          .map(([name, { title }]) => (
            <li key={name}>
              <a href={hrefOf(name)} aria-current={name === shown ? 'page' : undefined}>
                {title}
                {name === 'elections' && status?.election != null ? <span class="dot" role="img" aria-label="open" /> : null}
              </a>
            </li>
          ))}
      </ul>
    </nav>
  )
}
