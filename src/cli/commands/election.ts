import type { Command } from 'commander'
import type { ElectionsView, OpenElectionView, SettledElectionView } from '../../api/ledger-types.ts'
import { formatCoins } from '../../base/amounts.ts'
import type { QuorateClient } from '../../client/client.ts'
import type { Address } from '../../wire/types.ts'
import { findNode, interruption, type NodePlace, orAfter } from '../client.ts'
import { CliError, exitCodes } from '../exit.ts'
import { inTime, rankText, scoreText, settledText } from '../ledger-text.ts'
import { apiOption, directoryOption, integer, jsonOption, oneOf } from '../options.ts'
import { facts, localTime, percent, plural, print, printJson, table } from '../text.ts'
import { type Awaited, awaited, waitForElection } from '../wait-election.ts'

type Facts = readonly (readonly [string, string])[]

interface ElectionFlags extends NodePlace {
  readonly limit: number
  readonly wait?: Awaited
  readonly left: number
  readonly timeout?: number
  readonly json?: true
}

/** How addresses are shown, and which of them is the directory's own. */
interface Showing {
  readonly limit: number
  readonly show: (address: Address) => string
  readonly own: Address | null
}

export function addElectionCommand(program: Command): void {
  program
    .command('election')
    .summary('the open election and its standings, or when the next one opens')
    .description(
      'Shows who would be elected if the election ended now, how much has voted, and which sources are proposed; or when the next election opens. Below it, the newest elections that are over. ' +
        'An election is the end of each epoch; an offence of a member of the quorum opens one at once.',
    )
    .option('--limit <number>', 'lines of the standings', integer(1, 1000), 20)
    .option('--wait <what>', 'wait until one is open, until the next one opens, or until one is settled', oneOf(...awaited))
    .option('--left <slots>', 'with --wait open: how many slots it must still be open, for voting takes some', integer(1), 1)
    .option('--timeout <seconds>', 'how long to wait at most (default: until it comes)', integer(1, 2_000_000))
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
--wait open      returns at once if an election is open, with --left for long enough
--wait next      waits out the one that is open: for who registers as a verifier while one is, and is left out of it
--wait settled   waits for the end of the open election, or else of the next, and shows who was elected

Exit codes: 0 done (with --wait: it has come), 6 it has not come in time.

Examples:
  quorate election
  quorate election --limit 100
  quorate election --wait open --left 10 && quorate vote --for quo1abc... --move 500 --to quo1mine...
  quorate election --wait settled --timeout 600 --json`,
    )
    .action(async (flags: ElectionFlags) => {
      const node = await findNode(flags)
      const elections = flags.wait === undefined ? await node.elections() : await comes(node, flags.wait, flags)
      if (flags.json) return printJson(elections)
      const { formatAddress } = await import('../../node/wallet.ts')
      const { ownAddress } = await import('../address.ts')
      show(elections, { limit: flags.limit, show: formatAddress, own: await ownAddress(flags.dir) })
    })
}

/** Rejects with CliError 6 if it does not come in time. */
async function comes(node: QuorateClient, what: Awaited, { left: leftSlots, timeout, json }: ElectionFlags): Promise<ElectionsView> {
  const interrupted = interruption()
  const until = timeout === undefined ? interrupted : orAfter(interrupted, timeout * 1000)
  const elections = await waitForElection(node, what, { leftSlots, until }, json ? () => undefined : progress())
  if (elections !== null) return elections
  throw new CliError(exitCodes.interrupted, 'not-yet', `${waitText[what]} yet; \`quorate election\` says when that is due`)
}

const waitText: Readonly<Record<Awaited, string>> = {
  open: 'no election is open',
  next: 'the next election is not open',
  settled: 'no election is settled',
}

/** Tells what is due when that changes, and again when half of the time until then is over: few lines, however long it is. */
function progress(): (now: ElectionsView) => void {
  let due = ''
  let tellBelowMs = Number.POSITIVE_INFINITY
  return ({ open, nextElectionSlot, nextElectionTimeMs }) => {
    const what =
      open === null
        ? `none is open: the next opens in slot ${nextElectionSlot}`
        : `election ${open.number} closes in slot ${open.closesSlot}`
    const atMs = (open === null ? nextElectionTimeMs : open.closesTimeMs) ?? 0
    const leftMs = Math.max(0, atMs - Date.now())
    if (what === due && leftMs > tellBelowMs) return
    due = what
    tellBelowMs = leftMs / 2
    const voted = open === null ? '' : `; ${formatCoins(open.votedDroplets)} coins have voted`
    process.stderr.write(`${what}, ${inTime(atMs)}${voted}\n`)
  }
}

