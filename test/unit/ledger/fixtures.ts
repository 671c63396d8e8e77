import assert from 'node:assert/strict'
import { utf8 } from '../../../src/base/bytes.ts'
import { checkEvidence, evidenceOf } from '../../../src/consensus/evidence.ts'
import { sha256Hex } from '../../../src/crypto/sha256.ts'
import type { Account } from '../../../src/ledger/account.ts'
import { type AssembledBlock, apply, assemble, type BlockContext } from '../../../src/ledger/apply.ts'
import type { LedgerEvent } from '../../../src/ledger/receipt.ts'
import { accountAt, advance, genesisState, type LedgerState, stateRoot, type Transition } from '../../../src/ledger/state.ts'
import { supplyOf } from '../../../src/ledger/supply.ts'
import { type PreparedTransaction, prepare } from '../../../src/ledger/transaction.ts'
import type { OffenceKind, ProvenEvidence } from '../../../src/wire/evidence.ts'
import type { Genesis, GenesisVerifier, Parameters } from '../../../src/wire/genesis.ts'
import { addressOf } from '../../../src/wire/ids.ts'
import type { Quorum } from '../../../src/wire/quorum.ts'
import type { Action, Address, Hash, SignedStatement, Statement } from '../../../src/wire/types.ts'

export const CHAIN_ID = '0c'.repeat(32)
export const COIN = 1_000_000
/** Bytes of a transfer, and so its burn in micro coin-hours where a byte costs one. */
export const TRANSFER_BYTES = 157
const FEE = 10

/** Something that looks like a public key; nothing here checks signatures over it. */
const keyOf = (name: string): string => sha256Hex(utf8(name))
export const addressOfName = (name: string): Address => addressOf(keyOf(name))
/** A hash of a source tree, by name. */
export const sourceOf = (name: string): Hash => sha256Hex(utf8(`source ${name}`))
/** What a verifier of that name is known by; the key is none. */
export const blsKeyOf = (name: string): string =>
  sha256Hex(utf8(`bls ${name}`))
    .repeat(2)
    .slice(0, 96)
export const peerIdOf = (name: string): string => `Peer${name.replaceAll('0', 'z')}`

// Genesis

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
  minFeeDroplets: FEE,
  maxBlockTransactions: 50,
  maxBlockBytes: 100_000,
  maxExpirySlots: 100,
  epochSlots: 100,
  electionSlots: 20,
  forcedElectionSlots: 10,
  quorumSize: 5,
  minStakeDroplets: COIN,
  verifierFeeDroplets: COIN / 2,
  unbondingSlots: 300,
  evidenceSlots: 200,
  slashPpm: 50_000,
  reporterPpm: 50_000,
  jailSlots: 1000,
  slipChoices: 3,
  score: 'coins',
  minTurnoutPpm: 100_000,
  trustRounds: 4,
  blockRewardDroplets: 1000,
  makerSharePpm: 200_000,
}

export interface Funds {
  readonly droplets: number
  readonly microHours: number
}

/** What a chain begins with, accounts and verifiers by name. */
export interface World {
  readonly parameters?: Partial<Parameters>
  /** Droplets of stake, or that and the commission. */
  readonly verifiers?: Readonly<Record<string, number | { readonly stake: number; readonly commission: number }>>
  readonly funds?: Readonly<Record<string, Funds>>
  readonly anchors?: readonly string[]
}

/** 100 coins of stake: a block can move 66.666666 coins. */
export const VERIFIERS = { v1: 40 * COIN, v2: 30 * COIN, v3: 20 * COIN, v4: 10 * COIN }
const RICH: Funds = { droplets: 100 * COIN, microHours: COIN }
export const FUNDS = { a: RICH, b: RICH, c: RICH, v1: RICH, v2: RICH, v3: RICH, v4: RICH }

const ascending = <T>(items: readonly T[], keyOf: (item: T) => string): T[] =>
  [...items].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))

export function genesisOf({ parameters: changes, verifiers = VERIFIERS, funds = FUNDS, anchors = [] }: World = {}): Genesis {
  const genesisVerifiers = Object.entries(verifiers).map(([name, of]): GenesisVerifier => {
    const { stake, commission } = typeof of === 'number' ? { stake: of, commission: 0 } : of
    const names = { account: addressOfName(name), peerId: peerIdOf(name), blsKey: blsKeyOf(name), possession: '0b'.repeat(96) }
    return { ...names, stakeDroplets: stake, commissionPpm: commission }
  })
  return {
    version: 1,
    name: 'test',
    timeMs: 1_700_000_000_000,
    parameters: { ...parameters, ...changes },
    verifiers: ascending(genesisVerifiers, ({ account }) => account),
    accounts: ascending(
      Object.entries(funds).map(([name, { droplets, microHours }]) => ({ address: addressOfName(name), droplets, microHours })),
      ({ address }) => address,
    ),
    anchors: anchors.map(addressOfName).sort(),
  }
}

export const stateOf = (world: World = {}): LedgerState => genesisState(genesisOf(world), CHAIN_ID)

