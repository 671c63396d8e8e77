import assert from 'node:assert/strict'
import { concatBytes, utf8 } from '../../../src/base/bytes.ts'
import { fromHex } from '../../../src/base/hex.ts'
import { sha256Hex } from '../../../src/crypto/sha256.ts'
import { type Account, account as accountCodec } from '../../../src/ledger/account.ts'
import {
  type AssembledBlock,
  apply,
  assemble,
  type BlockContext,
  checkAdmission,
  Execution,
  valueLimitDroplets,
} from '../../../src/ledger/apply.ts'
import { MAX_HANDOVERS } from '../../../src/ledger/bounds.ts'
import { checkGenesis } from '../../../src/ledger/genesis.ts'
import { globals as globalsCodec } from '../../../src/ledger/globals.ts'
import { receipt as receiptCodec } from '../../../src/ledger/receipt.ts'
import { advance, genesisState, type LedgerState, restoreState, stateRoot, type Transition } from '../../../src/ledger/state.ts'
import { supplyOf } from '../../../src/ledger/supply.ts'
import { checkTransaction, type PreparedTransaction } from '../../../src/ledger/transaction.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import type { OffenceKind, ProvenEvidence } from '../../../src/wire/evidence.ts'
import type { Genesis, Parameters } from '../../../src/wire/genesis.ts'
import { chainIdOf } from '../../../src/wire/ids.ts'
import { type Action, type Address, type Hash, transaction as transactionCodec } from '../../../src/wire/types.ts'
import { Random } from '../../sim/random.ts'
import { addressOfName, blsKeyOf, COIN, genesisOf, peerIdOf, proofOf, sourceOf } from './fixtures.ts'

const MOST = Number.MAX_SAFE_INTEGER
const U32 = 0xffff_ffff
const HOLDERS = ['a', 'b', 'c', 'd', 'e']
const VERIFIERS = ['v1', 'v2', 'v3', 'v4', 'v5']
/** May become verifiers. */
const NEWCOMERS = ['r1', 'r2', 'r3']
const SENDERS = [...HOLDERS, ...VERIFIERS, ...NEWCOMERS]
/** Nobody has their keys. */
const STRANGERS = ['x1', 'x2', 'x3', 'x4']
const everything = { accountVerify: () => true, blsVerify: () => true }

/** What a run saw. The counts say whether it was worth something. */
export interface FuzzReport {
  /** Over all state roots. */
  readonly digest: Hash
  readonly blocks: number
  /** Verdicts on whole blocks, by code; accepted ones as `accepted`. */
  readonly verdicts: ReadonlyMap<string, number>
  /** Transactions that were carried out, by kind. */
  readonly carriedOut: ReadonlyMap<string, number>
  /** Why transactions were refused, by code. */
  readonly refusals: ReadonlyMap<string, number>
  readonly events: ReadonlyMap<string, number>
}

const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1)

