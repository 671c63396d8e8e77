import type { Command } from 'commander'
import type { ReceiptEvent, ReceiptView } from '../../api/ledger-types.ts'
import type { BlockView } from '../../api/types.ts'
import { formatCoinHours, formatCoins } from '../../base/amounts.ts'
import type { Address } from '../../wire/types.ts'
import { findNode, type NodePlace } from '../client.ts'
import { usageError } from '../exit.ts'
import { settledText } from '../ledger-text.ts'
import { apiOption, directoryOption, jsonOption } from '../options.ts'
import { bytes, facts, localTime, plural, print, printJson, table } from '../text.ts'

type Show = (address: Address) => string

/** Lines of transactions; --json has all. */
const TRANSACTIONS_SHOWN = 20

export function addBlockCommand(program: Command): void {
  program
    .command('block')
    .argument('[height-or-hash]', 'which one (default: the newest)')
    .summary('one final block: its transactions, rewards and events')
    .description(
      "Shows a final block with what it did besides moving what its transactions say: what its parent's maker, signers and their delegators got for it, " +
        'elections that it opened or settled, stake that came back.',
    )
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  quorate block\n  quorate block 120 --json')
    .action(async (given: string | undefined, flags: NodePlace & { readonly json?: true }) => {
      if (given !== undefined && !/^(\d{1,15}|[0-9a-fA-F]{64})$/.test(given))
        throw usageError(`"${given}" is no block: name its height, or its hash with 64 hex digits`)
      const node = await findNode(flags)
      const at = given ?? String((await node.status()).height)
      const found = await node.block(at.toLowerCase())
      if (flags.json) return printJson(found)
      const { formatAddress } = await import('../../node/wallet.ts')
      show(found, formatAddress)
    })
}

function show(
  { hash, block, timeMs, makerAddress, signerAddresses, transactionIds, bytes: size, receipt }: BlockView,
  address: Show,
): void {
  const { header, transactions } = block
  const hidden = transactions.length - TRANSACTIONS_SHOWN
  print(
    facts([
      ['block', `${header.height}  ${hash}`],
      ['slot', `${header.slot}, ${localTime(timeMs)}`],
      ['maker', `verifier ${header.maker}  ${address(makerAddress)}`],
      ['signers', `${plural(signerAddresses.length, 'verifier')}: ${block.seal.signers.join(', ')}`],
      ['next quorum', header.nextQuorum],
      ['size', bytes(size)],
      ['holds', plural(transactions.length, 'transaction')],
      ...transactions.slice(0, TRANSACTIONS_SHOWN).map(({ body }, index) => ['', `${transactionIds[index]}  ${body.action.kind}`] as const),
      ...(hidden > 0 ? [['', `and ${hidden} more: --json has them`] as const] : []),
      ...(receipt === null ? [['receipt', 'not here: this node began with a newer snapshot'] as const] : receiptFacts(receipt, address)),
    ]),
  )
  if (receipt !== null && receipt.rewards.length > 0) showRewards(receipt, address)
}

const receiptFacts = (receipt: ReceiptView, address: Show): readonly (readonly [string, string])[] => [
  [
    'paid',
    `${formatCoins(receipt.mintedDroplets + receipt.sharedFeesDroplets)} coins for the block before: ${formatCoins(receipt.mintedDroplets)} minted, ${formatCoins(receipt.sharedFeesDroplets)} of fees`,
  ],
  ['fees', `${formatCoins(receipt.feesDroplets)} coins, to be shared with the next block`],
  ['burned', `${formatCoins(receipt.burnedDroplets)} coins, ${formatCoinHours(receipt.burnedMicroHours)} coin-hours`],
  ...receipt.events.map((event, index) => [index === 0 ? 'events' : '', eventText(event, address)] as const),
]

function eventText(event: ReceiptEvent, address: Show): string {
  switch (event.kind) {
    case 'released':
      return `${formatCoins(event.droplets)} coins came back to ${address(event.account)}`
    case 'election-opened':
      return `election ${event.number} opened${event.cause === 'forced' ? ' by an offence' : ''}, until slot ${event.closesSlot}`
    case 'election-settled':
      return settledText(event)
    case 'jailed':
      return `${address(event.verifier)} jailed until slot ${event.untilSlot}`
    case 'ratified':
      return `source ${event.source} ratified by ${formatCoins(event.weightDroplets)} coins`
    case 'slashed': {
      const { stakeDroplets, delegatedDroplets, unbondingDroplets, rewardDroplets } = event
      const droplets = stakeDroplets + delegatedDroplets + unbondingDroplets
      return (
        `${address(event.verifier)} slashed by ${formatCoins(droplets)} coins for ${event.offence} at height ${event.height}` +
        `, ${formatCoins(rewardDroplets)} of them to ${address(event.reporter)}`
      )
    }
  }
}

function showRewards({ rewards }: ReceiptView, address: Show): void {
  print('')
  print(
    table(
      [
        { title: 'REWARDS' },
        { title: 'AS MAKER', align: 'right' },
        { title: 'AS SIGNER', align: 'right' },
        { title: 'TO DELEGATORS', align: 'right' },
        { title: 'COMMISSION', align: 'right' },
      ],
      rewards.map(({ verifier, makerDroplets, signerDroplets, delegatorsDroplets, commissionDroplets }) => [
        address(verifier),
        ...[makerDroplets, signerDroplets, delegatorsDroplets, commissionDroplets].map(formatCoins),
      ]),
    ),
  )
}
