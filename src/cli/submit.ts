import { join } from 'node:path'
import type { Command } from 'commander'
import type { AccountView } from '../api/ledger-types.ts'
import type { NodeStatus } from '../api/types.ts'
import type { QuorateClient } from '../client/client.ts'
import { type Outcome, waitUntilFinal } from '../client/wait-final.ts'
import type { SignedTransaction, Wallet } from '../node/wallet.ts'
import type { Genesis } from '../wire/genesis.ts'
import type { Action, Hash } from '../wire/types.ts'
import { findNode, interruption, type NodePlace } from './client.ts'
import { CliError, exitCodes } from './exit.ts'
import { apiOption, coins, directoryOption, integer, jsonOption } from './options.ts'
import { type PasswordFlags, passwordOption, unlockWith } from './passwords.ts'
import { duration, plural, print, printJson } from './text.ts'

/** What every command that makes transactions can be told. */
export interface SubmitFlags extends NodePlace, PasswordFlags {
  readonly fee?: number
  readonly expires?: number
  readonly nonce?: number
  readonly key?: string
  readonly wait?: true
  readonly timeout?: number
  readonly json?: true
}

/** Slots until a transaction expires, unless the network allows fewer: two minutes at one second each. */
const DEFAULT_EXPIRY_SLOTS = 120

/** @param key whether another account than the directory's own can sign */
export function addSubmitOptions(command: Command, { key = true } = {}): Command {
  command
    .option('--fee <coins>', "what is paid for it (default: the network's least)", coins)
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
  if (key) command.option('--key <file>', "another account's key file")
  return command
    .addOption(passwordOption())
    .option('--wait', 'wait until it is final')
    .option('--timeout <seconds>', 'how long to wait at most (default: until it has expired)', integer(1, 86_400))
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
}

export const submitHelp = `
The transaction is signed here; the key does not leave this machine. Its id is printed, and \`quorate tx\` says what became of it.

Exit codes: 0 accepted (with --wait: final), 4 refused or dropped, 6 not final in time.`

/** Who signs, the node that takes it, and what that node says now. */
export interface Session {
  readonly flags: SubmitFlags
  readonly wallet: Wallet
  readonly node: QuorateClient
  readonly status: NodeStatus
  readonly genesis: Genesis
  readonly account: AccountView
  /** What a person should know once the transaction is accepted; null from then on. */
  readonly held: { texts: string[] | null }
}

/** Rejects with the errors of the key file, and of a node that cannot be reached. */
export async function openSession(flags: SubmitFlags): Promise<Session> {
  const { openWallet } = await import('../node/wallet.ts')
  const wallet = await openWallet(flags.key ?? join(flags.dir, 'account.key'), unlockWith(flags))
  for (const warning of wallet.warnings) warn(warning)
  const node = await findNode(flags)
  const [status, { genesis }, account] = await Promise.all([node.status(), node.genesis(), node.account(wallet.address)])
  return { flags, wallet, node, status, genesis, account, held: { texts: [] } }
}

const warn = (text: string): void => void process.stderr.write(`warning: ${text}\n`)

/** What a person should know besides, once the transaction is accepted: a forecast of what is refused would mislead. The output is for the answer. */
export function note({ flags, held }: Pick<Session, 'flags' | 'held'>, text: string): void {
  if (held.texts !== null) held.texts.push(text)
  else if (!flags.json) process.stderr.write(`${text}\n`)
}

/** The notes that were held back, from now on none. */
function tellNotes(session: Session): void {
  const texts = session.held.texts ?? []
  session.held.texts = null
  for (const text of texts) note(session, text)
}

/**
 * Signs actions with one nonce after the other, hands them to the node in order, prints the id of the last, and with `--wait` goes on
 * until all are final. Rejects with CliError 4 or 6 if they are not.
 * @param done what has happened once they are final, as in `12.5 coins moved`
 * @param more what the JSON says besides
 */
export async function submit(
  session: Session,
  actions: readonly Action[],
  done: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { flags, genesis } = session
  const expires = flags.expires ?? Math.min(DEFAULT_EXPIRY_SLOTS, genesis.parameters.maxExpirySlots)
  const signed = sign(session, actions, expires)
  const ids = signed.map(({ id }) => id)
  const id = ids.at(-1) ?? ''
  const said = { id, ...(ids.length > 1 ? { ids } : {}), ...more }
  if (!flags.wait) {
    await hand(session.node, signed)
    tellNotes(session)
    return flags.json ? printJson({ ...said, state: 'accepted' }) : print(id)
  }
  // Before the first slot nothing is made: that time does not count.
  const untilStartMs = Math.max(0, genesis.timeMs - Date.now())
  const timeoutMs = flags.timeout === undefined ? untilStartMs + (expires + 2) * genesis.parameters.slotMs + 5000 : flags.timeout * 1000
  const accepted = async (): Promise<void> => {
    await hand(session.node, signed)
    tellNotes(session)
    if (!flags.json) print(id)
  }
  const startedAtMs = performance.now()
  const outcome = await follow(session.node, signed, timeoutMs, accepted)
  const tookMs = Math.round(performance.now() - startedAtMs)
  if (flags.json) printJson({ ...said, ...outcome, tookMs })
  finish(outcome, tookMs, done, flags)
}

