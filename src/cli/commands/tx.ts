import type { Command } from 'commander'
import type { TransactionView } from '../../api/types.ts'
import { formatCoins } from '../../base/amounts.ts'
import { isHex } from '../../base/hex.ts'
import type { Transaction } from '../../wire/types.ts'
import { actionFacts } from '../actions.ts'
import { findNode, type NodePlace } from '../client.ts'
import { usageError } from '../exit.ts'
import { apiOption, directoryOption, jsonOption } from '../options.ts'
import { facts, print, printJson } from '../text.ts'

export function addTransactionCommand(program: Command): void {
  program
    .command('tx')
    .argument('<hash>', 'the 64 hex digits that `quorate send` printed')
    .summary('what became of a transaction')
    .description('Shows a transaction and whether it is pending, final or dropped.')
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  quorate tx 5f0c3a...\n  quorate tx 5f0c3a... --json')
    .action(async (hash: string, flags: NodePlace & { readonly json?: true }) => {
      const id = hash.toLowerCase()
      if (!isHex(id, 32)) throw usageError(`"${hash}" is no transaction hash: it has 64 hex digits`)
      const found = await (await findNode(flags)).transaction(id)
      if (flags.json) return printJson(found)
      const { addressOf, formatAddress } = await import('../../node/wallet.ts')
      const about = ({ body: { sender, nonce, feeDroplets, expirySlot, action } }: Transaction): readonly (readonly [string, string])[] => [
        ['from', formatAddress(addressOf(sender))],
        ...actionFacts(action, formatAddress),
        ['fee', `${formatCoins(feeDroplets)} coins`],
        ['nonce', String(nonce)],
        ['expires', `after slot ${expirySlot}`],
      ]
      print(facts([['transaction', id], ['state', stateText(found)], ...(found.state === 'dropped' ? [] : about(found.transaction))]))
    })
}

function stateText(found: TransactionView): string {
  switch (found.state) {
    case 'pending':
      return 'pending: it waits for a block'
    case 'final':
      return `final, number ${found.index} in block ${found.height} (${found.block.slice(0, 16)}…)`
    case 'dropped':
      return `dropped: ${found.code}`
  }
}
