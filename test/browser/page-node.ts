import type { EvidenceView } from '../../src/api/evidence-types.ts'
import type { AccountView, ElectionsView, QuorumView, VerifiersView } from '../../src/api/ledger-types.ts'
import type { AccountHistory, HistoryView, SlotView, SwarmGraph } from '../../src/api/observe-types.ts'
import type { BlockView, NodeEvent, NodeStatus, NodeView, PeerView, TransactionView } from '../../src/api/types.ts'
import { fromHex, type Hex, toHex } from '../../src/base/hex.ts'
import { evidenceOf } from '../../src/consensus/evidence.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { sha256Hex } from '../../src/crypto/sha256.ts'
import { encode } from '../../src/wire/codec.ts'
import { evidenceId } from '../../src/wire/evidence.ts'
import type { Genesis } from '../../src/wire/genesis.ts'
import { addressOf, chainIdOf, transactionId } from '../../src/wire/ids.ts'
import { statementMessage } from '../../src/wire/signing.ts'
import { evidence, type SignedStatement, type Statement, type Transaction } from '../../src/wire/types.ts'
import { clientAccount, FakeNode, listedVerifier, genesis as plainGenesis } from '../unit/api/fake-node.ts'

const SLOT_MS = 1000
const COIN = 1_000_000
const GENESIS_AGE_MS = 12_000 * SLOT_MS

const seed = (index: number): Uint8Array => fromHex(sha256Hex(Uint8Array.of(7, index)))

/** Seven verifiers with keys, as genesis registers them. */
export const verifiers = Array.from({ length: 7 }, (_, index) => {
  const secretKey = nativeSignatures.blsSecretKey(seed(index))
  return {
    account: toHex(seed(100 + index)).slice(0, 40),
    peerId: `12D3KooW${'ABCDEFG'[index]}${toHex(seed(index)).replaceAll('0', 'Z').slice(0, 43)}`,
    secretKey,
    blsKey: nativeSignatures.blsPublicKey(secretKey),
    stakeDroplets: (1_000_000 - index * 60_000) * COIN,
  }
}).sort((left, right) => (left.account < right.account ? -1 : 1))

const weights = verifiers.map(({ stakeDroplets }) => stakeDroplets)
const totalDroplets = weights.reduce((sum, weight) => sum + weight, 0)
const verifierAt = (index: number) => {
  const found = verifiers[index % verifiers.length]
  if (found === undefined) throw new RangeError(`there is no verifier ${index}`)
  return found
}

const sender = toHex(seed(50))
const transactionAt = (height: number, index: number): Transaction => ({
  body: {
    ...{ sender, nonce: height * 10 + index, feeDroplets: 1000, expirySlot: height + 500 },
    action: { kind: 'transfer', to: verifierAt(height + index).account, amountDroplets: (height % 90) * COIN + 250_000, microHours: 0 },
  },
  signature: 'ab'.repeat(64),
})

/** Varies from height to height, and is the same in each run. */
const vary = (height: number, part: number): number => (((height * 2_654_435_761 + part * 40_503) >>> 0) % 1000) / 1000
const blockHashAt = (height: number): Hex =>
  height === 0 ? '00'.repeat(32) : sha256Hex(Uint8Array.from([1, height & 255, (height >> 8) & 255, height >> 16]))

/** What a node shows of a chain of ten thousand blocks, with an offence, an election and a swarm; tests change what they are about. */
export class PageNode extends FakeNode implements NodeView {
  override readonly genesis: Genesis
  override readonly chainId: Hex
  readonly startMs: number
  role: NodeStatus['role'] = 'verifier'
  syncState: NodeStatus['sync']['state'] = 'following'
  targetHeight: number | null = null
  alarms: NodeStatus['alarms'] = []
  readonly cases: EvidenceView[] = []
  readonly #heights = new Map<Hex, number>()

