import { type Command, Option } from 'commander'
import type { BallotView } from '../../api/ledger-types.ts'
import { formatCoins } from '../../base/amounts.ts'
import { isHex } from '../../base/hex.ts'
import type { Action, Address, Hash } from '../../wire/types.ts'
import { CliError, exitCodes, usageError } from '../exit.ts'
import { obstacleText } from '../ledger-text.ts'
import { coins } from '../options.ts'
import { addSubmitOptions, note, openSession, type Session, type SubmitFlags, submit, submitHelp } from '../submit.ts'
import { duration, plural } from '../text.ts'

interface MoveFlags extends SubmitFlags {
  readonly move?: number
  readonly to?: string
}
interface VoteFlags extends MoveFlags {
  readonly for?: readonly string[]
}

const RULE = `Coins vote by being moved: a slip weighs what the account held when the election opened and has moved to other accounts
since, whichever is less. Whoever gets the coins held nothing of them then, so a coin votes once however often it moves.
Move them to another account of yours (\`quorate init --dir savings\` makes one): with --move and --to this command moves them and signs
in one go, as two transactions.`

export function addVoteCommands(program: Command): void {
  const vote = program
    .command('vote')
    .summary('sign a vote slip in the open election')
    .description(
      'Names verifiers for the next quorum, each with the full weight of the slip. A new slip takes the place of the one before. ' +
        '`quorate election` shows whether one is open, who stands where, and when it ends.',
    )
    .option('--for <verifier...>', 'addresses of one or more verifiers (quo1...) (required)')
  addMoveOptions(vote)
  addSubmitOptions(vote)
    .addHelpText(
      'after',
      `
${RULE}
${submitHelp}

Examples:
  quorate vote --for quo1abc... quo1def... --move 500 --to quo1mine...
  quorate vote --for quo1abc...                     with what has been moved already
  quorate vote --for quo1abc... --wait --json`,
    )
    .action(castVote)
  const ratify = program
    .command('ratify')
    .argument('<source-hash>', '64 hex digits, as `quorate source-hash` prints them')
    .summary('support a source of the program, in the open election')
    .description(
      'Opens or supports the ratification of a source: it passes in the block in which more than half of all coins support it. Besides coins that were moved, what is bonded to ' +
        'a verifier counts for it. `quorate verify-source` shows what is ratified and what runs.',
    )
  addMoveOptions(ratify)
  addSubmitOptions(ratify)
    .addHelpText(
      'after',
      `
${RULE}
${submitHelp}

Examples:
  quorate ratify 5f0c3a...                          a verifier, with what is bonded to it
  quorate ratify 5f0c3a... --move 500 --to quo1mine... --wait
  quorate ratify $(quorate source-hash)`,
    )
    .action(castRatification)
}

const addMoveOptions = (command: Command): Command =>
  command
    .addOption(new Option('--move <coins>', 'coins to move first').argParser(coins))
    .option('--to <address>', 'where to: another account, best one of your own')

async function castVote(flags: VoteFlags): Promise<void> {
  if (flags.for === undefined) throw usageError("option '--for <verifier...>' is missing: whom to vote for; `quorate verifiers` lists them")
  const { readAddress } = await import('../address.ts')
  const { formatAddress } = await import('../../node/wallet.ts')
  const named = await Promise.all(flags.for.map((text) => readAddress(text, flags.dir)))
  const choices = [...new Set(named)].sort()
  const { session, ballot, move, movedDroplets } = await openBallot(flags)
  const { slipChoices } = session.genesis.parameters
  // Before coins move for a slip that will not count.
  if (choices.length > slipChoices)
    throw new CliError(
      exitCodes.refused,
      'too-many-choices',
      `a slip names ${slipChoices} verifiers at most on this chain, this one ${choices.length}`,
    )
  for (const choice of choices) {
    const { verifier } = await session.node.account(choice)
    if (verifier === null)
      throw new CliError(
        exitCodes.refused,
        'unknown-verifier',
        `${formatAddress(choice)} is no registered verifier; \`quorate verifiers\` lists them all`,
      )
    const { obstacle, jailedUntilSlot } = verifier
    if (obstacle !== null)
      note(session, `as it stands, ${formatAddress(choice)} cannot be elected: ${obstacleText(obstacle, jailedUntilSlot)}`)
  }
  const weightDroplets = Math.min(ballot.heldDroplets, movedDroplets)
  const whom = plural(choices.length, 'verifier')
  if (weightDroplets > 0) note(session, `votes with ${weightText(weightDroplets, ballot, movedDroplets)}, for ${whom}`)
  await submit(session, [...move, { kind: 'slip', choices }], `voted with ${formatCoins(weightDroplets)} coins for ${whom}`, {
    weightDroplets,
  })
}

