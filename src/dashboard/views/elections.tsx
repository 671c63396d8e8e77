import type { ElectionsView, OpenElectionView, RatificationView } from '../../api/ledger-types.ts'
import { node } from '../api.ts'
import { duration, number, percent, plural } from '../format.ts'
import { useLive, useNow, useQuery } from '../hooks.ts'
import { Address, Answer, Badge, BlockLink, Coins, Empty, Facts, Hash, Meter, Panel, Table } from '../ui.tsx'

export function Elections() {
  const { status } = useLive()
  const height = status?.height ?? 0
  const query = useQuery('elections', height, (signal) => node.elections({ signal }))
  const ratification = useQuery('ratification', height, (signal) => node.ratification({ signal }))
  return (
    <>
      <h1>Elections</h1>
      <Answer of={query} what="elections">
        {(view) => (
          <>
            {view.open === null ? <Closed view={view} /> : <Open election={view.open} />}
            <Settled view={view} />
          </>
        )}
      </Answer>
      <Answer of={ratification} what="ratification">
        {(view) => <Ratification view={view} />}
      </Answer>
    </>
  )
}

function Closed({ view }: { view: ElectionsView }) {
  const now = useNow(1000)
  const { nextElectionSlot, nextElectionTimeMs, handover } = view
  return (
    <Panel title="No election is open">
      <Facts
        rows={[
          ['Next regular election', nextElectionTimeMs === null ? 'not known yet' : inTime(nextElectionTimeMs, now)],
          ['It opens with slot', nextElectionSlot === null ? 'not known yet' : number(nextElectionSlot)],
          ['The quorum changes next', inTime(handover.timeMs, now)],
          ['Epoch', number(view.epoch)],
        ]}
      />
      <p class="note">An offence that a block punishes forces one before that.</p>
    </Panel>
  )
}

const inTime = (ms: number, now: number): string =>
  ms > now ? `in ${duration(Math.round((ms - now) / 1000) * 1000)}` : 'with the next block'

function Open({ election }: { election: OpenElectionView }) {
  const now = useNow(1000)
  const leftMs = election.closesTimeMs - now
  return (
    <Panel
      title={`Election ${election.number} is open`}
      note={election.cause === 'forced' ? <Badge tone="warn">forced by an offence</Badge> : 'the regular one of this epoch'}
    >
      <Facts
        rows={[
          ['Closes', leftMs > 0 ? `in ${duration(Math.ceil(leftMs / 1000) * 1000)}` : 'with the next block'],
          ['At slot', number(election.closesSlot)],
          ['Opened by block', <BlockLink key="opened" height={election.openedHeight} />],
          ['Seats', `${number(election.seats)}, for ${plural(election.eligible, 'candidate')}`],
          ['Weight of all slips', <Coins key="weight" of={election.votedDroplets} />],
          ['Ranked by', election.by],
        ]}
      />
      <p>
        Turnout {percent(election.turnoutPpm)} of all coins; {percent(election.minTurnoutPpm)} are needed for slips to rank, else the stake
        does.
      </p>
      <Meter
        ppm={election.turnoutPpm}
        mark={election.minTurnoutPpm}
        tone={election.turnoutPpm >= election.minTurnoutPpm ? 'good' : 'warn'}
      />
      <Standings election={election} />
      <Proposals proposals={election.proposals} />
    </Panel>
  )
}

function Standings({ election }: { election: OpenElectionView }) {
  if (election.standings.length === 0) return <Empty>No verifier can be elected now.</Empty>
  const most = Math.max(1, ...election.standings.map(({ score }) => score))
  const rows = election.standings.map((standing, index) => ({ ...standing, rank: index + 1 }))
  return (
    <Table
      caption="How it stands"
      rows={rows}
      keyOf={({ verifier }) => verifier}
      rowClass={({ elected }) => (elected ? 'elected' : '')}
      columns={[
        { title: 'Rank', isNumber: true, cell: ({ rank }) => rank },
        { title: 'Verifier', cell: ({ verifier }) => <Address of={verifier} /> },
        { title: 'Score', isNumber: true, cell: ({ score }) => (election.by === 'trust' ? number(score) : <Coins of={score} />) },
        { title: 'As a bar', isBar: true, cell: ({ score }) => <Meter ppm={(score / most) * 1_000_000} /> },
        { title: 'Slips', isNumber: true, cell: ({ votesDroplets }) => <Coins of={votesDroplets} /> },
        { title: 'Bonded', isNumber: true, cell: ({ bondedDroplets }) => <Coins of={bondedDroplets} /> },
        { title: 'Trust', isNumber: true, cell: ({ trust }) => number(trust) },
        { title: 'If it ended now', cell: ({ elected }) => (elected ? <Badge tone="good">elected</Badge> : <Badge>not elected</Badge>) },
      ]}
    />
  )
}

const Proposals = ({ proposals }: { proposals: OpenElectionView['proposals'] }) =>
  proposals.length === 0 ? null : (
    <Table
      caption="Sources put up for ratification"
      rows={proposals}
      keyOf={({ source }) => source}
      columns={[
        { title: 'Source put up for ratification', cell: ({ source }) => <Hash of={source} /> },
        { title: 'Support', isNumber: true, cell: ({ droplets }) => <Coins of={droplets} /> },
      ]}
    />
  )

function Settled({ view }: { view: ElectionsView }) {
  return (
    <Panel title="Settled elections">
      {view.settled.length === 0 ? (
        <Empty>None was settled yet, as far as this node has receipts.</Empty>
      ) : (
        <Table
          caption="Settled elections"
          rows={view.settled}
          keyOf={({ height }) => height}
          columns={[
            { title: 'Election', isNumber: true, cell: ({ number: one }) => one },
            { title: 'In block', isNumber: true, cell: ({ height }) => <BlockLink height={height} /> },
            { title: 'Ranked by', cell: ({ by }) => (by === 'kept' ? 'nobody: the quorum went on' : by) },
            { title: 'Slips', isNumber: true, cell: ({ votedDroplets }) => <Coins of={votedDroplets} /> },
            {
              title: 'Elected',
              cell: ({ elected }) => (
                <details>
                  <summary>{plural(elected.length, 'verifier')}</summary>
                  <ul class="plain">
                    {elected.map(({ verifier, stakeDroplets }) => (
                      <li key={verifier}>
                        <Address of={verifier} /> <Coins of={stakeDroplets} />
                      </li>
                    ))}
                  </ul>
                </details>
              ),
            },
          ]}
        />
      )}
    </Panel>
  )
}

function Ratification({ view }: { view: RatificationView }) {
  const isSame = view.ratified !== null && view.running === view.ratified.source
  return (
    <Panel title="Ratified source" note="What holders of coins have agreed to run">
      <Facts
        rows={[
          ['Ratified', view.ratified === null ? 'nothing yet' : <Hash key="ratified" of={view.ratified.source} />],
          ['In block', view.ratified === null ? '–' : <BlockLink key="height" height={view.ratified.height} />],
          ['This node runs', view.running === null ? 'a program that was not bundled' : <Hash key="running" of={view.running} />],
          ['The same', view.ratified === null ? '–' : isSame ? <Badge tone="good">yes</Badge> : <Badge tone="warn">no</Badge>],
        ]}
      />
      {view.election === null ? null : <Proposals proposals={view.election.proposals} />}
    </Panel>
  )
}