  constructor(height = 10_000) {
    super()
    this.startMs = Date.now() - GENESIS_AGE_MS
    this.height = height
    this.genesis = {
      ...plainGenesis,
      name: 'page-net',
      timeMs: this.startMs,
      verifiers: verifiers.map(({ account, peerId, blsKey, stakeDroplets }) => ({
        ...{ account, peerId, blsKey, possession: '00'.repeat(96), stakeDroplets, commissionPpm: 50_000 },
      })),
    }
    this.chainId = chainIdOf(this.genesis)
    this.registered = verifiers.map(({ account, peerId, blsKey, stakeDroplets }, index) =>
      listedVerifier(account, {
        ...{ peerId, blsKey, stakeDroplets, delegatedDroplets: index * 900 * COIN, bondedDroplets: stakeDroplets + index * 900 * COIN },
        ...{ registeredHeight: 0, weightDroplets: stakeDroplets, delegators: index },
        offences: index === 2 ? [{ kind: 'double-seal', height: 9990 }] : [],
      }),
    )
  }

  slotNow(): number {
    return Math.floor((Date.now() - this.startMs) / SLOT_MS)
  }

  /** Blocks come in a row up to now, so that the newest is fresh. */
  slotOf(height: number): number {
    return this.slotNow() - (this.height - height) - 1
  }

  override status(): NodeStatus {
    const slot = this.slotNow()
    const leader = verifierAt(slot)
    const isBootstrap = this.role === 'bootstrap'
    return {
      ...super.status(),
      ...{ agent: 'quorate/0.1.0', chain: `page-net-${this.chainId.slice(0, 8)}`, role: this.role, peerId: verifierAt(0).peerId },
      ...{ startedAtMs: this.startMs, slot, height: this.height, head: blockHashAt(this.height), headSlot: this.slotOf(this.height) },
      sync: { state: this.syncState, targetHeight: this.targetHeight ?? this.height, snapshot: this.snapshot },
      verifier: isBootstrap
        ? null
        : {
            ...{
              blsKey: verifierAt(0).blsKey,
              state: 'elected',
              address: verifierAt(0).account,
              index: 0,
              weightDroplets: weights[0] ?? 0,
            },
            ...{ bondedDroplets: weights[0] ?? 0, minStakeDroplets: 100 * COIN, obstacle: null, silence: null },
            ...{ proposed: 412, led: 96, made: 95, sealed: 402 },
          },
      peers: 7,
      quorum: {
        verifiers: 7,
        stakeDroplets: totalDroplets,
        connectedStakeDroplets: totalDroplets,
        enoughDroplets: Math.floor((totalDroplets * 2) / 3) + 1,
      },
      handover: { slot: slot + 600, timeMs: Date.now() + 600_000, slotsLeft: 600 },
      pool: { transactions: 3, bytes: 471 },
      leader: { slot, index: slot % verifiers.length, address: leader.account },
      alarms: this.alarms,
      process: { rssBytes: 151_000_000, cpuMs: 83_000 },
      traffic: { bytesIn: 91_200_000, bytesOut: 88_700_000 },
      counters: { 'candidates.accept': 1234, 'blocks.accept': 999, 'submit.accepted': 77 },
    }
  }

  override peers(): readonly PeerView[] {
    return verifiers.slice(1).map(({ peerId, account }, index) => ({
      ...{ peerId, addresses: [`/ip4/192.0.2.${index + 10}/tcp/4001/p2p/${peerId}`], direction: index % 2 === 0 ? 'inbound' : 'outbound' },
      ...{
        score: 12.5 - index,
        verifier: { index: index + 1, address: account },
        height: this.height - (index % 2),
        agent: 'quorate/0.1.0',
      },
      clockOffsetMs: index - 2,
    }))
  }

  override block(at: number | Hex): BlockView | undefined {
    const height = typeof at === 'number' ? at : this.#heightOf(at)
    return height !== undefined && height >= this.firstHeight && height <= this.height ? this.#blockAt(height) : undefined
  }

