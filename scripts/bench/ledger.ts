import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { utf8 } from '../../src/base/bytes.ts'
import { fromHex, type Hex } from '../../src/base/hex.ts'
import type { Verdict } from '../../src/base/verdict.ts'
import type { Account, Bonds } from '../../src/ledger/account.ts'
import type { BlockContext } from '../../src/ledger/apply.ts'
import type { LedgerState, Transition } from '../../src/ledger/state.ts'
import type { PreparedTransaction } from '../../src/ledger/transaction.ts'
import { MAX_BLOCK_EVIDENCE } from '../../src/wire/bounds.ts'
import type { ProvenEvidence } from '../../src/wire/evidence.ts'
import type { Genesis, Parameters } from '../../src/wire/genesis.ts'
import type { Action, Address, Hash, Statement } from '../../src/wire/types.ts'

export interface Size {
  readonly accounts: number
  readonly transfers: number
}
/** Of each measured thing: milliseconds by the clock, and those for which the process had a processor, all its threads together. */
export type Samples = Readonly<Record<string, readonly { readonly clockMs: number; readonly processorMs: number }[]>>

const COIN = 1_000_000
const SLOT_MS = 1000
const OPENS_SLOT = 500
const CLOSES_SLOT = 1000
/** Blocks before the first that counts: until then code is compiled. */
const WARM_BLOCKS = 10
const BLOCKS = 20
/** Of what changes nothing and can be done again on the same state. */
const REPEATS = 7
const QUORUM = 15
const VERIFIERS = 1000
const ANCHORS = 100
const SLIPS = 200
const CHOICES = 5
const ENDORSEMENTS = 32
const DELEGATORS = 10_000

const parameters: Parameters = {
  slotMs: SLOT_MS,
  choiceMs: 300,
  sortition: 'stake',
  expectedCandidates: 5,
  uniformPpm: 500_000,
  leaderRule: 'ticket',
  idleSlots: 10,
  coinHourSeconds: 1,
  microHoursPerByte: 1,
  minFeeDroplets: 1,
  maxBlockTransactions: 10_000,
  maxBlockBytes: 2 * 1024 * 1024,
  maxExpirySlots: 100_000,
  epochSlots: CLOSES_SLOT,
  electionSlots: CLOSES_SLOT - OPENS_SLOT,
  forcedElectionSlots: 10,
  quorumSize: QUORUM,
  minStakeDroplets: COIN,
  verifierFeeDroplets: COIN,
  unbondingSlots: 2000,
  evidenceSlots: 1000,
  slashPpm: 50_000,
  reporterPpm: 50_000,
  jailSlots: 1000,
  slipChoices: CHOICES,
  score: 'coins',
  minTurnoutPpm: 1,
  trustRounds: 4,
  blockRewardDroplets: COIN,
  makerSharePpm: 200_000,
}

/** The program in a directory, which may be another version of it. */
async function programAt(root: string) {
  const load = (path: string) => import(pathToFileURL(`${root}/src/${path}`).href)
  return {
    ...((await load('crypto/sha256.ts')) as typeof import('../../src/crypto/sha256.ts')),
    ...((await load('crypto/native.ts')) as typeof import('../../src/crypto/native.ts')),
    ...((await load('consensus/evidence.ts')) as typeof import('../../src/consensus/evidence.ts')),
    ...((await load('ledger/account.ts')) as typeof import('../../src/ledger/account.ts')),
    ...((await load('ledger/apply.ts')) as typeof import('../../src/ledger/apply.ts')),
    ...((await load('ledger/state.ts')) as typeof import('../../src/ledger/state.ts')),
    ...((await load('ledger/transaction.ts')) as typeof import('../../src/ledger/transaction.ts')),
    ...((await load('wire/codec.ts')) as typeof import('../../src/wire/codec.ts')),
    ...((await load('wire/ids.ts')) as typeof import('../../src/wire/ids.ts')),
    ...((await load('wire/signing.ts')) as typeof import('../../src/wire/signing.ts')),
    transactionBody: ((await load('wire/types.ts')) as typeof import('../../src/wire/types.ts')).transactionBody,
  }
}

type Program = Awaited<ReturnType<typeof programAt>>