/** Index of a verifier in a quorum. */
function indexIn({ members }: Quorum, name: string): number {
  const index = members.findIndex(({ id }) => id === addressOfName(name))
  assert.notEqual(index, -1, `${name} is in the quorum`)
  return index
}

/** The context of a block on a state: at height 1 nobody sealed the parent, later all members of its quorum did. */
export const contextOf = ({ globals, headQuorum }: LedgerState, changes: Partial<BlockContext> = {}): BlockContext => ({
  slot: 0,
  maker: 0,
  ticket: '07'.repeat(32),
  evidence: [],
  parentSigners: globals.height === 0 ? null : headQuorum.members.map((_, index) => index),
  ...changes,
})

// Transactions

/** What a transaction does, with accounts by name; amounts in droplets and micro coin-hours. */
export const act = {
  transfer: (to: string, amountDroplets = 0, microHours = 0): Action => ({
    ...{ kind: 'transfer', to: addressOfName(to) },
    ...{ amountDroplets, microHours },
  }),
  /** With the keys that belong to a name. */
  register: (name: string, changes: Partial<{ peerId: string; blsKey: string; commissionPpm: number }> = {}): Action => ({
    ...{ kind: 'register', peerId: peerIdOf(name), blsKey: blsKeyOf(name), possession: '0b'.repeat(96), commissionPpm: 0 },
    ...changes,
  }),
  stake: (amountDroplets: number): Action => ({ kind: 'stake', amountDroplets }),
  /** All of it without an amount. */
  unstake: (amountDroplets: number | null = null): Action => ({ kind: 'unstake', amountDroplets }),
  delegate: (verifier: string, amountDroplets: number): Action => ({ kind: 'delegate', verifier: addressOfName(verifier), amountDroplets }),
  undelegate: (verifier: string, amountDroplets: number | null = null): Action => ({
    ...{ kind: 'undelegate', verifier: addressOfName(verifier) },
    amountDroplets,
  }),
  /** In the order that the rules ask for. */
  slip: (...choices: readonly string[]): Action => ({ kind: 'slip', choices: choices.map(addressOfName).sort() }),
  vouch: (verifier: string): Action => ({ kind: 'endorse', verifier: addressOfName(verifier), stance: 'vouch' }),
  withdraw: (verifier: string): Action => ({ kind: 'endorse', verifier: addressOfName(verifier), stance: 'withdraw' }),
  ratify: (source: string): Action => ({ kind: 'ratify', source: sourceOf(source) }),
}

export interface TxOptions {
  readonly from: string
  readonly action: Action
  /** Without it, a chain takes the next of the account. */
  readonly nonce?: number
  readonly fee?: number
  readonly expirySlot?: number
}

export const tx = ({ from, action, nonce = 0, fee = FEE, expirySlot = 100 }: TxOptions): PreparedTransaction =>
  prepare({ body: { sender: keyOf(from), nonce, feeDroplets: fee, expirySlot, action }, signature: '00'.repeat(64) })

// Evidence

/** The two statements of an offence, in slot 3 or 2; nobody's signature is checked here. */
const offences: Readonly<Record<OffenceKind, (height: number) => readonly [Statement, Statement]>> = (() => {
  const [A, B] = ['aa'.repeat(32), 'bb'.repeat(32)] as const
  const at = (height: number, slot = 3) => ({ height, slot, block: A, validSlot: null })
  return {
    'double-candidate': (height) => [
      { kind: 'candidate', ...at(height) },
      { kind: 'candidate', ...at(height), block: B },
    ],
    'double-vote': (height) => [
      { kind: 'vote', ...at(height) },
      { kind: 'vote', ...at(height), block: B },
    ],
    'double-lock': (height) => [
      { kind: 'lock', height, slot: 3, block: A },
      { kind: 'lock', height, slot: 3, block: B },
    ],
    'double-seal': (height) => [
      { kind: 'seal', height, block: A },
      { kind: 'seal', height, block: B },
    ],
    amnesia: (height) => [
      { kind: 'lock', height, slot: 2, block: A },
      { kind: 'vote', ...at(height), block: B },
    ],
  }
})()

export interface OffenceOptions {
  readonly height: number
  /** A double vote if it is not given. */
  readonly kind?: OffenceKind
  /** Who signed only one of the two statements. */
  readonly alsoFirst?: readonly string[]
  /** Other bytes, and so another id, of the same offence. */
  readonly signature?: string
}

/** Proof that these, by name, all signed two statements of a height that no honest verifier makes both. */
export function proofOf(
  names: readonly string[],
  { height, kind = 'double-vote', alsoFirst = [], signature = '0d' }: OffenceOptions,
): ProvenEvidence {
  const [first, second] = offences[kind](height)
  const signed = (statement: Statement, by: readonly string[]): SignedStatement => ({
    ...{ statement, keys: by.map(blsKeyOf).sort() },
    signature: signature.repeat(96),
  })
  const verdict = checkEvidence(CHAIN_ID, evidenceOf(signed(first, [...names, ...alsoFirst]), signed(second, names)), null)
  assert.ok(verdict.kind === 'accept', JSON.stringify(verdict))
  return verdict.value
}

