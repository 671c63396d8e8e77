import { evidenceOf } from '../../src/consensus/evidence.ts'
import { nativeSignatures as crypto } from '../../src/crypto/native.ts'
import type { OffenceKind } from '../../src/wire/evidence.ts'
import { statementMessage } from '../../src/wire/signing.ts'
import type { Evidence, Hash, SignedStatement, Statement } from '../../src/wire/types.ts'
import { sampleHex } from './format.ts'
import type { VerifierKeys } from './samples.ts'

const [A, B] = ['a', 'b'].map((name) => sampleHex(`block ${name}`, 32)) as [Hash, Hash]

export const candidate = (height: number, slot: number, block = A, validSlot: number | null = null): Statement => ({
  ...{ kind: 'candidate', height, slot },
  ...{ block, validSlot },
})
export const vote = (height: number, slot: number, block = A, validSlot: number | null = null): Statement => ({
  ...{ kind: 'vote', height, slot },
  ...{ block, validSlot },
})
export const lock = (height: number, slot: number, block = A): Statement => ({ kind: 'lock', height, slot, block })
export const seal = (height: number, block = A): Statement => ({ kind: 'seal', height, block })
export const blocks = { A, B }

/** Two statements of a height that no honest verifier makes both; of slot 40, a lock of slot 39. */
export const offences: Readonly<Record<OffenceKind, (height: number) => readonly [Statement, Statement]>> = {
  'double-candidate': (height) => [candidate(height, 40, A), candidate(height, 40, B)],
  'double-vote': (height) => [vote(height, 40, A), vote(height, 40, B)],
  'double-lock': (height) => [lock(height, 40, A), lock(height, 40, B)],
  'double-seal': (height) => [seal(height, A), seal(height, B)],
  amnesia: (height) => [lock(height, 39, A), vote(height, 40, B)],
}

/** A statement with everybody's real signature in one. */
export function signedBy(chainId: Hash, statement: Statement, ...signers: readonly VerifierKeys[]): SignedStatement {
  const message = statementMessage(chainId, statement)
  return {
    statement,
    keys: signers.map(({ publicKey }) => publicKey).sort(),
    signature: crypto.blsAggregate(signers.map(({ secretKey }) => crypto.blsSign(secretKey, message))),
  }
}

/** What proves that these signed both statements, each with others besides. */
export function evidenceBy(
  chainId: Hash,
  [left, right]: readonly [Statement, Statement],
  guilty: readonly VerifierKeys[],
  { first = [], second = [] }: { readonly first?: readonly VerifierKeys[]; readonly second?: readonly VerifierKeys[] } = {},
): Evidence {
  return evidenceOf(signedBy(chainId, left, ...guilty, ...first), signedBy(chainId, right, ...guilty, ...second))
}
