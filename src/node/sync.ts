import { QuorateError } from '../base/errors.ts'
import { accept, ignore, reject, type Verdict } from '../base/verdict.ts'
import type { BlockRef } from '../consensus/types.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { prepare } from '../ledger/transaction.ts'
import type { Network } from '../ports/network.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { Status } from '../wire/sync.ts'
import type { SignedBlock } from '../wire/types.ts'
import {
  IMPORT_BLOCKS,
  LOOK_AROUND_MS,
  ONE_BEHIND_MS,
  OTHER_BRANCH_MS,
  STATUS_INTERVAL_MS,
  SYNC_BLOCKS,
  SYNC_DEADLINE_MS,
  SYNC_REQUESTS,
} from './bounds.ts'
import type { Chain, FinalBlock } from './chain.ts'
import { refOf } from './chain-store.ts'
import { executeBlock, invalidSealed } from './known-blocks.ts'
import type { QuorumSignatures } from './quorum-signatures.ts'
import { recoveryBy } from './recovery-blocks.ts'
import type { SyncClient } from './sync-client.ts'
import { within } from './within.ts'

/** What the status handshake told of a peer. */
export interface PeerStatus {
  readonly status: Status
  /** How far its clock is ahead of this node's, less what the way of the message may account for; null before it was asked. */
  readonly clockOffsetMs: number | null
}

export interface SyncOptions {
  readonly chain: Chain
  readonly network: Network
  readonly client: SyncClient
  readonly signatures: Signatures
  readonly quorumSignatures: QuorumSignatures
  readonly telemetry: Telemetry
  readonly checkpoint: { readonly height: number; readonly hash: string } | null
  readonly ownStatus: () => Status
  readonly nowMs: () => number
  /** Runs a job alone on the chain, between inputs of the machine; afterwards the machine hears of the new head. */
  readonly alone: (job: () => Promise<void>) => Promise<void>
  readonly onImported: (final: FinalBlock) => void
  readonly onPeerStatus: (peerId: string, status: PeerStatus) => void
  /** Peers are ahead, and none of those that are connected has the next block: they began with later ones, the first at this height. */
  readonly onGap: (firstHeight: number) => void
  /** The operator has chosen another branch of a fork than that of this block (recovery.md X9). */
  readonly refuses: (ref: BlockRef) => boolean
  /** The block that a peer gives for the next height does not extend the head, or is refused: its chain is another. */
  readonly onOffBranch: (peerId: string, status: Status | undefined) => void
  /** Nothing is fetched before `release`. */
  readonly isHeld: boolean
  /** Sync cannot go on: the chain that peers offer is not the one that the operator trusts, or contradicts this node. */
  readonly onFatal: (error: QuorateError) => void
}

/** Keeps up with peers: greets them, and fetches ranges of final blocks from several at once when they are ahead. */
export class Sync {
  readonly #options: SyncOptions
  readonly #peers = new Map<string, PeerStatus>()
  /** Connected peers that do not speak sync: bootstrap nodes. */
  readonly #withoutSync = new Set<string>()
  /** Until when peers whose chain is another are asked for no blocks. */
  readonly #offBranch = new Map<string, number>()
  readonly #stop = new AbortController()
  #running: Promise<void> | null = null
  #isHeld: boolean
  #timer: NodeJS.Timeout | undefined
  #soon: NodeJS.Timeout | undefined
  #lookAround: NodeJS.Timeout | undefined

  constructor(options: SyncOptions) {
    this.#options = options
    this.#isHeld = options.isHeld
  }

