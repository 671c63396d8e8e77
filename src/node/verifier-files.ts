import { createSigner } from '../adapters/keys/signer.ts'
import { openGuardFile } from '../adapters/store/guard-file.ts'
import { readHandovers } from '../adapters/store/handed-over.ts'
import { invariant, QuorateError } from '../base/errors.ts'
import { emptyRecord, type GuardRecord, guardRecord } from '../consensus/guard.ts'
import type { GuardFile } from '../ports/store.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import { decode } from '../wire/codec.ts'
import type { Chain } from './chain.ts'
import type { DirectoryPaths, NodeDirectory } from './directory.ts'
import type { NodeOptions } from './options.ts'
import type { Verifier } from './runner.ts'

/** The verifier's key and guard; none without a key. Whether it is in the quorum is for the elections to say. */
export async function openVerifier(
  directory: NodeDirectory,
  closers: (() => Promise<void> | void)[],
): Promise<{ readonly verifier: Verifier | null; readonly record: GuardRecord; readonly doubtful: boolean }> {
  const { secretKey = null, publicKey } = directory.verifierKey ?? {}
  if (publicKey === undefined) return { verifier: null, record: emptyRecord, doubtful: false }
  invariant(secretKey !== null, 'a verifier is opened with its secret key')
  await checkHandedOver(directory.paths)
  const guard: GuardFile = await openGuardFile(directory.paths.guard)
  closers.push(() => guard.close())
  const read = await guard.read()
  if (read.state === 'missing')
    throw new QuorateError(
      'guard-missing',
      `${directory.paths.guard} is missing: without the record of what this key has signed it must not sign. Put the file back from where it was lost; if the key was never used, make a new directory with \`quorate init --role verifier\``,
    )
  const record = decodeGuard(read.record, directory.paths.guard)
  return { verifier: { signer: createSigner(secretKey), publicKey, guard }, record, doubtful: read.state === 'doubtful' }
}

/** Where it stands that the guard was handed over to another directory. */
export const handedOverPath = ({ guard }: Pick<DirectoryPaths, 'guard'>): string => `${guard}.handed-over`

/** Rejects with QuorateError `guard-handed-over`. */
export async function checkHandedOver(paths: Pick<DirectoryPaths, 'directory' | 'guard'>): Promise<void> {
  const last = (await readHandovers(handedOverPath(paths))).at(-1)
  if (last === undefined) return
  throw new QuorateError(
    'guard-handed-over',
    `the guard of ${paths.directory} was handed over at ${new Date(last.atMs).toISOString()} into ${last.file}, so this directory signs nothing any more. ` +
      'Import that file in the new directory with `quorate guard import`. To verify here again: if nobody has imported it, ' +
      `\`quorate guard import --dir ${paths.directory} --take-back ${last.file}\`; else stop the verifier there, export its guard, and import that. To follow without signing start with \`--role full\``,
  )
}

/** The record in a guard's bytes; none means that nothing was signed. @throws QuorateError `guard-corrupt` */
export function decodeGuard(bytes: Uint8Array, path: string): GuardRecord {
  if (bytes.length === 0) return emptyRecord
  try {
    return decode(guardRecord, bytes)
  } catch (error) {
    throw new QuorateError(
      'guard-corrupt',
      `${path} holds no signing record of this version: this key signs nothing until the file is put back`,
      { cause: error },
    )
  }
}

/** Holds the blocks that are here against the checkpoint. @throws QuorateError `wrong-checkpoint` */
export function checkCheckpoint(chain: Chain, checkpoint: NodeOptions['checkpoint'], telemetry: Telemetry): void {
  if (checkpoint === null || checkpoint.height > chain.head.height) return
  if (checkpoint.height < chain.firstHeight) {
    const detail = `this node has blocks from height ${chain.firstHeight} on, so it cannot be compared with a checkpoint at height ${checkpoint.height}`
    return telemetry.log('warn', 'sync.checkpoint-unchecked', { detail })
  }
  if (chain.heightOf(checkpoint.hash) === checkpoint.height) return
  throw new QuorateError(
    'wrong-checkpoint',
    `this directory has another block than ${checkpoint.hash} at height ${checkpoint.height}: check the checkpoint, or move store/ away and sync again`,
  )
}
