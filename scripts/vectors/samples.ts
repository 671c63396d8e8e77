import { base58 } from '@scure/base'
import { fromHex, type Hex } from '../../src/base/hex.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import type { Genesis } from '../../src/wire/genesis.ts'
import { addressOf, chainIdOf } from '../../src/wire/ids.ts'
import { possessionMessage } from '../../src/wire/signing.ts'
import type { AggregateSignature, Certificate, Header, Transaction } from '../../src/wire/types.ts'
import { sampleBytes, sampleHex } from './format.ts'

export interface AccountKeys {
  readonly seed: Hex
  readonly publicKey: Hex
  readonly address: Hex
}
export interface VerifierKeys {
  readonly account: AccountKeys
  readonly secretKey: Hex
  readonly publicKey: Hex
  readonly possession: Hex
}

export function accountKeys(name: string): AccountKeys {
  const seed = sampleHex(`account ${name}`, 32)
  const publicKey = nativeSignatures.accountPublicKey(seed)
  return { seed, publicKey, address: addressOf(publicKey) }
}

export function verifierKeys(name: string): VerifierKeys {
  const account = accountKeys(name)
  const secretKey = nativeSignatures.blsSecretKey(sampleBytes(`bls ${name}`, 32))
  const publicKey = nativeSignatures.blsPublicKey(secretKey)
  const possession = nativeSignatures.blsSign(secretKey, possessionMessage(publicKey, account.address))
  return { account, secretKey, publicKey, possession }
}

export const alice = accountKeys('alice')
export const bob = accountKeys('bob')
/** Four verifiers in quorum order: by ascending address, as genesis lists them. */
export const verifiers = ['ada', 'blaise', 'carl', 'dorothy']
  .map(verifierKeys)
  .sort((left, right) => (left.account.address < right.account.address ? -1 : 1))

/** libp2p's peer id of an ed25519 key: base58 of its protobuf form in an identity multihash. */
const peerIdOf = (publicKey: Hex): string => base58.encode(fromHex(`002408011220${publicKey}`))

export const sampleGenesis: Genesis = {
  version: 1,
  name: 'vectors',
  timeMs: 1_767_225_600_000,
  parameters: {
    slotMs: 1000,
    choiceMs: 200,
    sortition: 'stake',
    expectedCandidates: 5,
    uniformPpm: 200_000,
    leaderRule: 'ticket',
    idleSlots: 60,
    coinHourSeconds: 3600,
    microHoursPerByte: 100,
    minFeeDroplets: 1,
    maxBlockTransactions: 2000,
    maxBlockBytes: 1_048_576,
    maxExpirySlots: 600,
  },
  verifiers: verifiers.map((verifier, index) => ({
    account: verifier.account.address,
    peerId: peerIdOf(nativeSignatures.accountPublicKey(sampleHex(`peer ${index}`, 32))),
    blsKey: verifier.publicKey,
    possession: verifier.possession,
    stakeDroplets: (index + 1) * 1_000_000,
  })),
  accounts: [alice, bob]
    .map(({ address }, index) => ({ address, droplets: 5_000_000_000 * (index + 1), microHours: 1_000_000 }))
    .sort((left, right) => (left.address < right.address ? -1 : 1)),
}
export const chainId = chainIdOf(sampleGenesis)

/** For layouts alone: the signatures and roots are sample bytes, not anybody's. */
export const sampleAggregate: AggregateSignature = { signers: [0, 2, 3], signature: sampleHex('aggregate', 96) }
export const sampleTransaction: Transaction = {
  body: {
    sender: sampleHex('sender', 32),
    nonce: 7,
    feeDroplets: 250,
    expirySlot: 90_000,
    action: { kind: 'transfer', to: sampleHex('to', 20), amountDroplets: 1_500_000, microHours: 0 },
  },
  signature: sampleHex('transaction signature', 64),
}
export const largestTransaction: Transaction = {
  body: {
    sender: 'ff'.repeat(32),
    nonce: Number.MAX_SAFE_INTEGER,
    feeDroplets: Number.MAX_SAFE_INTEGER,
    expirySlot: Number.MAX_SAFE_INTEGER,
    action: { kind: 'transfer', to: 'ff'.repeat(20), amountDroplets: Number.MAX_SAFE_INTEGER, microHours: Number.MAX_SAFE_INTEGER },
  },
  signature: 'ff'.repeat(64),
}
export const firstHeader: Header = {
  height: 1,
  slot: 0,
  parent: sampleHex('genesis', 32),
  parentSeal: null,
  maker: 0,
  proof: sampleHex('proof', 96),
  transactionsRoot: '00'.repeat(32),
  stateRoot: sampleHex('state root', 32),
  nextQuorum: sampleHex('quorum', 32),
  burnedMicroHours: 0,
}
export const laterHeader: Header = {
  ...firstHeader,
  height: 258,
  slot: 70_000,
  parent: sampleHex('parent', 32),
  parentSeal: sampleAggregate,
  maker: 3,
  transactionsRoot: sampleHex('transactions root', 32),
  burnedMicroHours: 123_456_789,
}
export const sampleCertificate: Certificate = {
  statement: { kind: 'vote', height: 258, slot: 69_999, block: sampleHex('block', 32), validSlot: 0 },
  aggregate: sampleAggregate,
}
