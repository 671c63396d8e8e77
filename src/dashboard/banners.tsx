import { feed } from './feed.ts'
import { clock, duration, number } from './format.ts'
import { useLive, useNow } from './hooks.ts'
import { hrefOf } from './router.ts'
import { Meter } from './ui.tsx'

/** What a person must know before anything else on the page. */
export function Banners() {
  const { connection, status } = useLive()
  return (
    <>
      {connection.state === 'lost' ? (
        <div class="banner bad" role="alert">
          <p>
            <strong>The node does not answer</strong> since {clock(connection.sinceMs)}.{' '}
            {status === null ? null : 'What is shown is from before, what is not shown yet comes when it answers. '}The page tries again by
            itself.
          </p>
          <button type="button" onClick={() => feed.start()}>
            Try again now
          </button>
        </div>
      ) : null}
      {status?.fork == null ? null : (
        <div class="banner bad" role="alert">
          <p>
            <strong>Halted by a fork at height {number(status.fork.height)}:</strong> {number(status.fork.branches)} branches are sealed.{' '}
            {status.fork.command === null ? (
              'A branch is chosen, and the node waits for its recovery block.'
            ) : (
              <>
                The operator chooses with <code>{status.fork.command}</code>.
              </>
            )}{' '}
            <a href={hrefOf('node')}>See the branches</a>
          </p>
        </div>
      )}
      <SyncBanner />
    </>
  )
}

function SyncBanner() {
  const { status, connection, genesis } = useLive()
  const now = useNow(1000)
  if (status === null || connection.state !== 'live') return null
  const { sync, height } = status
  if (status.role === 'bootstrap')
    return (
      <div class="banner info">
        <p>
          <strong>A bootstrap node:</strong> it helps others find each other and keeps no chain.{' '}
          <a href={hrefOf('swarm')}>Who is connected</a>
        </p>
      </div>
    )
  if (sync.snapshot !== null)
    return (
      <div class="banner warn">
        <p>
          <strong>Beginning with a snapshot</strong>
          {sync.snapshot.height === null
            ? `: looking for one, ${sync.snapshot.peers} peers offer some.`
            : ` of height ${number(sync.snapshot.height)}: ${sync.snapshot.partsHere} of ${sync.snapshot.parts} parts are here.`}
        </p>
        {sync.snapshot.parts > 0 ? <Meter ppm={(sync.snapshot.partsHere / sync.snapshot.parts) * 1_000_000} /> : null}
      </div>
    )
  if (sync.state === 'syncing' && sync.targetHeight > height)
    return (
      <div class="banner warn">
        <p>
          <strong>Syncing:</strong> {number(height)} of {number(sync.targetHeight)} blocks are here. What is shown is not the newest yet.
        </p>
        <Meter ppm={(height / sync.targetHeight) * 1_000_000} />
      </div>
    )
  const startsMs = genesis === null || status.slot !== null ? null : genesis.genesis.timeMs - now
  if (startsMs !== null && startsMs > 0)
    return (
      <div class="banner info">
        <p>
          <strong>The chain has not begun:</strong> its first slot is in {duration(startsMs)}.
        </p>
      </div>
    )
  return null
}
