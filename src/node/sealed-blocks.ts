import { accept, ignore, reject, type Verdict } from '../base/verdict.ts'
import { stakeOf } from '../consensus/quorum.ts'
import type { BlockRef } from '../consensus/types.ts'
import { decode, WireError } from '../wire/codec.ts'
import { type AggregateSignature, type CompactBlock, compactBlock } from '../wire/types.ts'
import type { Bodies } from './bodies.ts'
import { type Chain, refOf } from './chain.ts'
import { executeBlock, type KnownBlocks } from './known-blocks.ts'
import type { QuorumSignatures } from './quorum-signatures.ts'

export interface SealedBlockIntakeOptions {
  readonly chain: Chain
  readonly known: KnownBlocks
  readonly bodies: Bodies
  readonly quorumSignatures: QuorumSignatures
  readonly onSealed: (ref: BlockRef, seal: AggregateSignature) => void
  /** The head's certificate came with more stake than the one that is here. */
  readonly onFullerSeal: (ref: BlockRef, seal: AggregateSignature) => void
  readonly onBehind: (height: number) => void
  /** A quorum sealed what this node finds wrong: nothing after it can be trusted. */
  readonly onInvalidSealed: (ref: BlockRef, detail: string) => void
}

/** Validates messages of the topic `blocks`; the checks are those of `protocols/blocks.md`. */
export class SealedBlockIntake {
  readonly #options: SealedBlockIntakeOptions

  constructor(options: SealedBlockIntakeOptions) {
    this.#options = options
  }

  async validate(data: Uint8Array, from: string): Promise<Verdict<unknown>> {
    let wire: CompactBlock
    try {
      wire = decode(compactBlock, data)
    } catch (error) {
      // [REJECT] malformed: no canonical bytes within the bounds.
      if (error instanceof WireError) return reject('malformed', error.message)
      throw error
    }
    const { chain, known, bodies, onBehind, onSealed } = this.#options
    const { header, seal } = wire
    const ref = refOf(chain.chainId, { header })
    if (ref.hash === chain.head.hash) return this.#takeFullerSeal(ref, seal)
    // [IGNORE] old-height: final already.
    if (ref.height <= chain.head.height) return ignore('old-height', `height ${ref.height}, the head is ${chain.head.height}`)
    // [IGNORE] unknown-parent: sync brings what lies between.
    if (ref.height > chain.head.height + 1) {
      onBehind(ref.height)
      return ignore('unknown-parent', `height ${ref.height}, the head is ${chain.head.height}`)
    }
    // [REJECT] not-enough-stake, unknown-signer, no-signers, bad-signature: of the seal certificate.
    const sealed = this.#checkSeal(ref, seal)
    if (sealed.kind !== 'accept') return sealed
    const executedBefore = known.get(ref.hash)
    if (executedBefore !== undefined) known.add(executedBefore)
    else {
      // [IGNORE] missing-transactions: sync brings them.
      const body = await bodies.fill(ref.hash, header, wire.shortIds, from)
      if (body.kind !== 'accept') {
        if (ref.height === chain.head.height + 1) onBehind(ref.height)
        return ignore(body.code, body.detail)
      }
      if (header.parent !== chain.head.hash) return ignore('old-height', `height ${ref.height}`)
      const block = { header, evidence: wire.evidence, transactions: body.value.map(({ transaction }) => transaction) }
      const executed = executeBlock(chain, block, body.value, null)
      if (executed.kind !== 'accept') {
        this.#options.onInvalidSealed(ref, `${executed.code}: ${executed.detail}`)
        return ignore('invalid-sealed', executed.detail)
      }
      known.add(executed.value)
    }
    onSealed(ref, seal)
    return accept(undefined)
  }

  #checkSeal(ref: BlockRef, aggregate: AggregateSignature): Verdict {
    const { chain, quorumSignatures } = this.#options
    const quorum = ref.hash === chain.head.hash ? chain.headQuorum : chain.quorum
    return quorumSignatures.checkCertificate(quorum, { statement: { kind: 'seal', height: ref.height, block: ref.hash }, aggregate })
  }

  #takeFullerSeal(ref: BlockRef, seal: AggregateSignature): Verdict<unknown> {
    const { chain, onFullerSeal } = this.#options
    const stakes = chain.headQuorum.members.map((member) => member.stakeDroplets)
    // [IGNORE] known: no more stake than the certificate that is here.
    if (chain.headSeal !== null && stakeOf(stakes, seal.signers) <= stakeOf(stakes, chain.headSeal.signers))
      return ignore('known', `height ${ref.height}`)
    const sealed = this.#checkSeal(ref, seal)
    if (sealed.kind === 'accept') onFullerSeal(ref, seal)
    return sealed
  }
}
