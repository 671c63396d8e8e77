import type { StorageView } from '../../api/observe-types.ts'
import type { NodeStatus } from '../../api/types.ts'
import { node } from '../api.ts'
import { bytes, coins, duration, number, percent, plural, share } from '../format.ts'
import { useLive, useNow, useQuery } from '../hooks.ts'
import { hrefOf } from '../router.ts'
import { Address, Answer, Badge, BlockLink, Coins, Empty, Facts, Hash, Meter, Panel, Peer, Table, Time, Unknown } from '../ui.tsx'
import { Alarms } from './alarms.tsx'

export function NodePage() {
  const { status } = useLive()
  if (status === null) return <p class="loading">Asking the node…</p>
  return (
    <>
      <h1>Node</h1>
      <Fork status={status} />
      <State status={status} />
      <Verifier status={status} />
      <Peers />
      <Storage />
      <Alarms status={status} />
      <Panel title="Counters" note="Since the start; for looking at, names may change">
        <details>
          <summary>{plural(Object.keys(status.counters).length, 'counter')}</summary>
          <Table
            caption="Counters"
            rows={Object.entries(status.counters).toSorted(([left], [right]) => (left < right ? -1 : 1))}
            keyOf={([name]) => name}
            columns={[
              { title: 'Counter', cell: ([name]) => <span class="mono">{name}</span> },
              { title: 'Count', isNumber: true, cell: ([, count]) => number(count) },
            ]}
          />
        </details>
      </Panel>
    </>
  )
}

const syncText = ({ sync, height }: NodeStatus): string => {
  switch (sync.state) {
    case 'none':
      return 'keeps no chain'
    case 'waiting-for-peers':
      return 'waits for peers'
    case 'syncing':
      return `fetches blocks: ${number(height)} of ${number(sync.targetHeight)}`
    case 'following':
      return 'follows the chain'
  }
}

