import { type Command, Option } from 'commander'
import { formatCoinHours, formatCoins } from '../base/amounts.ts'
import type { Parameters } from '../wire/genesis.ts'
import { coinHours, coins, integer, oneOf, percentage, type Span, slotsOf, span } from './options.ts'
import { duration, percent } from './text.ts'

/** The options of `quorate genesis` that become the chain's parameters. */
export interface RuleFlags {
  readonly slot: number
  readonly choice?: number
  readonly sortition: Parameters['sortition']
  readonly candidates: number
  readonly uniform: number
  readonly leader: Parameters['leaderRule']
  readonly idle: number
  readonly coinHour: number
  readonly hourPrice: number
  readonly minFee: number
  readonly blockTransactions: number
  readonly blockBytes: number
  readonly maxExpiry: number
  readonly quorumSize: number
  readonly minStake: number
  readonly verifierFee: number
  readonly unbonding?: Span
  readonly evidence?: Span
  readonly slash: number
  readonly reporterShare: number
  readonly jail: Span
  readonly reward: number
  readonly makerShare: number
  readonly epoch: Span
  readonly election?: Span
  readonly forcedElection?: Span
  readonly choices: number
  readonly score: Parameters['score']
  readonly minTurnout: number
  readonly trustRounds: number
}

const u32 = integer(0, 0xffff_ffff)
/** Without an option for it, the end of an epoch in which its election is open. */
const ELECTION_PART = 6
/** Until stake that was taken back is free, unless elections are so short that the state could not remember as many. */
const UNBONDING: Span = { ms: 7 * 86_400_000 }
const LONGEST_UNBONDING_ELECTIONS = 1000

/** A value is kept as the program wants it and shown as a person writes it. */
export const valueOption = (flags: string, what: string, parse: (text: string) => unknown, text: string): Option =>
  new Option(flags, what).argParser(parse).default(parse(text), text)

export function addRuleOptions(command: Command): Command {
  return command
    .optionsGroup('Time, leaders, fees and blocks:')
    .option('--slot <ms>', 'length of a slot', integer(1, 0xffff_ffff), 1000)
    .option('--choice <ms>', 'when in the slot verifiers choose among candidates (default: a fifth of the slot)', integer(1, 0xffff_ffff))
    .option('--sortition <kind>', 'stake or uniform: who may propose', oneOf('stake', 'uniform'), 'stake')
    .option('--candidates <number>', 'candidates to expect a slot, under stake', integer(1, 0xffff), 5)
    .option('--uniform <ppm>', 'chance of each verifier a slot, in parts per million, under uniform', integer(1, 1_000_000), 300_000)
    .option('--leader <rule>', 'ticket or nodeId: who of the candidates leads', oneOf('ticket', 'nodeId'), 'ticket')
    .option('--idle <slots>', 'slots without a block after which an empty one is made', u32, 10)
    .option('--coin-hour <seconds>', 'seconds in which a coin earns a coin-hour', integer(1, 0xffff_ffff), 3600)
    .addOption(valueOption('--hour-price <hours>', 'coin-hours that each byte of a transaction burns', coinHours, '0.001'))
    .addOption(valueOption('--min-fee <coins>', 'least fee of a transaction', coins, '0.001'))
    .option('--block-transactions <number>', 'transactions of a block', u32, 5000)
    .option('--block-bytes <number>', "bytes of a block's transactions", u32, 1_048_576)
    .option('--max-expiry <slots>', 'how many slots ahead a transaction may expire', u32, 600)
    .optionsGroup('Stake and rewards:')
    .option('--quorum-size <number>', 'most verifiers of a quorum: more are harder to buy, and slower', integer(1, 0xffff), 64)
    .addOption(valueOption('--min-stake <coins>', 'own and delegated stake that a verifier needs to be elected', coins, '100'))
    .addOption(valueOption('--verifier-fee <coins>', 'what it costs to register as a verifier; burned', coins, '10'))
    .option('--unbonding <time>', 'until stake that was taken back is free (default: 7d, or a thousand elections if that is less)', span)
    .option('--evidence <time>', 'how long after its epoch an offence can be proven (default: 3 of 7 parts of --unbonding)', span)
    .addOption(valueOption('--slash <percent>', 'of what is bonded to a verifier that an offence costs', percentage, '5%'))
    .addOption(valueOption('--reporter-share <percent>', 'of a slash for the maker of the block with the evidence', percentage, '5%'))
    .addOption(valueOption('--jail <time>', 'in which an offender cannot be elected', span, '30d'))
    .addOption(valueOption('--reward <coins>', 'minted for each block, for its maker and signers', coins, '0.01'))
    .addOption(valueOption('--maker-share <percent>', "the maker's part of reward and fees; signers share the rest", percentage, '20%'))
    .optionsGroup('Elections:')
    .addOption(valueOption('--epoch <time>', 'from one regular change of the quorum to the next', span, '1h'))
    .option('--election <time>', `the end of an epoch in which slips count (default: a sixth of the epoch)`, span)
    .option('--forced-election <time>', 'length of an election after an offence (default: as long as a regular one)', span)
    .option('--choices <number>', 'verifiers that one slip may name', integer(1, 0xffff), 5)
    .option(
      '--score <kind>',
      'what elects: coins (slips), trust (endorsements), hybrid (slips, for those whom trust reaches)',
      oneOf('coins', 'trust', 'hybrid'),
      'coins',
    )
    .addOption(valueOption('--min-turnout <percent>', 'of all coins that must vote, or the stake decides', percentage, '5%'))
    .option('--trust-rounds <number>', 'endorsements that trust goes on from an anchor', integer(1, 0xffff), 6)
}