/** Everything below it can be changed no more: to change it throws. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const inner of Object.values(value)) freeze(inner)
  return value
}

// Genesis

/** Parameters as somebody could choose them: each is at times at a bound. */
function randomParameters(random: Random): Parameters {
  const epochSlots = random.pick([2, 3, 10, 20, 20, 20, 50, U32])
  const evidenceSlots = random.pick([0, 1, 5, 20])
  const slotMs = random.pick([2, 1000, 1000, 1000, U32])
  const electionSlots = random.pick([1, epochSlots - 1, Math.ceil(epochSlots / 2)])
  const forcedElectionSlots = random.pick([1, 5, 30, U32])
  const longestUnbonding = (MAX_HANDOVERS - 2) * Math.min(electionSlots, forcedElectionSlots)
  return {
    slotMs,
    choiceMs: 1,
    sortition: 'stake',
    expectedCandidates: 5,
    uniformPpm: 500_000,
    leaderRule: 'ticket',
    idleSlots: 5,
    coinHourSeconds: random.pick([1, 3600, 3600, U32]),
    microHoursPerByte: random.pick([0, 0, 1, 1000]),
    minFeeDroplets: random.pick([0, 0, 1, 10]),
    maxBlockTransactions: random.pick([1, 8, 50, 50]),
    maxBlockBytes: random.pick([transactionCodec.maxBytes, 2000, 100_000, 100_000]),
    maxExpirySlots: random.pick([1, 100, 100, U32]),
    epochSlots,
    electionSlots,
    forcedElectionSlots,
    quorumSize: random.pick([1, 2, 3, 5, 512]),
    minStakeDroplets: random.pick([1, 1, 10, COIN]),
    verifierFeeDroplets: random.pick([0, 1, COIN, MOST]),
    unbondingSlots: Math.min(evidenceSlots + random.pick([1, 5, 40, U32 - 20]), longestUnbonding),
    evidenceSlots,
    slashPpm: random.pick([1, 50_000, 333_333, 1_000_000]),
    reporterPpm: random.pick([0, 50_000, 333_333, 1_000_000]),
    jailSlots: random.pick([1, 20, 200, U32]),
    slipChoices: random.pick([1, 3, 16]),
    score: random.pick(['coins', 'coins', 'hybrid', 'trust']),
    minTurnoutPpm: random.pick([0, 1, 100_000, 1_000_000]),
    trustRounds: random.pick([1, 4, 32]),
    blockRewardDroplets: random.pick([0, 1, 1000, COIN, MOST]),
    makerSharePpm: random.pick([0, 200_000, 333_333, 1_000_000]),
  }
}

function randomGenesis(random: Random): Genesis {
  const parameters = randomParameters(random)
  const huge = random.pick([0, 0, 0, 2 ** 52, 2 ** 52 + 2 ** 51])
  const rich = random.pick([...HOLDERS, ...VERIFIERS])
  const stake = (): number => Math.max(parameters.minStakeDroplets, random.pick([1, COIN, 3 * COIN, 100 * COIN, 100 * COIN]))
  // Where nearly all coins are bonded, few accounts can ratify.
  const usual = random.pick([
    [0, 1, 9, COIN, 100 * COIN, 1000 * COIN],
    [0, 1, 1000, COIN],
  ])
  const funds = (name: string) => ({
    droplets: (name === rich ? huge : 0) + random.pick(usual),
    microHours: random.pick([0, COIN, COIN * COIN, MOST]),
  })
  const verifiers = VERIFIERS.slice(0, random.between(1, VERIFIERS.length))
  const world = {
    verifiers: Object.fromEntries(verifiers.map((name) => [name, { stake: stake(), commission: random.pick([0, 1, 250_000, 1_000_000]) }])),
    funds: Object.fromEntries(SENDERS.map((name) => [name, funds(name)])),
    anchors: ['a', ...random.someOf(['v1', 'v3', 'x1'])],
  }
  const farFuture = MOST - parameters.slotMs * random.pick([10, 300])
  const timeMs = random.pick([0, 1_700_000_000_000, 1_700_000_000_000, Math.max(farFuture, 0)])
  return { ...genesisOf(world), timeMs, parameters }
}

// Transactions

/** A number near what matters, or at a bound. */
const amountNear = (random: Random, near: number): number =>
  random.pick([
    0,
    1,
    near,
    Math.max(near - 1, 0),
    near + 1,
    COIN,
    random.pick([2 ** 32, MOST - 1, MOST]),
    ...[1, 2, 3, 4].map(() => random.below(near + 1)),
  ])

