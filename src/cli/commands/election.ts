import type { Command } from 'commander'
import type { ElectionsView, OpenElectionView } from '../../api/ledger-types.ts'
import { formatCoins } from '../../base/amounts.ts'
import type { Address } from '../../wire/types.ts'
import { findNode, type NodePlace } from '../client.ts'
import { inTime, rankText, scoreText } from '../ledger-text.ts'
import { apiOption, directoryOption, integer, jsonOption } from '../options.ts'
import { facts, localTime, percent, plural, print, printJson, table } from '../text.ts'

type Facts = readonly (readonly [string, string])[]
type Show = (address: Address) => string

export function addElectionCommand(program: Command): void {
  program
    .command('election')
    .summary('the open election and its standings, or when the next one opens')
    .description(
      'Shows who would be elected if the election ended now, how much has voted, and which sources are proposed; or when the next election opens. Below it, the newest elections that are over. ' +
        'An election is the end of each epoch; an offence of a member of the quorum opens one at once.',
    )
    .option('--limit <number>', 'lines of the standings', integer(1, 1000), 20)
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  quorate election\n  quorate election --limit 100\n  quorate election --json')
    .action(async (flags: NodePlace & { readonly limit: number; readonly json?: true }) => {
      const elections = await (await findNode(flags)).get<ElectionsView>('/v1/elections')
      if (flags.json) return printJson(elections)
      const { formatAddress } = await import('../../node/wallet.ts')
      const { epoch, open } = elections
      print(facts([['epoch', String(epoch)], ...(open === null ? nextFacts(elections) : openFacts(open))]))
      if (open !== null) showStandings(open, flags.limit, formatAddress)
      showSettled(elections)
    })
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

function showStandings({ standings, by, eligible }: OpenElectionView, limit: number, show: Show): void {
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
        elected ? 'elected' : '',
      ]),
    ),
  )
  if (shown.length < eligible) print(`${shown.length} of ${eligible}`)
}

function showSettled({ settled }: ElectionsView): void {
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
