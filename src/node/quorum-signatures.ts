import { accept, ignore, reject, type Verdict } from '../base/verdict.ts'
import { enoughStake, stakeOf } from '../consensus/quorum.ts'
import type { Signatures } from '../crypto/signatures.ts'
import type { Quorum } from '../wire/quorum.ts'
import { statementMessage } from '../wire/signing.ts'
import type { AggregateSignature, Certificate, Hash, Statement } from '../wire/types.ts'
import { MAX_CHECKED_SIGNATURES } from './bounds.ts'
import type { Chain } from './chain.ts'
import type { Heard } from './heard.ts'

/**
 * Checks what members of a quorum signed. Good results are remembered, because the same certificate comes in
 * requests, in gossip and in headers; and whoever has to know what was signed hears of them.
 */
export class QuorumSignatures {
  readonly #chain: Pick<Chain, 'signingIdAt' | 'isDisputed'>
  readonly #signatures: Signatures
  readonly #heard: Pick<Heard, 'note'>
  readonly #checked = new Set<string>()

  constructor(chain: Pick<Chain, 'signingIdAt' | 'isDisputed'>, signatures: Signatures, heard: Pick<Heard, 'note'>) {
    this.#chain = chain
    this.#signatures = signatures
    this.#heard = heard
  }

  /** Whether all named members signed the statement; `reject` with `unknown-signer`, `no-signers` or `bad-signature`. */
  checkSigners(
    quorum: Quorum,
    statement: Statement,
    aggregate: AggregateSignature,
    signingId = this.#chain.signingIdAt(statement.height),
  ): Verdict {
    return this.#judge(statement, this.#checkSigners(quorum, statement, aggregate, signingId))
  }

  /** As `checkSigners`, and their stake is enough; else `not-enough-stake`. */
  checkCertificate(quorum: Quorum, { statement, aggregate }: Certificate, signingId?: Hash): Verdict {
    const stakes = quorum.members.map((member) => member.stakeDroplets)
    const stake = stakeOf(stakes, aggregate.signers)
    const enough = enoughStake(quorum.totalStakeDroplets)
    if (stake < enough) return this.#judge(statement, reject('not-enough-stake', `${stake} droplets of stake signed, ${enough} are needed`))
    return this.checkSigners(quorum, statement, aggregate, signingId)
  }

  /** After a fork, who signs the next height, and with what, depends on whom a node knows to be guilty: nobody is blamed for another view. */
  #judge({ height }: Statement, verdict: Verdict): Verdict {
    return verdict.kind === 'reject' && this.#chain.isDisputed(height) ? ignore('other-recovery', verdict.detail) : verdict
  }

  #checkSigners(quorum: Quorum, statement: Statement, aggregate: AggregateSignature, signingId: Hash): Verdict {
    const members = aggregate.signers.map((signer) => quorum.members[signer])
    if (members.length === 0) return reject('no-signers', 'nobody signed')
    const keys: string[] = []
    for (const member of members) {
      if (member === undefined) return reject('unknown-signer', `a signer beyond the quorum of ${quorum.members.length}`)
      keys.push(member.blsKey)
    }
    const message = statementMessage(signingId, statement)
    const memory = `${signingId}${quorum.hash}${aggregate.signers.join()}${aggregate.signature}${JSON.stringify(statement)}`
    if (this.#checked.has(memory)) return accept(undefined)
    if (!this.#signatures.blsVerifyAggregate(keys, message, aggregate.signature))
      return reject('bad-signature', `the signature of ${keys.length} over ${statement.kind} at height ${statement.height} is wrong`)
    if (this.#checked.size >= MAX_CHECKED_SIGNATURES) this.#checked.clear()
    this.#checked.add(memory)
    this.#heard.note(quorum, statement, aggregate)
    return accept(undefined)
  }
}