function randomAction(random: Random, state: LedgerState, sender: Account): Action {
  const droplets = sender.droplets
  const limit = valueLimitDroplets(state)
  const amount = (near: number): number =>
    amountNear(random, random.pick([near, Math.min(near, limit), Math.floor(Math.min(near, limit) / 4)]))
  const anybody = (): Address => addressOfName(random.pick([...SENDERS, ...STRANGERS]))
  const verifier = (): Address => addressOfName(random.pick([...VERIFIERS, ...VERIFIERS, ...NEWCOMERS, 'a', 'x1']))
  const kinds: (() => Action)[] = [
    () => ({
      kind: 'transfer',
      to: anybody(),
      amountDroplets: amount(droplets),
      microHours: random.pick([0, 0, 0, amount(sender.microHours)]),
    }),
    () => {
      const name = random.pick([...NEWCOMERS, ...VERIFIERS, 'a'])
      const commissionPpm = random.pick([0, 1_000_000, 1_000_001, U32])
      return { kind: 'register', peerId: peerIdOf(name), blsKey: blsKeyOf(name), possession: '0b'.repeat(96), commissionPpm }
    },
    () => ({ kind: 'stake', amountDroplets: amount(droplets) }),
    () => ({ kind: 'unstake', amountDroplets: random.pick([null, amount(sender.verifier?.stakeDroplets ?? 0)]) }),
    () => ({ kind: 'delegate', verifier: verifier(), amountDroplets: amount(droplets) }),
    () => {
      const held = sender.bonds?.delegations ?? []
      const from = held.length > 0 && random.chance(800_000) ? random.pick(held) : { verifier: verifier(), shares: 0 }
      return { kind: 'undelegate', verifier: from.verifier, amountDroplets: random.pick([null, amount(from.shares)]) }
    },
    () => ({ kind: 'slip', choices: [...new Set(Array.from({ length: random.between(1, 4) }, verifier))].sort() }),
    () => ({ kind: 'endorse', verifier: verifier(), stance: random.pick(['vouch', 'vouch', 'withdraw']) }),
    () => ({ kind: 'ratify', source: sourceOf(`${random.pick([0, 0, 0, 1, 1, random.below(100)])}`) }),
  ]
  const [transfer, , , , , , slip, , ratify] = kinds
  // Who has moved coins may vote: otherwise chance seldom lets anybody.
  const likely = (sender.ballot?.movedDroplets ?? 0) > 0 ? [slip, slip, slip, slip, ratify, ratify] : [transfer, transfer, transfer]
  return random.pick([...kinds, ...likely.filter((kind) => kind !== undefined)])()
}

/** Mostly right, at times wrong in one field or the other. */
function randomTransaction(random: Random, state: LedgerState, slot: number, from: string, account: Account): PreparedTransaction | null {
  const { parameters } = state
  const { nonce } = account
  const { maxExpirySlots, minFeeDroplets } = parameters
  const isSound = random.chance(930_000)
  const body = {
    sender: sha256Hex(utf8(from)),
    nonce: isSound ? nonce : random.pick([0, nonce + 1, Math.max(nonce - 1, 0), MOST, -1, 0.5]),
    feeDroplets: isSound ? minFeeDroplets + random.pick([0, 0, 7]) : random.pick([0, account.droplets, MOST, 2 ** 53, -1]),
    expirySlot: isSound ? slot + random.pick([0, 1, maxExpirySlots]) : random.pick([0, slot - 1, slot + maxExpirySlots + 1, MOST]),
    action: randomAction(random, state, account),
  }
  // What is no transaction at all gets a verdict, too, and does not come further than this.
  const verdict = checkTransaction(state.chainId, parameters, { body, signature: '00'.repeat(64) }, everything)
  return verdict.kind === 'accept' ? verdict.value : null
}

function randomTransactions(random: Random, state: LedgerState, context: BlockContext): PreparedTransaction[] {
  // Executed as they are made, so that each knows what those before it left.
  const probe = new Execution(state, context)
  const found: PreparedTransaction[] = []
  for (let left = random.pick([0, 1, 3, 10, 25]); left > 0; left--) {
    const from = random.pick(SENDERS)
    const one = randomTransaction(random, state, context.slot, from, probe.draft.account(addressOfName(from)))
    if (one === null) continue
    probe.add(one)
    found.push(one)
  }
  // A transaction twice, and some out of their turn.
  if (found.length > 0 && random.chance(100_000)) found.push(random.pick(found))
  return random.chance(50_000) ? random.shuffled(found) : found
}

// Evidence

const KINDS: readonly OffenceKind[] = ['double-candidate', 'double-vote', 'double-lock', 'double-seal', 'amnesia']