// A chain

export interface BlockOptions {
  /** The one after the last, if it is not given. */
  readonly slot?: number
  /** By name, of the quorum that signs it; its first member if none is given. */
  readonly maker?: string
  /** Who sealed the parent, by name; all members of its quorum if they are not given. */
  readonly signers?: readonly string[]
  readonly ticket?: Hash
  readonly transactions?: readonly TxOptions[]
  readonly evidence?: readonly ProvenEvidence[]
  /** Verifiers of whom the block proves that they voted twice at its height, and the slot until which all of them are jailed. */
  readonly offenders?: Readonly<Record<string, number>>
}

/** A ledger state to which blocks are applied. After each, all coins are there and the root is the one announced. */
export class TestChain {
  readonly state: LedgerState
  /** Of the newest block. */
  slot = 0
  constructor(world: World = {}, state = stateOf(world)) {
    this.state = state
  }

  /** Applies a block that must be right. */
  block(options: BlockOptions = {}): Transition {
    const context = this.context(options)
    const verdict = apply(this.#jailing(options, context), context, this.prepared(options.transactions, context.slot))
    assert.ok(verdict.kind === 'accept', `the block is right: ${JSON.stringify(verdict)}`)
    const transition = verdict.value
    advance(this.state, transition)
    this.slot = context.slot
    assert.equal(stateRoot(this.state), transition.stateRoot)
    const supply = supplyOf(this.state)
    assert.ok(supply.holds, `coins are missing or too many: ${JSON.stringify(supply)}`)
    return transition
  }

  /** Applies one transaction in the next slot. */
  send(from: string, action: Action, options: Partial<TxOptions> = {}): Transition {
    return this.block({ transactions: [{ from, action, ...options }] })
  }

  /** What is said of a block that must be refused. */
  refusedBlock(options: BlockOptions): { code: string; detail: string } {
    const context = this.context(options)
    const before = stateRoot(this.state)
    const verdict = apply(this.state, context, this.prepared(options.transactions, context.slot))
    assert.ok(verdict.kind === 'reject', `the block is refused: ${verdict.kind}`)
    assert.equal(stateRoot(this.state), before)
    return { code: verdict.code, detail: verdict.detail }
  }

  /** What is said of a transaction that must be refused in the next block. */
  refusal(transaction: TxOptions, options: BlockOptions = {}): { code: string; detail: string } {
    const { code, detail } = this.refusedBlock({ ...options, transactions: [transaction] })
    return { code, detail: detail.replace(/^transaction 0 \([0-9a-f]{64}\): /, '') }
  }

  /** What a maker would build; changes nothing. */
  assembled(options: BlockOptions): AssembledBlock {
    const context = this.context(options)
    return assemble(this.state, context, this.prepared(options.transactions, context.slot))
  }

  context({ slot = this.slot + 1, maker, signers, ticket, evidence = [], offenders = {} }: BlockOptions): BlockContext {
    const { quorum, headQuorum, globals } = this.state
    return contextOf(this.state, {
      slot,
      evidence: [...evidence, ...Object.keys(offenders).map((name) => proofOf([name], { height: globals.height + 1 }))],
      ...(maker === undefined ? {} : { maker: indexIn(quorum, maker) }),
      ...(signers === undefined ? {} : { parentSigners: signers.map((name) => indexIn(headQuorum, name)).sort((a, b) => a - b) }),
      ...(ticket === undefined ? {} : { ticket }),
    })
  }

  /** With the nonces that are next, if all that come before are taken. */
  prepared(transactions: readonly TxOptions[] = [], slot = this.slot + 1): PreparedTransaction[] {
    const next = new Map<string, number>()
    return transactions.map((options) => {
      const nonce = options.nonce ?? next.get(options.from) ?? this.account(options.from).nonce
      next.set(options.from, nonce + 1)
      return tx({ expirySlot: slot, ...options, nonce })
    })
  }

  /** As of a slot; that of the newest block if none is given. */
  account(name: string, slot = this.slot): Account {
    return accountAt(this.state, addressOfName(name), slot)
  }
  verifier(name: string): NonNullable<Account['verifier']> {
    const { verifier } = this.account(name)
    assert.ok(verifier !== null, `${name} is a verifier`)
    return verifier
  }
  quorumNames(among: readonly string[]): string[] {
    return among.filter((name) => this.state.quorum.members.some(({ id }) => id === addressOfName(name)))
  }

  /** The state, in which a jail is as long as a test asks for. */
  #jailing({ offenders = {} }: BlockOptions, { slot }: BlockContext): LedgerState {
    const [until] = Object.values(offenders)
    if (until === undefined) return this.state
    return { ...this.state, parameters: { ...this.state.parameters, jailSlots: until - slot } }
  }
}

/** The events of one kind of a block. */
export const eventsOf = <K extends LedgerEvent['kind']>({ receipt }: Transition, kind: K): Extract<LedgerEvent, { kind: K }>[] =>
  receipt.events.filter((event): event is Extract<LedgerEvent, { kind: K }> => event.kind === kind)
