import type { Command } from 'commander'
import type { NodeStatus, VerifierStatus } from '../../api/types.ts'
import { formatCoins } from '../../base/amounts.ts'
import { findNode, type NodePlace } from '../client.ts'
import { forkText, inTime, obstacleText, snapshotText } from '../ledger-text.ts'
import { apiOption, directoryOption, jsonOption } from '../options.ts'
import { bytes, duration, facts, localTime, paint, plural, print, printable, printJson } from '../text.ts'

export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .summary('how a running node is: height, peers, quorum, whether it is elected, alarms')
    .description(
      'Shows what a running node knows of the chain and of itself: whether its verifier key is registered, elected, and signs, and when the quorum changes next.',
    )
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate status
  quorate status --api http://127.0.0.1:4181 --json`,
    )
    .action(async (flags: NodePlace & { readonly json?: true }) => {
      const status = await (await findNode(flags)).status()
      if (flags.json) return printJson(status)
      const nowMs = Date.now()
      const { bootstrap } = status
      const shown =
        bootstrap === null
          ? [
              ...chainFacts(status, nowMs),
              ...quorumFacts(status, nowMs),
              ...verifierFacts(status.verifier),
              ['pool', poolText(status)] as const,
            ]
          : [...nodeFacts(status, nowMs), ...bootstrapFacts(bootstrap)]
      print(facts([...shown, ...loadFacts(status)]))
      for (const { atMs, code, detail } of status.alarms) print(paint('yellow', `! ${localTime(atMs)}  ${printable(detail)} (${code})`))
    })
}

type Facts = readonly (readonly [string, string])[]

function nodeFacts({ chain, role, agent, peerId, startedAtMs, addresses }: NodeStatus, nowMs: number): Facts {
  return [
    ['chain', chain],
    ['node', `${role}, ${agent}, up ${duration(Math.max(0, nowMs - startedAtMs))}`],
    ['peer id', peerId],
    ...addresses.map((address, index) => [index === 0 ? 'addresses' : '', address] as const),
  ]
}

function bootstrapFacts({ connections, maxConnections, prefixes, prefixCount, ...rest }: NonNullable<NodeStatus['bootstrap']>): Facts {
  const { routingTable, served, servedPerMinute, refused } = rest
  const from = prefixes.map(({ prefix, connections: count }) => `${prefix} ${count}`).join(', ')
  const reasons = Object.entries(refused).map(([reason, count]) => `${reason} ${count}`)
  return [
    ['peers', `${connections} of ${plural(maxConnections, 'connection')}, ${plural(routingTable, 'peer')} in the routing table`],
    ['prefixes', prefixCount === 0 ? 'none that is public' : `${prefixCount}: ${from}`],
    ['answered', `${served} requests, ${servedPerMinute} in the last minute`],
    ['refused', reasons.join(', ') || 'nothing'],
  ]
}

function chainFacts(status: NodeStatus, nowMs: number): Facts {
  const { height, firstHeight, head, headFinalAtMs, slot, slotMs, leader } = status
  const age = headFinalAtMs === null ? '' : `, final ${duration(Math.max(0, nowMs - headFinalAtMs))} ago`
  return [
    ...nodeFacts(status, nowMs),
    ['height', height === 0 ? '0 (genesis)' : `${height}${age}`],
    ...(height === 0 ? [] : [['checkpoint', `${height}:${head}  (for whoever trusts this node, to join with)`] as const]),
    ...(firstHeight === 1 ? [] : [['history', `from block ${firstHeight} on: this node began with a snapshot`] as const]),
    ['sync', syncText(status)],
    ...(status.fork === null ? [] : [['fork', paint('yellow', forkText(status.fork))] as const]),
    ['slot', slot === null ? 'the first has not begun' : `${slot}, of ${duration(slotMs)}`],
    ['leads', leader === null ? 'unknown' : `verifier ${leader.index} in slot ${leader.slot}`],
  ]
}

function syncText({ sync, height }: NodeStatus): string {
  if (sync.snapshot !== null) return snapshotText(sync.snapshot)
  return sync.state === 'syncing' ? `catching up, ${height} of ${sync.targetHeight}` : sync.state.replaceAll('-', ' ')
}

function quorumFacts({ peers, quorum, discoveryMs, epoch, election, handover }: NodeStatus, nowMs: number): Facts {
  const { verifiers, stakeDroplets, connectedStakeDroplets, enoughDroplets } = quorum
  const enough = connectedStakeDroplets >= enoughDroplets ? 'enough to sign' : `${formatCoins(enoughDroplets)} are needed to sign`
  const open = election === null ? '' : `; election ${election.number} is open`
  return [
    ['peers', `${peers}${discoveryMs === null ? '' : `, found enough after ${duration(discoveryMs)}`}`],
    [
      'quorum',
      `${plural(verifiers, 'verifier')}; ${formatCoins(connectedStakeDroplets)} of ${formatCoins(stakeDroplets)} coins in reach, ${enough}`,
    ],
    ['epoch', `${epoch}, the quorum changes in slot ${handover.slot}, ${inTime(handover.timeMs, nowMs)}${open}`],
  ]
}

function verifierFacts(verifier: VerifierStatus | null): Facts {
  if (verifier === null) return [['verifier', 'no: this node has no verifier key']]
  const { proposed, led, made, sealed, silence } = verifier
  return [
    ['verifier', standingText(verifier)],
    ...(verifier.state === 'elected'
      ? ([
          ['work', `proposed ${proposed}, led ${led}, made ${made}, sealed ${sealed}`],
          ['signing', silence === null ? 'yes' : paint('yellow', `no: ${printable(silence)}`)],
        ] as const)
      : []),
  ]
}

function standingText({ state, index, weightDroplets, bondedDroplets, minStakeDroplets, obstacle }: VerifierStatus): string {
  const stake = `${formatCoins(bondedDroplets)} coins bonded, ${formatCoins(minStakeDroplets)} needed`
  const why = obstacle === null ? '' : `; ${obstacleText(obstacle, null)}`
  switch (state) {
    case 'not-registered':
      return 'its key is not registered: `quorate register` does that'
    case 'registered':
      return `registered, not elected (${stake})${obstacle === 'stake-below-minimum' ? ': `quorate stake` adds to it' : why}`
    case 'elected':
      return `${index} in the quorum, weighs ${formatCoins(weightDroplets)} coins${obstacle === null ? '' : `, but would not be elected again${why}`}`
  }
}

const poolText = ({ pool }: NodeStatus): string => `${plural(pool.transactions, 'transaction')}, ${bytes(pool.bytes)}`

const loadFacts = ({ process: { rssBytes, cpuMs }, traffic: { bytesIn, bytesOut } }: NodeStatus): Facts => [
  ['process', `${bytes(rssBytes)} of memory, ${duration(cpuMs)} of processor time`],
  ['traffic', `${bytes(bytesIn)} in, ${bytes(bytesOut)} out`],
]