function sign(
  { flags, wallet, status, genesis, account }: Session,
  actions: readonly Action[],
  expires: number,
): readonly SignedTransaction[] {
  const first = flags.nonce ?? account.nextNonce
  const ahead = first - account.nextNonce
  if (ahead > 0) {
    const lacking = ahead === 1 ? `nonce ${account.nextNonce} is` : `nonces ${account.nextNonce} to ${first - 1} are`
    warn(
      `nonce ${first} is ${ahead} ahead of the account's next: it waits until ${lacking} used, and expires after ${plural(expires, 'slot')} if they are not`,
    )
  }
  return actions.map((action, index) =>
    wallet.sign(status.chainId, {
      nonce: first + index,
      feeDroplets: flags.fee ?? genesis.parameters.minFeeDroplets,
      expirySlot: (status.slot ?? 0) + expires,
      action,
    }),
  )
}

/** One after the other: the second means nothing without the first. */
async function hand(node: QuorateClient, signed: readonly SignedTransaction[]): Promise<void> {
  for (const [index, { hex }] of signed.entries()) {
    const [result] = await node.submit([hex])
    if (result === undefined) throw new CliError(exitCodes.failed, 'no-answer', `the node at ${node.url} gave no answer to the transaction`)
    if (result.accepted) continue
    const { code, detail } = result
    const before = signed.slice(0, index).map(({ id }) => id)
    const which = before.length === 0 ? 'refused' : `${before.join(', ')} was accepted, what was to follow was refused`
    const hint = hints[code]
    const next = hint === undefined ? '' : `; ${hint}`
    const { formatAddress } = await import('../node/wallet.ts')
    // The ledger knows addresses as bytes; people know them as quo1….
    const reason = detail.replaceAll(/\b[0-9a-f]{40}\b/g, formatAddress)
    throw new CliError(exitCodes.refused, code, `${which}: ${reason || code} (${code})${next}`)
  }
}

/** What to do about a refusal, where its numbers do not say it. */
const hints: Readonly<Record<string, string>> = {
  'insufficient-coins': '`quorate account` shows what is free, bonded and on its way back',
  'insufficient-hours': 'coins earn them with time, and `quorate send --hours` sends some along',
  'value-above-stake': 'less passes, as far as the account has the coins: what is more goes in parts, a block each',
  'already-registered': '`quorate stake` bonds coins to it',
  'key-in-use': 'a directory of its own has its own keys: `quorate init --role verifier --dir DIR`',
  'peer-id-in-use': 'a directory of its own has its own keys: `quorate init --role verifier --dir DIR`',
  'not-verifier': '`quorate register` makes the account a verifier, `quorate delegate` bonds to somebody else',
  'own-verifier': '`quorate stake` is for the own verifier',
  'unknown-verifier': '`quorate verifiers` lists them all',
  'nothing-bonded': '`quorate account` shows what is bonded where',
  'insufficient-stake': '`quorate account` shows what is bonded where, and --all takes all of it',
  'no-election': '`quorate election` shows when',
  'nothing-moved': '`--move COINS --to ADDRESS` moves some to another account of yours and votes with them',
  'too-many-choices': 'name fewer',
  'already-endorsed': '`quorate endorse --withdraw` takes it back',
  'not-endorsed': '`quorate account` shows whom it vouches for',
  'nonce-too-low': 'leave --nonce out to use the next',
}

/** @param accepted hands them over, and says so */
async function follow(
  node: QuorateClient,
  signed: readonly SignedTransaction[],
  timeoutMs: number,
  accepted: () => Promise<void>,
): Promise<Outcome> {
  const signal = interruption()
  const until = performance.now() + timeoutMs
  const wait = (id: Hash, submit: () => Promise<void>): Promise<Outcome> =>
    waitUntilFinal(node, id, submit, { signal, timeoutMs: Math.max(1, Math.round(until - performance.now())) })
  let outcome: Outcome = { state: 'pending' }
  for (const [index, { id }] of signed.entries()) {
    outcome = await wait(id, () => (index === 0 ? accepted() : Promise.resolve()))
    if (outcome.state !== 'final') return outcome
  }
  return outcome
}

function finish(outcome: Outcome, tookMs: number, done: string, { json }: SubmitFlags): void {
  switch (outcome.state) {
    case 'final':
      if (!json) print(`final: ${done} in block ${outcome.height}, after ${duration(tookMs)}`)
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
