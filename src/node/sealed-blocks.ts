import { accept, ignore, reject, type Verdict } from '../base/verdict.ts'
import { stakeOf } from '../consensus/quorum.ts'
import type { BlockRef } from '../consensus/types.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { decode, WireError } from '../wire/codec.ts'
import type { Quorum } from '../wire/quorum.ts'
import { type AggregateSignature, type CompactBlock, compactBlock, type Hash, type SealStatement } from '../wire/types.ts'
import type { Bodies } from './bodies.ts'
import type { Chain } from './chain.ts'
import { refOf } from './chain-store.ts'
import type { Heard } from './heard.ts'
import { executeBlock, type KnownBlocks } from './known-blocks.ts'
import type { QuorumSignatures } from './quorum-signatures.ts'
import { recoveryBy } from './recovery-blocks.ts'

export interface SealedBlockIntakeOptions {
  readonly chain: Chain
  readonly known: KnownBlocks
  readonly bodies: Bodies
  readonly signatures: Signatures
  readonly quorumSignatures: QuorumSignatures
  readonly heard: Pick<Heard, 'knows' | 'isWitnessed'>
  readonly onSealed: (ref: BlockRef, seal: AggregateSignature) => void
  /** The head's certificate came with more stake than the one that is here. */
  readonly onFullerSeal: (ref: BlockRef, seal: AggregateSignature) => void
  readonly onBehind: (height: number) => void
  /** A quorum sealed what this node finds wrong: nothing after it can be trusted. */
  readonly onInvalidSealed: (ref: BlockRef, detail: string) => void
}

/** H11: whether it is a certificate of the head, with more stake than the one that is here. */
export function isFullerSeal({ head, headSeal, headQuorum }: Chain, of: Hash, seal: AggregateSignature): boolean {
  if (of !== head.hash) return false
  const stakes = headQuorum.members.map((member) => member.stakeDroplets)
  return headSeal === null || stakeOf(stakes, seal.signers) > stakeOf(stakes, headSeal.signers)
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
    const { chain, known, bodies, signatures, onBehind, onSealed } = this.#options
    const { header, seal } = wire
    const ref = refOf(chain.chainId, { header })
    if (ref.hash === chain.head.hash) return this.#takeFullerSeal(ref, seal)
    // [IGNORE] old-height: final already. [REJECT] as below, if it is another block than the final one.
    if (ref.height <= chain.head.height) return this.#takeOldSeal(ref, seal)
    // [IGNORE] unknown-parent: sync brings what lies between.
    if (ref.height > chain.head.height + 1) {
      onBehind(ref.height)
      return ignore('unknown-parent', `height ${ref.height}, the head is ${chain.head.height}`)
    }
    // [IGNORE] unknown-parent: of another branch; others may sign there.
    if (header.parent !== chain.head.hash) return ignore('unknown-parent', `parent ${header.parent.slice(0, 8)}`)
    // [REJECT] bad-evidence, recovery-nobody: of a block that says who signs it (recovery.md X7).
    const recovery = recoveryBy(chain, wire.evidence, signatures)
    if (recovery.kind !== 'accept') return recovery
    const { quorum, signingId } = recovery.value ?? chain.sealing
    // [REJECT] not-enough-stake, unknown-signer, no-signers, bad-signature: of the seal certificate.
    const sealed = this.#checkSeal(quorum, ref, seal, signingId)
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
      const executed = executeBlock(chain, block, body.value, signatures, true)
      if (executed.kind !== 'accept') {
        this.#options.onInvalidSealed(ref, `${executed.code}: ${executed.detail}`)
        return ignore('invalid-sealed', executed.detail)
      }
      known.add(executed.value)
    }
    onSealed(ref, seal)
    return accept(undefined)
  }

  #checkSeal(quorum: Quorum, ref: BlockRef, aggregate: AggregateSignature, signingId?: Hash): Verdict {
    return this.#options.quorumSignatures.checkCertificate(quorum, { statement: sealOf(ref), aggregate }, signingId)
  }

  #takeFullerSeal(ref: BlockRef, seal: AggregateSignature): Verdict<unknown> {
    const { chain, onFullerSeal, heard } = this.#options
    const isFuller = isFullerSeal(chain, ref.hash, seal)
    // [IGNORE] known: no more stake than the certificate that is here. Others may have signed it: then it is checked all the same.
    const known = ignore('known', `height ${ref.height}`)
    if (!isFuller && heard.knows(chain.headQuorum, sealOf(ref), seal.signers)) return known
    const sealed = this.#checkSeal(chain.headQuorum, ref, seal)
    if (sealed.kind !== 'accept') return sealed
    if (isFuller) onFullerSeal(ref, seal)
    return isFuller ? sealed : known
  }

  /** A second block that is sealed at a height is of no use as a block; but whoever sealed both is guilty, so its seal is checked. */
  #takeOldSeal(ref: BlockRef, seal: AggregateSignature): Verdict<unknown> {
    const { chain, heard } = this.#options
    const old = ignore('old-height', `height ${ref.height}, the head is ${chain.head.height}`)
    const quorum = chain.quorumAt(ref.height)
    if (quorum === undefined || !heard.isWitnessed(ref.height) || chain.heightOf(ref.hash) === ref.height) return old
    if (heard.knows(quorum, sealOf(ref), seal.signers)) return old
    const sealed = this.#checkSeal(quorum, ref, seal)
    return sealed.kind === 'accept' ? old : sealed
  }
}

const sealOf = ({ height, hash }: BlockRef): SealStatement => ({ kind: 'seal', height, block: hash })