/** Measures the ledger of the program in `root`. The same seed gives the same chain, and every version of the program the same roots. */
export async function measureLedger(root: string, seed: number, size: Size): Promise<{ samples: Samples; stateRoot: Hash }> {
  const program = await programAt(root)
  const chain = new MeasuredChain(program, seed, size)
  chain.transfers('warming up', WARM_BLOCKS)
  chain.transfers('block of transfers', BLOCKS)
  chain.again('empty block: apply', chain.slot + 1, [])
  chain.due()
  chain.again('block that opens an election: apply', OPENS_SLOT, [])
  chain.transfers('block of transfers in an election', BLOCKS)
  chain.again(`block of ${SLIPS} slips: apply`, chain.slot + 1, chain.slips())
  chain.trust()
  chain.again(`block that settles an election, ${VERIFIERS} verifiers: apply`, CLOSES_SLOT, [])
  chain.signatures()
  chain.evidence()
  return { samples: chain.samples, stateRoot: program.stateRoot(chain.state) }
}

class MeasuredChain {
  readonly samples: Record<string, { clockMs: number; processorMs: number }[]> = {}
  readonly state: LedgerState
  slot = 0
  readonly #program: Program
  readonly #seed: number
  readonly #size: Size
  readonly #keys: readonly Hash[]
  readonly #addresses: readonly Address[]
  readonly #genesis: Genesis
  readonly #verifiers: readonly Address[]
  readonly #nonces = new Map<Hash, number>()
  #blocks = 0

  constructor(program: Program, seed: number, size: Size) {
    this.#program = program
    this.#seed = seed
    this.#size = size
    this.#keys = Array.from({ length: size.accounts }, (_, index) => this.#hash(`key ${index}`))
    this.#addresses = this.#keys.map(program.addressOf)
    this.#genesis = genesisOf((text) => this.#hash(text), this.#addresses)
    this.#verifiers = this.#genesis.verifiers.map(({ account }) => account)
    const state = this.#timed('genesis state', () => program.genesisState(this.#genesis, this.#hash('chain')))
    this.state = this.#loaded(state, (address, account) => this.#endorsing(address, account))
  }

  /** Blocks of transfers, one after the other, and what a node does beside executing each. */
  transfers(name: string, count: number): void {
    const { state } = this
    for (let block = 0; block < count; block++) {
      const items = this.#transfers(this.#blocks++)
      const context = this.#contextAt(++this.slot)
      this.#timed(`${name}: checkAdmission of each`, () => {
        for (const item of items) accepted(this.#program.checkAdmission(state, context.slot, item))
      })
      this.#timed(`${name}: transactions root`, () => this.#program.merkleRoot(items.map(({ id }) => id)))
      const transition = accepted(this.#timed(`${name}: apply, with the state root`, () => this.#program.apply(state, context, items)))
      const built = this.#timed(`${name}: assemble`, () => this.#program.assemble(state, context, items))
      if (built.transition.stateRoot !== transition.stateRoot) throw new Error('assemble and apply differ')
      this.#timed(`${name}: advance`, () => this.#program.advance(state, transition))
    }
  }
  /** A block that is executed again and again, then made part of the chain. */
  again(name: string, slot: number, transactions: readonly PreparedTransaction[]): void {
    this.#program.advance(this.state, this.#repeat(name, this.state, slot, transactions))
    this.slot = slot
  }
  /** From senders of the newest block: their coins have moved. */
  slips(): PreparedTransaction[] {
    const senders = this.#sendersOf(this.#blocks - 1).slice(0, SLIPS)
    return senders.map((place, index) => {
      const choices = Array.from({ length: CHOICES }, (_, choice) => this.#verifiers[(index * 7 + choice * 13) % VERIFIERS] ?? '')
      return this.#prepared(this.#keys[place] ?? '', { kind: 'slip', choices: choices.sort() })
    })
  }
  /** The election that is open, settled by the web of trust. */
  trust(): void {
    const state = this.#loaded(this.state, (_, account) => account, { ...parameters, score: 'trust' })
    this.#repeat(`block that settles it by the web of trust, ${VERIFIERS} verifiers: apply`, state, CLOSES_SLOT, [])
  }
  /** A sum of every account is on its way back and due. While its epoch lasts it stays; then each block gives back a part of them. */
  due(): void {
    const bonds: Bonds = { delegations: [], unbonding: [{ verifier: this.#verifiers[0] ?? '', droplets: 1, epoch: 0 }] }
    const rules = { ...parameters, unbondingSlots: 1, evidenceSlots: 0 }
    const state = this.#loaded(this.state, (_, account) => ({ ...account, bonds }), rules)
    this.#repeat('empty block while a sum of each account is due and kept by its epoch: apply', state, this.slot + 1, [])
    const handovers = [{ epoch: 0, height: state.globals.height, slot: this.slot - 1 }]
    state.globals = { ...state.globals, epoch: 1, handovers }
    this.#repeat('block that gives back 10,000 of them: apply', state, this.slot + 1, [])
  }
  /** What comes before a block, once for each transaction that a node gets: encoding, hashing, ed25519. */
  signatures(): void {
    const { nativeSignatures, transactionMessage, encode, transactionBody, checkTransaction } = this.#program
    const { chainId } = this.state
    const signed = this.#addresses.slice(0, this.#size.transfers).map((to, index) => {
      const key = this.#hash(`signer ${index}`)
      const action = { kind: 'transfer' as const, to, amountDroplets: 1000, microHours: 0 }
      const body = { sender: nativeSignatures.accountPublicKey(key), nonce: 0, feeDroplets: 10, expirySlot: 500, action }
      return { body, signature: nativeSignatures.accountSign(key, transactionMessage(chainId, encode(transactionBody, body))) }
    })
    for (let count = 0; count < REPEATS; count++)
      this.#timed('checkTransaction of each, with its signature', () => {
        for (const one of signed) accepted(checkTransaction(chainId, parameters, one, nativeSignatures))
      })
  }