/** Of somebody who is registered mostly, of any height; some have been in a block before. */
function randomEvidence(random: Random, state: LedgerState, past: readonly Proposed[]): ProvenEvidence[] {
  if (random.chance(850_000)) return []
  const { height } = state.globals
  const registered = [...VERIFIERS, ...NEWCOMERS].filter((name) => state.indexes.blsKeys.has(blsKeyOf(name)))
  const anyHeight = (): number => random.pick([height + 1, height, random.below(height + 1), random.between(1, height + 2), 0, MOST])
  const fresh = (): ProvenEvidence => {
    const names = [...new Set([random.pick(registered), ...(random.chance(300_000) ? random.someOf(registered) : [])])]
    const others = registered.filter((name) => !names.includes(name) && random.chance(200_000))
    const strangers = random.chance(50_000) ? ['x1'] : []
    return proofOf(random.chance(30_000) ? ['x2'] : names, {
      ...{ height: anyHeight(), kind: random.pick(KINDS), alsoFirst: [...others, ...strangers] },
      signature: random.pick(['0d', '0e']),
    })
  }
  const known = past.flatMap(({ context }) => context.evidence)
  return Array.from({ length: random.pick([1, 1, 1, 2, 5, 12]) }, () =>
    known.length > 0 && random.chance(200_000) ? random.pick(known) : fresh(),
  )
}

// Blocks

interface Proposed {
  readonly context: BlockContext
  readonly transactions: readonly PreparedTransaction[]
}

function randomContext(random: Random, { quorum, headQuorum, globals }: LedgerState, slot: number): BlockContext {
  const all = headQuorum.members.map((_, index) => index)
  return {
    slot,
    maker: random.below(quorum.members.length),
    ticket: random.pick(['00'.repeat(32), 'ff'.repeat(32), sourceOf(`ticket ${random.below(1000)}`)]),
    evidence: [],
    parentSigners: globals.height === 0 ? null : random.pick([all, all, random.someOf(all), []]),
  }
}

/** Where no block can stand, and where one can that stands oddly. */
function oddContext(random: Random, state: LedgerState, context: BlockContext): BlockContext {
  const members = state.quorum.members.length
  const signers = context.parentSigners ?? []
  const odd: Partial<BlockContext>[] = [
    ...[-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, MOST, 2 ** 53, Math.floor(MOST / state.parameters.slotMs)].map((slot) => ({ slot })),
    ...[0, context.slot - 1, context.slot + U32].map((slot) => ({ slot })),
    ...[-1, members, 511, 65_535, 0.5, Number.NaN, MOST].map((maker) => ({ maker })),
    { parentSigners: context.parentSigners === null ? [] : null },
    ...[[0, 0], [1, 0], [state.headQuorum.members.length], [-1], [0.5], [...signers, 511]].map((parentSigners) => ({ parentSigners })),
  ]
  return { ...context, ...random.pick(odd) }
}

/** A block with something in it changed. */
function mutated(random: Random, state: LedgerState, { context, transactions }: Proposed, others: readonly Proposed[]): Proposed {
  const foreign = others.length > 0 ? random.pick(others) : { context, transactions }
  const { evidence } = context
  const withEvidence = (changed: readonly ProvenEvidence[]): Proposed => ({ context: { ...context, evidence: changed }, transactions })
  const place = random.below(Math.max(transactions.length, 1))
  const mutations: (() => Proposed)[] = [
    () => ({ context: oddContext(random, state, context), transactions }),
    () => ({ context, transactions: [...transactions, ...transactions] }),
    () => ({ context, transactions: random.shuffled(transactions) }),
    () => ({ context, transactions: transactions.filter((_, index) => index !== place) }),
    () => ({ context, transactions: foreign.transactions }),
    () => foreign,
    () => withEvidence([...evidence, ...evidence]),
    () => withEvidence(random.shuffled(evidence)),
    () => withEvidence(evidence.slice(1)),
    () => withEvidence(foreign.context.evidence),
    () => withEvidence(randomEvidence(random, state, others)),
    () => ({ context, transactions: [...transactions.slice(0, place), ...foreign.transactions, ...transactions.slice(place)] }),
    () => ({
      context,
      transactions: Array.from({ length: 60 }, () => transactions[place] ?? foreign.transactions[0]).filter((one) => one !== undefined),
    }),
  ]
  return random.pick(mutations)()
}