  start(): void {
    const { network } = this.#options
    network.onPeer((peerId, state) => {
      if (state === 'connected') this.#background(this.#greet(peerId))
      else {
        this.#peers.delete(peerId)
        this.#withoutSync.delete(peerId)
        this.#offBranch.delete(peerId)
      }
    })
    this.#greetAll()
    this.#timer = setInterval(() => this.#greetAll(), STATUS_INTERVAL_MS)
  }
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    clearTimeout(this.#soon)
    clearTimeout(this.#lookAround)
    this.#stop.abort()
    await this.#running
  }

  /** From here on it fetches what is missing. */
  release(): void {
    this.#isHeld = false
    this.kick(this.targetHeight)
  }

  /** Connected peers that have told their status. */
  *statuses(): Generator<readonly [peerId: string, status: Status]> {
    for (const [peerId, { status }] of this.#peers) yield [peerId, status]
  }
  statusOf(peerId: string): PeerStatus | undefined {
    return this.#peers.get(peerId)
  }
  /** Some connected peer has told its height. */
  get hasPeers(): boolean {
    return this.#peers.size > 0
  }
  /** The highest height that a peer says it has, if its chain is not known to be another. */
  get targetHeight(): number {
    let height = this.#options.chain.head.height
    for (const [peerId, { status }] of this.#peers) if (!this.#isOffBranch(peerId)) height = Math.max(height, status.height)
    return height
  }
  get isRunning(): boolean {
    return this.#running !== null
  }

  /** A peer greeted this node, or its answer came; with the answer, how far its clock is ahead. */
  heard(peerId: string, status: Status, clockOffsetMs = this.#peers.get(peerId)?.clockOffsetMs ?? null): void {
    const { onPeerStatus, chain } = this.#options
    const known = { status, clockOffsetMs }
    this.#peers.set(peerId, known)
    onPeerStatus(peerId, known)
    if (this.#isOffBranch(peerId)) return
    if (status.height > chain.head.height + 1) this.kick(status.height)
    // One block ahead is normal for a moment; gossip brings it, and the next greeting looks again.
    else if (status.height > chain.head.height)
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined
        this.kick(status.height)
      }, ONE_BEHIND_MS)
  }

  /** Somebody says that there is a block of this height: fetch what is missing, unless that is under way. */
  kick(height: number): void {
    const { head } = this.#options.chain
    if (this.#isHeld || this.#running !== null || this.#stop.signal.aborted || head.height >= height) return
    if (this.#peersWith(head.height + 1).length === 0) {
      // Whoever has the head will have the block after it: only where nobody has is there a gap. One liar makes none.
      const firstHeights = [...this.#peers.values()].map(({ status }) => status.firstHeight)
      const leastFirst = Math.min(...firstHeights)
      if (firstHeights.length > 0 && leastFirst > head.height + 1) this.#options.onGap(leastFirst)
      // What was heard may be older than the block, or not true: ask, but not for each message.
      this.#lookAround ??= setTimeout(() => {
        this.#lookAround = undefined
        this.#greetAll()
      }, LOOK_AROUND_MS)
      return
    }
    this.#running = this.#run()
      .catch((error: unknown) => this.#options.telemetry.log('warn', 'sync.failed', { error: String(error) }))
      .finally(() => {
        this.#running = null
      })
  }

  #greetAll(): void {
    for (const { peerId } of this.#options.network.peers()) this.#background(this.#greet(peerId))
  }

  async #greet(peerId: string): Promise<void> {
    const { client, ownStatus, nowMs } = this.#options
    if (this.#withoutSync.has(peerId)) return
    const sentAtMs = nowMs()
    const ask = (signal: AbortSignal) => client.ask(peerId, { kind: 'status', status: ownStatus() }, signal)
    const answer = await within(SYNC_DEADLINE_MS, this.#stop.signal, ask).catch((error: unknown) => {
      if (error instanceof QuorateError && error.code === 'unsupported') this.#withoutSync.add(peerId)
      throw error
    })
    if (answer === null) return
    const answeredAtMs = nowMs()
    // The peer read its clock at some time between: only what lies outside is an offset.
    const { timeMs } = answer.status
    const offsetMs = timeMs > answeredAtMs ? timeMs - answeredAtMs : Math.min(0, timeMs - sentAtMs)
    this.heard(peerId, answer.status, offsetMs)
  }

  /** Peers that have the block of a height. protocols/snapshots.md A11: one that began with a later block has it not. */
  #peersWith(height: number): string[] {
    const has = ({ status }: PeerStatus): boolean => status.firstHeight <= height && status.height >= height
    return [...this.#peers].filter(([peerId, known]) => has(known) && !this.#isOffBranch(peerId)).map(([peerId]) => peerId)
  }

  #isOffBranch(peerId: string): boolean {
    return this.#options.nowMs() < (this.#offBranch.get(peerId) ?? 0)
  }

  /** Ranges are asked for ahead, from different peers, and imported in order. */
  async #run(): Promise<void> {
    const { chain, telemetry } = this.#options
    const startedAt = this.#options.nowMs()
    const from = chain.head.height
    let failures = 0
    let turn = 0
    const ahead: { readonly from: number; readonly peerId: string; readonly blocks: Promise<readonly SignedBlock[] | null> }[] = []
    while (!this.#stop.signal.aborted && failures < 3 * SYNC_REQUESTS) {
      let next = ahead.length === 0 ? chain.head.height + 1 : (ahead.at(-1)?.from ?? 0) + SYNC_BLOCKS
      while (ahead.length < SYNC_REQUESTS) {
        const peers = this.#peersWith(next)
        const peerId = peers[turn++ % Math.max(1, peers.length)]
        if (peerId === undefined) break
        ahead.push({ from: next, peerId, blocks: this.#fetch(peerId, next) })
        next += SYNC_BLOCKS
      }
      const first = ahead.shift()
      if (first === undefined) break
      const blocks = await first.blocks
      if (blocks !== null) await this.#import(first.peerId, blocks)
      const { height } = chain.head
      if (height < first.from) {
        // It said that it has this block and did not give it: it is asked again once it has greeted again.
        failures++
        this.#peers.delete(first.peerId)
      }
      // A short answer leaves a gap before what was asked for ahead: ask again from the new head.
      if (height < first.from + SYNC_BLOCKS - 1) ahead.length = 0
      telemetry.log('debug', 'sync.range', { from: first.from, head: height })
    }
    if (chain.head.height > from) await chain.flush()
    const blocks = chain.head.height - from
    if (blocks > 1) {
      const tookMs = Math.max(1, this.#options.nowMs() - startedAt)
      telemetry.log('info', 'sync.done', { blocks, head: chain.head.height, blocksPerSecond: Math.round((blocks * 1000) / tookMs) })
    }
  }

  async #fetch(peerId: string, fromHeight: number): Promise<readonly SignedBlock[] | null> {
    const request = { kind: 'blocks', fromHeight, count: SYNC_BLOCKS } as const
    try {
      const answer = await within(SYNC_DEADLINE_MS, this.#stop.signal, (signal) => this.#options.client.ask(peerId, request, signal))
      return answer === null ? null : answer.blocks
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      this.#peers.delete(peerId)
      return null
    }
  }

  /**
   * Imports blocks from the head on. A peer that sent a wrong one is blamed, and the rest of its answer dropped. A block that
   * nothing may follow (`ignore`) is no peer's fault, nor is it that its chain is another than this one.
   */
  async #import(peerId: string, blocks: readonly SignedBlock[]): Promise<void> {
    const { chain, alone, client, onImported, nowMs, onOffBranch } = this.#options
    if (this.#isOfOtherBranch(blocks)) {
      const status = this.#peers.get(peerId)?.status
      this.#offBranch.set(peerId, nowMs() + OTHER_BRANCH_MS)
      return onOffBranch(peerId, status)
    }
    const last = blocks.at(-1)?.header.height ?? 0
    while (chain.head.height < last && !this.#stop.signal.aborted) {
      const outcome: { verdict: Verdict } = { verdict: accept(undefined) }
      await alone(async () => {
        const proven = this.#proveSeals(this.#ofOneQuorum(blocks).slice(0, IMPORT_BLOCKS))
        if (proven.kind !== 'accept') outcome.verdict = proven
        const imported: FinalBlock[] = []
        for (const block of proven.kind === 'accept' ? proven.value : []) {
          const executed = this.#execute(block)
          if (executed.kind !== 'accept') {
            outcome.verdict = executed
            break
          }
          chain.append(executed.value)
          imported.push(executed.value)
        }
        await chain.writeAppended()
        for (const final of imported) onImported(final)
      })
      const { verdict } = outcome
      if (verdict.kind === 'accept') continue
      this.#peers.delete(peerId)
      if (verdict.kind === 'reject') client.blame(peerId, `${verdict.code}: ${verdict.detail}`)
      return
    }
  }

  /** recovery.md X3: the first above the head does not extend it; or the operator has chosen another branch. */
  #isOfOtherBranch(blocks: readonly SignedBlock[]): boolean {
    const { chain, refuses } = this.#options
    const { height, hash } = chain.head
    const next = blocks.find(({ header }) => header.height === height + 1)
    return (next !== undefined && next.header.parent !== hash) || blocks.some((block) => refuses(refOf(chain.chainId, block)))
  }

  /** Those above the head that one quorum signs: up to the block that hands over to the next, or before one that may be signed by another. */
  #ofOneQuorum(blocks: readonly SignedBlock[]): readonly SignedBlock[] {
    const { head, sealing } = this.#options.chain
    const next = blocks.filter(({ header }) => header.height > head.height)
    const last = next.findIndex(({ header }, place) => header.nextQuorum !== sealing.quorum.hash || mayRecover(next[place + 1]))
    return last < 0 ? next : next.slice(0, last + 1)
  }

