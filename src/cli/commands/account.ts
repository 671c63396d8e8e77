import type { Command } from 'commander'
import type { AccountView, BallotView, VerifierView } from '../../api/ledger-types.ts'
import type { AccountHistory } from '../../api/observe-types.ts'
import { formatCoinHours, formatCoins } from '../../base/amounts.ts'
import type { Address } from '../../wire/types.ts'
import { actionFacts } from '../actions.ts'
import { findNode, type NodePlace } from '../client.ts'
import { inTime, seatText } from '../ledger-text.ts'
import { apiOption, directoryOption, integer, jsonOption } from '../options.ts'
import { type Earned, earnedBy } from '../rewards.ts'
import { facts, percent, plural, print, printable, printJson } from '../text.ts'

type Facts = readonly (readonly [string, string])[]
type Show = (address: Address) => string

interface AccountFlags extends NodePlace {
  readonly rewards?: number
  readonly history?: number
  readonly json?: true
}

export function addAccountCommand(program: Command): void {
  program
    .command('account')
    .argument('[address]', "whose account; the directory's own unless given")
    .summary('what an account holds, stakes, delegates and votes')
    .description(
      'Shows an account at the newest final block: whether it is a client or a verifier, its free coins and coin-hours, what it has bonded and what is on its way back, ' +
        'and what it has to say in an open election. An account that nobody has paid yet holds nothing, which is no error.',
    )
    .option('--rewards <blocks>', 'what so many of the newest blocks paid it as a verifier', integer(1, 10_000))
    .option('--history <count>', 'so many of the newest transactions that it made or that moved its coins', integer(1, 200))
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption('print JSON for programs; amounts in millionths'))
    .addHelpText(
      'after',
      `
Coins that are delegated are shown as what they could be taken back for: with what they have earned. They are shares of all that is
delegated to the verifier. The first delegator gets a share for each coin; rewards make all shares worth more.

Examples:
  quorate account
  quorate account --rewards 100
  quorate account --history 10
  quorate account quo1rpd5cjz6gl6ra59mr53aha6ydqlpfhuf92yq9n --json`,
    )
    .action(async (given: string | undefined, flags: AccountFlags) => {
      const { formatAddress } = await import('../../node/wallet.ts')
      const { readAddress } = await import('../address.ts')
      const address = await readAddress(given, flags.dir)
      const node = await findNode(flags)
      const account = await node.account(address)
      const earned = flags.rewards === undefined || account.verifier === null ? null : await earnedBy(node, address, flags.rewards)
      const history = flags.history === undefined ? null : await node.accountTransactions(address, { limit: flags.history })
      if (flags.json)
        return printJson({ ...account, ...(flags.rewards === undefined ? {} : { earned }), ...(history === null ? {} : { history }) })
      print(
        facts([
          ['address', formatAddress(account.address)],
          ...holdingFacts(account),
          ...(account.verifier === null ? [] : verifierFacts(account.verifier)),
          ...(flags.rewards === undefined ? [] : earnedFacts(account, earned)),
          ...bondFacts(account, formatAddress),
          ...(account.ballot === null ? [] : ballotFacts(account.ballot, formatAddress)),
          ...(history === null ? [] : historyFacts(history, formatAddress)),
        ]),
      )
    })
}

function holdingFacts({ kind, droplets, microHours, nonce, nextNonce }: AccountView): Facts {
  const waiting = nextNonce - nonce
  return [
    ['kind', kind],
    ['coins', formatCoins(droplets)],
    ['coin-hours', formatCoinHours(microHours)],
    ['sent', `${nonce}${waiting > 0 ? `, and ${waiting} waiting` : ''}`],
  ]
}

