import { sampleHex } from './format.ts'
import { type AccountKeys, accountKeys, peerIdOf, type VerifierKeys, verifierKeys, verifiers } from './samples.ts'
import { COIN, type Order } from './stories.ts'

/** Two accounts that genesis does not know. */
export const carol = accountKeys('carol')
export const dave = verifierKeys('dave')
export const erin = verifierKeys('erin')
/** The verifiers of the sample genesis, by ascending stake: 1, 2, 3, 4 coins. */
export const [v0, v1, v2, v3] = verifiers.map(({ account }) => account) as [AccountKeys, AccountKeys, AccountKeys, AccountKeys]

type Options = Omit<Order, 'from' | 'action'>

const coins = (amount: number | null): number | null => (amount === null ? null : Math.round(amount * COIN))

// Orders; amounts in coins, so that a story reads like one, unless a name ends in droplets.

export const move = (
  from: AccountKeys,
  to: AccountKeys,
  amount: number,
  options: Options & { readonly microHours?: number } = {},
): Order => {
  const { microHours = 0, ...rest } = options
  return { from, action: { kind: 'transfer', to: to.address, amountDroplets: Math.round(amount * COIN), microHours }, ...rest }
}
export function register(
  { account, publicKey, possession }: VerifierKeys,
  changes: { readonly blsKey?: string; readonly peerId?: string } = {},
): Order {
  const peerId = peerIdOf(sampleHex(`peer of ${account.address}`, 32))
  return { from: account, action: { kind: 'register', peerId, blsKey: publicKey, possession, commissionPpm: 50_000, ...changes } }
}
export const stake = (from: AccountKeys, amount: number): Order => ({
  from,
  action: { kind: 'stake', amountDroplets: Math.round(amount * COIN) },
})
/** Null for all of it. */
export const unstake = (from: AccountKeys, amount: number | null): Order => ({
  from,
  action: { kind: 'unstake', amountDroplets: coins(amount) },
})
export const delegate = (from: AccountKeys, to: AccountKeys, amountDroplets: number, options: Options = {}): Order => ({
  from,
  action: { kind: 'delegate', verifier: to.address, amountDroplets },
  ...options,
})
/** Null for all of it. */
export const undelegate = (from: AccountKeys, to: AccountKeys, amountDroplets: number | null): Order => ({
  from,
  action: { kind: 'undelegate', verifier: to.address, amountDroplets },
})
export const slip = (from: AccountKeys, ...choices: readonly AccountKeys[]): Order => ({
  from,
  action: { kind: 'slip', choices: choices.map(({ address }) => address).sort() },
})
export const vouch = (from: AccountKeys, verifier: AccountKeys): Order => ({
  from,
  action: { kind: 'endorse', verifier: verifier.address, stance: 'vouch' },
})
export const withdraw = (from: AccountKeys, verifier: AccountKeys): Order => ({
  from,
  action: { kind: 'endorse', verifier: verifier.address, stance: 'withdraw' },
})
export const sourceOf = (name: string): string => sampleHex(`source ${name}`, 32)
export const ratify = (from: AccountKeys, name: string): Order => ({ from, action: { kind: 'ratify', source: sourceOf(name) } })