export const ruleHelp = `Times are slots (3600) or 30s, 10m, 1h, 7d, reckoned in slots of the length that --slot says. The defaults are for a
lasting network with slots of a second: an hour is long enough for holders to look on and short enough to replace who
fails them; five percent of all coins must vote, so that nobody elects a quorum with a handful; an offence can be proven for
three days and stake stays bonded for seven, so that whoever can be accused has something to lose; ten coins for a
registration keep names from being free, and 0.01 coins a block are at most 864 a day. A network to play with wants
short ones, as in the last example.`

/** As the options say; the ledger judges it as a whole. */
export function parametersOf(flags: RuleFlags): Parameters {
  const slots = (of: Span): number => slotsOf(of, flags.slot)
  const epochSlots = slots(flags.epoch)
  const electionSlots = flags.election === undefined ? Math.max(1, Math.floor(epochSlots / ELECTION_PART)) : slots(flags.election)
  const forcedElectionSlots = flags.forcedElection === undefined ? electionSlots : slots(flags.forcedElection)
  const longest = LONGEST_UNBONDING_ELECTIONS * Math.min(electionSlots, forcedElectionSlots)
  const unbondingSlots = flags.unbonding === undefined ? Math.min(slots(UNBONDING), longest) : slots(flags.unbonding)
  return {
    slotMs: flags.slot,
    choiceMs: flags.choice ?? Math.max(1, Math.floor(flags.slot / 5)),
    sortition: flags.sortition,
    expectedCandidates: flags.candidates,
    uniformPpm: flags.uniform,
    leaderRule: flags.leader,
    idleSlots: flags.idle,
    coinHourSeconds: flags.coinHour,
    microHoursPerByte: flags.hourPrice,
    minFeeDroplets: flags.minFee,
    maxBlockTransactions: flags.blockTransactions,
    maxBlockBytes: flags.blockBytes,
    maxExpirySlots: flags.maxExpiry,
    epochSlots,
    electionSlots,
    forcedElectionSlots,
    quorumSize: flags.quorumSize,
    minStakeDroplets: flags.minStake,
    verifierFeeDroplets: flags.verifierFee,
    unbondingSlots,
    evidenceSlots: flags.evidence === undefined ? Math.max(1, Math.floor((unbondingSlots * 3) / 7)) : slots(flags.evidence),
    slashPpm: flags.slash,
    reporterPpm: flags.reporterShare,
    jailSlots: slots(flags.jail),
    slipChoices: flags.choices,
    score: flags.score,
    minTurnoutPpm: flags.minTurnout,
    trustRounds: flags.trustRounds,
    blockRewardDroplets: flags.reward,
    makerSharePpm: flags.makerShare,
  }
}

const scoreTexts: Readonly<Record<Parameters['score'], string>> = {
  coins: 'coins that vote elect',
  trust: 'endorsements elect',
  hybrid: 'coins that vote elect among those whom trust reaches',
}

/** The rules for people. */
export function ruleFacts(of: Parameters): readonly (readonly [string, string])[] {
  const slots = (count: number): string => `${count} slots (${duration(count * of.slotMs)})`
  const trust = of.score === 'coins' ? '' : `; trust goes ${of.trustRounds} endorsements far`
  return [
    ['slot', `${of.slotMs} ms, choice after ${of.choiceMs} ms, an empty block after ${of.idleSlots} quiet slots`],
    [
      'leaders',
      `${of.sortition === 'stake' ? `by stake, ${of.expectedCandidates} candidates a slot` : `each with ${of.uniformPpm} in a million`}, lowest ${of.leaderRule} leads`,
    ],
    ['fees', `at least ${formatCoins(of.minFeeDroplets)} coins, and ${formatCoinHours(of.microHoursPerByte)} coin-hours a byte`],
    ['coin-hours', `one a coin each ${of.coinHourSeconds} s`],
    [
      'blocks',
      `at most ${of.maxBlockTransactions} transactions and ${of.maxBlockBytes} bytes; expiry at most ${of.maxExpirySlots} slots ahead`,
    ],
    [
      'rewards',
      `${formatCoins(of.blockRewardDroplets)} coins a block and its fees: ${percent(of.makerSharePpm)} to its maker, the rest to its signers`,
    ],
    [
      'stake',
      `at least ${formatCoins(of.minStakeDroplets)} coins; registering burns ${formatCoins(of.verifierFeeDroplets)}; back after ${slots(of.unbondingSlots)}, evidence counts for ${slots(of.evidenceSlots)}`,
    ],
    [
      'elections',
      `each ${slots(of.epochSlots)}, open in the last ${of.electionSlots}; ${slots(of.forcedElectionSlots)} after an offence; at most ${of.quorumSize} are elected`,
    ],
    [
      'votes',
      `${scoreTexts[of.score]}, ${of.slipChoices} choices a slip; under ${percent(of.minTurnoutPpm)} of all coins the stake decides${trust}`,
    ],
  ]
}