function verifierFacts(verifier: VerifierView): Facts {
  const { stakeDroplets, delegatedDroplets, delegators, commissionPpm, registeredHeight, peerId, blsKey, trust, votesDroplets } = verifier
  return [
    ['quorum', seatText(verifier)],
    ['stake', `${formatCoins(stakeDroplets)} own, ${formatCoins(delegatedDroplets)} of ${plural(delegators, 'delegator')}`],
    ['commission', percent(commissionPpm)],
    ['registered', registeredHeight === 0 ? 'in genesis' : `at height ${registeredHeight}`],
    ['peer id', printable(peerId)],
    ['verifier key', blsKey],
    ...(trust > 0 ? [['trust', String(trust)] as const] : []),
    ...(votesDroplets > 0 ? [['votes', `${formatCoins(votesDroplets)} coins, in the open election`] as const] : []),
  ]
}

function earnedFacts({ kind }: AccountView, earned: Earned | null): Facts {
  if (kind === 'client') return [['rewards', 'none: a client is not paid, and what its coins earn is in the worth of what it delegates']]
  if (earned === null) return [['rewards', 'not known: this node began with a newer snapshot; ask for fewer blocks']]
  const { fromHeight, toHeight, blocks, makerDroplets, signerDroplets, delegatorsDroplets, commissionDroplets } = earned
  const all = formatCoins(makerDroplets + signerDroplets)
  return [
    ['rewards', `${all} coins in blocks ${fromHeight} to ${toHeight}, ${blocks} of which paid it`],
    ['', `${formatCoins(makerDroplets)} as maker, ${formatCoins(signerDroplets)} as signer`],
    ...(delegatorsDroplets + commissionDroplets === 0
      ? []
      : [
          [
            '',
            `${formatCoins(delegatorsDroplets)} of it to its delegators, after ${formatCoins(commissionDroplets)} of commission`,
          ] as const,
        ]),
  ]
}

function bondFacts({ delegations, unbonding, endorses }: AccountView, show: Show): Facts {
  const rows = (name: string, texts: readonly string[]): Facts => texts.map((text, index) => [index === 0 ? name : '', text])
  return [
    ...rows(
      'delegates',
      delegations.map(({ verifier, droplets, shares }) => `${formatCoins(droplets)} to ${show(verifier)}  (${formatCoins(shares)} shares)`),
    ),
    ...rows(
      'comes back',
      unbonding.map(
        ({ verifier, droplets, releaseSlot, releaseTimeMs }) =>
          `${formatCoins(droplets)} from ${show(verifier)}, ${releaseSlot === null || releaseTimeMs === null ? 'after the next handover and the time of the network since' : `in slot ${releaseSlot} (${inTime(releaseTimeMs)})`}`,
      ),
    ),
    ...rows('endorses', endorses.map(show)),
  ]
}

function ballotFacts({ election, heldDroplets, movedDroplets, weightDroplets, slip, sources }: BallotView, show: Show): Facts {
  return [
    [
      'election',
      `${election} is open: held ${formatCoins(heldDroplets)} when it opened, moved ${formatCoins(movedDroplets)} since; a slip weighs ${formatCoins(weightDroplets)}`,
    ],
    ...(slip === null
      ? []
      : slip.choices.map(
          (choice, index) =>
            [
              index === 0 ? 'votes for' : '',
              `${show(choice)}${index === 0 ? `  (${formatCoins(slip.weightDroplets)} coins)` : ''}`,
            ] as const,
        )),
    ...sources.map(({ source, droplets }, index) => [index === 0 ? 'ratifies' : '', `${source}  ${formatCoins(droplets)} coins`] as const),
  ]
}

function historyFacts({ address, transactions }: AccountHistory, show: Show): Facts {
  if (transactions.length === 0) return [['history', 'no transaction yet']]
  return transactions.flatMap(({ id, height, timeMs, sender, action }) => [
    [`block ${height}`, `${new Date(timeMs).toISOString()}${sender === address ? '' : `, made by ${show(sender)}`}`] as const,
    ['', id] as const,
    [
      '',
      actionFacts(action, show)
        .map(([name, value]) => (name === 'does' ? value : `${name} ${value}`.trim()))
        .join(', '),
    ] as const,
  ])
}