  override blocks(fromHeight: number, count: number): readonly BlockView[] {
    const heights = Array.from({ length: count }, (_, index) => fromHeight + index)
    return heights.filter((height) => height >= this.firstHeight && height <= this.height).map((height) => this.#blockAt(height))
  }

  #heightOf(hash: Hex): number | undefined {
    if (this.#heights.size === 0) for (let height = 1; height <= this.height; height++) this.#heights.set(blockHashAt(height), height)
    return this.#heights.get(hash)
  }

  #blockAt(height: number): BlockView {
    const slot = this.slotOf(height)
    const maker = Math.floor(vary(height, 1) * verifiers.length)
    const absent = vary(height, 2) < 0.3 ? Math.floor(vary(height, 3) * verifiers.length) : -1
    const signers = verifiers.map((_, index) => index).filter((index) => index !== absent)
    const transactions = Array.from({ length: Math.floor(vary(height, 4) * 8) }, (_, index) => transactionAt(height, index))
    const timeMs = this.startMs + slot * SLOT_MS
    const isSeen = height > this.height - 9000
    const candidateMs = 40 + Math.round(vary(height, 5) * 120)
    const votedMs = 210 + Math.round(vary(height, 6) * 90)
    const lockedMs = votedMs + 30 + Math.round(vary(height, 7) * 70)
    const finalMs = lockedMs + 30 + Math.round(vary(height, 8) * 120)
    return {
      hash: blockHashAt(height),
      block: {
        header: {
          ...{ height, slot, parent: blockHashAt(height - 1), parentSeal: null, maker, proof: '06'.repeat(96) },
          ...{ transactionsRoot: '07'.repeat(32), evidenceRoot: '00'.repeat(32), stateRoot: '08'.repeat(32), nextQuorum: '09'.repeat(32) },
          burnedMicroHours: height * 157_000,
        },
        ...{ evidence: [], transactions, seal: { signers, signature: '04'.repeat(96) } },
      },
      ...{ timeMs, makerAddress: verifierAt(maker).account, signerAddresses: signers.map((index) => verifierAt(index).account) },
      ...{
        transactionIds: transactions.map(transactionId),
        bytes: 900 + transactions.length * 170,
        finalAtMs: isSeen ? timeMs + finalMs : null,
      },
      timeline: isSeen
        ? {
            ...{ slotStartMs: timeMs, candidateMs, votedMs, lockedMs: height % 11 === 0 ? null : lockedMs, finalMs },
            ...{ voters: signers, lockers: height % 11 === 0 ? null : signers, candidates: 2 },
          }
        : null,
      receipt: {
        ...{
          mintedDroplets: 10_000,
          sharedFeesDroplets: 3000,
          feesDroplets: transactions.length * 1000,
          burnedDroplets: 0,
          burnedMicroHours: 157_000,
        },
        rewards: signers.slice(0, 4).map((index) => ({
          ...{ verifier: verifierAt(index).account, makerDroplets: index === maker ? 2600 : 0, signerDroplets: 1480 },
          ...{ delegatorsDroplets: 120, commissionDroplets: 6 },
        })),
        events: height % 97 === 0 ? [{ kind: 'election-opened', number: 3, cause: 'epoch', closesSlot: slot + 40 }] : [],
      },
    }
  }

  override transaction(id: Hex): TransactionView | undefined {
    for (let height = this.height; height > this.height - 60 && height > 0; height--) {
      const found = this.#blockAt(height)
      const index = found.transactionIds.indexOf(id)
      const transaction = found.block.transactions[index]
      if (transaction !== undefined) return { state: 'final', transaction, height, block: found.hash, index }
    }
    return super.transaction(id)
  }

  override account(address: Hex): AccountView {
    const listed = this.registered.find((verifier) => verifier.address === address)
    if (listed !== undefined) {
      const { address: _, bondedDroplets: __, ...verifier } = listed
      return clientAccount(address, {
        kind: 'verifier',
        droplets: 1234 * COIN + 500_000,
        microHours: 55 * COIN,
        nonce: 4,
        nextNonce: 4,
        verifier,
      })
    }
    return address === addressOf(sender)
      ? clientAccount(address, { droplets: 70 * COIN, microHours: 9 * COIN, nonce: 9, nextNonce: 10 })
      : clientAccount(address)
  }