  /**
   * Checks the seal certificate of the last of some blocks that follow one another. It vouches for all: who sealed it
   * had its ancestors, and each header holds a good certificate of its parent, which takes the place of the one that came.
   */
  #proveSeals(blocks: readonly SignedBlock[]): Verdict<readonly SignedBlock[]> {
    const { chain, quorumSignatures } = this.#options
    const last = blocks.at(-1)
    if (last === undefined) return accept([])
    const proven: SignedBlock[] = []
    for (const [index, block] of blocks.entries()) {
      const next = blocks[index + 1]
      if (next === undefined) break
      const { hash } = refOf(chain.chainId, block)
      if (next.header.parent !== hash || next.header.parentSeal === null)
        return reject('unknown-parent', `block ${next.header.height} does not follow the one before it`)
      proven.push({ ...block, seal: next.header.parentSeal })
    }
    const { hash, height } = refOf(chain.chainId, last)
    const recovery = recoveryBy(chain, blocks[0]?.evidence ?? [], this.#options.signatures)
    if (recovery.kind !== 'accept') return recovery
    const { quorum, signingId } = recovery.value ?? chain.sealing
    const certificate = { statement: { kind: 'seal', height, block: hash }, aggregate: last.seal } as const
    const sealed = quorumSignatures.checkCertificate(quorum, certificate, signingId)
    return sealed.kind === 'accept' ? accept([...proven, last]) : sealed
  }

