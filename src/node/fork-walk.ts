import { checkEvidence } from '../consensus/evidence.ts'
import { isForkProof, recoveredSigningId, withoutOffenders } from '../consensus/fork.ts'
import { enoughStake, stakeOf } from '../consensus/quorum.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { MAX_SYNC_HEADERS } from '../wire/bounds.ts'
import { evidenceId } from '../wire/evidence.ts'
import { blockHash, merkleRoot } from '../wire/ids.ts'
import type { Quorum } from '../wire/quorum.ts'
import { statementMessage } from '../wire/signing.ts'
import type { AggregateSignature, Hash, Header, SignedBlock } from '../wire/types.ts'
import { MAX_WALKED_HEADERS } from './bounds.ts'
import { type BlockAt, type ForkChain, hashAt, type SeenBranch } from './fork-record.ts'

type Checker = Pick<Signatures, 'blsVerifyAggregate'>

/** What one peer has of its chain. Its promises reject with QuorateError if it does not answer. */
export interface PeerChain {
  readonly peerId: string
  /** Consecutive ones from a height up; fewer or none where it has no more. */
  headers(fromHeight: number, count: number): Promise<readonly Header[]>
  block(height: number): Promise<SignedBlock | null>
}

/** Who signs a height, and with which id. */
interface Signers {
  readonly quorum: Quorum
  readonly signingId: Hash
}

/** `consensus.md` W2, whatever chain it is on: whether it is a good seal certificate of these signers. */
export function isSealed(checker: Checker, { quorum, signingId }: Signers, { height, hash }: BlockAt, seal: AggregateSignature): boolean {
  const members = seal.signers.map((signer) => quorum.members[signer])
  const keys = members.flatMap((member) => (member === undefined ? [] : [member.blsKey]))
  const stakes = quorum.members.map(({ stakeDroplets }) => stakeDroplets)
  if (keys.length < members.length || stakeOf(stakes, seal.signers) < enoughStake(quorum.totalStakeDroplets)) return false
  return checker.blsVerifyAggregate(keys, statementMessage(signingId, { kind: 'seal', height, block: hash }), seal.signature)
}

/** How far a branch was followed, so that the next look goes on from there. */
interface Place {
  readonly header: Header
  readonly hash: Hash
  readonly signers: Signers
  readonly recoveredAt: number | null
  readonly leavesAt: BlockAt | null
}

export interface ForkWalkOptions {
  readonly chain: ForkChain
  readonly signatures: Checker
  /** Height of the fork: the lowest at which branches differ. */
  readonly height: number
}

/**
 * `recovery.md` X5: goes along the headers of a branch, from its first block to the highest whose seal certificate can be judged. That
 * ends where a quorum hands over to another that is not known here; a recovery block (X7) names its quorum itself.
 */
export class ForkWalk {
  readonly #options: ForkWalkOptions
  /** By first block. */
  readonly #places = new Map<Hash, Place>()

  constructor(options: ForkWalkOptions) {
    this.#options = options
  }
  get height(): number {
    return this.#options.height
  }

  /**
   * What a peer shows of its branch. Null if it shows nothing that holds. The first block must extend the own chain's block below the
   * fork, whose quorum is known.
   */
  async along(peer: PeerChain): Promise<SeenBranch | null> {
    const { height } = this.#options
    const [first] = await peer.headers(height, 1)
    if (first === undefined) return null
    const start = this.#begin(first)
    if (start === null) return null
    const firstHash = start.hash
    let place = this.#places.get(firstHash) ?? start
    for (let walked = 0; walked < MAX_WALKED_HEADERS; ) {
      if (!this.#isHandover(place)) {
        const headers = await peer.headers(place.header.height + 1, MAX_SYNC_HEADERS)
        const next = this.#follow(place, headers)
        if (next === null) break
        walked += next.header.height - place.header.height
        place = next
        this.#places.set(firstHash, place)
        continue
      }
      const recovered = await this.#recovery(place, peer)
      if (recovered === null) return await this.#result(firstHash, place, peer)
      place = recovered
      this.#places.set(firstHash, place)
      if (this.#isHandover(place)) break
      walked++
    }
    return await this.#result(firstHash, place, peer)
  }

  #begin(header: Header): Place | null {
    const { chain, height } = this.#options
    const quorum = chain.quorumAt(height)
    if (quorum === undefined || header.height !== height || header.parent !== hashAt(chain, height - 1)) return null
    const signers = { quorum, signingId: chain.signingIdAt(height) }
    return { header, hash: blockHash(chain.chainId, header), signers, recoveredAt: null, leavesAt: null }
  }

