import { invariant, QuorateError, unreachable } from '../base/errors.ts'
import type { Hex } from '../base/hex.ts'
import { bestCandidate } from '../consensus/choice.ts'
import { guardRecord } from '../consensus/guard.ts'
import { initialState, step } from '../consensus/machine.ts'
import { isSelected } from '../consensus/sortition.ts'
import type { BlockRef, Effect, Input, Members, State } from '../consensus/types.ts'
import type { Signatures } from '../crypto/signatures.ts'
import type { Pool } from '../mempool/pool.ts'
import type { Network } from '../ports/network.ts'
import type { Signer } from '../ports/signer.ts'
import type { GuardFile } from '../ports/store.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import { encode } from '../wire/codec.ts'
import type { ProvenEvidence } from '../wire/evidence.ts'
import { shortIdOf, ticketOf, transactionId } from '../wire/ids.ts'
import type { Quorum } from '../wire/quorum.ts'
import { statementMessage, ticketMessage } from '../wire/signing.ts'
import { type AggregateSignature, type Candidate, type Certificate, candidate, compactBlock, type Hash } from '../wire/types.ts'
import { BlockFetch } from './block-fetch.ts'
import { BlockSize } from './block-size.ts'
import type { Bodies } from './bodies.ts'
import { buildBlock } from './builder.ts'
import type { Chain } from './chain.ts'
import type { Heard } from './heard.ts'
import type { KnownBlock, KnownBlocks } from './known-blocks.ts'
import { isFullerSeal } from './sealed-blocks.ts'
import type { Seat } from './seat.ts'
import type { SignService } from './sign-service.ts'
import type { Slots } from './slots.ts'
import type { SyncClient } from './sync-client.ts'

/** A verifier's key and its guard's file. */
export interface Verifier {
  readonly signer: Signer
  readonly publicKey: Hex
  readonly guard: GuardFile
}

export interface RunnerOptions {
  readonly chain: Chain
  readonly pool: Pool
  readonly known: KnownBlocks
  readonly bodies: Bodies
  readonly network: Network
  readonly client: SyncClient
  readonly slots: Slots
  readonly heard: Heard
  readonly evidence: {
    /** What blocks have not punished yet, as far as this node knows. */
    unpunished(): readonly ProvenEvidence[]
    sealedTwice(): readonly ProvenEvidence[]
    publishCertificate(certificate: Certificate): void
    publishTally(certificates: readonly Certificate[]): void
  }
  readonly signatures: Signatures
  readonly telemetry: Telemetry
  readonly verifier: Verifier | null
  readonly seat: Seat
  readonly record: Parameters<typeof initialState>[0]['record']
  readonly doubtful: boolean
  readonly signService: () => SignService
  /** After a block became final here, by consensus (sync has a call of its own). */
  readonly onFinal: (known: KnownBlock, seal: AggregateSignature) => void
  readonly onAlarm: (code: string, detail: string) => void
  readonly onBehind: (height: number) => void
  readonly onProposed: (slot: number) => void
  readonly onLead: (slot: number) => void
  readonly onSealed: (height: number) => void
  /** A write failed: nothing more is signed, and the node must stop. */
  readonly onFatal: (error: unknown) => void
}

interface Job {
  readonly run: () => Promise<void>
  /** It will not be run: the runner stopped. */
  readonly drop: () => void
}

/**
 * Drives the machine: one input at a time, and its effects in order, each done before the next. So what `persist`
 * writes is on disk before the signature behind it is made. What an effect results in is an input of its own, after
 * the last effect of the step: in between, a later record would be written and then overwritten by an earlier one.
 */