function State({ status }: { status: NodeStatus }) {
  const now = useNow(1000)
  const { genesis } = useLive()
  return (
    <Panel title="This node" note={status.agent}>
      <Facts
        rows={[
          [
            'Chain',
            <span key="chain" class="mono">
              {status.chain}
            </span>,
          ],
          ['Chain id', <Hash key="id" of={status.chainId} />],
          ['Role', status.role],
          ['State', syncText(status)],
          ['Height', status.height === 0 ? 'no block yet' : <BlockLink key="height" height={status.height} />],
          ['First block here', number(status.firstHeight)],
          ['Slot', status.slot === null ? 'before genesis time' : number(status.slot)],
          ['Slots of', duration(status.slotMs)],
          ['Genesis', genesis === null ? <Unknown key="genesis" /> : <Time key="genesis" ms={genesis.genesis.timeMs} />],
          ['Runs since', <Time key="started" ms={status.startedAtMs} />],
          ['For', duration(Math.floor((now - status.startedAtMs) / 1000) * 1000)],
          ['Found its peers after', status.discoveryMs === null ? 'not yet' : duration(status.discoveryMs)],
          ['Memory', bytes(status.process.rssBytes)],
          ['Processor time', duration(status.process.cpuMs)],
          ['Received', bytes(status.traffic.bytesIn)],
          ['Sent', bytes(status.traffic.bytesOut)],
        ]}
      />
      <p class="mono breaks">{status.peerId}</p>
      <ul class="plain">
        {status.addresses.map((one) => (
          <li key={one} class="mono breaks">
            {one}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Verifier({ status: { verifier } }: { status: NodeStatus }) {
  if (verifier === null) return null
  return (
    <Panel
      title="Its verifier key"
      note={
        verifier.silence === null ? (
          <Badge tone={verifier.state === 'elected' ? 'good' : 'neutral'}>{verifier.state.replaceAll('-', ' ')}</Badge>
        ) : (
          <Badge tone="warn">silent: {verifier.silence}</Badge>
        )
      }
    >
      <Facts
        rows={[
          ['Account', verifier.address === null ? 'nobody has registered it' : <Address key="account" of={verifier.address} />],
          ['Place in the quorum', verifier.index === null ? 'none' : number(verifier.index)],
          ['Weight there', <Coins key="weight" of={verifier.weightDroplets} />],
          ['Bonded now', <Coins key="bonded" of={verifier.bondedDroplets} />],
          ['An election asks for', <Coins key="least" of={verifier.minStakeDroplets} />],
          ['Obstacle', verifier.obstacle?.replaceAll('-', ' ') ?? 'none'],
          ['Candidates made', number(verifier.proposed)],
          ['Slots led', number(verifier.led)],
          ['Blocks made', number(verifier.made)],
          ['Seals given', number(verifier.sealed)],
        ]}
      />
    </Panel>
  )
}

const PEERS_EACH_MS = 5000

function Peers() {
  const beat = Math.floor(useNow(PEERS_EACH_MS) / PEERS_EACH_MS)
  const query = useQuery('peers', beat, (signal) => node.peers({ signal }))
  return (
    <Answer of={query} what="peers">
      {(peers) => (
        <Panel title="Peers" note={<a href={hrefOf('swarm')}>{plural(peers.length, 'peer')}: as a graph</a>}>
          {peers.length === 0 ? (
            <Empty>No peers are connected.</Empty>
          ) : (
            <Table
              caption="Connected peers"
              rows={peers}
              keyOf={({ peerId }) => peerId}
              columns={[
                { title: 'Peer', cell: ({ peerId }) => <Peer of={peerId} /> },
                {
                  title: 'Verifier',
                  cell: ({ verifier }) =>
                    verifier === null ? (
                      '–'
                    ) : (
                      <>
                        <b>{verifier.index}</b> <Address of={verifier.address} />
                      </>
                    ),
                },
                { title: 'Height', isNumber: true, cell: ({ height }) => (height === null ? <Unknown what="–" /> : number(height)) },
                {
                  title: 'Score',
                  isNumber: true,
                  cell: ({ score }) => <span class={score < 0 ? 'bad-text' : ''}>{score.toFixed(1)}</span>,
                },
                {
                  title: 'Clock',
                  isNumber: true,
                  cell: ({ clockOffsetMs }) => (clockOffsetMs === null ? <Unknown what="–" /> : `${Math.round(clockOffsetMs)} ms`),
                },
                { title: 'Dialled by', cell: ({ direction }) => (direction === 'inbound' ? 'the peer' : 'this node') },
                { title: 'Program', cell: ({ agent }) => agent ?? <Unknown what="–" /> },
                { title: 'Address', cell: ({ addresses }) => <span class="mono">{(addresses[0] ?? '–').replace(/\/p2p\/.*$/, '')}</span> },
              ]}
            />
          )}
        </Panel>
      )}
    </Answer>
  )
}

const STORAGE_EACH_MS = 30_000
const kinds: readonly (readonly [Exclude<keyof StorageView['bytes'], 'total'>, string])[] = [
  ['blocks', 'Blocks'],
  ['receipts', 'Receipts'],
  ['indexes', 'Indexes'],
  ['state', 'State'],
  ['snapshots', 'Snapshots'],
  ['evidence', 'Evidence'],
  ['other', 'Other'],
]

function Storage() {
  const beat = Math.floor(useNow(STORAGE_EACH_MS) / STORAGE_EACH_MS)
  const query = useQuery('storage', beat, (signal) => node.storage({ signal }))
  return (
    <Panel title="Storage">
      <Answer of={query} what="how its disk is used">
        {(storage) => (
          <>
            <Facts
              rows={[
                ['Mode', storage.keepBlocks === null ? storage.mode : `${storage.mode}, keeps ${plural(storage.keepBlocks, 'block')}`],
                ['Blocks here', `${number(storage.firstHeight)} to ${number(storage.height)}`],
                ['Used', bytes(storage.bytes.total)],
                ['Free on the disk', bytes(storage.freeBytes)],
              ]}
            />
            <Table
              caption="Where the disk goes"
              rows={kinds}
              keyOf={([kind]) => kind}
              columns={[
                { title: 'What', cell: ([, title]) => title },
                { title: 'Bytes', isNumber: true, cell: ([kind]) => bytes(storage.bytes[kind]) },
                {
                  title: 'As a bar',
                  isBar: true,
                  cell: ([kind]) => <Meter ppm={storage.bytes.total === 0 ? 0 : (storage.bytes[kind] / storage.bytes.total) * 1_000_000} />,
                },
              ]}
            />
          </>
        )}
      </Answer>
    </Panel>
  )
}

/** The branches, when the node knows of a fork; who is proven to have sealed two. */
function Fork({ status }: { status: NodeStatus }) {
  const { version } = useLive()
  const query = useQuery('fork', version + (status.fork === null ? 0 : 1), (signal) => node.fork({ signal }))
  return (
    <Answer of={query} what="forks">
      {(fork) =>
        fork === null ? null : (
          <Panel
            title={`Fork at height ${fork.height}`}
            note={fork.isHalted ? <Badge tone="bad">this node is halted</Badge> : <Badge tone="good">ended</Badge>}
          >
            {fork.command === null ? null : (
              <p>
                The operator is to run <code>{fork.command}</code>
              </p>
            )}
            <Table
              caption="Branches"
              rows={fork.branches}
              keyOf={({ first }) => first}
              columns={[
                { title: 'First block', cell: ({ first }) => <Hash of={first} /> },
                { title: 'Head', isNumber: true, cell: ({ head }) => number(head.height) },
                { title: 'Blocks', isNumber: true, cell: ({ blocks }) => number(blocks) },
                {
                  title: 'Coin-hours burned',
                  isNumber: true,
                  cell: ({ burnedMicroHours }) => (burnedMicroHours === null ? <Unknown what="–" /> : coins(burnedMicroHours)),
                },
                {
                  title: 'Is',
                  cell: ({ isOwn, goesOn }) => (
                    <>
                      {isOwn ? <Badge tone="info">of this node</Badge> : null} {goesOn ? <Badge tone="good">goes on</Badge> : null}
                    </>
                  ),
                },
              ]}
            />
            <p>Proven to have sealed two blocks: {share(fork.offendersDroplets, fork.quorumDroplets)} of the stake.</p>
            <ul class="plain">
              {fork.offenders.map(({ address, sharePpm }) => (
                <li key={address}>
                  <Address of={address} /> with {percent(sharePpm)}
                </li>
              ))}
              {fork.proofs.map((id) => (
                <li key={id}>
                  <a class="mono" href={hrefOf('evidence', id)}>
                    evidence {id.slice(0, 10)}…
                  </a>
                </li>
              ))}
            </ul>
          </Panel>
        )
      }
    </Answer>
  )
}
