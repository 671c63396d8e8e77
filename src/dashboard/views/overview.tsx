import { feed } from '../feed.ts'
import { ago, duration, median, number, percent, plural, share } from '../format.ts'
import { useLive, useNow } from '../hooks.ts'
import { hrefOf } from '../router.ts'
import { Address, Badge, BlockLink, Coins, Empty, Meter, Panel, Stat, TransactionLink, Unknown } from '../ui.tsx'
import { Alarms } from './alarms.tsx'
import { LiveChain } from './live-chain.tsx'
import { Slots } from './slots.tsx'

const SHOWN_PENDING = 8
const FINALITY_BLOCKS = 20

export function Overview() {
  const { status, connection } = useLive()
  if (status === null)
    return connection.state === 'lost' ? <Empty>Nothing was heard of the node yet.</Empty> : <p class="loading">Asking the node…</p>
  return (
    <>
      <h1 class="hidden">Overview</h1>
      <Figures />
      {status.role === 'bootstrap' ? null : (
        <div class="columns">
          <Panel
            title="Live chain"
            wide
            note="Who led, voted, locked and sealed each block, and how long it took from the start of its slot"
          >
            <LiveChain />
          </Panel>
          <Panel title="Slots" note="As they ended">
            <Slots />
          </Panel>
          <Pool />
          <Next />
          <Alarms status={status} />
        </div>
      )}
    </>
  )
}

function Figures() {
  const { status, blocks, genesis } = useLive()
  if (status === null) return null
  const newest = blocks[0]
  const finality = median(blocks.slice(0, FINALITY_BLOCKS).flatMap(({ timeline }) => timeline?.finalMs ?? []))
  const oldest = blocks.at(-1)
  const spanMs = newest === undefined || oldest === undefined ? 0 : newest.timeMs - oldest.timeMs
  const transactions = blocks.slice(0, -1).reduce((sum, block) => sum + block.transactions, 0)
  const { connectedStakeDroplets, stakeDroplets, enoughDroplets } = status.quorum
  return (
    <dl class="stats">
      <Stat
        label="Height"
        value={number(status.height)}
        detail={newest === undefined ? 'no block yet' : <HeadAge timeMs={newest.timeMs} />}
      />
      <SlotStat />
      <Stat
        label="Final after"
        value={finality === null ? <Unknown what="–" /> : duration(finality)}
        detail={finality === null ? 'not known here' : `median of ${plural(Math.min(blocks.length, FINALITY_BLOCKS), 'block')}`}
      />
      <Stat
        label="Throughput"
        value={spanMs > 0 ? `${number(Math.round((transactions / spanMs) * 10_000) / 10)}/s` : '–'}
        detail={spanMs > 0 ? `${plural(transactions, 'transaction')} in ${duration(spanMs)}` : 'too few blocks'}
      />
      <Stat
        label="Connected stake"
        value={share(connectedStakeDroplets, stakeDroplets)}
        detail={
          <>
            {connectedStakeDroplets >= enoughDroplets ? 'enough to sign' : <strong class="warn-text">too little to sign</strong>},{' '}
            {plural(status.peers, 'peer')}
          </>
        }
      />
      <Stat
        label="This node"
        value={
          status.verifier === null
            ? status.role
            : status.verifier.index === null
              ? words(status.verifier.state)
              : `verifier ${status.verifier.index}`
        }
        detail={
          status.verifier?.silence == null ? (
            (genesis?.genesis.name ?? status.agent)
          ) : (
            <strong class="warn-text">silent: {status.verifier.silence}</strong>
          )
        }
      />
    </dl>
  )
}

const words = (text: string): string => text.replaceAll('-', ' ')

function HeadAge({ timeMs }: { timeMs: number }) {
  const now = useNow(1000)
  return <>newest {ago(timeMs, now) === 'now' ? 'just now' : `${ago(timeMs, now)} ago`}</>
}

/** The slot of the clock, what of it is over, and who leads it. */
function SlotStat() {
  const { status, genesis } = useLive()
  const now = useNow(200)
  if (status === null) return null
  const startMs = genesis?.genesis.timeMs
  if (startMs === undefined || now < startMs) return <Stat label="Slot" value="–" detail="the chain has not begun" />
  const slot = Math.floor((now - startMs) / status.slotMs)
  const overMs = now - startMs - slot * status.slotMs
  const leader = status.leader !== null && Math.abs(status.leader.slot - slot) <= 1 ? status.leader : null
  return (
    <Stat
      label="Slot"
      value={
        <>
          {number(slot)} <span class="countdown">{((status.slotMs - overMs) / 1000).toFixed(1)} s</span>
          <Meter ppm={(overMs / status.slotMs) * 1_000_000} />
        </>
      }
      detail={
        leader === null ? (
          'no leader known'
        ) : (
          <>
            leads {leader.slot === slot ? '' : `slot ${leader.slot} `}
            <b>{leader.index}</b> <Address of={leader.address} />
          </>
        )
      }
    />
  )
}

function Pool() {
  const { status, pending } = useLive()
  if (status === null) return null
  return (
    <Panel title="Waiting transactions" note={`${plural(status.pool.transactions, 'transaction')}, ${number(status.pool.bytes)} bytes`}>
      {pending.length === 0 ? (
        <Empty>{status.pool.transactions === 0 ? 'None waits.' : 'None came since this page was opened.'}</Empty>
      ) : (
        <ul class="plain">
          {pending.slice(0, SHOWN_PENDING).map((id) => (
            <li key={id}>
              <TransactionLink id={id} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

/** What comes next for the quorum. */
function Next() {
  const { status, quorum } = useLive()
  const now = useNow(1000)
  if (status === null) return null
  const { election, handover } = status
  const newest = feed.live.blocks[0]
  return (
    <Panel title="Quorum" note={`epoch ${status.epoch}`}>
      <ul class="plain">
        <li>
          <a href={hrefOf('quorum')}>{plural(status.quorum.verifiers, 'verifier')}</a> with <Coins of={status.quorum.stakeDroplets} />
        </li>
        <li>
          {election === null ? 'No election is open' : <a href={hrefOf('elections')}>Election {election.number} is open</a>}
          {election?.cause === 'forced' ? <Badge tone="warn">forced by an offence</Badge> : null}
        </li>
        <li>
          Handover {handover.timeMs > now ? `in ${duration(handover.timeMs - now)}` : 'is due'} (slot {number(handover.slot)})
        </li>
        {newest === undefined || quorum === null ? null : (
          <li>
            Block <BlockLink height={newest.header.height} /> was sealed by {newest.seal.signers.length} of {quorum.members.length}
            {quorum.totalDroplets > 0 && newest.seal.signers.every((index) => quorum.members[index] !== undefined)
              ? `, ${percent(sealedPpm(newest.seal.signers, quorum))} of the stake`
              : ''}
          </li>
        )}
      </ul>
    </Panel>
  )
}

const sealedPpm = (
  signers: readonly number[],
  { members, totalDroplets }: { readonly members: readonly { readonly weightDroplets: number }[]; readonly totalDroplets: number },
): number => Math.round((signers.reduce((sum, index) => sum + (members[index]?.weightDroplets ?? 0), 0) / totalDroplets) * 1_000_000)