function show(elections: ElectionsView, showing: Showing): void {
  const { epoch, open, settled } = elections
  const [newest] = settled
  print(facts([['epoch', String(epoch)], ...(open === null ? nextFacts(elections) : openFacts(open))]))
  if (open !== null) showStandings(open, showing)
  else if (newest !== undefined) showElected(newest, showing)
  showSettled(settled)
}

function nextFacts({ nextElectionSlot, nextElectionTimeMs, handover }: ElectionsView): Facts {
  const opens =
    nextElectionTimeMs === null
      ? 'unknown'
      : `opens in slot ${nextElectionSlot}, ${inTime(nextElectionTimeMs)} (${localTime(nextElectionTimeMs)})`
  return [
    ['election', `none is open; the next ${opens}`],
    ['handover', `in slot ${handover.slot}, ${inTime(handover.timeMs)}`],
  ]
}

function openFacts(open: OpenElectionView): Facts {
  const { number, cause, closesSlot, closesTimeMs, votedDroplets, turnoutPpm, minTurnoutPpm, by, seats, eligible, proposals } = open
  const enough = by === 'stake' ? `under ${percent(minTurnoutPpm)} the stake decides` : `at least ${percent(minTurnoutPpm)} are needed`
  return [
    ['election', `${number}, ${cause === 'forced' ? 'forced by an offence' : 'at the end of the epoch'}`],
    ['closes', `in slot ${closesSlot}, ${inTime(closesTimeMs)} (${localTime(closesTimeMs)})`],
    ['voted', `${formatCoins(votedDroplets)} coins, ${percent(turnoutPpm)} of all; ${enough}`],
    ['ranked by', rankText[by]],
    ['seats', `${seats}; ${plural(eligible, 'verifier')} can be elected`],
    ...proposals.map(
      ({ source, droplets }, index) => [index === 0 ? 'proposed' : '', `${source}  ${formatCoins(droplets)} coins`] as const,
    ),
  ]
}

function showStandings({ standings, by, eligible }: OpenElectionView, { limit, show, own }: Showing): void {
  const shown = standings.slice(0, limit)
  if (shown.length === 0) return
  print('')
  print(
    table(
      [
        { title: 'PLACE', align: 'right' },
        { title: 'VERIFIER' },
        { title: 'SCORE', align: 'right' },
        { title: 'VOTES', align: 'right' },
        { title: 'BONDED', align: 'right' },
        { title: '' },
      ],
      shown.map(({ verifier, score, votesDroplets, bondedDroplets, elected }, index) => [
        String(index + 1),
        show(verifier),
        scoreText(score, by),
        formatCoins(votesDroplets),
        formatCoins(bondedDroplets),
        [...(elected ? ['elected'] : []), ...(verifier === own ? ['yours'] : [])].join(', '),
      ]),
    ),
  )
  if (shown.length < eligible) print(`${shown.length} of ${eligible}`)
}

function showElected(newest: SettledElectionView, { limit, show, own }: Showing): void {
  const { by, elected } = newest
  print(`\n${settledText(newest)}`)
  if (elected.length === 0) return
  print(
    table(
      [
        { title: 'PLACE', align: 'right' },
        { title: 'VERIFIER' },
        { title: 'SCORE', align: 'right' },
        { title: 'WEIGHT', align: 'right' },
        { title: '' },
      ],
      elected
        .slice(0, limit)
        .map(({ verifier, score, stakeDroplets }, index) => [
          String(index + 1),
          show(verifier),
          scoreText(score, by),
          formatCoins(stakeDroplets),
          verifier === own ? 'yours' : '',
        ]),
    ),
  )
  if (elected.length > limit) print(`${limit} of ${elected.length}`)
}

function showSettled(settled: ElectionsView['settled']): void {
  if (settled.length === 0) return
  print('')
  print(
    table(
      [
        { title: 'ELECTION', align: 'right' },
        { title: 'HEIGHT', align: 'right' },
        { title: 'VOTED', align: 'right' },
        { title: 'ELECTED', align: 'right' },
        { title: 'BY' },
      ],
      settled.map(({ number, height, votedDroplets, elected, by }) => [
        String(number),
        String(height),
        formatCoins(votedDroplets),
        String(elected.length),
        rankText[by],
      ]),
    ),
  )
}
