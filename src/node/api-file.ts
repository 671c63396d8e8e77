import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { QuorateError } from '../base/errors.ts'

/** Where a running node answers, and which process it is. */
export interface ApiFile {
  readonly url: string
  readonly pid: number
}

export const apiFilePath = (directory: string): string => join(directory, 'api.json')

/** Written next to its place and renamed, so that nobody reads half of it. */
export async function writeApiFile(directory: string, content: ApiFile): Promise<void> {
  const path = apiFilePath(directory)
  const draft = `${path}.${process.pid}`
  try {
    await writeFile(draft, `${JSON.stringify(content)}\n`, { mode: 0o644 })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw new QuorateError('api-file-failed', `${path} could not be written: ${text(error)}`, { cause: error })
  }
}

/** Removes it if it is this process's: another node may have taken over the directory since. */
export async function removeApiFile(directory: string): Promise<void> {
  const content = await readApiFile(directory)
  if (content?.pid === process.pid) await rm(apiFilePath(directory), { force: true })
}

/** Undefined if there is none. A node that was killed leaves one behind, so it is a hint, not a promise. */
export async function readApiFile(directory: string): Promise<ApiFile | undefined> {
  let content: unknown
  try {
    content = JSON.parse(await readFile(apiFilePath(directory), 'utf8'))
  } catch {
    return undefined
  }
  if (typeof content !== 'object' || content === null) return undefined
  const { url, pid } = content as Record<string, unknown>
  return typeof url === 'string' && typeof pid === 'number' ? { url, pid } : undefined
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error))