// Checks

/** Everything that must be so of a state after each block, whatever was in the block. */
function checkState(state: LedgerState, transition: Transition, valueLimit: number): void {
  assert.equal(stateRoot(state), transition.stateRoot)
  const supply = supplyOf(state)
  assert.ok(supply.holds, `coins are missing or too many: ${JSON.stringify(supply)}`)
  for (const value of transition.changes.values()) assert.deepEqual(decode(accountCodec, encode(accountCodec, value)), value)
  const { globals, receipt, quorum } = transition
  assert.deepEqual(decode(globalsCodec, encode(globalsCodec, globals)), globals)
  assert.deepEqual(decode(receiptCodec, encode(receiptCodec, receipt)), receipt)
  assert.ok(transition.movedDroplets <= valueLimit)
  assert.ok(quorum.totalStakeDroplets > 0 && quorum.totalStakeDroplets <= globals.supplyDroplets + globals.burnedDroplets)
  assert.equal(quorum.hash, globals.quorum)
  const { election } = globals
  if (election === null) return
  let voted = 0
  for (const [, { ballot }] of state.accounts.entries()) if (ballot?.election === election.number) voted += ballot.slip?.weightDroplets ?? 0
  assert.equal(voted, election.votedDroplets)
}

/** What is shared is what there is to share. */
function checkRewards({ receipt: { rewards, mintedDroplets, sharedFeesDroplets } }: Transition): void {
  const paid = rewards.reduce((sum, { makerDroplets, signerDroplets }) => sum + makerDroplets + signerDroplets, 0)
  assert.equal(paid, mintedDroplets + sharedFeesDroplets)
}

/** The same accounts put together anew are the same state. */
function checkRestored(genesis: Genesis, state: LedgerState): void {
  const { globals, quorum, headQuorum, accounts, chainId } = state
  const restored = restoreState(genesis, chainId, { accounts: [...accounts.entries()].reverse(), globals, quorum, headQuorum })
  assert.equal(stateRoot(restored), stateRoot(state))
  assert.deepEqual(new Set(restored.indexes.verifiers), new Set(state.indexes.verifiers))
  assert.deepEqual(restored.indexes.delegators, state.indexes.delegators)
  assert.deepEqual(restored.indexes.takenBackBy(MOST), state.indexes.takenBackBy(MOST))
  assert.deepEqual(restored.indexes.unbonding, state.indexes.unbonding)
  assert.deepEqual(restored.indexes.blsKeys, state.indexes.blsKeys)
}

const shapeOf = ({ changes, globals, quorum, stateRoot, movedDroplets, receipt }: Transition) => ({
  ...{ changes, globals, quorum, stateRoot, movedDroplets, receipt },
})

// A run

/**
 * A chain of its own kind, with `blocks` blocks at most: each is tried in forms that may be wrong, assembled from what may be wrong, and
 * applied. Throws if anything does that must not, or if a check fails.
 */
