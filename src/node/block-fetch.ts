import { QuorateError } from '../base/errors.ts'
import type { Signatures } from '../crypto/signatures.ts'
import type { Network } from '../ports/network.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { Hash } from '../wire/types.ts'
import type { Bodies } from './bodies.ts'
import { FETCH_DEADLINE_MS, MAX_FETCH_PEERS, MISSING_BLOCK_ROUNDS } from './bounds.ts'
import type { Chain } from './chain.ts'
import { executeBlock, type KnownBlock, type KnownBlocks } from './known-blocks.ts'
import type { SyncClient } from './sync-client.ts'

export interface BlockFetchOptions {
  readonly chain: Chain
  readonly known: KnownBlocks
  readonly bodies: Bodies
  readonly network: Network
  readonly client: SyncClient
  readonly signatures: Signatures
  readonly telemetry: Telemetry
  /** Members of this height's quorum that have signed for a block, as far as a certificate says: whoever signs has it. */
  readonly signersOf: (of: Hash) => readonly number[]
  readonly onFetched: (block: KnownBlock) => void
  readonly onAlarm: (code: string, detail: string) => void
}

/** Gets the block of this height that a certificate or a leader names, when it is not here. */
export class BlockFetch {
  readonly #options: BlockFetchOptions
  readonly #underWay = new Set<string>()
  /** The block that was looked for and not found, in so many rounds one after another. */
  #missing: { readonly block: Hash; readonly rounds: number } | null = null
  #turn = 0
  #stopped = false

  constructor(options: BlockFetchOptions) {
    this.#options = options
  }

  stop(): void {
    this.#stopped = true
  }

  /** Asks that member of the quorum first, then those that have signed for it, then others; each round begins with another of them. */
  async fetch(of: Hash, from: number | null): Promise<void> {
    const round = `${of} ${from}`
    if (this.#underWay.has(round)) return
    this.#underWay.add(round)
    try {
      const peers = this.#peers(of, from)
      for (const peerId of peers) {
        if (this.#stopped || this.#isHere(of) || (await this.#ask(peerId, of))) return
      }
      if (!this.#isHere(of) && from === null) this.#notFound(of, peers.length)
    } finally {
      this.#underWay.delete(round)
    }
  }

  /** It may have come another way, or be remembered here though the machine has let it go. */
  #isHere(of: Hash): boolean {
    const block = this.#options.known.get(of)
    if (block !== undefined) this.#options.onFetched(block)
    return block !== undefined
  }

  /** Whether the peer gave the block. */
  async #ask(peerId: string, of: Hash): Promise<boolean> {
    const { chain, client, bodies, signatures, telemetry, onFetched } = this.#options
    try {
      const answer = await client.ask(peerId, { kind: 'block', block: of }, AbortSignal.timeout(FETCH_DEADLINE_MS))
      if (answer === null) return false
      const checked = await bodies.check(answer.block.transactions)
      if (checked.kind !== 'accept' || answer.block.header.parent !== chain.head.hash) return false
      const executed = executeBlock(chain, answer.block, checked.value, signatures)
      if (executed.kind !== 'accept' || executed.value.ref.hash !== of) return false
      if (this.#missing?.block === of) this.#missing = null
      onFetched(executed.value)
      return true
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      telemetry.count(`fetch-block.${error.code}`)
      return false
    }
  }

  #peers(of: Hash, from: number | null): readonly string[] {
    const { chain, network, signersOf } = this.#options
    const peerOf = (member: number): string => chain.quorum.members[member]?.peerId ?? network.peerId
    const connected = network.peers().map(({ peerId }) => peerId)
    const signers = new Set(signersOf(of).map(peerOf))
    const turn = this.#turn++
    const turned = (peers: readonly string[]): readonly string[] => {
      const by = turn % Math.max(1, peers.length)
      return [...peers.slice(by), ...peers.slice(0, by)]
    }
    const inOrder = [
      ...(from === null ? [] : [peerOf(from)]),
      ...turned(connected.filter((peerId) => signers.has(peerId))),
      ...turned(connected.filter((peerId) => !signers.has(peerId))),
    ]
    return [...new Set(inOrder)].filter((peerId) => peerId !== network.peerId).slice(0, MAX_FETCH_PEERS)
  }

  /** A height on which this block alone may be proposed waits for it, and nothing else would say why. */
  #notFound(of: Hash, asked: number): void {
    const { chain, signersOf, onAlarm } = this.#options
    // The height may be over by now.
    if (signersOf(of).length === 0) return
    const rounds = this.#missing?.block === of ? this.#missing.rounds + 1 : 1
    this.#missing = { block: of, rounds }
    if (rounds < MISSING_BLOCK_ROUNDS) return
    const peers = asked === 1 ? 'the one peer that was asked does not have it' : `none of ${asked} peers that were asked has it`
    onAlarm(
      'block-missing',
      `verifiers with enough stake have voted for block ${of.slice(0, 8)} at height ${chain.head.height + 1}, it is not here, and ${asked === 0 ? 'no peer is connected' : peers}: ` +
        'this verifier proposes nothing else at that height. Start the verifiers that are down, those that voted for it have it; it is asked for again in each slot',
    )
  }
}
