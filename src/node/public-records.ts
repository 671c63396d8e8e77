import { ignore, reject, type Verdict } from '../base/verdict.ts'
import type { Input } from '../consensus/types.ts'
import { decode, WireError } from '../wire/codec.ts'
import { type PublicRecord, publicRecord } from '../wire/types.ts'
import type { Chain } from './chain.ts'
import type { Heard } from './heard.ts'
import type { QuorumSignatures } from './quorum-signatures.ts'

/** Validates a message of the topic `evidence`; the checks are those of `protocols/evidence.md`. */
export function validateRecord(
  data: Uint8Array,
  chain: Chain,
  quorumSignatures: QuorumSignatures,
  heard: Heard,
  feed: (input: Input) => void,
): Verdict<unknown> {
  let record: PublicRecord
  try {
    record = decode(publicRecord, data)
  } catch (error) {
    // [REJECT] malformed: no canonical bytes within the bounds.
    if (error instanceof WireError) return reject('malformed', error.message)
    throw error
  }
  const { certificate } = record
  const { statement } = certificate
  // [REJECT] wrong-kind: only votes and locks leave certificates behind that a height still needs.
  if (statement.kind !== 'vote' && statement.kind !== 'lock') return reject('wrong-kind', statement.kind)
  // [IGNORE] old-height, future-height: another height than the one that is being worked on.
  const height = chain.head.height + 1
  if (statement.height !== height)
    return ignore(statement.height < height ? 'old-height' : 'future-height', `height ${statement.height}, working on ${height}`)
  // [REJECT] not-enough-stake, unknown-signer, no-signers, bad-signature.
  const checked = quorumSignatures.checkCertificate(chain.quorum, certificate)
  if (checked.kind !== 'accept') return checked
  heard.note(chain.quorum, statement, certificate.aggregate)
  feed({ kind: 'certificate', certificate })
  return checked
}