  override accountHistory(address: Hex, before: string | null, count: number): Promise<AccountHistory> {
    const start = before === null ? this.height : Number(before.split('.')[0])
    const transactions: AccountHistory['transactions'][number][] = []
    let height = start
    for (; height > 0 && transactions.length < Math.min(count, 20); height--) {
      const { transactionIds, timeMs, block } = this.#blockAt(height)
      for (const [index, { body }] of block.transactions.entries())
        transactions.push({ id: transactionIds[index] ?? '', height, index, timeMs, sender: addressOf(body.sender), action: body.action })
    }
    const isKnown = address === addressOf(sender) || this.registered.some((verifier) => verifier.address === address)
    return Promise.resolve({ address, transactions: isKnown ? transactions : [], next: isKnown && height > 0 ? `${height}.0` : null })
  }

  override verifiers(from: number, count: number): VerifiersView {
    return super.verifiers(from, count)
  }

  override quorum(): QuorumView {
    const members = verifiers.map(({ account, peerId, blsKey, stakeDroplets }) => ({
      address: account,
      peerId,
      blsKey,
      weightDroplets: stakeDroplets,
    }))
    const enoughDroplets = Math.floor((totalDroplets * 2) / 3) + 1
    return {
      ...{ height: this.height + 1, epoch: 1, epochSeed: '0f'.repeat(32), hash: '09'.repeat(32), members, totalDroplets, enoughDroplets },
      valueLimitDroplets: enoughDroplets - 1,
    }
  }

  override async elections(): Promise<ElectionsView> {
    const { epoch, handover } = this.status()
    return {
      ...{
        height: this.height,
        epoch,
        nextElectionSlot: this.openElection === null ? this.slotNow() + 400 : null,
        handover,
        open: this.openElection,
      },
      nextElectionTimeMs: this.openElection === null ? Date.now() + 400_000 : null,
      settled: (await super.elections()).settled,
    }
  }

  /** An election that closes in a minute and a half, with slips for each verifier. */
  openOne(): void {
    const standings = verifiers.map(({ account, stakeDroplets }, index) => ({
      ...{
        verifier: account,
        score: (7 - index) * 31_000 * COIN,
        votesDroplets: (7 - index) * 31_000 * COIN,
        bondedDroplets: stakeDroplets,
      },
      ...{ trust: index * 1000, elected: index < 5 },
    }))
    this.openElection = {
      ...{ number: 2, cause: 'forced', openedHeight: this.height - 20, closesSlot: this.slotNow() + 90, closesTimeMs: Date.now() + 90_000 },
      ...{
        slotsLeft: 90,
        votedDroplets: 868_000 * COIN,
        turnoutPpm: 141_000,
        minTurnoutPpm: 50_000,
        by: 'slips',
        seats: 5,
        eligible: 7,
        standings,
      },
      proposals: [{ source: '0c'.repeat(32), droplets: 120_000 * COIN }],
    }
    this.election = { number: 2, cause: 'forced', closesSlot: this.slotNow() + 90 }
  }

  override slots(count: number): readonly SlotView[] {
    const now = this.slotNow()
    return Array.from({ length: Math.min(count, this.height) }, (_, index) => {
      const block = this.#blockAt(this.height - index)
      const outcome = index % 13 === 9 ? 'lost' : index % 17 === 5 ? 'idle' : index === 27 ? 'unknown' : 'block'
      const maker = block.block.header.maker
      return {
        ...{
          slot: now - 1 - index,
          startMs: this.startMs + (now - 1 - index) * SLOT_MS,
          height: this.height - index,
          quorum: '09'.repeat(32),
        },
        candidates: [{ maker, address: block.makerAddress, block: block.hash, atMs: 80 }],
        ...{ leader: outcome === 'idle' || outcome === 'unknown' ? null : { index: maker, address: block.makerAddress }, outcome },
        ...{ block: outcome === 'block' ? block.hash : null, timeline: block.timeline },
      }
    })
  }

