import { toHex } from '../../src/base/hex.ts'
import { checkEvidence } from '../../src/consensus/evidence.ts'
import { withoutOffenders } from '../../src/consensus/fork.ts'
import { nativeSignatures as crypto } from '../../src/crypto/native.ts'
import type { Account } from '../../src/ledger/account.ts'
import { apply } from '../../src/ledger/apply.ts'
import type { BlockCode, StateCode } from '../../src/ledger/codes.ts'
import { type Globals, globals as globalsCodec } from '../../src/ledger/globals.ts'
import { advance, genesisState, type LedgerState, restoreState, stateRoot } from '../../src/ledger/state.ts'
import { prepare } from '../../src/ledger/transaction.ts'
import { encode } from '../../src/wire/codec.ts'
import type { ProvenEvidence } from '../../src/wire/evidence.ts'
import { type Genesis, genesis as genesisCodec, type Parameters } from '../../src/wire/genesis.ts'
import { chainIdOf } from '../../src/wire/ids.ts'
import { createQuorum, type Quorum, type QuorumMember } from '../../src/wire/quorum.ts'
import { transactionMessage } from '../../src/wire/signing.ts'
import {
  type Action,
  type Evidence,
  evidence as evidenceCodec,
  type Hash,
  type Transaction,
  type TransactionBody,
  transaction,
} from '../../src/wire/types.ts'
import { sampleHex } from './format.ts'
import { type AccountKeys, alice, bob, sampleGenesis, verifiers } from './samples.ts'

export const COIN = 1_000_000

/** A transaction to be: what is left out is taken from where its block stands. */
export interface Order {
  readonly from: AccountKeys
  readonly action: Action
  readonly nonce?: number
  readonly feeDroplets?: number
  readonly expirySlot?: number
}

export interface StoryBlock {
  readonly description: string
  readonly slot: number
  readonly orders?: readonly Order[]
  /** Of offences on this chain; its signatures are checked before the block is executed. */
  readonly evidence?: (chainId: Hash) => readonly Evidence[]
  /** Of a block that is refused. */
  readonly code?: StateCode | BlockCode
  readonly maker?: number
  /** By default the whole quorum of the parent, and null at height 1. */
  readonly parentSigners?: readonly number[] | null
  /** It is a recovery block, and begins this signing id. */
  readonly recovery?: Hash
}

/** What a story begins with instead of its genesis. */
export interface Start {
  readonly accounts: ReadonlyMap<Hash, Account>
  readonly globals: Globals
  readonly quorum: readonly QuorumMember[]
  readonly headQuorum: readonly QuorumMember[]
}

/** A chain told block by block: bad ones leave the state as it was. */
export interface Story {
  readonly description: string
  readonly genesis?: Partial<Genesis>
  readonly parameters?: Partial<Parameters>
  /** Makes the start of it from that of genesis. */
  readonly start?: (genesis: Start) => Start
  readonly blocks: readonly StoryBlock[]
}

const ascending = <T extends { readonly address: string }>(items: readonly T[]): T[] =>
  [...items].sort((left, right) => (left.address < right.address ? -1 : 1))

/** Short epochs; no fees and no rewards unless a story asks for them, so that only what it is about changes the state. */
const storyGenesis: Genesis = {
  ...sampleGenesis,
  name: 'stories',
  parameters: {
    ...sampleGenesis.parameters,
    ...{ microHoursPerByte: 1, minFeeDroplets: 0, epochSlots: 100, electionSlots: 20, forcedElectionSlots: 10, quorumSize: 3 },
    ...{ unbondingSlots: 60, evidenceSlots: 40, slipChoices: 2, trustRounds: 3, blockRewardDroplets: 0 },
  },
  accounts: ascending([
    { address: alice.address, droplets: 50 * COIN, microHours: COIN },
    { address: bob.address, droplets: 100 * COIN, microHours: COIN },
    ...verifiers.map((verifier) => ({ address: verifier.account.address, droplets: 20 * COIN, microHours: COIN })),
  ]),
}

export function genesisOf({ genesis, parameters }: Pick<Story, 'genesis' | 'parameters'>): Genesis {
  return { ...storyGenesis, ...genesis, parameters: { ...storyGenesis.parameters, ...genesis?.parameters, ...parameters } }
}

/** The state that a start describes; the globals get the hashes of its quorums. */
export function stateFrom(document: Genesis, chainId: Hash, start: Start): LedgerState {
  const [quorum, headQuorum] = [createQuorum(start.quorum), createQuorum(start.headQuorum)]
  const globals = { ...start.globals, quorum: quorum.hash, headQuorum: headQuorum.hash }
  return restoreState(document, chainId, { accounts: start.accounts, globals, quorum, headQuorum })
}

