import { randomBytes } from 'node:crypto'
import { readFile, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { QuorateError } from '../../base/errors.ts'
import { createFile, errorCode, syncDirectory } from './files.ts'

/** One time that a signing guard was handed over. */
export interface Handover {
  /** Of the file that was given out. */
  readonly exportId: string
  readonly atMs: number
  /** Where that file was put, as it was named then. */
  readonly file: string
}

/** The times that a guard was handed over since it last signed here, oldest first; empty if it was not. Rejects with QuorateError `guard-handed-over`. */
export async function readHandovers(path: string): Promise<readonly Handover[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
  try {
    const { handovers } = JSON.parse(text) as { readonly handovers: readonly Handover[] }
    if (Array.isArray(handovers) && handovers.length > 0) return handovers
  } catch {
    // Said below.
  }
  throw new QuorateError(
    'guard-handed-over',
    `${path} says that the guard of this directory was handed over, and nothing more that can be read: if the verifier runs nowhere else, and this is its newest record, remove that file`,
  )
}

/** Marks a guard as handed over; on disk when it resolves. Rejects with the system's error. */
export async function writeHandovers(path: string, handovers: readonly Handover[]): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}`
  await createFile(temporary, new TextEncoder().encode(`${JSON.stringify({ handovers }, undefined, 2)}\n`), 0o600)
  await rename(temporary, path)
  await syncDirectory(dirname(path))
}

/** Lifts the mark; on disk when it resolves. */
export async function removeHandovers(path: string): Promise<void> {
  await unlink(path)
  await syncDirectory(dirname(path))
}