  override history(from: number, to: number, points: number): Promise<HistoryView> {
    const step = Math.max(1, Math.ceil((to - from + 1) / points))
    const heights = Array.from({ length: Math.ceil((to - from + 1) / step) }, (_, index) => Math.min(to, from + index * step + step - 1))
    return Promise.resolve({
      ...{ from, to },
      points: heights.map((height) => {
        const { timeMs, bytes, timeline, block } = this.#blockAt(height)
        const sealed = block.seal.signers.reduce((sum, index) => sum + (weights[index] ?? 0), 0)
        return {
          ...{ height, timeMs, transactions: block.transactions.length * step, bytes, finalMs: timeline?.finalMs ?? null },
          ...{ sealedPpm: Math.floor((sealed / totalDroplets) * 1_000_000), emptySlots: height % 23 === 0 ? 3 : height % 7 === 0 ? 1 : 0 },
        }
      }),
    })
  }

  override swarm(): SwarmGraph {
    const leader = this.slotNow() % verifiers.length
    const peers = [...verifiers.map(({ peerId }) => peerId), `12D3KooWSeed${'Q'.repeat(40)}`, `12D3KooWFull${'R'.repeat(40)}`]
    const links = peers.flatMap((from, left) =>
      peers.slice(left + 1).flatMap((to, right) => {
        if ((left * 5 + right) % 3 === 2) return []
        const isMesh = left < 7 && left + right + 1 < 7
        return [
          {
            from,
            to,
            mesh: isMesh ? ['/quorate/page-net/blocks/1', ...(right % 2 === 0 ? ['/quorate/page-net/transactions/1'] : [])] : [],
          },
        ]
      }),
    )
    return {
      nodes: peers.map((peerId, index) => ({
        ...{ peerId, isSelf: index === 0, isConnected: index !== 5, agent: index === 5 ? null : 'quorate/0.1.0' },
        ...{ height: index === 7 ? null : this.height, verifier: index < 7 ? { index, address: verifierAt(index).account } : null },
        isLeader: index === leader,
      })),
      links,
    }
  }

  override evidence(from: number, count: number) {
    const summaries = this.cases.map(({ statements: _, bytes: __, ...summary }) => summary)
    return { height: this.height, total: summaries.length, evidence: summaries.slice(from, from + count) }
  }

  override evidenceOf(id: Hex): EvidenceView | undefined {
    return this.cases.find((one) => one.id === id)
  }

  /** Two seals of one verifier at a height, signed; `isForged` breaks the second signature. */
  offend(index: number, height: number, { isForged = false, isPunished = true } = {}): EvidenceView {
    const { secretKey, blsKey, account, peerId } = verifierAt(index)
    const sign = (block: Hex): SignedStatement => {
      const statement: Statement = { kind: 'seal', height, block }
      return { statement, keys: [blsKey], signature: nativeSignatures.blsSign(secretKey, statementMessage(this.chainId, statement)) }
    }
    const right = sign(sha256Hex(Uint8Array.of(9, index, height & 255)))
    const left = sign(blockHashAt(height))
    const made = evidenceOf(left, isForged ? { ...right, signature: left.signature } : right)
    const slashed = [{ verifier: account, stakeDroplets: 50_000 * COIN, delegatedDroplets: 0, unbondingDroplets: 0 }]
    const view: EvidenceView = {
      ...{ id: evidenceId(made), kind: 'double-seal', height, offenders: [{ address: account, peerId }], seenAtMs: Date.now() - 90_000 },
      punished: isPunished
        ? {
            height: height + 1,
            slashedDroplets: 50_000 * COIN,
            rewardDroplets: 2500 * COIN,
            reporter: verifierAt(index + 1).account,
            slashed,
          }
        : null,
      statements: [made.first, made.second].map(({ statement, signature }) => ({
        statement,
        signature,
        signers: [{ address: account, blsKey }],
      })),
      bytes: toHex(encode(evidence, made)),
    }
    this.cases.unshift(view)
    return view
  }

  /** One more block, told as the node does. */
  grow(): void {
    this.height++
    const { hash, block, timeMs, transactionIds } = this.#blockAt(this.height)
    this.#heights.clear()
    const { slot, maker } = block.header
    const event: NodeEvent = {
      ...{ kind: 'block', height: this.height, hash, slot, finalAtMs: timeMs + 400, makerIndex: maker },
      ...{ signers: block.seal.signers.length, transactionIds },
    }
    this.emit(event)
    const ended = this.slots(1)[0]
    if (ended !== undefined) this.emit({ kind: 'slot', ...ended })
  }
}
