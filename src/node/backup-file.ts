import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectory } from '../adapters/store/files.ts'
import { QuorateError } from '../base/errors.ts'
import type { BackupHead } from './backup.ts'
import { exists } from './directory.ts'
import { checkBackup } from './restore.ts'

/**
 * Writes a backup to a file that did not exist, for its owner only, and reads it back; only then has it its name. Rejects with QuorateError
 * `backup-exists`, `backup-failed`, as what gives the bytes, or as `checkBackup`; then no file is left.
 * @param onBytes hears how many were written so far
 */
export async function writeBackupFile(
  path: string,
  source: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void = () => {},
): Promise<{ readonly head: BackupHead; readonly bytes: number }> {
  if (await exists(path)) throw new QuorateError('backup-exists', `${path} is there already and was left as it is: give another --out`)
  const part = `${path}.part`
  let bytes = 0
  try {
    await rm(part, { force: true })
    const handle = await failing(path, () => open(part, 'wx', 0o600))
    try {
      for await (const piece of source) {
        await failing(path, () => write(handle, piece))
        bytes += piece.length
        onBytes(bytes)
      }
      await failing(path, () => handle.sync())
    } finally {
      await handle.close()
    }
    const head = await checkBackup(part)
    await failing(path, () => rename(part, path))
    await syncDirectory(dirname(path))
    return { head, bytes }
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

async function write(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length; ) at += (await handle.write(piece, at)).bytesWritten
}

async function failing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new QuorateError('backup-failed', `${path} could not be written: ${(error as Error).message}`, { cause: error })
  }
}
