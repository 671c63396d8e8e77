import { join } from 'node:path'
import { type Command, Option } from 'commander'
import type { AccountView } from '../../api/ledger-types.ts'
import type { NodeStatus, SubmitResult } from '../../api/types.ts'
import { formatCoins } from '../../base/amounts.ts'
import type { Genesis } from '../../wire/genesis.ts'
import { findNode, interruption, type NodeClient, type NodePlace } from '../client.ts'
import { CliError, exitCodes } from '../exit.ts'
import { apiOption, coinHours, coins, directoryOption, integer, jsonOption } from '../options.ts'
import { duration, print, printJson } from '../text.ts'
import { type Outcome, waitUntilFinal } from '../wait-final.ts'

interface SendFlags extends NodePlace {
  readonly to: string
  readonly amount: number
  readonly fee?: number
  readonly hours: number
  readonly expires?: number
  readonly nonce?: number
  readonly key?: string
  readonly wait?: true
  readonly timeout?: number
  readonly json?: true
}

/** Slots until a transaction expires, unless the network allows fewer: two minutes at one second each. */
const DEFAULT_EXPIRY_SLOTS = 120

export function addSendCommand(program: Command): void {
  program
    .command('send')
    .summary('send coins')
    .description(
      'Signs a transfer here, with the account key of the directory, and hands it to the node; the key does not leave this machine. ' +
        'Prints the id of the transaction. With --wait it goes on until the transaction is final, and the exit code says whether it is.',
    )
    .requiredOption('--to <address>', 'who gets them (quo1...)')
    .requiredOption('--amount <coins>', 'how many, such as 12.5', coins)
    .option('--fee <coins>', "what is paid for it (default: the network's least)", coins)
    .addOption(new Option('--hours <hours>', 'coin-hours to send along').argParser(coinHours).default(0, '0'))
    .option(
      '--expires <slots>',
      `how many slots it may wait for a block (default: ${DEFAULT_EXPIRY_SLOTS}, or what the network allows)`,
      integer(1),
    )
    .option(
      '--nonce <number>',
      "its place among the account's transactions (default: the next); a waiting one with the same is replaced if the fee is higher",
      integer(0),
    )
    .option('--key <file>', "another account's key file")
    .option('--wait', 'wait until it is final')
    .option('--timeout <seconds>', 'how long to wait at most (default: until it has expired)', integer(1, 86_400))
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Exit codes: 0 accepted (with --wait: final), 4 refused or dropped, 6 not final in time.

Examples:
  quorate send --to quo1rpd5cjz6gl6ra59mr53aha6ydqlpfhuf92yq9n --amount 12.5
  quorate send --to quo1... --amount 1 --fee 0.01 --wait
  quorate send --api http://127.0.0.1:4181 --key savings.key --to quo1... --amount 100 --json`,
    )
    .action(send)
}

async function send(flags: SendFlags): Promise<void> {
  const { openWallet } = await import('../../node/wallet.ts')
  const { readAddress } = await import('../address.ts')
  const to = await readAddress(flags.to, flags.dir)
  const wallet = await openWallet(flags.key ?? join(flags.dir, 'account.key'))
  for (const warning of wallet.warnings) process.stderr.write(`warning: ${warning}\n`)
  const node = await findNode(flags)
  const [status, { genesis }, account] = await Promise.all([
    node.get<NodeStatus>('/v1/status'),
    node.get<{ readonly genesis: Genesis }>('/v1/genesis'),
    node.get<AccountView>(`/v1/accounts/${wallet.address}`),
  ])
  const { parameters } = genesis
  const expires = flags.expires ?? Math.min(DEFAULT_EXPIRY_SLOTS, parameters.maxExpirySlots)
  const signed = wallet.sign(status.chainId, {
    nonce: flags.nonce ?? account.nextNonce,
    feeDroplets: flags.fee ?? parameters.minFeeDroplets,
    expirySlot: (status.slot ?? 0) + expires,
    action: { kind: 'transfer', to, amountDroplets: flags.amount, microHours: flags.hours },
  })
  const submit = (): Promise<void> => submitTo(node, signed.hex)
  if (!flags.wait) {
    await submit()
    return flags.json ? printJson({ id: signed.id, state: 'accepted' }) : print(signed.id)
  }
  // Before the first slot nothing is made: that time does not count.
  const untilStartMs = Math.max(0, genesis.timeMs - Date.now())
  const timeoutMs = flags.timeout === undefined ? untilStartMs + (expires + 2) * parameters.slotMs + 5000 : flags.timeout * 1000
  if (!flags.json) print(signed.id)
  const startedAtMs = performance.now()
  const outcome = await waitUntilFinal(node, signed.id, submit, { signal: interruption(), timeoutMs })
  const tookMs = Math.round(performance.now() - startedAtMs)
  if (flags.json) printJson({ id: signed.id, ...outcome, tookMs })
  finish(outcome, tookMs, flags)
}

async function submitTo(node: NodeClient, hex: string): Promise<void> {
  const { results } = await node.post<{ readonly results: readonly SubmitResult[] }>('/v1/transactions', { transactions: [hex] })
  const [result] = results
  if (result === undefined) throw new CliError(exitCodes.failed, 'no-answer', `the node at ${node.url} gave no answer to the transaction`)
  if (!result.accepted) throw new CliError(exitCodes.refused, result.code, `refused: ${result.detail || result.code} (${result.code})`)
}

function finish(outcome: Outcome, tookMs: number, { amount, json }: SendFlags): void {
  switch (outcome.state) {
    case 'final':
      if (!json) print(`final: ${formatCoins(amount)} coins moved in block ${outcome.height}, after ${duration(tookMs)}`)
      return
    case 'dropped':
      throw new CliError(exitCodes.refused, outcome.code, `dropped, not final: ${outcome.code}`)
    case 'pending':
      throw new CliError(
        exitCodes.interrupted,
        'not-final',
        `not final yet after ${duration(tookMs)}, and it still may be: \`quorate tx\` with its id says what became of it`,
      )
  }
}
