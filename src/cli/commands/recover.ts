import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import type { BranchView, ForkView } from '../../api/fork-types.ts'
import { formatCoinHours, formatCoins } from '../../base/amounts.ts'
import { QuorateError } from '../../base/errors.ts'
import type { Recovery, RecoveryStep } from '../../node/recover.ts'
import type { Address } from '../../wire/types.ts'
import { findNode } from '../client.ts'
import { CliError, exitCodes } from '../exit.ts'
import { directoryOption, jsonOption } from '../options.ts'
import { facts, localTime, paint, percent, plural, print, printable, printJson, table } from '../text.ts'

interface Flags {
  readonly dir: string
  readonly yes?: true
  readonly json?: true
}
type Show = (address: Address) => string

export function addRecoverCommand(program: Command): void {
  program
    .command('recover')
    .summary('after a fork: go on with one of the two chains, without those who sealed both')
    .description(
      'When verifiers with a third of the stake or more sign two blocks at one height, two chains can be sealed. Then nodes sign nothing any more ' +
        '(alarm `forked`), and each operator says when to go on. This command shows the two branches and who signed both. The branch goes on on which more ' +
        'coin-hours were burned, which is the same for everybody who has seen the same blocks. Run it on the directory of a stopped node; it asks before it changes anything.',
    )
    .addOption(directoryOption())
    .option('-y, --yes', 'go on without asking')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
What it does: if the chain of this node goes on, it notes that, and the next start works on a block that leaves the offenders out.
If the other one does, it puts the store aside (nothing is removed), and the next start fetches the other branch from peers. The
signing guard stays as it is. Running it again does no harm, and finishes what a crash broke off.

While the node runs it shows what the node knows, and changes nothing. Without a terminal nothing is asked: give --yes.

Exit codes: 0 done, 4 there is nothing to recover from, the node runs, or it was not confirmed.

Examples:
  quorate recover --dir net/v1
  quorate recover --dir net/v1 --yes
  quorate recover --dir net/v1 --json        shows what would be done`,
    )
    .action(recover)
}

async function recover(flags: Flags): Promise<void> {
  const { openRecovery } = await import('../../node/recover.ts')
  let recovery: Recovery
  try {
    recovery = await openRecovery(flags.dir)
  } catch (error) {
    if (error instanceof QuorateError && error.code === 'directory-in-use') return await showRunning(flags, error)
    throw error
  }
  try {
    await recoverStopped(recovery, flags)
  } finally {
    await recovery.close()
  }
}

/** What a node that runs says; then that it must be stopped. */
async function showRunning(flags: Flags, cause: QuorateError): Promise<void> {
  const stop = (text: string): CliError => new CliError(exitCodes.refused, 'directory-in-use', text, { cause })
  let fork: ForkView | null
  try {
    fork = await (await findNode(flags)).fork()
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    throw stop(cause.message)
  }
  if (flags.json) printJson({ fork, step: null, done: false })
  if (fork === null || !fork.isHalted) throw notForked(fork)
  if (!flags.json) await show(fork)
  if (fork.command === null) throw stop('the branch was chosen: the node goes on with it by itself, so leave it running')
  throw stop(`a node runs on ${flags.dir}: stop it, then run \`${fork.command}\` again`)
}

async function recoverStopped(recovery: Recovery, flags: Flags): Promise<void> {
  const { fork, step } = recovery
  const isDone = step === 'none' || (flags.json === true && flags.yes !== true)
  if (flags.json && isDone) printJson({ fork, step, done: false })
  if (fork === null || step === 'none') throw notForked(fork)
  if (!flags.json) await show(fork)
  if (!flags.json) print(planText(recovery, fork))
  if (isDone) return
  if (flags.yes !== true && step !== 'chosen') await confirm()
  const { keptStore } = await recovery.carryOut()
  const next = `quorate start --dir ${flags.dir}`
  if (flags.json) return printJson({ fork, step, done: true, keptStore, next })
  if (keptStore !== null)
    print(`the store is kept as ${keptStore}; remove it when you need neither its blocks nor the proof of what happened`)
  print(`now start the node as before: \`${next}\` with its options. It signs again when the chosen branch is here and it can go on`)
}