  /** As much as a block may hold, each piece against the whole quorum by two certificates; and one against somebody with many delegators. */
  evidence(): void {
    const { nativeSignatures, checkEvidence, evidenceOf, statementMessage } = this.#program
    const { chainId, globals } = this.state
    const secrets = Array.from({ length: QUORUM }, (_, index) => nativeSignatures.blsSecretKey(fromHex(this.#hash(`offender ${index}`))))
    const keys = secrets.map((secret) => nativeSignatures.blsPublicKey(secret)).sort()
    const signed = (statement: Statement) => {
      const message = statementMessage(chainId, statement)
      return {
        statement,
        keys,
        signature: nativeSignatures.blsAggregate(secrets.map((secret) => nativeSignatures.blsSign(secret, message))),
      }
    }
    const all = Array.from({ length: MAX_BLOCK_EVIDENCE }, (_, index) => {
      const seal = (block: string) => signed({ kind: 'seal', height: globals.height - index, block: this.#hash(`${block} ${index}`) })
      return evidenceOf(seal('one'), seal('other'))
    })
    let proofs: readonly ProvenEvidence[] = []
    for (let count = 0; count < REPEATS; count++)
      proofs = this.#timed(`check of ${all.length} pieces of evidence, each two sums of ${QUORUM} signatures`, () =>
        all.map((one) => accepted(checkEvidence(chainId, one, nativeSignatures))),
      )
    const offenders = this.state.quorum.members.map(({ blsKey }) => blsKey)
    const known = proofs.map((proof) => against(proof, offenders))
    this.#repeat(
      `block that punishes the ${QUORUM} of the quorum for ${all.length} offences each: apply`,
      this.state,
      this.slot + 1,
      [],
      known,
    )
    const [first] = this.state.quorum.members
    const verifier = first?.id ?? ''
    const bonds: Bonds = { delegations: [{ verifier, shares: COIN }], unbonding: [] }
    let left = DELEGATORS
    const many = this.#loaded(
      this.state,
      (address, account) => {
        if (address === verifier && account.verifier !== null) {
          const delegated = { delegatedDroplets: DELEGATORS * COIN, delegationShares: DELEGATORS * COIN }
          return { ...account, verifier: { ...account.verifier, ...delegated } }
        }
        return account.verifier !== null || left-- <= 0 ? account : { ...account, bonds }
      },
      { ...parameters, slashPpm: 1_000_000 },
    )
    const one = known.slice(0, 1).map((proof) => against(proof, offenders.slice(0, 1)))
    this.#repeat(`block that takes all from a verifier with ${DELEGATORS} delegators: apply`, many, this.slot + 1, [], one)
  }

  #timed<T>(name: string, run: () => T): T {
    const [start, before] = [performance.now(), process.cpuUsage()]
    const result = run()
    const clockMs = performance.now() - start
    const { user, system } = process.cpuUsage(before)
    const samples = this.samples[name] ?? []
    this.samples[name] = samples
    samples.push({ clockMs, processorMs: (user + system) / 1000 })
    return result
  }
  #repeat(
    name: string,
    state: LedgerState,
    slot: number,
    transactions: readonly PreparedTransaction[],
    evidence: readonly ProvenEvidence[] = [],
  ): Transition {
    const context = { ...this.#contextAt(slot), evidence }
    const run = (): Transition => accepted(this.#timed(name, () => this.#program.apply(state, context, transactions)))
    for (let count = 1; count < REPEATS; count++) run()
    return run()
  }
  /** The state as a node has it after a start: decoded from what it stored. */
  #loaded(from: LedgerState, change: (address: Address, account: Account) => Account, rules = parameters): LedgerState {
    const { encode, decode, account: codec, restoreState } = this.#program
    const stored = [...from.accounts.entries()].map(([address, account]) => [address, encode(codec, change(address, account))] as const)
    const { globals, quorum, headQuorum, chainId } = from
    return this.#timed('load of stored accounts', () => {
      const accounts = stored.map(([address, bytes]): [Address, Account] => [address, decode(codec, bytes)])
      return restoreState({ ...this.#genesis, parameters: rules }, chainId, { accounts, globals, quorum, headQuorum })
    })
  }
  #contextAt(slot: number): BlockContext {
    const { globals, headQuorum } = this.state
    const parentSigners = globals.height === 0 ? null : headQuorum.members.map((_, index) => index)
    return { slot, maker: slot % QUORUM, ticket: this.#hash(`ticket ${slot}`), evidence: [], parentSigners }
  }

  #hash(text: string): Hash {
    return this.#program.sha256Hex(utf8(`${this.#seed} ${text}`))
  }
  /** Each verifier vouches for those after it, and each anchor for some of them. */
  #endorsing(address: Address, account: Account): Account {
    const place = account.verifier === null ? this.#genesis.anchors.indexOf(address) * 10 : this.#verifiers.indexOf(address)
    if (place < 0) return account
    const endorses = Array.from({ length: ENDORSEMENTS }, (_, index) => this.#verifiers[(place + index + 1) % VERIFIERS] ?? '')
    return { ...account, endorses: endorses.sort() }
  }
  #prepared(sender: Hash, action: Action): PreparedTransaction {
    const nonce = this.#nonces.get(sender) ?? 0
    this.#nonces.set(sender, nonce + 1)
    return this.#program.prepare({ body: { sender, nonce, feeDroplets: 10, expirySlot: 50_000, action }, signature: '00'.repeat(64) })
  }
  /** Places of the accounts that send in a block, each once. */
  #sendersOf(block: number): number[] {
    const { accounts, transfers } = this.#size
    return Array.from({ length: transfers }, (_, index) => (block * transfers + index * 7919) % accounts)
  }
  /** One in ten goes to an address that nobody has used. */
  #transfers(block: number): PreparedTransaction[] {
    return this.#sendersOf(block).map((place, index) => {
      const known = this.#addresses[(place * 31 + 17) % this.#size.accounts] ?? ''
      const to = index % 10 === 0 ? this.#program.addressOf(this.#hash(`new ${block} ${index}`)) : known
      return this.#prepared(this.#keys[place] ?? '', { kind: 'transfer', to, amountDroplets: 1000 + index, microHours: 0 })
    })
  }
}

