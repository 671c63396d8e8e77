/**
 * Times loading a ledger and executing blocks of transfers on one core: `npx tsx scripts/bench-ledger.ts [accounts] [transfers] [blocks]`.
 * And what blocks of evidence cost.
 * Figures of a busy machine are figures of the other programs too: the load that it prints should be about 0 before and 1 after.
 * The processor's time is that of all threads, the garbage collector's too, and suffers less from others.
 */
import { cpus, loadavg } from 'node:os'
import { performance } from 'node:perf_hooks'
import { utf8 } from '../src/base/bytes.ts'
import { fromHex, type Hex } from '../src/base/hex.ts'
import { checkEvidence, evidenceOf } from '../src/consensus/evidence.ts'
import { nativeSignatures } from '../src/crypto/native.ts'
import { sha256Hex } from '../src/crypto/sha256.ts'
import { apply, assemble, type BlockContext } from '../src/ledger/apply.ts'
import { advance, genesisState, type LedgerState, restoreState } from '../src/ledger/state.ts'
import { checkTransaction, type PreparedTransaction, prepare } from '../src/ledger/transaction.ts'
import { MAX_BLOCK_EVIDENCE } from '../src/wire/bounds.ts'
import { encode } from '../src/wire/codec.ts'
import type { ProvenEvidence } from '../src/wire/evidence.ts'
import type { Genesis, Parameters } from '../src/wire/genesis.ts'
import { addressOf } from '../src/wire/ids.ts'
import { statementMessage, transactionMessage } from '../src/wire/signing.ts'
import { type Evidence, type Hash, type SignedStatement, type Statement, type TransactionBody, transactionBody } from '../src/wire/types.ts'

const [accountCount = 100_000, transferCount = 1_000, blockCount = 50] = process.argv.slice(2).map(Number)
const COIN = 1_000_000
const NO_SIGNATURE = '00'.repeat(64)

const seedOf = (text: string): Hash => sha256Hex(utf8(text))
const CHAIN_ID = seedOf('chain')

const parameters: Parameters = {
  slotMs: 1000,
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
  epochSlots: 100_000,
  electionSlots: 1,
  forcedElectionSlots: 10,
  quorumSize: 15,
  minStakeDroplets: COIN,
  verifierFeeDroplets: COIN,
  unbondingSlots: 200_000,
  evidenceSlots: 100_000,
  slashPpm: 50_000,
  reporterPpm: 50_000,
  jailSlots: 1000,
  slipChoices: 5,
  score: 'coins',
  minTurnoutPpm: 100_000,
  trustRounds: 4,
  blockRewardDroplets: COIN,
  makerSharePpm: 200_000,
}

const keys = Array.from({ length: accountCount }, (_, index) => seedOf(`key ${index}`))
const addresses = keys.map(addressOf)

function genesisOf(verifierCount: number, isElectionOpen: boolean): Genesis {
  const verifiers = Array.from({ length: verifierCount }, (_, index) => ({
    account: addressOf(seedOf(`verifier ${index}`)),
    peerId: `Peer${index}`.replaceAll('0', 'z'),
    blsKey: seedOf(`bls ${index}`).repeat(2).slice(0, 96),
    possession: '0b'.repeat(96),
    stakeDroplets: 10_000_000 * COIN,
    commissionPpm: 100_000,
  }))
  return {
    version: 1,
    name: 'bench',
    timeMs: 1_700_000_000_000,
    parameters: isElectionOpen ? { ...parameters, electionSlots: parameters.epochSlots - 1 } : parameters,
    verifiers: verifiers.sort((left, right) => (left.account < right.account ? -1 : 1)),
    accounts: [...addresses].sort().map((address) => ({ address, droplets: 1000 * COIN, microHours: COIN })),
    anchors: [],
  }
}

/** Transfers of a block, from accounts of which a block has each once; one in ten goes to an address that nobody has used. */
function transfers(block: number, nonces: Map<Hash, number>): PreparedTransaction[] {
  return Array.from({ length: transferCount }, (_, index) => {
    const place = (block * transferCount + index * 7919) % accountCount
    const sender = keys[place] ?? ''
    const nonce = nonces.get(sender) ?? 0
    nonces.set(sender, nonce + 1)
    const to = index % 10 === 0 ? seedOf(`new ${block} ${index}`).slice(0, 40) : (addresses[(place * 31 + 17) % accountCount] ?? '')
    const action = { kind: 'transfer' as const, to, amountDroplets: 1000 + index, microHours: 0 }
    return prepare({ body: { sender, nonce, feeDroplets: 10, expirySlot: 50_000, action }, signature: NO_SIGNATURE })
  })
}

/** Of one measured thing: milliseconds by the clock, and those of them for which the process had a processor. */
interface Times {
  readonly clockMs: number[]
  readonly processorMs: number[]
}
const noTimes = (): Times => ({ clockMs: [], processorMs: [] })
const medianOf = (values: readonly number[]): string =>
  ([...values].sort((left, right) => left - right)[values.length >> 1] ?? 0).toFixed(1).padStart(7)
