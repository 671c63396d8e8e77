import { randomInt } from 'node:crypto'
import { formatCoins } from '../base/amounts.ts'
import { QuorateError } from '../base/errors.ts'
import type { Hex } from '../base/hex.ts'
import { type GuardRecord, type KnownSignatures, lastSlot } from '../consensus/guard.ts'
import { enoughStake } from '../consensus/quorum.ts'
import type { Input } from '../consensus/types.ts'
import type { Network } from '../ports/network.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { Address, Certificate } from '../wire/types.ts'
import { SYNC_DEADLINE_MS } from './bounds.ts'
import type { Chain } from './chain.ts'
import type { QuorumSignatures } from './quorum-signatures.ts'
import type { Seat } from './seat.ts'
import type { Slots } from './slots.ts'
import type { SyncClient } from './sync-client.ts'

export interface OwnSignaturesOptions {
  readonly chain: Chain
  /** This node's verifier key. */
  readonly blsKey: Hex
  readonly seat: Seat
  readonly network: Network
  readonly client: SyncClient
  readonly quorumSignatures: QuorumSignatures
  readonly telemetry: Telemetry
  /** Height of that peer's head, as it says; null if it has not said. */
  readonly heightOf: (peerId: string) => number | null
  readonly feed: (input: Input) => void
  /** For other processes that sign with this key; left out, nobody looks for them. */
  readonly watch?: Watch
}

interface Watch {
  /** The slot of the clock; null before the first. */
  readonly slotNow: () => number | null
  /** Calls in each slot. Returns the undo. */
  readonly eachSlot: (call: () => void) => () => void
  /** Slots from the start in which it only listens, and from then on in which it proposes nothing. */
  readonly listenSlots: number
  readonly votingSlots: number
}

/** Slots after the start in which it asks in each whether somebody else has signed with its key; after that once in so many. */
const WATCHED_SLOTS = 32

/**
 * Two copies of a verifier that start at one moment listen for none, one, or more of these spans, each as chance will have it. In the
 * second slot of a span what the first has brought is known.
 */
const LISTEN_SPAN_SLOTS = 2
const LISTEN_SPANS = 8
/** Those that chance did not part vote first: each hears of votes that it was not asked for before either of them proposes anything. */
const VOTING_SLOTS = 3

/** A key that has signed nothing may begin at once. */
export const watchForOthers = (slots: Pick<Slots, 'now'>, slotMs: number, record: GuardRecord): Watch => ({
  slotNow: () => slots.now(),
  eachSlot: (call) => {
    const timer = setInterval(call, slotMs)
    return () => clearInterval(timer)
  },
  listenSlots: lastSlot(record) === null ? 0 : LISTEN_SPAN_SLOTS * randomInt(LISTEN_SPANS),
  votingSlots: lastSlot(record) === null ? 0 : VOTING_SLOTS,
})

/**
 * Once its key is registered, asks the members of the quorum what they have seen this verifier sign, and tells the machine when
 * those have answered with whom it could make a certificate: without them nothing can be signed anyway, so waiting for them
 * costs nothing. They must not be ahead of this node's chain, or a later quorum may know more than they do; what others say of
 * their heights is no reason to wait, or one liar could silence whoever starts. Whoever connects later is asked too, for the
 * one leader that holds a lost lock may be among them.
 *
 * It goes on asking, in each slot at first: what its key has signed in a slot after the start, and this process has not, another process
 * has. It asks because gossip may not get here: two copies of a directory have one peer id, and look like one peer to everybody. Of two that
 * start at the same moment, with the same record, the one that listens longer hears the other.
 */
export class OwnSignatures {
  readonly #options: OwnSignaturesOptions
  /** Verifiers that have told what they know. */
  readonly #answered = new Set<Address>()
  readonly #asking = new Set<Address>()
  /** Verifiers that were heard out once, whatever came of it. */
  readonly #tried = new Set<Address>()
  #own: Address | null = null
  #known: KnownSignatures = { slot: null, lock: null, seal: null }
  #isFed = false
  #stopped = false
  #undo: () => void = () => {}
  #undoWatch: () => void = () => {}
  /** Signatures of later slots are none of an earlier life. */
  #sinceSlot = -1
  /** While it only listens: the slot in which it asks once more, and then may sign. */
  #signsFrom: number | null = null
  #proposesFrom: number | null = null