  /**
   * Executes a final block whose seal is proven. All of it is held against its roots; the signatures of its
   * transactions are not checked again, two thirds of the stake having done so (docs/architecture.md).
   */
  #execute(block: SignedBlock): Verdict<FinalBlock> {
    const { chain, checkpoint } = this.#options
    const transactions = block.transactions.map(prepare)
    const executed = executeBlock(chain, block, transactions, this.#options.signatures, true)
    if (executed.kind !== 'accept') {
      // The header is proven; only the body and the place in the chain are the peer's own word.
      const isPeersFault = ['wrong-transactions-root', 'wrong-evidence-root', 'unknown-parent'].includes(executed.code)
      if (isPeersFault) return executed
      return this.#end(invalidSealed(refOf(chain.chainId, block), `${executed.code}: ${executed.detail}`))
    }
    const { ref, transition, recovery } = executed.value
    if (checkpoint !== null && checkpoint.height === ref.height && checkpoint.hash !== ref.hash)
      return this.#end(wrongCheckpoint(ref, checkpoint.hash))
    return accept({ ref, block, transactions, transition, recovery })
  }

  /** A quorum has sealed what this node cannot follow: whichever peer gave it, none can give another. */
  #end(error: QuorateError): Verdict<never> {
    this.#stop.abort()
    this.#options.onFatal(error)
    return ignore(error.code, error.message)
  }

  #background(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (error instanceof QuorateError) this.#options.telemetry.count(`sync.${error.code}`)
      else this.#options.telemetry.log('error', 'sync.failed', { error: String(error) })
    })
  }
}

/** Only such evidence proves a fork; whether it does is seen when its turn has come. */
const mayRecover = (block: SignedBlock | undefined): boolean =>
  block?.evidence.some(({ first }) => first.statement.kind === 'seal') ?? false

/** What the operator is told when nobody who is connected has the block of a height. */
export const gapText = (height: number, firstHeight: number): string =>
  `connected peers have blocks from height ${firstHeight} on, this node needs block ${height}: begin anew with --checkpoint, or connect to a node that has them all`

export const wrongCheckpoint = ({ height, hash }: BlockRef, trusted: string): QuorateError =>
  new QuorateError(
    'wrong-checkpoint',
    `peers offer block ${hash} at height ${height}, the checkpoint says ${trusted}: check it with somebody you trust, or connect to other peers`,
  )
