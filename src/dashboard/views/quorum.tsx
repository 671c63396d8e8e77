import { useState } from 'preact/hooks'
import type { ListedVerifier, QuorumView, VerifiersView } from '../../api/ledger-types.ts'
import { type BlockSummary, node } from '../api.ts'
import { number, percent, plural, share } from '../format.ts'
import { useLive, useQuery } from '../hooks.ts'
import { Address, Answer, Badge, BlockLink, Coins, Empty, Facts, Hash, Meter, Panel, Peer, Table, Unknown } from '../ui.tsx'

export function Quorum() {
  const { status, version, blocks } = useLive()
  const query = useQuery('quorum', version + (status?.epoch ?? 0), (signal) => node.quorum({ signal }))
  return (
    <>
      <h1>Quorum and stake</h1>
      <Answer of={query} what="quorum">
        {(quorum) => <Members quorum={quorum} blocks={blocks} />}
      </Answer>
      <Registered height={status?.height ?? 0} />
    </>
  )
}

interface Part {
  readonly sealed: number
  readonly led: number
}

/** What each member did for the newest blocks that this quorum has sealed; null if there are none. */
function participation(
  quorum: QuorumView,
  blocks: readonly BlockSummary[],
): { readonly of: number; readonly parts: ReadonlyMap<string, Part> } | null {
  // A block names the quorum of the next one.
  const counted = blocks.filter((_, index) => blocks[index + 1]?.header.nextQuorum === quorum.hash)
  if (counted.length === 0) return null
  const parts = new Map<string, Part>(quorum.members.map(({ address }) => [address, { sealed: 0, led: 0 }]))
  for (const { signerAddresses, makerAddress } of counted) {
    for (const address of signerAddresses) bump(parts, address, 'sealed')
    bump(parts, makerAddress, 'led')
  }
  return { of: counted.length, parts }
}

function bump(parts: Map<string, Part>, address: string, what: keyof Part): void {
  const part = parts.get(address)
  if (part !== undefined) parts.set(address, { ...part, [what]: part[what] + 1 })
}

function Members({ quorum, blocks }: { quorum: QuorumView; blocks: readonly BlockSummary[] }) {
  const done = participation(quorum, blocks)
  const newest = blocks[0]
  const rows = quorum.members.map((member, index) => ({ ...member, index }))
  return (
    <Panel title="The quorum" note={`epoch ${number(quorum.epoch)}, signs height ${number(quorum.height)}`}>
      <Facts
        rows={[
          ['Members', number(quorum.members.length)],
          ['Stake', <Coins key="all" of={quorum.totalDroplets} />],
          ['Enough to sign', <Coins key="enough" of={quorum.enoughDroplets} />],
          ['One block can move', <Coins key="limit" of={quorum.valueLimitDroplets} />],
          ['Hash', <Hash key="hash" of={quorum.hash} />],
        ]}
      />
      {quorum.members.length === 0 ? (
        <Empty>No members.</Empty>
      ) : (
        <Table
          caption="Members of the quorum"
          rows={rows}
          keyOf={({ address }) => address}
          columns={[
            { title: 'Place', isNumber: true, cell: ({ index }) => <b>{index}</b> },
            { title: 'Address', cell: ({ address }) => <Address of={address} /> },
            { title: 'Weight', isNumber: true, cell: ({ weightDroplets }) => <Coins of={weightDroplets} /> },
            { title: 'Share', isNumber: true, cell: ({ weightDroplets }) => share(weightDroplets, quorum.totalDroplets) },
            {
              title: 'As a bar',
              isBar: true,
              cell: ({ weightDroplets }) => <Meter ppm={(weightDroplets / quorum.totalDroplets) * 1_000_000} />,
            },
            {
              title: done === null ? 'Sealed' : `Sealed of ${done.of}`,
              isNumber: true,
              cell: ({ address }) => <Sealed part={done?.parts.get(address)} of={done?.of ?? 0} />,
            },
            { title: 'Led', isNumber: true, cell: ({ address }) => done?.parts.get(address)?.led ?? <Unknown what="–" /> },
            {
              title: 'Newest block',
              cell: ({ address, weightDroplets }) =>
                weightDroplets === 0 ? (
                  <Badge tone="bad">punished</Badge>
                ) : newest === undefined ? (
                  <Unknown what="–" />
                ) : newest.signerAddresses.includes(address) ? (
                  <Badge tone="good">sealed</Badge>
                ) : (
                  <Badge>not in the seal</Badge>
                ),
            },
            { title: 'Peer', cell: ({ peerId }) => <Peer of={peerId} /> },
          ]}
        />
      )}
      <p class="note">A seal needs more than two thirds of the stake and stops there: who is not in it may just have been slower.</p>
    </Panel>
  )
}