export function partsOf(state: LedgerState): Start {
  const { accounts, globals, quorum, headQuorum } = state
  return { accounts: new Map(accounts.entries()), globals, quorum: quorum.members, headQuorum: headQuorum.members }
}

export const bytesOf = (value: Transaction): string => toHex(encode(transaction, value))

export function sign({ seed }: AccountKeys, body: TransactionBody, chainId: Hash): Transaction {
  return { body, signature: crypto.accountSign(seed, transactionMessage(chainId, body)) }
}

/** The transactions of a block: nonces follow from the state and from those before. */
function carryOut(state: LedgerState, chainId: Hash, { slot, orders = [] }: StoryBlock): Transaction[] {
  const nonces = new Map<Hash, number>()
  return orders.map(({ from, action, nonce, feeDroplets = 0, expirySlot = slot + 10 }) => {
    const next = nonce ?? nonces.get(from.address) ?? state.accounts.get(from.address)?.nonce ?? 0
    nonces.set(from.address, next + 1)
    return sign(from, { sender: from.publicKey, nonce: next, feeDroplets, expirySlot, action }, chainId)
  })
}

const listed = (of: Iterable<readonly [Hash, Account]>): object[] => ascending([...of].map(([address, value]) => ({ address, ...value })))

function proofOf(chainId: Hash, evidence: Evidence): ProvenEvidence {
  const verdict = checkEvidence(chainId, evidence, crypto)
  if (verdict.kind !== 'accept') throw new Error(`evidence of a story proves nothing: ${verdict.detail}`)
  return verdict.value
}

/** `recovery.md` X7. */
export function reducedQuorum(quorum: Quorum, proofs: readonly ProvenEvidence[]): Quorum {
  const reduced = withoutOffenders(quorum, new Set(proofs.flatMap(({ offenders }) => offenders)))
  if (reduced === null) throw new Error('a recovery block leaves somebody to sign it')
  return reduced
}

function playBlock(state: LedgerState, chainId: Hash, block: StoryBlock): object {
  const { description, slot, maker = 0, code = 'accept' } = block
  const ticket = sampleHex(`ticket ${slot}`, 32)
  const parentSigners =
    block.parentSigners === undefined
      ? state.globals.height === 0
        ? null
        : state.headQuorum.members.map((_, index) => index)
      : block.parentSigners
  const transactions = carryOut(state, chainId, block)
  const evidence = block.evidence?.(chainId) ?? []
  const proofs = evidence.map((one) => proofOf(chainId, one))
  const { recovery } = block
  const quorum = recovery === undefined ? state.quorum : reducedQuorum(state.quorum, proofs)
  const verdict = apply(
    { ...state, quorum },
    { slot, maker, ticket, evidence: proofs, parentSigners, ...(recovery === undefined ? {} : { recovery }) },
    transactions.map(prepare),
  )
  const said = verdict.kind === 'accept' ? 'accept' : verdict.code
  if (said !== code)
    throw new Error(`${description}: claims ${code}, the code says ${said}${'detail' in verdict ? `: ${verdict.detail}` : ''}`)
  const given = {
    ...{ description, slot, maker, ticket, parentSigners },
    ...(recovery === undefined ? {} : { recovery }),
    ...(evidence.length === 0 ? {} : { evidence: evidence.map((one) => toHex(encode(evidenceCodec, one))) }),
    ...{ transactions: transactions.map(bytesOf), code },
  }
  if (verdict.kind !== 'accept') return given
  const { changes, movedDroplets, globals, quorum: next } = verdict.value
  const isSameQuorum = next.hash === state.quorum.hash
  state.quorum = quorum
  advance(state, verdict.value)
  return {
    ...given,
    movedDroplets,
    stateRoot: stateRoot(state),
    accountsRoot: state.accounts.root,
    globals,
    globalsBytes: toHex(encode(globalsCodec, globals)),
    ...(isSameQuorum ? {} : { quorum: next.members }),
    changes: listed(changes),
  }
}

/** A story as the vectors tell it. */
export function play(story: Story): object {
  const document = genesisOf(story)
  const chainId = chainIdOf(document)
  let state = genesisState(document, chainId)
  if (story.start !== undefined) state = stateFrom(document, chainId, story.start(partsOf(state)))
  const { accounts, globals, quorum, headQuorum } = state
  const start = {
    stateRoot: stateRoot(state),
    accountsRoot: accounts.root,
    globals,
    globalsBytes: toHex(encode(globalsCodec, globals)),
    ...(story.start === undefined ? {} : { quorum: quorum.members, headQuorum: headQuorum.members, accounts: listed(accounts.entries()) }),
  }
  const blocks = story.blocks.map((block) => playBlock(state, chainId, block))
  return { description: story.description, chainId, genesis: toHex(encode(genesisCodec, document)), start, blocks }
}