const show = ({ clockMs, processorMs }: Times): string =>
  `${medianOf(clockMs)} ms (worst ${Math.max(...clockMs).toFixed(1)}), processor ${medianOf(processorMs)} ms`
function timed<T>(into: Times, run: () => T): T {
  const [start, before] = [performance.now(), process.cpuUsage()]
  const result = run()
  into.clockMs.push(performance.now() - start)
  const { user, system } = process.cpuUsage(before)
  into.processorMs.push((user + system) / 1000)
  return result
}

function measure(description: string, state: LedgerState): void {
  const nonces = new Map<Hash, number>()
  const [applying, assembling, advancing] = [noTimes(), noTimes(), noTimes()]
  for (let block = 0; block < blockCount; block++) {
    const { quorum, headQuorum } = state
    const context: BlockContext = {
      slot: block + 1,
      maker: block % quorum.members.length,
      ticket: seedOf(`ticket ${block}`),
      evidence: [],
      parentSigners: block === 0 ? null : headQuorum.members.map((_, index) => index),
    }
    const items = transfers(block, nonces)
    const verdict = timed(applying, () => apply(state, context, items))
    if (verdict.kind !== 'accept') throw new Error(verdict.detail)
    const assembled = timed(assembling, () => assemble(state, context, items))
    if (assembled.transition.stateRoot !== verdict.value.stateRoot) throw new Error('assemble and apply differ')
    timed(advancing, () => advance(state, verdict.value))
  }
  console.log(description)
  console.log(`  apply with root ${show(applying)}`)
  console.log(`  assemble        ${show(assembling)}`)
  console.log(`  advance         ${show(advancing)}`)
}

/** What comes before it, once for each transaction that a node gets: encoding, hashing, ed25519. */
function measureChecks(): void {
  const signed = Array.from({ length: transferCount }, (_, index) => {
    const seed = seedOf(`seed ${index}`)
    const action = { kind: 'transfer' as const, to: addresses[index % accountCount] ?? '', amountDroplets: 1000, microHours: 0 }
    const sender = nativeSignatures.accountPublicKey(seed)
    const body: TransactionBody = { sender, nonce: 0, feeDroplets: 10, expirySlot: 500, action }
    return { body, signature: nativeSignatures.accountSign(seed, transactionMessage(CHAIN_ID, encode(transactionBody, body))) }
  })
  const checking = noTimes()
  for (let run = 0; run < 10; run++) {
    timed(checking, () => {
      for (const one of signed) {
        const verdict = checkTransaction(CHAIN_ID, parameters, one, nativeSignatures)
        if (verdict.kind !== 'accept') throw new Error(verdict.detail)
      }
    })
  }
  console.log(`check ${transferCount} transfers with signatures, once when they come in: ${show(checking)}`)
}

/** Quorum of the evidence that is measured, and how often each block of it is executed. */
const OFFENDERS = 15
const EVIDENCE_RUNS = 20
const DELEGATORS = 10_000
const KINDS = ['candidate', 'vote', 'lock', 'seal'] as const

interface Signer {
  readonly secretKey: Hex
  readonly publicKey: Hex
}
const signers: readonly Signer[] = Array.from({ length: OFFENDERS }, (_, index) => {
  const secretKey = nativeSignatures.blsSecretKey(fromHex(seedOf(`evidence ${index}`)))
  return { secretKey, publicKey: nativeSignatures.blsPublicKey(secretKey) }
})

function signed(statement: Statement): SignedStatement {
  const message = statementMessage(CHAIN_ID, statement)
  const signature = nativeSignatures.blsAggregate(signers.map(({ secretKey }) => nativeSignatures.blsSign(secretKey, message)))
  return { statement, keys: signers.map(({ publicKey }) => publicKey).sort(), signature }
}

/** Certificates of all signers over two blocks, of so many kinds and heights. */
function certificatesInConflict(count: number): Evidence[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = KINDS[index % KINDS.length] ?? 'seal'
    const height = 1 + Math.floor(index / KINDS.length)
    const [left, right] = ['a', 'b'].map((name) => {
      const fields = { height, block: seedOf(name) }
      if (kind === 'seal') return signed({ kind, ...fields })
      return signed(kind === 'lock' ? { kind, ...fields, slot: 1 } : { kind, ...fields, slot: 1, validSlot: null })
    }) as [SignedStatement, SignedStatement]
    return evidenceOf(left, right)
  })
}

