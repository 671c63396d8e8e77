import type { QuorumView, ReceiptView } from '../../api/ledger-types.ts'
import { evidenceId } from '../../wire/evidence.ts'
import { addressOf as senderOf } from '../../wire/ids.ts'
import type { Evidence } from '../../wire/types.ts'
import { type BlockView, node, type Timeline } from '../api.ts'
import { bytes, coins, duration, number, plural, words } from '../format.ts'
import { useLive, useQuery } from '../hooks.ts'
import { hrefOf } from '../router.ts'
import { Address, Answer, Coins, Copy, Empty, Facts, Hash, Panel, Table, Time, TransactionLink, Unknown } from '../ui.tsx'
import { Deeds, PhaseBar } from './live-chain.tsx'
import { receiptText } from './receipt.tsx'
import { transactionText } from './transaction-text.tsx'

/** A full block holds five thousand transactions: rows come as they are asked for. */
const SHOWN_TRANSACTIONS = 200

export function Block({ at }: { at: string }) {
  const query = useQuery(`block ${at}`, 0, (signal) => node.block(at, { signal }))
  return (
    <Answer of={query} what={`block ${at.length > 20 ? `${at.slice(0, 12)}…` : at}`}>
      {(view) => <Shown view={view} />}
    </Answer>
  )
}

function Shown({ view }: { view: BlockView }) {
  const { status } = useLive()
  const { header, transactions } = view.block
  return (
    <>
      <div class="title-row">
        <h1>Block {number(header.height)}</h1>
        <nav class="steps" aria-label="Neighbours">
          {header.height > (status?.firstHeight ?? 1) ? (
            <a href={hrefOf('blocks', header.height - 1)}>← {number(header.height - 1)}</a>
          ) : null}
          {status !== null && header.height < status.height ? (
            <a href={hrefOf('blocks', header.height + 1)}>{number(header.height + 1)} →</a>
          ) : null}
        </nav>
      </div>
      <Panel title="Header">
        <Facts
          rows={[
            ['Hash', <Full key="hash" of={view.hash} what="the hash" />],
            ['Slot', number(header.slot)],
            ['Time of its slot', <Time key="time" ms={view.timeMs} />],
            ['Made by', <Maker key="maker" index={header.maker} address={view.makerAddress} />],
            ['Transactions', plural(transactions.length, 'transaction')],
            ['Size', bytes(view.bytes)],
            [
              'Final here',
              view.finalAtMs === null ? (
                <Unknown key="final" what="not known here: it came from other nodes" />
              ) : (
                <Time key="final" ms={view.finalAtMs} />
              ),
            ],
            [
              'Parent',
              <a key="parent" class="mono" href={hrefOf('blocks', header.parent)}>
                {header.parent.slice(0, 16)}…
              </a>,
            ],
            ['Transactions root', <Hash key="root" of={header.transactionsRoot} />],
            ['State root', <Hash key="state" of={header.stateRoot} />],
            ['Next quorum', <Hash key="quorum" of={header.nextQuorum} />],
            ['Coin-hours burned by then', coins(header.burnedMicroHours)],
          ]}
        />
      </Panel>
      <How view={view} />
      <Transactions view={view} />
      <EvidencePanel evidence={view.block.evidence} />
      <Receipt receipt={view.receipt} />
    </>
  )
}

const Full = ({ of, what }: { of: string; what: string }) => (
  <>
    <Hash of={of} full /> <Copy text={of} what={what} />
  </>
)

const Maker = ({ index, address }: { index: number; address: string }) => (
  <>
    verifier <b>{index}</b> <Address of={address} />
  </>
)

/** Who signed it and how long that took. */
function How({ view }: { view: BlockView }) {
  const { quorum } = useLive()
  const { timeline } = view
  const { signers } = view.block.seal
  const { voters = null, lockers = null } = timeline ?? {}
  const indices = [...new Set([...signers, ...(voters ?? []), ...(lockers ?? []), view.block.header.maker])].toSorted(
    (left, right) => left - right,
  )
  return (
    <Panel title="How it was sealed" note={`${plural(signers.length, 'verifier')} sealed it; times from the start of the slot`}>
      {timeline === null || timeline === undefined ? (
        <Empty>Not known here: this node did not see the block being made, or no longer remembers.</Empty>
      ) : (
        <>
          <PhaseBar timeline={timeline} scaleMs={lastOf(timeline)} />
          <Facts
            rows={(
              [
                ['Candidate', timeline.candidateMs],
                ['Enough votes', timeline.votedMs],
                ['Enough locks', timeline.lockedMs],
                ['Final here', timeline.finalMs],
              ] as const
            ).map(([label, ms]) => [label, ms === null ? <Unknown key={label} /> : duration(ms)])}
          />
        </>
      )}
      <Table
        caption="What each verifier did"
        rows={indices}
        keyOf={(index) => index}
        columns={[
          { title: 'Verifier', cell: (index) => <b>{index}</b> },
          { title: 'Address', cell: (index) => addressAt(view, index, quorum) },
          {
            title: 'Did',
            cell: (index) => (
              <Deeds
                led={view.block.header.maker === index}
                voted={voters === null ? null : voters.includes(index)}
                locked={lockers === null ? null : lockers.includes(index)}
                sealed={signers.includes(index)}
              />
            ),
          },
          {
            title: 'In words',
            cell: (index) =>
              [
                view.block.header.maker === index ? 'led' : '',
                voters?.includes(index) === true ? 'voted' : '',
                lockers?.includes(index) === true ? 'locked' : '',
                signers.includes(index) ? 'sealed' : '',
              ]
                .filter((word) => word !== '')
                .join(', '),
          },
        ]}
      />
      <details>
        <summary>The signature of the seal</summary>
        <p>
          <Hash of={view.block.seal.signature} full />
        </p>
      </details>
    </Panel>
  )
}

