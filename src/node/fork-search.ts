import { accept, ignore, reject, type Verdict } from '../base/verdict.ts'
import { evidenceOf } from '../consensus/evidence.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { blockHash } from '../wire/ids.ts'
import type { Quorum } from '../wire/quorum.ts'
import type { AggregateSignature, Evidence, Hash, Header, SignedStatement } from '../wire/types.ts'
import { type ForkChain, hashAt } from './fork-record.ts'
import { isSealed, type PeerChain } from './fork-walk.ts'

/** Two chains by the heights that were compared: they have the same block at one, and others at the other. */
export interface Range {
  readonly same: number
  readonly other: number
}

/** `recovery.md` X3: the lowest height at which a peer's chain differs from the own, by halves: some 20 requests for a million blocks. */
export async function lowestDifference(chain: ForkChain, peer: PeerChain, { same, other }: Range): Promise<Verdict<Header>> {
  let [low, high] = [same, other]
  let differing = await headerAt(chain, peer, high)
  if (differing.kind !== 'accept') return differing
  if (blockHash(chain.chainId, differing.value) === hashAt(chain, high)) return ignore('no-fork', `the same block at height ${high}`)
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2)
    const header = await headerAt(chain, peer, middle)
    if (header.kind !== 'accept') return header
    if (blockHash(chain.chainId, header.value) === hashAt(chain, middle)) low = middle
    else {
      high = middle
      differing = header
    }
  }
  // Whoever has the block below as this node has it, and another above it, has one that extends it: or it has changed its chain meanwhile.
  if (differing.value.parent !== hashAt(chain, low))
    return ignore('not-linked', `the block of height ${high} does not extend that of ${low}`)
  return differing
}

async function headerAt(chain: ForkChain, peer: PeerChain, height: number): Promise<Verdict<Header>> {
  if (hashAt(chain, height) === undefined) return ignore('not-here', `there is no block ${height} here`)
  const [header] = await peer.headers(height, 1)
  if (header === undefined) return ignore('not-there', `peer gives no header of height ${height}`)
  if (header.height !== height) return reject('wrong-height', `a header of height ${header.height} for ${height}`)
  return accept(header)
}

/**
 * Evidence of two blocks that are sealed at one height: the own, and the one of a peer whose header is given and whose parent is the
 * own one. `reject` if the peer, which says that this block is final, has no certificate for it.
 */
export async function sealsOfBoth(
  chain: ForkChain,
  signatures: Pick<Signatures, 'blsVerifyAggregate'>,
  peer: PeerChain,
  header: Header,
): Promise<Verdict<Evidence>> {
  const { height } = header
  const quorum = chain.quorumAt(height)
  const own = chain.block(height)
  if (quorum === undefined || own === undefined) return ignore('not-here', `there is no block ${height} here`)
  const hash = blockHash(chain.chainId, header)
  const other = await peer.block(height)
  if (other === null) return ignore('not-there', `peer gives no block ${height}`)
  if (blockHash(chain.chainId, other.header) !== hash) return ignore('not-linked', `another block of height ${height} than a moment ago`)
  const signers = { quorum, signingId: chain.signingIdAt(height) }
  if (!isSealed(signatures, signers, { height, hash }, other.seal)) {
    // One of the two is a recovery block, which other keys sign, with another id: that proves no offence.
    const isPerhapsRecovery = other.evidence.length > 0 || own.evidence.length > 0
    const detail = `block ${hash} of height ${height} is not sealed by its quorum`
    return isPerhapsRecovery ? ignore('other-signers', detail) : reject('bad-seal', detail)
  }
  const sealed = (of: Hash, seal: AggregateSignature): SignedStatement => ({
    statement: { kind: 'seal', height, block: of },
    keys: keysOf(quorum, seal),
    signature: seal.signature,
  })
  const ownHash = blockHash(chain.chainId, own.header)
  return accept(evidenceOf(sealed(ownHash, own.seal), sealed(hash, other.seal)))
}

const keysOf = ({ members }: Quorum, { signers }: AggregateSignature): readonly string[] =>
  signers.flatMap((signer) => members[signer]?.blsKey ?? []).sort()