/** The first verifier has so many delegators; half of them have taken something back. */
function withDelegators(genesis: Genesis, state: LedgerState): LedgerState {
  const [verifier] = state.quorum.members
  const known = verifier === undefined ? undefined : state.accounts.get(verifier.id)
  if (verifier === undefined || !known?.verifier) throw new Error('no verifier')
  const accounts = new Map(state.accounts.entries())
  for (const [index, address] of addresses.slice(0, DELEGATORS).entries()) {
    const holder = accounts.get(address)
    if (holder === undefined) throw new Error('too few accounts')
    const unbonding = index % 2 === 0 ? [{ verifier: verifier.id, droplets: 2 * COIN, epoch: 0 }] : []
    accounts.set(address, {
      ...{ ...holder, droplets: holder.droplets - COIN - (index % 2 === 0 ? 2 * COIN : 0) },
      bonds: { delegations: [{ verifier: verifier.id, shares: COIN }], unbonding },
    })
  }
  const delegated = { delegatedDroplets: DELEGATORS * COIN, delegationShares: DELEGATORS * COIN }
  accounts.set(verifier.id, { ...known, verifier: { ...known.verifier, ...delegated } })
  const { globals, quorum, headQuorum } = state
  return restoreState(genesis, CHAIN_ID, { accounts, globals, quorum, headQuorum })
}

/** What a block of evidence costs whoever checks it, and whoever executes it. */
function measureEvidence(): void {
  const evidence = certificatesInConflict(MAX_BLOCK_EVIDENCE)
  const checking = noTimes()
  let proofs: readonly ProvenEvidence[] = []
  for (let run = 0; run < EVIDENCE_RUNS; run++)
    proofs = timed(checking, () =>
      evidence.map((one) => {
        const verdict = checkEvidence(CHAIN_ID, one, nativeSignatures)
        if (verdict.kind !== 'accept') throw new Error(verdict.detail)
        return verdict.value
      }),
    )
  console.log(`check ${proofs.length} pieces of evidence against ${OFFENDERS}, two sums of signatures each: ${show(checking)}`)
  const document = genesisOf(OFFENDERS, false)
  const genesis = { ...document, verifiers: document.verifiers.map((one, index) => ({ ...one, blsKey: signers[index]?.publicKey ?? '' })) }
  const plain = genesisState(genesis, CHAIN_ID)
  advanceEmpty(plain, 2)
  execute(`apply them: ${proofs.length * OFFENDERS} slashes`, plain, proofs)
  const first = plain.quorum.members[0]?.blsKey ?? ''
  const one = proofs.slice(0, 1).map((proof) => ({ ...proof, offenders: [first] }))
  const many = withDelegators(genesis, plain)
  execute(`apply one against a verifier with ${DELEGATORS} delegators, half of them with coins on their way back`, many, one)
  const all = { ...many, parameters: { ...many.parameters, slashPpm: 1_000_000 } }
  execute('the same, and all is slashed, so that all delegations end', all, one)
}

function advanceEmpty(state: LedgerState, blocks: number): void {
  for (let block = 0; block < blocks; block++) {
    const verdict = apply(state, contextOf(state, []), [])
    if (verdict.kind !== 'accept') throw new Error(verdict.detail)
    advance(state, verdict.value)
  }
}
const contextOf = ({ globals, headQuorum }: LedgerState, evidence: readonly ProvenEvidence[]): BlockContext => ({
  ...{ slot: globals.height + 1, maker: 0, ticket: seedOf(`ticket ${globals.height}`), evidence },
  parentSigners: globals.height === 0 ? null : headQuorum.members.map((_, index) => index),
})

function execute(description: string, state: LedgerState, proofs: readonly ProvenEvidence[]): void {
  const applying = noTimes()
  for (let run = 0; run < EVIDENCE_RUNS; run++) {
    const verdict = timed(applying, () => apply(state, contextOf(state, proofs), []))
    if (verdict.kind !== 'accept') throw new Error(verdict.detail)
  }
  console.log(`${description}: ${show(applying)}`)
}

const loadNow = (): string => loadavg()[0]?.toFixed(2) ?? ''
console.log(`${accountCount} accounts, blocks of ${transferCount} transfers whose signatures were checked, median of ${blockCount}`)
console.log(`node ${process.version}, ${cpus()[0]?.model}, load ${loadNow()}`)
for (const [verifierCount, isElectionOpen] of [
  [1, false],
  [15, false],
  [15, true],
] as const) {
  const genesis = genesisOf(verifierCount, isElectionOpen)
  const state = genesisState(genesis, CHAIN_ID)
  if (verifierCount === 1) {
    const loading = noTimes()
    const { globals, quorum, headQuorum } = state
    const accounts = [...state.accounts.entries()]
    timed(loading, () => restoreState(genesis, CHAIN_ID, { accounts, globals, quorum, headQuorum }))
    console.log(`load state ${show(loading)}`)
  }
  measure(`rewards of ${verifierCount}, ${isElectionOpen ? 'an election open: each account gets a ballot' : 'no election'}`, state)
}
measureChecks()
measureEvidence()
console.log(`load ${loadNow()}`)