  constructor(options: OwnSignaturesOptions) {
    this.#options = options
  }

  start(): void {
    this.#undo = this.#options.network.onPeer((peerId, state) => {
      if (state === 'connected') this.#ask(peerId)
    })
    const { watch } = this.#options
    if (watch !== undefined) {
      this.#sinceSlot = watch.slotNow() ?? -1
      const end = this.#sinceSlot + watch.listenSlots
      // By the clock, so that two who began in neighbouring slots are a whole span apart, or none.
      if (watch.listenSlots > 0) this.#signsFrom = end + (end % LISTEN_SPAN_SLOTS)
      this.#undoWatch = watch.eachSlot(() => this.#onSlot(watch.slotNow() ?? -1))
    }
    this.look()
  }
  stop(): void {
    this.#stopped = true
    this.#undo()
    this.#undoWatch()
  }

  /** Why this verifier has a seat and signs nothing yet, and what to do about it, in whole sentences. Null if it is not waiting. */
  get obstacle(): string | null {
    const { chain, seat } = this.#options
    if (this.#isFed || seat.in(chain.quorum) === null) return null
    const { enough, told, complete, height } = this.#count()
    if (complete >= enough && this.#signsFrom !== null)
      return `it listens until slot ${this.#signsFrom} whether another process signs with its key: it goes on by itself`
    const coins = formatCoins
    const unheard = [...this.#asking].filter((id) => !this.#tried.has(id)).length
    if (complete >= enough && unheard > 0)
      return `it signs nothing until each connected verifier was asked once what it has seen it sign; ${unheard} of them ${unheard === 1 ? 'has' : 'have'} not answered yet and will be waited for ${SYNC_DEADLINE_MS / 1000} s at most: it goes on by itself`
    return told < enough
      ? `it signs nothing until verifiers with ${coins(enough)} coins of stake, itself counted, have told what they have seen it sign; so far those with ${coins(told)} have: start the verifiers that are down, or mend the network between them`
      : `it signs nothing until it has the blocks of the verifiers that it asked: those with ${coins(told - complete)} coins of stake say that they are at height ${height}, it is at ${chain.head.height}. If that does not grow, connect to more peers`
  }

  /** The key may have become registered, the quorum another, or the chain complete. */
  look(): void {
    if (this.#isFed) return
    this.#own ??= this.#findOwn()
    if (this.#own === null) return
    for (const { peerId } of this.#options.network.peers()) this.#ask(peerId)
    this.#tellIfEnough()
  }

  /** The account that has registered this node's key, as far as this node's chain goes. */
  #findOwn(): Address | null {
    const { chain, blsKey, seat } = this.#options
    const self = seat.in(chain.quorum)
    if (self !== null) return chain.quorum.members[self]?.id ?? null
    const { indexes, accounts } = chain.ledger
    if (!indexes.blsKeys.has(blsKey)) return null
    for (const address of indexes.verifiers) if (accounts.get(address)?.verifier?.blsKey === blsKey) return address
    return null
  }

  #onSlot(slot: number): void {
    const since = slot - this.#sinceSlot
    if (this.#signsFrom !== null && slot >= this.#signsFrom) {
      // What was told before is no answer to the question whether somebody signs now.
      this.#signsFrom = null
      this.#answered.clear()
      this.#tried.clear()
    }
    if (since <= WATCHED_SLOTS || since % WATCHED_SLOTS === 0)
      for (const { peerId } of this.#options.network.peers()) this.#ask(peerId, true)
    this.#tellIfEnough()
  }

  #ask(peerId: string, again = false): void {
    const { chain, client, telemetry } = this.#options
    const member = chain.quorum.members.find((one) => one.peerId === peerId)
    const own = this.#own
    if (this.#stopped || own === null || member === undefined || this.#asking.has(member.id)) return
    if (this.#answered.has(member.id) && !again) return
    this.#asking.add(member.id)
    client
      .ask(peerId, { kind: 'newest-signed', verifier: own }, AbortSignal.timeout(SYNC_DEADLINE_MS))
      .then((answer) => {
        const checked = (answer?.records ?? []).map((record) => this.#take(record, own, peerId))
        if (checked.every((known) => known)) this.#answered.add(member.id)
        else this.#askAgain(peerId)
      })
      .catch((error: unknown) => {
        if (!(error instanceof QuorateError)) throw error
        telemetry.log('debug', 'signing.newest-failed', { peerId, code: error.code })
        if (error.code !== 'unsupported') this.#askAgain(peerId)
      })
      .finally(() => {
        this.#asking.delete(member.id)
        this.#tried.add(member.id)
        this.#tellIfEnough()
      })
  }

  /** While it stays connected: its answer may be the one that is missing. */
  #askAgain(peerId: string): void {
    setTimeout(() => {
      if (this.#options.network.peers().some((peer) => peer.peerId === peerId)) this.#ask(peerId)
    }, SYNC_DEADLINE_MS / 10).unref()
  }

  /** False for a statement of a height whose quorum this node does not know yet. */
  #take({ statement, aggregate }: Certificate, own: Address, peerId: string): boolean {
    const { chain, client, quorumSignatures } = this.#options
    const quorum = chain.quorumAt(statement.height)
    if (quorum === undefined) return statement.height < chain.firstHeight
    // recovery.md X11: what it signed before the last recovery binds it no more.
    if (chain.signingIdAt(statement.height) !== chain.signingIdAt(chain.head.height + 1)) return true
    const isMine = aggregate.signers.some((signer) => quorum.members[signer]?.id === own)
    const checked = quorumSignatures.checkSigners(quorum, statement, aggregate)
    if (!isMine || checked.kind === 'reject') client.blame(peerId, 'a statement that this verifier did not sign')
    if (!isMine || checked.kind !== 'accept') return true
    const { slot, candidateSlot, voteSlot, lock, seal } = this.#known
    if (statement.kind === 'seal') {
      if (seal === null || statement.height > seal.height) this.#known = { ...this.#known, seal: statement }
      return true
    }
    if (slot === null || statement.slot > slot) this.#known = { ...this.#known, slot: statement.slot }
    if (statement.kind === 'candidate' && statement.slot > (candidateSlot ?? -1))
      this.#known = { ...this.#known, candidateSlot: statement.slot }
    if (statement.kind === 'vote' && statement.slot > (voteSlot ?? -1)) this.#known = { ...this.#known, voteSlot: statement.slot }
    if (statement.kind === 'lock' && (lock === null || statement.slot > lock.slot)) this.#known = { ...this.#known, lock: statement }
    return true
  }

  /**
   * Stake of the members that have told, this node's own included; of those of them that are not ahead of it; how much is
   * enough; and the highest head of those that are ahead.
   */
  #count(): { readonly told: number; readonly complete: number; readonly enough: number; readonly height: number } {
    const { chain, heightOf } = this.#options
    const { members, totalStakeDroplets } = chain.quorum
    let [told, complete, height] = [0, 0, 0]
    for (const { id, peerId, stakeDroplets } of members) {
      const head = id === this.#own ? chain.head.height : this.#answered.has(id) ? heightOf(peerId) : null
      if (head === null) continue
      told += stakeDroplets
      if (head <= chain.head.height + 1) complete += stakeDroplets
      else height = Math.max(height, head)
    }
    return { told, complete, enough: enoughStake(totalStakeDroplets), height }
  }

  #tellIfEnough(): void {
    if (this.#stopped || this.#own === null) return
    const { watch } = this.#options
    const isAnother = watch !== undefined && this.#known.slot !== null && this.#known.slot > this.#sinceSlot
    if (!this.#isFed && !isAnother) {
      if (this.#signsFrom !== null) return
      const { complete, enough } = this.#count()
      // Whoever is connected is heard out, but not for ever.
      if (complete < enough || [...this.#asking].some((id) => !this.#tried.has(id))) return
    }
    this.#isFed = true
    this.#proposesFrom ??= (watch?.slotNow() ?? 0) + (watch?.votingSlots ?? 0)
    const since = watch === undefined ? {} : { sinceSlot: this.#sinceSlot, proposesFrom: this.#proposesFrom }
    this.#options.feed({ kind: 'own-signatures-known', known: { ...this.#known, ...since } })
  }
}
