import { concatBytes } from '../base/bytes.ts'
import { fromHex, type Hex, isHex, toHex } from '../base/hex.ts'
import { accept, reject, type Verdict } from '../base/verdict.ts'
import { sha256, sha256Hex } from '../crypto/sha256.ts'
import { encode } from '../wire/codec.ts'
import type { Address, Hash } from '../wire/types.ts'
import type { Account } from './account.ts'
import { bucketOf, STATE_TREE_DEPTH } from './account-tree.ts'
import { globals as globalsCodec } from './globals.ts'
import type { LedgerState } from './state.ts'
import { atOnce, encodeSubtree, readSubtree } from './subtree.ts'

/** What shows, with nothing but a state root, what an address holds, or that the ledger does not know it. */
export interface AccountProof {
  /** All accounts of the address's bucket: `address ‖ account`, ascending. */
  readonly bucket: Hex
  /** Hashes beside the way from the bucket to the root of the accounts, the lowest first. */
  readonly siblings: readonly Hash[]
  /** sha256 of the state's globals. */
  readonly globalsHash: Hash
}

export function proveAccount(state: LedgerState, of: Address): AccountProof {
  const bucket = bucketOf(of)
  return {
    bucket: toHex(atOnce(encodeSubtree(state.accounts, STATE_TREE_DEPTH, bucket)).bytes),
    siblings: state.accounts.siblings(bucket),
    globalsHash: sha256Hex(encode(globalsCodec, state.globals)),
  }
}

/**
 * What a proof says of an address: its account as of the block with that state root, or null if there is none. `reject` with
 * `malformed`, `wrong-order`, `wrong-bucket` or `wrong-root` for everything else than the one proof that there is.
 * @internal A node gives proofs and takes none: this is what tests hold them to, and `examples/verify-account.mjs`.
 */
export function checkAccountProof(stateRoot: Hash, of: Address, proof: AccountProof): Verdict<Account | null> {
  // protocols/snapshots.md A2: whoever reads a proof has it from somebody that he does not trust.
  const { bucket, siblings, globalsHash } = proof
  if (!isHex(bucket, Math.floor(bucket.length / 2)) || !isHex(globalsHash, 32))
    return reject('malformed', 'bucket or globals are no lower-case hex')
  if (siblings.length !== STATE_TREE_DEPTH || !siblings.every((sibling) => isHex(sibling, 32)))
    return reject('malformed', `${siblings.length} siblings, ${STATE_TREE_DEPTH} hashes needed`)
  const bytes = fromHex(bucket)
  const index = bucketOf(of)
  const read = atOnce(readSubtree(bytes, STATE_TREE_DEPTH, index))
  if (read.kind !== 'accept') return read
  let node = fromHex(read.value.root)
  for (const [level, sibling] of siblings.entries())
    node = sha256(concatBytes((index >> level) & 1 ? [fromHex(sibling), node] : [node, fromHex(sibling)]))
  const found = sha256Hex(concatBytes([node, fromHex(globalsHash)]))
  if (found !== stateRoot) return reject('wrong-root', `the proof gives state root ${found.slice(0, 8)}, not ${stateRoot.slice(0, 8)}`)
  return accept(read.value.accounts.find(([address]) => address === of)?.[1] ?? null)
}
