import { QuorateError } from '../base/errors.ts'
import type { KnownSignatures } from '../consensus/guard.ts'
import { enoughStake } from '../consensus/quorum.ts'
import type { Input } from '../consensus/types.ts'
import type { Network } from '../ports/network.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { Certificate } from '../wire/types.ts'
import { SYNC_DEADLINE_MS } from './bounds.ts'
import type { Chain } from './chain.ts'
import type { QuorumSignatures } from './quorum-signatures.ts'
import type { SyncClient } from './sync-client.ts'

/**
 * After a start, asks the other verifiers what they have seen this one sign, and tells the machine once those have
 * answered with whom it could make a certificate: without them nothing can be signed anyway, so waiting for them costs
 * nothing. Whoever connects later is asked too, for the one leader that holds a lost lock may be among them.
 */
export class OwnSignatures {
  readonly #chain: Chain
  readonly #self: number
  readonly #network: Network
  readonly #client: SyncClient
  readonly #quorumSignatures: QuorumSignatures
  readonly #telemetry: Telemetry
  readonly #feed: (input: Input) => void
  readonly #answered = new Set<number>()
  readonly #asking = new Set<number>()
  #known: KnownSignatures = { slot: null, lock: null, seal: null }
  #isFed = false
  #stopped = false
  #undo: () => void = () => {}

  constructor(options: {
    readonly chain: Chain
    readonly self: number
    readonly network: Network
    readonly client: SyncClient
    readonly quorumSignatures: QuorumSignatures
    readonly telemetry: Telemetry
    readonly feed: (input: Input) => void
  }) {
    this.#chain = options.chain
    this.#self = options.self
    this.#network = options.network
    this.#client = options.client
    this.#quorumSignatures = options.quorumSignatures
    this.#telemetry = options.telemetry
    this.#feed = options.feed
  }

  start(): void {
    this.#answered.add(this.#self)
    this.#undo = this.#network.onPeer((peerId, state) => {
      if (state === 'connected') this.#ask(peerId)
    })
    for (const { peerId } of this.#network.peers()) this.#ask(peerId)
    this.#tellIfEnough()
  }
  stop(): void {
    this.#stopped = true
    this.#undo()
  }

  #ask(peerId: string): void {
    const index = this.#chain.quorum.members.findIndex((member) => member.peerId === peerId)
    const self = this.#chain.quorum.members[this.#self]
    if (this.#stopped || self === undefined || index < 0 || this.#answered.has(index) || this.#asking.has(index)) return
    this.#asking.add(index)
    this.#client
      .ask(peerId, { kind: 'newest-signed', verifier: self.id }, AbortSignal.timeout(SYNC_DEADLINE_MS))
      .then((answer) => {
        for (const record of answer?.records ?? []) this.#take(record, peerId)
        this.#answered.add(index)
      })
      .catch((error: unknown) => {
        if (!(error instanceof QuorateError)) throw error
        this.#telemetry.log('debug', 'newest-signed-failed', { peerId, code: error.code })
        // It is asked again while it stays connected: its answer may be the one that is missing.
        if (error.code !== 'unsupported') setTimeout(() => this.#ask(peerId), SYNC_DEADLINE_MS / 10).unref()
      })
      .finally(() => {
        this.#asking.delete(index)
        this.#tellIfEnough()
      })
  }

  #take({ statement, aggregate }: Certificate, peerId: string): void {
    const isMine = aggregate.signers.includes(this.#self)
    if (!isMine || this.#quorumSignatures.checkSigners(this.#chain.quorum, statement, aggregate).kind !== 'accept') {
      this.#client.blame(peerId, 'a statement that this verifier did not sign')
      return
    }
    const { slot, lock, seal } = this.#known
    if (statement.kind === 'seal') {
      if (seal === null || statement.height > seal.height) this.#known = { ...this.#known, seal: statement }
      return
    }
    if (slot === null || statement.slot > slot) this.#known = { ...this.#known, slot: statement.slot }
    if (statement.kind === 'lock' && (lock === null || statement.slot > lock.slot)) this.#known = { ...this.#known, lock: statement }
  }

  #tellIfEnough(): void {
    const { members, totalStakeDroplets } = this.#chain.quorum
    let stake = 0
    for (const index of this.#answered) stake += members[index]?.stakeDroplets ?? 0
    if (this.#stopped || stake < enoughStake(totalStakeDroplets)) return
    // The first time, whoever is connected is heard out.
    if (!this.#isFed && this.#asking.size > 0) return
    this.#isFed = true
    this.#feed({ kind: 'own-signatures-known', known: this.#known })
  }
}