async function castRatification(source: string, flags: MoveFlags): Promise<void> {
  const hash = source.toLowerCase()
  if (!isHex(hash, 32)) throw usageError(`"${source}" is no source hash: it has 64 hex digits, as \`quorate source-hash\` prints them`)
  const { session, ballot, move, movedDroplets } = await openBallot(flags)
  const bondedDroplets = ballot.ratifyWeightDroplets - ballot.weightDroplets
  const weightDroplets = Math.min(ballot.heldDroplets, movedDroplets) + bondedDroplets
  if (weightDroplets > 0) {
    const bonded = bondedDroplets > 0 ? `, and ${formatCoins(bondedDroplets)} bonded to this verifier` : ''
    note(session, `supports it with ${weightText(weightDroplets, ballot, movedDroplets)}${bonded}`)
  }
  await submit(session, [...move, { kind: 'ratify', source: hash }], `supported with ${formatCoins(weightDroplets)} coins`, {
    weightDroplets,
  })
  if (flags.wait) await tellSupport(session, hash)
}

/** What all who support the source weigh by now, and whether that is enough. */
async function tellSupport(session: Session, source: Hash): Promise<void> {
  const { ratified, election, supplyDroplets } = await session.node.ratification()
  const proposed = election?.proposals.find((proposal) => proposal.source === source)
  if (proposed !== undefined)
    note(session, `${formatCoins(proposed.droplets)} of ${formatCoins(supplyDroplets)} coins support it in this election`)
  note(
    session,
    ratified?.source === source
      ? `it is the ratified source, since height ${ratified.height}`
      : 'more than half of all coins make it the ratified one',
  )
}

const weightText = (weightDroplets: number, { heldDroplets }: BallotView, movedDroplets: number): string =>
  `${formatCoins(weightDroplets)} coins: held ${formatCoins(heldDroplets)} when the election opened, ${formatCoins(movedDroplets)} moved since`

/** The open election as the account that signs sees it, and the transfer that comes first. Rejects with CliError 4 if none is open. */
async function openBallot(flags: MoveFlags): Promise<{
  readonly session: Session
  readonly ballot: BallotView
  readonly move: readonly Action[]
  /** With the transfer. */
  readonly movedDroplets: number
}> {
  const { move: amountDroplets, to } = flags
  if ((amountDroplets === undefined) !== (to === undefined)) throw usageError('--move COINS and --to ADDRESS belong together')
  const { readAddress } = await import('../address.ts')
  const target: Address | null = to === undefined ? null : await readAddress(to, flags.dir)
  const session = await openSession(flags)
  const { account, status, genesis } = session
  if (account.ballot === null) {
    const { nextElectionSlot } = status
    const leftMs = nextElectionSlot === null ? 0 : genesis.timeMs + nextElectionSlot * genesis.parameters.slotMs - Date.now()
    throw new CliError(
      exitCodes.refused,
      'no-election',
      `no election is open: the next opens in slot ${nextElectionSlot}${leftMs > 0 ? `, in ${duration(leftMs)}` : ', with the next block'}; nothing was sent`,
    )
  }
  if (target === account.address) throw usageError('--to is the account itself: only coins that are moved to another account vote')
  const move: readonly Action[] =
    target === null || amountDroplets === undefined ? [] : [{ kind: 'transfer', to: target, amountDroplets, microHours: 0 }]
  return { session, ballot: account.ballot, move, movedDroplets: account.ballot.movedDroplets + (amountDroplets ?? 0) }
}