export class Runner {
  readonly #options: RunnerOptions
  #state: State
  readonly #jobs: Job[] = []
  readonly #blockSize: BlockSize
  readonly #blockFetch: BlockFetch
  /** Inputs that effects resulted in; they come before all that waits. */
  readonly #results: Input[] = []
  #working = false
  #stopped = false
  /** The proof of the slot's ticket, until the candidate is made. */
  #proof: { readonly slot: number; readonly proof: Hex } | null = null

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#blockSize = new BlockSize(options.chain.genesis.parameters.maxBlockTransactions)
    this.#blockFetch = new BlockFetch({
      ...options,
      signersOf: (of) => this.#signersOf(of),
      onFetched: (block) => {
        options.known.add(block)
        this.feed({ kind: 'block-known', block: block.ref }, block)
      },
    })
    this.#state = initialState({
      config: { leaderRule: options.chain.genesis.parameters.leaderRule, aggregate: (all) => options.signatures.blsAggregate(all) },
      members: this.#members(options.chain.quorum, options.chain.head.height + 1),
      head: options.chain.head,
      headMembers: this.#members(options.chain.headQuorum, options.chain.head.height),
      record: options.record,
      doubtful: options.doubtful,
    })
  }

  get state(): State {
    return this.#state
  }

  /**
   * Queues an input, and with it the body of the block that it tells the machine of: however long the queue is, the body
   * is here when the machine asks for it.
   */
  feed(input: Input, body?: KnownBlock): void {
    const run = (): Promise<void> => {
      if (body !== undefined && body.ref.height > this.#options.chain.head.height) this.#options.known.add(body)
      return this.#take(input)
    }
    this.#queue({ run, drop: () => {} })
  }

  /**
   * Runs a job between inputs, alone on the chain; the machine then hears of a head that moved. A job that fails is as
   * fatal as an effect that does. Rejects with the job's error, or QuorateError `stopped`.
   */
  alone(job: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = async (): Promise<void> => {
        try {
          const before = this.#options.chain.head
          await job()
          const { head } = this.#options.chain
          if (head !== before) await this.#take(this.#headMoved(head))
          resolve()
        } catch (error) {
          reject(error)
          throw error
        }
      }
      this.#queue({ run, drop: () => reject(new QuorateError('stopped', 'the node stops')) })
    })
  }

  /** From here on works on a recovery block that leaves these out (`recovery.md` X9). */
  recover(offenders: ReadonlySet<Hex>): Promise<void> {
    return this.alone(async () => {
      const { chain } = this.#options
      chain.recover(offenders)
      await this.#take({ kind: 'recovering', members: this.#members(chain.quorum, chain.head.height + 1) })
    })
  }

  /** Takes no more inputs; resolves when what is under way is done. */
  stop(): Promise<void> {
    this.#stopped = true
    this.#blockFetch.stop()
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#working) setImmediate(look)
        else resolve()
      }
      look()
    })
  }

  #queue(job: Job): void {
    if (this.#stopped) return job.drop()
    this.#jobs.push(job)
    if (!this.#working) void this.#work()
  }

  async #work(): Promise<void> {
    this.#working = true
    try {
      while (!this.#stopped) {
        const job = this.#jobs.shift()
        if (job === undefined) break
        await job.run()
      }
    } catch (error) {
      this.#stopped = true
      this.#options.onFatal(error)
    } finally {
      this.#working = false
      if (this.#stopped) for (const job of this.#jobs.splice(0)) job.drop()
    }
  }

  async #take(first: Input): Promise<void> {
    for (let input: Input | undefined = first; input !== undefined; input = this.#results.shift()) {
      const { slot: ending, candidates } = this.#state
      if (input.kind === 'slot-started' && candidates.some(({ slot }) => slot === ending)) this.#blockSize.slotLost()
      const { state, effects } = step(this.#state, input)
      this.#state = state
      for (const effect of effects) await this.#carryOut(effect)
      if (input.kind === 'slot-started') this.#options.known.sweep()
    }
  }

  #headMoved(head: BlockRef): Input {
    this.#options.known.settle(head.height)
    const { quorum, headQuorum } = this.#options.chain
    return {
      kind: 'head-moved',
      head,
      headMembers: this.#members(headQuorum, head.height),
      members: this.#members(quorum, head.height + 1),
    }
  }

  async #carryOut(effect: Effect): Promise<void> {
    const options = this.#options
    switch (effect.kind) {
      case 'persist':
        return await this.#persist(effect)
      case 'draw-ticket':
        return await this.#drawTicket(effect)
      case 'build':
        return await this.#build(effect.slot)
      case 'propose':
        return await this.#propose(effect)
      case 'ask':
        if (effect.request.kind === 'vote') options.onLead(this.#state.slot ?? 0)
        return options.signService().ask(effect.request)
      case 'sign':
        await options.signService().sign(effect)
        if (effect.statement.kind === 'seal') options.onSealed(effect.statement.height)
        return
      case 'refuse':
        return options.signService().refuse(effect)
      case 'gossip-certificate':
        return options.evidence.publishCertificate(effect.certificate)
      case 'gossip-tally':
        return options.evidence.publishTally(effect.certificates)
      case 'fetch-block':
        void this.#blockFetch.fetch(effect.block, effect.from)
        return
      case 'commit':
        return await this.#commit(effect)
      case 'publish-block':
        return await this.#publishBlock(effect)
      case 'behind':
        return options.onBehind(effect.height - 1)
      case 'alarm':
        return options.onAlarm(effect.code, effect.detail)
      default:
        return unreachable(effect)
    }
  }

  async #persist(effect: Extract<Effect, { kind: 'persist' }>): Promise<void> {
    const { chain, known, verifier } = this.#options
    invariant(verifier !== null, 'only a verifier has a signing record')
    const body = effect.block === null ? undefined : known.get(effect.block)
    // The head's own body is in the chain: it may still be sealed.
    invariant(body !== undefined || effect.block === null || effect.block === chain.head.hash, 'what is locked or sealed is here')
    // The body comes first: a lock that outlives its block keeps this verifier from ever signing another one at its height.
    if (body !== undefined) await chain.guardBlock(body.ref, body.block)
    await verifier.guard.write(encode(guardRecord, effect.record))
  }

  async #drawTicket({ slot, quorum, epochSeed }: Extract<Effect, { kind: 'draw-ticket' }>): Promise<void> {
    const { chain, verifier, seat } = this.#options
    invariant(verifier !== null, 'only a verifier draws tickets')
    const proof = await verifier.signer.sign(ticketMessage(chain.chainId, epochSeed, slot))
    const ticket = ticketOf(proof)
    this.#proof = { slot, proof }
    const stake = chain.quorum.members[seat.in(chain.quorum) ?? -1]?.stakeDroplets ?? 0
    const selected = isSelected(chain.genesis.parameters, ticket, stake, chain.quorum.totalStakeDroplets)
    this.#results.push({ kind: 'ticket-drawn', slot, quorum, epochSeed, ticket, selected })
  }

  async #build(slot: number): Promise<void> {
    const { chain, pool, known, seat, evidence } = this.#options
    const self = seat.in(chain.quorum)
    invariant(self !== null && this.#proof !== null, 'only a maker with a ticket builds')
    const offered = chain.recoveringWithout === null ? evidence.unpunished() : evidence.sealedTwice()
    const built = buildBlock(chain, pool, offered, self, slot, this.#proof.proof, this.#blockSize.limit)
    if (built !== null) known.add(built)
    this.#results.push({ kind: 'block-built', slot, block: built?.ref ?? null })
  }

  async #propose({ statement, justification }: Extract<Effect, { kind: 'propose' }>): Promise<void> {
    const { chain, known, verifier, seat, heard, onProposed } = this.#options
    const block = known.get(statement.block)
    const self = seat.in(chain.quorum)
    invariant(
      verifier !== null && self !== null && this.#proof?.slot === statement.slot && block !== undefined,
      'a maker proposes what it has, with its ticket',
    )
    const signature = await verifier.signer.sign(statementMessage(chain.signingIdAt(statement.height), statement))
    heard.note(chain.quorum, statement, { signers: [self], signature })
    const { header, evidence } = block.block
    const shortIds = block.transactions.map(({ id }) => shortIdOf(id))
    const wire: Candidate = {
      slot: statement.slot,
      maker: self,
      proof: this.#proof.proof,
      justification,
      header,
      evidence,
      shortIds,
      signature,
    }
    this.#publish('candidates', encode(candidate, wire))
    onProposed(statement.slot)
  }

  async #commit({ block: of, height, seal }: Extract<Effect, { kind: 'commit' }>): Promise<void> {
    const { chain, known, onFinal, onBehind } = this.#options
    if (height <= chain.head.height) return
    const block = known.get(of)
    // Its body was let go while the certificate waited its turn: sync brings both.
    if (block === undefined) return onBehind(height)
    await chain.commit({ ...block, block: { ...block.block, seal } })
    onFinal(block, seal)
    this.#blockSize.blockSealed()
    this.#results.push(this.#headMoved(chain.head))
  }

  async #publishBlock({ block: of, height, seal }: Extract<Effect, { kind: 'publish-block' }>): Promise<void> {
    const { chain } = this.#options
    const final = chain.block(height)
    if (final === undefined || chain.heightOf(of) !== height) return
    if (isFullerSeal(chain, of, seal)) await chain.improveSeal(seal)
    const shortIds = final.transactions.map((transaction) => shortIdOf(transactionId(transaction)))
    this.#publish('blocks', encode(compactBlock, { header: final.header, evidence: final.evidence, shortIds, seal }))
  }

  #publish(topic: 'candidates' | 'blocks', data: Uint8Array): void {
    const { network, telemetry } = this.#options
    network.publish(topic, data).catch((error: unknown) => telemetry.log('warn', 'gossip.publish-failed', { topic, error: String(error) }))
  }

  /** Who has signed for a block of this height, by the certificates that the machine keeps. */
  #signersOf(of: Hash): readonly number[] {
    const { valid, decided } = this.#state
    return [valid, decided].flatMap((known) => (known?.statement.block === of ? known.aggregate.signers : []))
  }

  #members(quorum: Quorum, height: number): Members {
    const { chain, seat } = this.#options
    const signingId = chain.signingIdAt(height)
    return {
      ...(signingId === chain.chainId ? {} : { signingId }),
      quorum: quorum.hash,
      epochSeed: chain.epochSeed,
      self: seat.in(quorum),
      stakeDroplets: quorum.members.map((member) => member.stakeDroplets),
      ids: quorum.members.map((member) => member.id),
    }
  }

  /** Index of the maker of the best candidate of this slot, as far as this node knows. */
  leader(): { readonly slot: number; readonly index: number } | null {
    const best = bestCandidate(this.#state)
    return best === null ? null : { slot: best.slot, index: best.maker }
  }
}
