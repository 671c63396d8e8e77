import type { Command } from 'commander'
import type { SupplyView } from '../../api/ledger-types.ts'
import { formatCoins } from '../../base/amounts.ts'
import { findNode, type NodePlace } from '../client.ts'
import { CliError, exitCodes } from '../exit.ts'
import { apiOption, directoryOption, jsonOption } from '../options.ts'
import { facts, print, printJson } from '../text.ts'

export function addSupplyCommand(program: Command): void {
  program
    .command('supply')
    .summary('where all coins are')
    .description(
      'Counts all coins of the newest final block, account by account: free, staked, delegated, on their way back, and fees that are not shared yet. ' +
        'Together they must be the coins of genesis and those minted since, less those burned, to the droplet.',
    )
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption('print JSON for programs; amounts in millionths'))
    .addHelpText('after', '\nExit codes: 0 the sum is right, 1 it is not.\n\nExamples:\n  quorate supply\n  quorate supply --json')
    .action(async (flags: NodePlace & { readonly json?: true }) => {
      const supply = await (await findNode(flags)).supply()
      if (flags.json) printJson(supply)
      else print(facts(supplyFacts(supply)))
      if (!supply.holds)
        throw new CliError(
          exitCodes.failed,
          'supply-differs',
          'the coins of all accounts are not those that there should be: this is a mistake in quorate, please report it',
        )
    })
}

function supplyFacts(supply: SupplyView): readonly (readonly [string, string])[] {
  const { height, heldDroplets, stakedDroplets, delegatedDroplets, unbondingDroplets, feesDroplets, mintedDroplets, burnedDroplets } =
    supply
  const amounts = [
    ['free', heldDroplets],
    ['staked', stakedDroplets],
    ['delegated', delegatedDroplets],
    ['on the way back', unbondingDroplets],
    ['fees to share', feesDroplets],
    ['all coins', supply.supplyDroplets],
    ['minted so far', mintedDroplets],
    ['burned so far', burnedDroplets],
  ] as const
  const texts = amounts.map(([, droplets]) => formatCoins(droplets))
  const width = Math.max(...texts.map((text) => (text.split('.')[0] ?? '').length))
  const aligned = (text: string): string => `${' '.repeat(width - (text.split('.')[0] ?? '').length)}${text}`
  return [
    ['height', String(height)],
    ...amounts.map(([name], index) => [name, aligned(texts[index] ?? '')] as const),
    ['sum', supply.holds ? 'right to the droplet' : 'WRONG'],
  ]
}