const notForked = (fork: ForkView | null): CliError =>
  new CliError(
    exitCodes.refused,
    'not-forked',
    fork === null
      ? 'there is nothing to recover from: this node knows of no fork'
      : `there is nothing to recover from: the fork at height ${fork.height} is over${fork.resolvedAt === null ? '' : `, block ${fork.resolvedAt} went on`}`,
  )

async function confirm(): Promise<void> {
  const refused = (why: string): CliError => new CliError(exitCodes.refused, 'not-confirmed', `${why}; nothing was changed`)
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) throw refused('nobody can be asked here: give --yes to go on')
  const asking = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const answer = await asking.question('Go on? [y/N] ')
    if (!/^y(es)?$/i.test(answer.trim())) throw refused('not confirmed')
  } finally {
    asking.close()
  }
}

async function show(fork: ForkView): Promise<void> {
  const { formatAddress } = await import('../../node/wallet.ts')
  const { height, seenAtMs, offenders, offendersDroplets, quorumDroplets, proofs, branches } = fork
  print(
    facts([
      ['fork', `at height ${height}, seen ${localTime(seenAtMs)}`],
      ...offenders.map((offender, index) => [index === 0 ? 'signed both' : '', offenderText(offender, formatAddress)] as const),
      ['together', `${formatCoins(offendersDroplets)} of ${formatCoins(quorumDroplets)} coins of stake; the next block leaves them out`],
      ...proofs.map((id, index) => [index === 0 ? 'proof' : '', `${id}  (\`quorate evidence show\`)`] as const),
    ]),
  )
  print(
    table(
      [
        { title: 'BRANCH' },
        { title: '' },
        { title: 'BLOCKS', align: 'right' },
        { title: 'UP TO', align: 'right' },
        { title: 'HEAD' },
        { title: 'COIN-HOURS BURNED', align: 'right' },
      ],
      branches.map((branch) => [
        branch.first.slice(0, 16),
        branch.isOwn ? 'this node' : '',
        String(branch.blocks),
        String(branch.head.height),
        branch.head.hash.slice(0, 16),
        branch.burnedMicroHours === null ? 'not seen' : formatCoinHours(branch.burnedMicroHours),
      ]),
    ),
  )
  const best = branches.find(({ goesOn }) => goesOn)
  if (best !== undefined) print(paint('bold', `branch ${best.first.slice(0, 16)} goes on: ${whyText(best, branches)}`))
}

const offenderText = ({ address, stakeDroplets, sharePpm }: ForkView['offenders'][number], formatAddress: Show): string =>
  `${formatAddress(address)}  ${formatCoins(stakeDroplets)} coins, ${percent(sharePpm)}`

function whyText(best: BranchView, branches: readonly BranchView[]): string {
  if (best.recoveredAt !== null) return `its block ${best.recoveredAt} went on without the offenders already`
  const isTie = branches.some((branch) => branch !== best && branch.burnedMicroHours === best.burnedMicroHours)
  return isTie ? 'as much was burned on both, and its first hash is lower' : 'more coin-hours were burned on it'
}

const PLANS: Readonly<Record<Exclude<RecoveryStep, 'none'>, string>> = {
  chosen: 'This was chosen before; nothing is left to do but to start the node.',
  stay: 'The chain of this node goes on: that will be noted, and nothing else is changed.',
  switch:
    'The chain of this node does not go on: its store will be put aside, and the other branch fetched from peers. What was paid on the blocks ' +
    'that are left counts no more; their transactions are offered again. The signing guard stays as it is.',
}

function planText({ step, isUnsure }: Recovery, { branches }: ForkView): string {
  const plan = step === 'none' ? '' : PLANS[step]
  if (!isUnsure) return plan
  const unseen = branches.filter(({ burnedMicroHours }) => burnedMicroHours === null).map(({ first }) => printable(first.slice(0, 16)))
  return (
    `${plan}\nOf ${plural(unseen.length, 'branch', 'branches')} this node has seen no more than a seal (${unseen.join(', ')}), so others may choose otherwise: ` +
    'let the node run for a while, connected to those who have it, before you go on.'
  )
}