const lastOf = ({ candidateMs, votedMs, lockedMs, finalMs }: Timeline): number =>
  Math.max(1, candidateMs ?? 0, votedMs ?? 0, lockedMs ?? 0, finalMs ?? 0)

/** A block names who made and who sealed it; others only if the quorum that signs now is that which signed then. */
function addressAt({ block, makerAddress, signerAddresses }: BlockView, index: number, quorum: QuorumView | null) {
  const { signers } = block.seal
  const own = index === block.header.maker ? makerAddress : signerAddresses[signers.indexOf(index)]
  const isSame = quorum !== null && signers.every((signer, place) => quorum.members[signer]?.address === signerAddresses[place])
  const address = own ?? (isSame ? quorum.members[index]?.address : undefined)
  return address === undefined ? <Unknown /> : <Address of={address} />
}

function Transactions({ view }: { view: BlockView }) {
  const rows = view.block.transactions
    .slice(0, SHOWN_TRANSACTIONS)
    .map((transaction, index) => ({ transaction, id: view.transactionIds[index] ?? '' }))
  const more = view.block.transactions.length - rows.length
  return (
    <Panel title="Transactions" note={plural(view.block.transactions.length, 'transaction')}>
      {rows.length === 0 ? (
        <Empty>An empty block: nothing waited.</Empty>
      ) : (
        <Table
          caption="Transactions of the block"
          isFolding
          rows={rows}
          keyOf={({ id }) => id}
          columns={[
            { title: 'Id', cell: ({ id }) => <TransactionLink id={id} /> },
            { title: 'From', cell: ({ transaction }) => <Address of={senderOf(transaction.body.sender)} /> },
            { title: 'Does', cell: ({ transaction }) => transactionText(transaction.body.action) },
            { title: 'Fee', isNumber: true, cell: ({ transaction }) => <Coins of={transaction.body.feeDroplets} /> },
          ]}
        />
      )}
      {more > 0 ? <p class="note">{plural(more, 'more transaction')} not shown.</p> : null}
    </Panel>
  )
}

function EvidencePanel({ evidence }: { evidence: readonly Evidence[] }) {
  if (evidence.length === 0) return null
  return (
    <Panel title="Evidence in this block" note="It punishes what these prove">
      <ul class="plain">
        {evidence.map((one) => {
          const id = evidenceId(one)
          return (
            <li key={id}>
              <a class="mono" href={hrefOf('evidence', id)}>
                {id.slice(0, 16)}…
              </a>{' '}
              two statements at height {number(one.first.statement.height)}: {words(one.first.statement.kind)} and{' '}
              {words(one.second.statement.kind)}
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}

function Receipt({ receipt }: { receipt: ReceiptView | null }) {
  if (receipt === null)
    return (
      <Panel title="Receipt">
        <Empty>Not known here: this node has the block from a snapshot.</Empty>
      </Panel>
    )
  return (
    <Panel title="Receipt" note="What the block did besides its transactions">
      <Facts
        rows={[
          ['Minted for the parent', <Coins key="minted" of={receipt.mintedDroplets} />],
          ['Fees of the parent, shared', <Coins key="shared" of={receipt.sharedFeesDroplets} />],
          ['Fees of this block', <Coins key="fees" of={receipt.feesDroplets} />],
          ['Burned', <Coins key="burned" of={receipt.burnedDroplets} />],
          ['Coin-hours burned', coins(receipt.burnedMicroHours)],
        ]}
      />
      {receipt.events.length === 0 ? null : (
        <ul class="plain">
          {receipt.events.map((event, index) => (
            // Events of a block have an order and no id.
            <li key={`${event.kind} ${index}`}>{receiptText(event)}</li>
          ))}
        </ul>
      )}
      {receipt.rewards.length === 0 ? (
        <Empty>No rewards: the parent had none to share.</Empty>
      ) : (
        <Table
          caption="Rewards for the parent"
          rows={receipt.rewards}
          keyOf={({ verifier }) => verifier}
          columns={[
            { title: 'Rewarded', cell: ({ verifier }) => <Address of={verifier} /> },
            { title: 'As maker', isNumber: true, cell: ({ makerDroplets }) => <Coins of={makerDroplets} /> },
            { title: 'As signer', isNumber: true, cell: ({ signerDroplets }) => <Coins of={signerDroplets} /> },
            { title: 'To delegators', isNumber: true, cell: ({ delegatorsDroplets }) => <Coins of={delegatorsDroplets} /> },
            { title: 'Commission', isNumber: true, cell: ({ commissionDroplets }) => <Coins of={commissionDroplets} /> },
          ]}
        />
      )}
    </Panel>
  )
}
