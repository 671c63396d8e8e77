import { type Command, Option } from 'commander'
import type { VerifierView } from '../../api/ledger-types.ts'
import { formatCoins } from '../../base/amounts.ts'
import { usageError } from '../exit.ts'
import { coins, needs } from '../options.ts'
import { addSubmitOptions, note, openSession, type Session, type SubmitFlags, submit, submitHelp } from '../submit.ts'
import { duration, percent } from '../text.ts'

interface AmountFlags extends SubmitFlags {
  readonly amount: number
}
interface TakeBackFlags extends SubmitFlags {
  readonly amount?: number
  readonly all?: true
}

/** Stake and delegation, and the way back. */
export function addBondCommands(program: Command): void {
  addStake(program)
  addUnstake(program)
  addDelegate(program)
  addUndelegate(program)
}

function addStake(program: Command): void {
  const command = program
    .command('stake')
    .summary("bond coins to one's own verifier")
    .description(
      'Bonds coins of a verifier to itself: they count in elections, weigh when it signs, and earn rewards. They can be taken back with `quorate unstake`, ' +
        'and are lost in part if the verifier is proven to have cheated. Bonded coins earn no coin-hours.',
    )
  needs(command, '--amount <coins>', 'how many, such as 1000', coins)
  addSubmitOptions(command)
    .addHelpText('after', `${submitHelp}\n\nExamples:\n  quorate stake --amount 1000\n  quorate stake --dir v5 --amount 0.5 --wait`)
    .action(async (flags: AmountFlags) => {
      const session = await openSession(flags)
      const { amount: amountDroplets } = flags
      await submit(session, [{ kind: 'stake', amountDroplets }], `${formatCoins(amountDroplets)} coins staked`)
    })
}

function addUnstake(program: Command): void {
  const command = program
    .command('unstake')
    .summary('take own stake back')
    .description(
      'Takes coins back that a verifier has bonded to itself. They are free when the epoch has ended in which they were taken back and the time has passed that the network ' +
        'sets from there on: until then they can still be slashed. A verifier in the quorum keeps its weight until the next handover.',
    )
  addTakeBackOptions(command)
  addSubmitOptions(command)
    .addHelpText('after', `${submitHelp}\n\nExamples:\n  quorate unstake --amount 100\n  quorate unstake --all --wait`)
    .action(async (flags: TakeBackFlags) => {
      const session = await openSession(flags)
      const { verifier } = session.account
      noteWay(session, flags, verifier?.stakeDroplets ?? 0)
      if (verifier !== null) noteStanding(session, verifier, flags)
      await submit(session, [{ kind: 'unstake', amountDroplets: flags.amount ?? null }], `${amountText(flags)} on the way back`)
    })
}

function addDelegate(program: Command): void {
  const command = program
    .command('delegate')
    .summary("bond coins to somebody else's verifier")
    .description(
      'Bonds coins to the stake of a verifier. They count for it in elections and earn a part of its rewards, less its commission, which stays bonded and is paid ' +
        'out with them. They are slashed with the verifier if it cheats. `quorate verifiers` lists whom to choose from.',
    )
  needs(command, '--to <verifier>', "the verifier's address (quo1...)", String)
  needs(command, '--amount <coins>', 'how many, such as 50', coins)
  addSubmitOptions(command)
    .addHelpText(
      'after',
      `${submitHelp}\n\nExamples:\n  quorate delegate --to quo1rpd5cjz6gl6ra59mr53aha6ydqlpfhuf92yq9n --amount 50\n  quorate delegate --to quo1... --amount 50 --wait --json`,
    )
    .action(async (flags: AmountFlags & { readonly to: string }) => {
      const { readAddress } = await import('../address.ts')
      const verifier = await readAddress(flags.to, flags.dir)
      const session = await openSession(flags)
      const { verifier: known } = await session.node.account(verifier)
      if (known !== null) note(session, `the verifier keeps ${percent(known.commissionPpm)} of what the coins earn`)
      const { amount: amountDroplets } = flags
      await submit(session, [{ kind: 'delegate', verifier, amountDroplets }], `${formatCoins(amountDroplets)} coins delegated`)
    })
}

function addUndelegate(program: Command): void {
  const command = program
    .command('undelegate')
    .summary('take delegated coins back')
    .description(
      'Takes coins back that were delegated to a verifier, with what they have earned there. They are free when the epoch has ended in which they were taken ' +
        'back and the time has passed that the network sets from there on: until then they can still be slashed.',
    )
  needs(command, '--from <verifier>', "the verifier's address (quo1...)", String)
  addTakeBackOptions(command)
  addSubmitOptions(command)
    .addHelpText(
      'after',
      `${submitHelp}\n\nExamples:\n  quorate undelegate --from quo1... --amount 12.5\n  quorate undelegate --from quo1... --all --wait`,
    )
    .action(async (flags: TakeBackFlags & { readonly from: string }) => {
      const { readAddress } = await import('../address.ts')
      const verifier = await readAddress(flags.from, flags.dir)
      const session = await openSession(flags)
      noteWay(session, flags, session.account.delegations.find((one) => one.verifier === verifier)?.droplets ?? 0)
      await submit(
        session,
        [{ kind: 'undelegate', verifier, amountDroplets: flags.amount ?? null }],
        `${amountText(flags)} on the way back`,
      )
    })
}

function addTakeBackOptions(command: Command): void {
  command
    .addOption(new Option('--amount <coins>', 'how many').argParser(coins).conflicts('all'))
    .option('--all', 'all that is bonded there')
    .hook('preAction', () => {
      const { amount, all } = command.opts<TakeBackFlags>()
      if (amount === undefined && all === undefined) throw usageError('say how many: --amount COINS, or --all')
    })
}

const amountText = ({ amount }: TakeBackFlags): string => (amount === undefined ? 'all of it is' : `${formatCoins(amount)} coins are`)

function noteWay(session: Session, { amount }: TakeBackFlags, bondedDroplets: number): void {
  const { unbondingSlots, slotMs } = session.genesis.parameters
  if (amount === undefined) note(session, `all that is bonded there: ${formatCoins(bondedDroplets)} coins by now`)
  const window = `${unbondingSlots} slots (${duration(unbondingSlots * slotMs)})`
  note(session, `free ${window} after the next handover of the quorum; \`quorate account\` shows the slot from then on`)
}

/** Whoever takes back too much leaves the quorum, and may not know. */
function noteStanding(session: Session, { stakeDroplets, delegatedDroplets }: VerifierView, { amount }: TakeBackFlags): void {
  const { minStakeDroplets } = session.genesis.parameters
  const leftDroplets = (amount === undefined ? 0 : Math.max(0, stakeDroplets - amount)) + delegatedDroplets
  if (leftDroplets < minStakeDroplets)
    note(
      session,
      `${formatCoins(leftDroplets)} coins stay bonded, own and delegated, and an election asks for ${formatCoins(minStakeDroplets)}: the verifier will not be elected again`,
    )
}
