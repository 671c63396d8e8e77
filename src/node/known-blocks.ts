import { QuorateError } from '../base/errors.ts'
import { accept, reject, type Verdict } from '../base/verdict.ts'
import { checkEvidence } from '../consensus/evidence.ts'
import type { BlockRef } from '../consensus/types.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { apply } from '../ledger/apply.ts'
import type { PreparedTransaction } from '../ledger/transaction.ts'
import { evidenceId, type ProvenEvidence } from '../wire/evidence.ts'
import { merkleRoot, ticketOf } from '../wire/ids.ts'
import type { Block, Evidence, Hash } from '../wire/types.ts'
import { MAX_KNOWN_BLOCKS } from './bounds.ts'
import type { Chain, FinalBlock } from './chain.ts'
import { refOf } from './chain-store.ts'
import { recoveryBy } from './recovery-blocks.ts'

type EvidenceSignatures = Pick<Signatures, 'blsVerifyAggregate'>

/** A block that is right on the present head, executed, and perhaps never sealed. */
export interface KnownBlock extends Omit<FinalBlock, 'block'> {
  readonly block: Block
}

/** Nothing after such a block can be trusted: the node stops. */
export const invalidSealed = ({ hash, height }: BlockRef, detail: string): QuorateError =>
  new QuorateError(
    'invalid-sealed',
    `a quorum sealed block ${hash} at height ${height}, which this node finds wrong (${detail}): a third of the stake is faulty, or the programs differ; compare versions with other operators before you go on`,
  )

/** The valid blocks of the present height. */
export class KnownBlocks {
  readonly #byHash = new Map<Hash, KnownBlock>()
  /** Whether the machine may ask for this block. */
  readonly #isNamed: (of: Hash) => boolean
  #unnamed = new Set<Hash>()

  constructor(isNamed: (of: Hash) => boolean) {
    this.#isNamed = isNamed
  }

  get(of: Hash): KnownBlock | undefined {
    return this.#byHash.get(of)
  }
  /** Adds a block, or says that one is on its way to the machine again. */
  add(known: KnownBlock): void {
    this.#byHash.set(known.ref.hash, known)
    this.#unnamed.delete(known.ref.hash)
    if (this.#byHash.size <= MAX_KNOWN_BLOCKS) return
    // The oldest goes, but not what the machine has been told of.
    for (const of of this.#byHash.keys()) {
      if (of === known.ref.hash || this.#isNamed(of)) continue
      this.#byHash.delete(of)
      return
    }
  }
  /** The head moved to this height. */
  settle(height: number): void {
    for (const [of, { ref }] of this.#byHash) if (ref.height <= height) this.#byHash.delete(of)
  }
  /** Forgets what the machine does not name now and did not at the last sweep: what is newer may be on its way to it. */
  sweep(): void {
    for (const of of this.#unnamed) if (!this.#isNamed(of)) this.#byHash.delete(of)
    this.#unnamed = new Set([...this.#byHash.keys()].filter((of) => !this.#isNamed(of)))
  }
}

/**
 * Executes a block on the head and holds what comes out against its header. The signatures of its transactions and
 * whatever its header says of signatures were checked before, or a quorum has vouched for them.
 * @param isSealed a quorum has vouched for its evidence, too, but for that which says who the quorum is
 */
export function executeBlock(
  chain: Chain,
  block: Block,
  transactions: readonly PreparedTransaction[],
  signatures: EvidenceSignatures,
  isSealed = false,
): Verdict<KnownBlock> {
  const { header } = block
  const ref = refOf(chain.chainId, block)
  if (ref.parent !== chain.head.hash || ref.height !== chain.head.height + 1)
    return reject('unknown-parent', `block ${ref.height} extends ${ref.parent.slice(0, 8)}, the head is ${chain.head.hash.slice(0, 8)}`)
  if (ref.slot <= chain.head.slot) return reject('slot-not-above-parent', `slot ${ref.slot}, the parent's is ${chain.head.slot}`)
  const { length } = chain.sealing.quorum.members
  if (header.maker >= length) return reject('unknown-maker', `maker ${header.maker} of a quorum of ${length}`)
  if (merkleRoot(transactions.map(({ id }) => id)) !== header.transactionsRoot)
    return reject('wrong-transactions-root', 'the transactions are not those of the header')
  if (merkleRoot(block.evidence.map(evidenceId)) !== header.evidenceRoot)
    return reject('wrong-evidence-root', 'the evidence is not that of the header')
  const proven = proveAll(chain, block.evidence, isSealed ? null : signatures)
  if (proven.kind !== 'accept') return proven
  const recovered = recoveryBy(chain, block.evidence, signatures)
  if (recovered.kind !== 'accept') return recovered
  const recovery = recovered.value
  const parentSigners = header.parentSeal?.signers ?? null
  const context = { slot: ref.slot, maker: header.maker, ticket: ticketOf(header.proof), evidence: proven.value, parentSigners }
  const executed =
    recovery === null
      ? apply(chain.ledger, context, transactions)
      : apply({ ...chain.ledger, quorum: recovery.quorum }, { ...context, recovery: recovery.signingId }, transactions)
  if (executed.kind !== 'accept') return reject('bad-transaction', `${executed.code}: ${executed.detail}`)
  const transition = executed.value
  if (transition.stateRoot !== header.stateRoot)
    return reject(
      'wrong-state-root',
      `executing gives ${transition.stateRoot.slice(0, 8)}, the header says ${header.stateRoot.slice(0, 8)}`,
    )
  const { burnedMicroHours, quorum: nextQuorum } = transition.globals
  if (nextQuorum !== header.nextQuorum)
    return reject('wrong-next-quorum', `executing gives ${nextQuorum.slice(0, 8)}, the header says ${header.nextQuorum.slice(0, 8)}`)
  if (burnedMicroHours !== header.burnedMicroHours)
    return reject('wrong-burn', `executing gives ${burnedMicroHours}, the header says ${header.burnedMicroHours}`)
  return accept({ ref, block, transactions, transition, recovery })
}

function proveAll(chain: Chain, evidence: readonly Evidence[], signatures: EvidenceSignatures | null): Verdict<readonly ProvenEvidence[]> {
  const proofs: ProvenEvidence[] = []
  for (const one of evidence) {
    const checked = checkEvidence(chain.signingIdAt(one.first.statement.height), one, signatures)
    if (checked.kind !== 'accept') return reject('bad-evidence', `${checked.code}: ${checked.detail}`)
    proofs.push(checked.value)
  }
  return accept(proofs)
}
