import type { Command } from 'commander'
import { formatCoins } from '../../base/amounts.ts'
import { CliError, exitCodes } from '../exit.ts'
import { valueOption } from '../genesis-rules.ts'
import { percentage } from '../options.ts'
import { unlockWith } from '../passwords.ts'
import { addSubmitOptions, note, openSession, type Session, type SubmitFlags, submit, submitHelp } from '../submit.ts'
import { percent } from '../text.ts'

interface RegisterFlags extends SubmitFlags {
  readonly commission: number
}

export function addRegisterCommand(program: Command): void {
  const command = program
    .command('register')
    .summary('make the account a verifier')
    .description(
      "Registers the directory's verifier key and peer id with its account, which is a client until then. What that costs is burned, at once and without asking: " +
        '`quorate genesis --check` shows how much. A verifier can be elected when enough is staked and delegated to it, in an election that opens after its registration.',
    )
    .addOption(valueOption('--commission <percent>', "what it keeps of its delegators' part of the rewards, for good", percentage, '5%'))
  addSubmitOptions(command, { key: false })
    .addHelpText(
      'after',
      `${submitHelp}

From a full node to the quorum:
  quorate init --dir DIR --role verifier      adds a verifier key, keeps the rest
  quorate start --dir DIR                     again, so that the node has the key
  quorate register --dir DIR --wait
  quorate stake --dir DIR --amount 1000 --wait
  quorate election --dir DIR                  when the next one opens; status says whether it elected you

Examples:
  quorate register
  quorate register --commission 2.5% --wait
  quorate register --dir v5 --json`,
    )
    .action(register)
}

async function register(flags: RegisterFlags): Promise<void> {
  const { publicParts } = await import('../../node/setup.ts')
  const { peerId, verifier } = await publicParts(flags.dir, unlockWith(flags))
  if (verifier === null) {
    throw new CliError(
      exitCodes.failed,
      'not-verifier',
      `${flags.dir} has no verifier key: run \`quorate init --dir ${flags.dir} --role verifier\`, start its node again, then register`,
    )
  }
  const session = await openSession(flags)
  const { verifierFeeDroplets } = session.genesis.parameters
  note(session, `registering burns ${formatCoins(verifierFeeDroplets)} coins; the commission will be ${percent(flags.commission)}`)
  await submit(session, [{ kind: 'register', peerId, ...verifier, commissionPpm: flags.commission }], 'registered as a verifier', {
    burnedDroplets: verifierFeeDroplets,
  })
  note(session, nextStep(session, peerId, flags.dir))
}

function nextStep({ genesis, status }: Session, peerId: string, dir: string): string {
  const { minStakeDroplets } = genesis.parameters
  const stake = `\`quorate stake --dir ${dir} --amount COINS\`: an election asks for ${formatCoins(minStakeDroplets)} coins, own and delegated`
  // The node that answers is this directory's, and was started before it had the key.
  if (status.peerId === peerId && status.verifier === null)
    return `Next: start the node of ${dir} again, which runs without its verifier key; then ${stake}`
  return `Next: ${stake}`
}