  #isHandover({ header, signers }: Place): boolean {
    return header.nextQuorum !== signers.quorum.hash
  }

  /** The last of some headers that extend each other, or the first that names another quorum. Null if none extends this place. */
  #follow(from: Place, headers: readonly Header[]): Place | null {
    const { chain } = this.#options
    let place = from
    for (const header of headers) {
      if (header.height !== place.header.height + 1 || header.parent !== place.hash) break
      const hash = blockHash(chain.chainId, header)
      place = { ...place, header, hash, leavesAt: place.leavesAt ?? this.#leaves(place, { height: header.height, hash }) }
      if (this.#isHandover(place)) break
    }
    return place === from ? null : place
  }

  #leaves(before: Place, at: BlockAt): BlockAt | null {
    const { chain } = this.#options
    const isOwn = chain.heightOf(before.hash) === before.header.height
    const own = hashAt(chain, at.height)
    return isOwn && own !== undefined && own !== at.hash ? at : null
  }

  /** X6, X7: if the block of this place is a recovery block, who signs it and what follows. Null if it is none that holds. */
  async #recovery(place: Place, peer: PeerChain): Promise<Place | null> {
    const { chain, signatures } = this.#options
    const { quorum, signingId } = place.signers
    const block = await peer.block(place.header.height)
    if (block === null || blockHash(chain.chainId, block.header) !== place.hash) return null
    if (block.evidence.length === 0 || merkleRoot(block.evidence.map(evidenceId)) !== place.header.evidenceRoot) return null
    const proofs = block.evidence.map((one) => {
      const before = one.first.statement.height < this.#options.height
      return checkEvidence(before ? chain.signingIdAt(one.first.statement.height) : signingId, one, signatures)
    })
    const offenders = new Set<string>()
    let isRecovery = false
    for (const proof of proofs) {
      if (proof.kind !== 'accept') return null
      for (const offender of proof.value.offenders) offenders.add(offender)
      isRecovery ||= isForkProof(proof.value, quorum)
    }
    const reduced = isRecovery ? withoutOffenders(quorum, offenders) : null
    if (reduced === null) return null
    const signers = { quorum: reduced, signingId: recoveredSigningId(signingId, place.header.parent) }
    const { height } = place.header
    if (!isSealed(signatures, signers, { height, hash: place.hash }, block.seal)) return null
    return { ...place, signers, recoveredAt: place.recoveredAt ?? height }
  }

  /** The highest block at or below this place whose seal is good. */
  async #result(first: Hash, place: Place, peer: PeerChain): Promise<SeenBranch | null> {
    const { chain, signatures } = this.#options
    const { header, hash, signers, recoveredAt, leavesAt } = place
    const at = { height: header.height, hash }
    const of = (head: BlockAt, burnedMicroHours: number): SeenBranch => ({
      ...{ first, head, burnedMicroHours, seen: 'blocks', recoveredAt },
      leavesAt: leavesAt !== null && leavesAt.height <= head.height ? leavesAt : null,
    })
    const block = await peer.block(header.height)
    if (block !== null && blockHash(chain.chainId, block.header) === hash && isSealed(signatures, signers, at, block.seal))
      return of(at, header.burnedMicroHours)
    // The block above may have come since; or this one is of signers that are not known here. Its header vouches for its parent.
    const below = { height: header.height - 1, hash: header.parent }
    if (below.height < this.#options.height || header.parentSeal === null) return null
    if (recoveredAt === header.height || !isSealed(signatures, signers, below, header.parentSeal)) return null
    const [parent] = await peer.headers(below.height, 1)
    if (parent === undefined || blockHash(chain.chainId, parent) !== below.hash) return null
    return of(below, parent.burnedMicroHours)
  }
}