export function fuzzChain(seed: number, blocks: number): FuzzReport {
  const random = new Random(seed)
  const genesis = randomGenesis(random)
  assert.deepEqual(checkGenesis(genesis), { kind: 'accept', value: undefined })
  const state = genesisState(genesis, chainIdOf(genesis))
  freezeState(state)
  const report = {
    ...{ verdicts: new Map<string, number>(), carriedOut: new Map<string, number>() },
    ...{ refusals: new Map<string, number>(), events: new Map<string, number>() },
  }
  const roots: Hash[] = []
  const past: Proposed[] = []
  let slot = random.pick([0, 1, 7])
  while (roots.length < blocks) {
    const standing = randomContext(random, state, slot)
    const verdict = apply(state, standing, [])
    // Slots have an end where time has one.
    if (verdict.kind !== 'accept') {
      assert.equal(verdict.code, 'slot-out-of-range')
      break
    }
    const found = { ...standing, evidence: randomEvidence(random, state, past) }
    const candidates = randomTransactions(random, state, found)
    const assembled = assembleAnd(state, found, candidates)
    const context = { ...found, evidence: assembled.evidence }
    for (const { refusal } of assembled.refused) count(report.refusals, refusal.code)
    checkEvidence(state, found, assembled.evidence, report.verdicts)
    const proposed = { context, transactions: assembled.included }
    for (let tries = random.below(4); tries > 0; tries--) tryOut(state, mutated(random, state, proposed, past), report.verdicts)
    for (const one of candidates.slice(0, 3)) checkAdmission(state, random.pick([slot, slot + 1]), one)

    const valueLimit = valueLimitDroplets(state)
    const { transition } = assembled
    for (const one of assembled.included) count(report.carriedOut, one.transaction.body.action.kind)
    for (const { kind } of transition.receipt.events) count(report.events, kind)
    advance(state, transition)
    freezeState(state, transition)
    checkState(state, transition, valueLimit)
    checkRewards(transition)
    roots.push(transition.stateRoot)
    past.push(proposed)
    if (past.length > 8) past.shift()
    if (roots.length % 25 === 0) checkRestored(genesis, state)
    slot += random.pick([
      1,
      1,
      1,
      1,
      2,
      5,
      random.below(60) + 1,
      random.chance(100_000) ? random.below(genesis.parameters.epochSlots * 3) + 1 : 1,
    ])
  }
  checkRestored(genesis, state)
  return { ...report, blocks: roots.length, digest: sha256Hex(concatBytes(roots.map(fromHex))) }
}

function freezeState(state: LedgerState, transition?: Transition): void {
  freeze([state.globals, state.quorum, state.headQuorum])
  for (const account of transition?.changes.values() ?? [...state.accounts.entries()].map(([, account]) => account)) freeze(account)
}

/** What is assembled can be applied, twice, with the same result. */
function assembleAnd(state: LedgerState, context: BlockContext, candidates: readonly PreparedTransaction[]): AssembledBlock {
  const before = stateRoot(state)
  const assembled = assemble(state, context, candidates)
  for (let twice = 0; twice < 2; twice++) {
    const verdict = apply(state, { ...context, evidence: assembled.evidence }, assembled.included)
    assert.ok(verdict.kind === 'accept', JSON.stringify(verdict))
    assert.deepEqual(shapeOf(verdict.value), shapeOf(assembled.transition))
  }
  assert.equal(stateRoot(state), before)
  return assembled
}

/** A block that may be wrong in any way has a verdict, and the state stays as it is. */
function tryOut(state: LedgerState, { context, transactions }: Proposed, verdicts: Map<string, number>): void {
  const before = stateRoot(state)
  const verdict = apply(state, context, transactions)
  assert.equal(stateRoot(state), before)
  if (verdict.kind === 'accept') {
    count(verdicts, 'accepted')
    checkRewards(verdict.value)
    return
  }
  count(verdicts, verdict.code)
  assert.match(verdict.detail, /\S/)
}

/** What is not taken of the evidence is refused, by itself and as a block; what is taken leaves nothing more to punish. */
function checkEvidence(state: LedgerState, context: BlockContext, taken: readonly ProvenEvidence[], verdicts: Map<string, number>): void {
  const { unfitEvidence } = new Execution(state, context)
  assert.equal(unfitEvidence.length + taken.length, context.evidence.length)
  if (unfitEvidence.length > 0) tryOut(state, { context, transactions: [] }, verdicts)
  const [first] = taken
  if (first === undefined) return
  const twice = apply(state, { ...context, evidence: [first, first] }, [])
  assert.ok(twice.kind === 'reject' && (twice.code === 'already-punished' || twice.code === 'too-many-offences'), JSON.stringify(twice))
}

/** The counts of several runs, together. */
export function addUp(counts: Iterable<ReadonlyMap<string, number>>): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const one of counts) for (const [key, value] of one) sums[key] = (sums[key] ?? 0) + value
  return sums
}
