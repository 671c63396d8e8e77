import { type Command, Option } from 'commander'
import { formatCoins } from '../../base/amounts.ts'
import { usageError } from '../exit.ts'
import { coinHours, coins, needs } from '../options.ts'
import { addSubmitOptions, openSession, type SubmitFlags, submit, submitHelp } from '../submit.ts'

interface SendFlags extends SubmitFlags {
  readonly to: string
  readonly amount: number
  readonly hours: number
}

export function addSendCommand(program: Command): void {
  const command = program
    .command('send')
    .summary('send coins')
    .description(
      'Moves coins from the account of the directory to another. Prints the id of the transaction. With --wait it goes on until the ' +
        'transaction is final, and the exit code says whether it is.',
    )
  needs(command, '--to <address>', 'who gets them (quo1...)', String)
  needs(command, '--amount <coins>', 'how many, such as 12.5', coins)
  command.addOption(new Option('--hours <hours>', 'coin-hours to send along').argParser(coinHours).default(0, '0'))
  addSubmitOptions(command)
    .addHelpText(
      'after',
      `${submitHelp}

Examples:
  quorate send --to quo1rpd5cjz6gl6ra59mr53aha6ydqlpfhuf92yq9n --amount 12.5
  quorate send --to quo1... --amount 1 --fee 0.01 --wait
  quorate send --api http://127.0.0.1:4181 --key savings.key --to quo1... --amount 100 --json`,
    )
    .action(async (flags: SendFlags) => {
      const { readAddress } = await import('../address.ts')
      const to = await readAddress(flags.to, flags.dir)
      const session = await openSession(flags)
      const { amount: amountDroplets, hours: microHours } = flags
      // T3: only one to oneself may move nothing; it uses up a nonce.
      if (amountDroplets === 0 && microHours === 0 && to !== session.wallet.address)
        throw usageError('this moves nothing: give --amount more than 0, or --hours to send coin-hours alone')
      await submit(session, [{ kind: 'transfer', to, amountDroplets, microHours }], `${formatCoins(amountDroplets)} coins moved`)
    })
}
