import type { Command } from 'commander'
import type { AccountView } from '../../api/ledger-types.ts'
import { formatCoinHours, formatCoins } from '../../base/amounts.ts'
import { findNode, type NodePlace } from '../client.ts'
import { apiOption, directoryOption, jsonOption } from '../options.ts'
import { facts, print, printJson } from '../text.ts'

export function addAccountCommand(program: Command): void {
  program
    .command('account')
    .argument('[address]', "whose account; the directory's own unless given")
    .summary('the coins and coin-hours of an account')
    .description(
      'Shows what an account holds at the newest final block. An account that nobody has paid yet holds nothing, which is no error.',
    )
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption('print JSON for programs; amounts in millionths'))
    .addHelpText('after', '\nExamples:\n  quorate account\n  quorate account quo1rpd5cjz6gl6ra59mr53aha6ydqlpfhuf92yq9n --json')
    .action(async (given: string | undefined, flags: NodePlace & { readonly json?: true }) => {
      const { formatAddress } = await import('../../node/wallet.ts')
      const { readAddress } = await import('../address.ts')
      const address = await readAddress(given, flags.dir)
      const account = await (await findNode(flags)).get<AccountView>(`/v1/accounts/${address}`)
      if (flags.json) return printJson(account)
      const waiting = account.nextNonce - account.nonce
      print(
        facts([
          ['address', formatAddress(account.address)],
          ['coins', formatCoins(account.droplets)],
          ['coin-hours', formatCoinHours(account.microHours)],
          ['sent', `${account.nonce}${waiting > 0 ? `, and ${waiting} waiting` : ''}`],
        ]),
      )
    })
}
