import { invariant } from '../base/errors.ts'
import { account } from '../ledger/account.ts'
import { globals as globalsCodec } from '../ledger/globals.ts'
import { type SnapshotManifest, snapshotManifest } from '../ledger/snapshot.ts'
import { readSubtree } from '../ledger/subtree.ts'
import type { Store, Write } from '../ports/store.ts'
import { decode, encode, u64 } from '../wire/codec.ts'
import { blockHash, transactionId } from '../wire/ids.ts'
import { quorumMembers } from '../wire/quorum.ts'
import { type Hash, type SignedBlock, signedBlock } from '../wire/types.ts'
import { inTurns } from './in-turns.ts'
import { keys } from './keyspace.ts'
import { corrupt, decodeStored, place, putPunished } from './stored.ts'

/**
 * Makes the state of a snapshot that of the chain, in a store that is at genesis and has all of its parts. `signed` is the
 * block of the snapshot. The mark goes in first and out with the last write, so whatever is broken off is gone through again.
 */
export async function installSnapshot(store: Store, chainId: Hash, signed: SignedBlock, manifest: SnapshotManifest): Promise<void> {
  const { height } = signed.header
  invariant(manifest.height === height, 'the block is that of the snapshot')
  await store.write(
    [
      { kind: 'put', key: keys.installing, value: encode(u64, height) },
      // From here on it is one of this node's own: the next start has it above no head, since it installs before it looks.
      { kind: 'put', key: keys.snapshot(height), value: encode(snapshotManifest, manifest) },
      { kind: 'del', key: keys.download },
      { kind: 'put', key: keys.block(height), value: encode(signedBlock, signed) },
      { kind: 'put', key: keys.blockHeight(blockHash(chainId, signed.header)), value: encode(u64, height) },
      ...putPunished(signed),
      ...signed.transactions.map(
        (transaction, index): Write => ({
          ...{ kind: 'put', key: keys.transaction(transactionId(transaction)) },
          value: encode(place, { height, index }),
        }),
      ),
    ],
    { durable: true },
  )
  await resumeInstall(store)
}

/** Brings to its end what `installSnapshot` began before a crash; nothing to do else. @throws QuorateError `store-corrupt` */
export async function resumeInstall(store: Store): Promise<void> {
  const mark = store.get(keys.installing)
  if (mark === undefined) return
  const height = decodeStored('the mark of a snapshot', () => decode(u64, mark))
  const bytes = store.get(keys.snapshot(height))
  if (bytes === undefined) throw corrupt(`the manifest of the snapshot at height ${height} is missing`)
  const { depth, globals, quorum, headQuorum } = decodeStored('a manifest', () => decode(snapshotManifest, bytes))
  for (let index = 0; index < 1 << depth; index++) {
    const chunk = store.get(keys.snapshotChunk(height, index))
    if (chunk === undefined) throw corrupt(`part ${index} of the snapshot at height ${height} is missing`)
    const read = await inTurns(readSubtree(chunk, depth, index))
    if (read.kind !== 'accept') throw corrupt(`part ${index} of the snapshot at height ${height}: ${read.detail}`)
    const writes = read.value.accounts.map(
      ([address, value]): Write => ({ kind: 'put', key: keys.account(address), value: encode(account, value) }),
    )
    await store.write(writes, { durable: false })
  }
  await store.write(
    [
      // The quorum of genesis signs nothing that is here.
      { kind: 'del', key: keys.term(1) },
      { kind: 'put', key: keys.term(height), value: encode(quorumMembers, headQuorum) },
      ...(globals.quorum === globals.headQuorum
        ? []
        : [{ kind: 'put', key: keys.term(height + 1), value: encode(quorumMembers, quorum) } as const]),
      { kind: 'put', key: keys.globals, value: encode(globalsCodec, globals) },
      { kind: 'put', key: keys.head, value: encode(u64, height) },
      { kind: 'put', key: keys.first, value: encode(u64, height) },
      { kind: 'del', key: keys.installing },
    ],
    { durable: true },
  )
}