const Sealed = ({ part, of }: { part: Part | undefined; of: number }) =>
  part === undefined || of === 0 ? (
    <Unknown what="–" />
  ) : (
    <>
      {part.sealed} <span class="unit">{share(part.sealed, of)}</span>
    </>
  )

const PAGE = 100

function Registered({ height }: { height: number }) {
  const [from, setFrom] = useState(0)
  // Stakes change seldom, and the list may be long: not with each block.
  const query = useQuery(`verifiers ${from}`, Math.floor(height / 10), (signal) => node.verifiers({ from, limit: PAGE, signal }))
  return (
    <Answer of={query} what="registered verifiers">
      {(view) => <List view={view} from={from} onFrom={setFrom} />}
    </Answer>
  )
}

function List({ view, from, onFrom }: { view: VerifiersView; from: number; onFrom: (from: number) => void }) {
  return (
    <Panel title="Registered verifiers" note={`${plural(view.registered, 'verifier')}, those with the most bonded first`}>
      {view.verifiers.length === 0 ? (
        <Empty>Nobody has registered.</Empty>
      ) : (
        <Table
          caption="Registered verifiers"
          rows={view.verifiers}
          keyOf={({ address }) => address}
          columns={[
            { title: 'Address', cell: ({ address }) => <Address of={address} /> },
            { title: 'State', cell: (verifier) => <State of={verifier} /> },
            { title: 'Bonded', isNumber: true, cell: ({ bondedDroplets }) => <Coins of={bondedDroplets} /> },
            { title: 'Its own', isNumber: true, cell: ({ stakeDroplets }) => <Coins of={stakeDroplets} /> },
            { title: 'Delegated', isNumber: true, cell: ({ delegatedDroplets }) => <Coins of={delegatedDroplets} /> },
            { title: 'Delegators', isNumber: true, cell: ({ delegators }) => number(delegators) },
            { title: 'Commission', isNumber: true, cell: ({ commissionPpm }) => percent(commissionPpm) },
            {
              title: 'Registered',
              isNumber: true,
              cell: ({ registeredHeight }) => (registeredHeight === 0 ? 'genesis' : <BlockLink height={registeredHeight} />),
            },
          ]}
        />
      )}
      {view.registered <= PAGE ? null : (
        <div class="tools">
          <button type="button" disabled={from === 0} onClick={() => onFrom(Math.max(0, from - PAGE))}>
            Before
          </button>
          <button type="button" disabled={from + PAGE >= view.registered} onClick={() => onFrom(from + PAGE)}>
            Next
          </button>
        </div>
      )}
    </Panel>
  )
}

const State = ({ of }: { of: ListedVerifier }) => (
  <>
    {of.inQuorum ? <Badge tone="good">in the quorum</Badge> : null}{' '}
    {of.obstacle === null ? null : <Badge tone="warn">{of.obstacle.replaceAll('-', ' ')}</Badge>}{' '}
    {of.offences.length === 0 ? null : <Badge tone="bad">{plural(of.offences.length, 'recent offence')}</Badge>}
  </>
)