/** The same against other keys: executing checks no signatures. */
const against = (proof: ProvenEvidence, keys: readonly Hex[]): ProvenEvidence => {
  const { first, second } = proof.evidence
  return { ...proof, evidence: { first: { ...first, keys }, second: { ...second, keys } }, offenders: keys }
}

function accepted<T>(verdict: Verdict<T>): T {
  if (verdict.kind !== 'accept') throw new Error(`${verdict.code}: ${verdict.detail}`)
  return verdict.value
}

function genesisOf(seedOf: (text: string) => Hash, addresses: readonly Address[]): Genesis {
  const verifiers = Array.from({ length: VERIFIERS }, (_, index) => ({
    account: seedOf(`verifier ${index}`).slice(0, 40),
    peerId: `Peer${String(index).replaceAll('0', 'z')}`,
    blsKey: seedOf(`bls ${index}`).repeat(2).slice(0, 96),
    possession: '0b'.repeat(96),
    stakeDroplets: (1_000_000 + index) * COIN,
    commissionPpm: 100_000,
  }))
  return {
    version: 1,
    name: 'bench',
    timeMs: 1_700_000_000_000,
    parameters,
    verifiers: verifiers.sort((left, right) => (left.account < right.account ? -1 : 1)),
    accounts: [...addresses].sort().map((address) => ({ address, droplets: 1000 * COIN, microHours: COIN })),
    anchors: addresses.slice(0, ANCHORS).sort(),
  }
}
