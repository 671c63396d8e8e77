import { utf8 } from '../../../src/base/bytes.ts'
import { sha256Hex } from '../../../src/crypto/sha256.ts'
import type { BlockContext } from '../../../src/ledger/apply.ts'
import { genesisState, type LedgerState } from '../../../src/ledger/state.ts'
import { type PreparedTransaction, prepare } from '../../../src/ledger/transaction.ts'
import type { Genesis, Parameters } from '../../../src/wire/genesis.ts'
import { addressOf } from '../../../src/wire/ids.ts'

export const CHAIN_ID = '0c'.repeat(32)
export const COIN = 1_000_000
/** Bytes of a transfer, and so its burn in micro coin-hours where a byte costs one. */
export const TRANSFER_BYTES = 157

/** Something that looks like a public key; nothing here checks signatures over it. */
const keyOf = (name: string): string => sha256Hex(utf8(name))
export const addressOfName = (name: string): string => addressOf(keyOf(name))

export const parameters: Parameters = {
  slotMs: 1000,
  choiceMs: 300,
  sortition: 'stake',
  expectedCandidates: 5,
  uniformPpm: 500_000,
  leaderRule: 'ticket',
  idleSlots: 5,
  coinHourSeconds: 3600,
  microHoursPerByte: 1,
  minFeeDroplets: 10,
  maxBlockTransactions: 5,
  maxBlockBytes: 4 * TRANSFER_BYTES,
  maxExpirySlots: 100,
}

export interface Funds {
  readonly droplets: number
  readonly microHours: number
}

export const genesisOf = (funds: Readonly<Record<string, Funds>>, changes: Partial<Parameters> = {}): Genesis => ({
  version: 1,
  name: 'test',
  timeMs: 1_700_000_000_000,
  parameters: { ...parameters, ...changes },
  verifiers: [
    { account: addressOfName('maker'), peerId: 'peer', blsKey: '0a'.repeat(48), possession: '0b'.repeat(96), stakeDroplets: 9 * COIN },
  ],
  accounts: Object.entries(funds)
    .map(([name, { droplets, microHours }]) => ({ address: addressOfName(name), droplets, microHours }))
    .sort((left, right) => (left.address < right.address ? -1 : 1)),
})

export const stateOf = (funds: Readonly<Record<string, Funds>>, changes: Partial<Parameters> = {}): LedgerState =>
  genesisState(genesisOf(funds, changes), CHAIN_ID)

export const contextOf = (changes: Partial<BlockContext> = {}): BlockContext => ({
  slot: 0,
  maker: addressOfName('maker'),
  valueLimitDroplets: 6 * COIN,
  ...changes,
})

export interface TransferOptions {
  readonly from: string
  readonly to: string
  readonly nonce?: number
  readonly amount?: number
  readonly hours?: number
  readonly fee?: number
  readonly expirySlot?: number
}

/** A transfer between accounts by name, in droplets and micro coin-hours. */
export function transfer({ from, to, nonce = 0, amount = 0, hours = 0, fee = 10, expirySlot = 100 }: TransferOptions): PreparedTransaction {
  const action = { kind: 'transfer' as const, to: addressOfName(to), amountDroplets: amount, microHours: hours }
  return prepare({ body: { sender: keyOf(from), nonce, feeDroplets: fee, expirySlot, action }, signature: '00'.repeat(64) })
}
