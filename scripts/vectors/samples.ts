import { base58 } from '@scure/base'
import { fromHex, type Hex } from '../../src/base/hex.ts'
import { evidenceOf } from '../../src/consensus/evidence.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { MAX_SLIP_CHOICES } from '../../src/wire/bounds.ts'
import type { Genesis } from '../../src/wire/genesis.ts'
import { addressOf, chainIdOf } from '../../src/wire/ids.ts'
import { possessionMessage } from '../../src/wire/signing.ts'
import type { Action, AggregateSignature, Certificate, Header, SignedStatement, Transaction } from '../../src/wire/types.ts'
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
export const peerIdOf = (publicKey: Hex): string => base58.encode(fromHex(`002408011220${publicKey}`))

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
    epochSlots: 7200,
    electionSlots: 600,
    forcedElectionSlots: 300,
    quorumSize: 15,
    minStakeDroplets: 1_000_000,
    verifierFeeDroplets: 500_000,
    unbondingSlots: 14_400,
    evidenceSlots: 7200,
    slashPpm: 50_000,
    reporterPpm: 50_000,
    jailSlots: 1000,
    slipChoices: 3,
    score: 'coins',
    minTurnoutPpm: 100_000,
    trustRounds: 4,
    blockRewardDroplets: 1000,
    makerSharePpm: 250_000,
  },
  verifiers: verifiers.map((verifier, index) => ({
    account: verifier.account.address,
    peerId: peerIdOf(nativeSignatures.accountPublicKey(sampleHex(`peer ${index}`, 32))),
    blsKey: verifier.publicKey,
    possession: verifier.possession,
    stakeDroplets: (index + 1) * 1_000_000,
    commissionPpm: index * 50_000,
  })),
  accounts: [alice, bob]
    .map(({ address }, index) => ({ address, droplets: 5_000_000_000 * (index + 1), microHours: 1_000_000 }))
    .sort((left, right) => (left.address < right.address ? -1 : 1)),
  anchors: [alice.address],
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
const most = Number.MAX_SAFE_INTEGER
const largest = (action: Action): Transaction => ({
  body: { sender: 'ff'.repeat(32), nonce: most, feeDroplets: most, expirySlot: most, action },
  signature: 'ff'.repeat(64),
})
export const largestTransfer = largest({ kind: 'transfer', to: 'ff'.repeat(20), amountDroplets: most, microHours: most })
/** No transaction has more bytes. */
export const largestTransaction = largest({
  kind: 'slip',
  choices: Array.from({ length: MAX_SLIP_CHOICES }, (_, index) => `${'ff'.repeat(19)}${(0xf0 + index).toString(16)}`),
})
export const sampleActions: readonly { readonly description: string; readonly action: Action }[] = [
  { description: 'transfer', action: sampleTransaction.body.action },
  {
    description: 'register',
    action: {
      ...{ kind: 'register', peerId: peerIdOf(sampleHex('registered peer', 32)), blsKey: sampleHex('registered key', 48) },
      ...{ possession: sampleHex('registered possession', 96), commissionPpm: 50_000 },
    },
  },
  { description: 'stake', action: { kind: 'stake', amountDroplets: 2_000_000 } },
  { description: 'unstake', action: { kind: 'unstake', amountDroplets: 1 } },
  { description: 'unstake all', action: { kind: 'unstake', amountDroplets: null } },
  { description: 'delegate', action: { kind: 'delegate', verifier: sampleHex('to', 20), amountDroplets: 3_000_000 } },
  { description: 'undelegate', action: { kind: 'undelegate', verifier: sampleHex('to', 20), amountDroplets: 2_999_999 } },
  { description: 'undelegate all', action: { kind: 'undelegate', verifier: sampleHex('to', 20), amountDroplets: null } },
  { description: 'slip', action: { kind: 'slip', choices: [sampleHex('choice 0', 20), sampleHex('choice 1', 20)].sort() } },
  {
    description: 'a slip that names nobody: an encoding, and refused by the rules',
    action: { kind: 'slip', choices: [] },
  },
  { description: 'vouch', action: { kind: 'endorse', verifier: sampleHex('to', 20), stance: 'vouch' } },
  { description: 'withdraw', action: { kind: 'endorse', verifier: sampleHex('to', 20), stance: 'withdraw' } },
  { description: 'ratify', action: { kind: 'ratify', source: sampleHex('source', 32) } },
]
export const firstHeader: Header = {
  height: 1,
  slot: 0,
  parent: sampleHex('genesis', 32),
  parentSeal: null,
  maker: 0,
  proof: sampleHex('proof', 96),
  transactionsRoot: '00'.repeat(32),
  evidenceRoot: '00'.repeat(32),
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
  evidenceRoot: sampleHex('evidence root', 32),
  burnedMicroHours: 123_456_789,
}
export const sampleCertificate: Certificate = {
  statement: { kind: 'vote', height: 258, slot: 69_999, block: sampleHex('block', 32), validSlot: 0 },
  aggregate: sampleAggregate,
}
export const sampleLockCertificate: Certificate = {
  statement: { kind: 'lock', height: 9, slot: 40, block: sampleHex('block', 32) },
  aggregate: { signers: [1, 9, 511], signature: sampleHex('signature', 96) },
}
const sampleKeys = ['key 0', 'key 1', 'key 2'].map((label) => sampleHex(label, 48)).sort()
export const sampleVote: SignedStatement = {
  statement: { kind: 'vote', height: 9, slot: 40, block: sampleHex('block', 32), validSlot: 0 },
  ...{ keys: sampleKeys, signature: sampleHex('signature', 96) },
}
export const sampleSeal: SignedStatement = {
  statement: { kind: 'seal', height: 9, block: sampleHex('block', 32) },
  ...{ keys: sampleKeys.slice(0, 1), signature: sampleHex('signature', 96) },
}
/** Two votes of one slot, by three and by one of these. */
export const sampleEvidence = evidenceOf(sampleVote, {
  statement: { kind: 'vote', height: 9, slot: 40, block: sampleHex('other block', 32), validSlot: null },
  ...{ keys: sampleKeys.slice(1, 2), signature: sampleHex('signature', 96) },
})
