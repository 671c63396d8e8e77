import { randomBytes } from 'node:crypto'
import { link, open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { QuorateError } from '../base/errors.ts'
import { isHex } from '../base/hex.ts'

const TOKEN_BYTES = 32

const apiTokenPath = (directory: string): string => join(directory, 'api.token')

/**
 * What a program must have to change a running node: whoever can read the file may. Made if it is missing, with mode 600 from the
 * beginning. Rejects with QuorateError `api-token-failed` and `api-token-open`.
 */
export async function ownApiToken(directory: string): Promise<string> {
  const path = apiTokenPath(directory)
  const found = await readApiToken(directory)
  if (found !== undefined) {
    const { mode } = await stat(path)
    if ((mode & 0o077) === 0) return found
    throw new QuorateError(
      'api-token-open',
      `${path} can be read by others (mode ${(mode & 0o777).toString(8)}), who could change this node: delete it, the next start makes another`,
    )
  }
  const draft = `${path}.${process.pid}`
  try {
    const token = randomBytes(TOKEN_BYTES).toString('hex')
    await rm(draft, { force: true })
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(`${token}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    // A whole file takes its place, and never that of another.
    await link(draft, path)
    return token
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    const why = isThere ? 'what is there is no token; delete it' : error instanceof Error ? error.message : String(error)
    throw new QuorateError('api-token-failed', `${path} could not be written: ${why}`, { cause: error })
  } finally {
    await rm(draft, { force: true })
  }
}

/** Undefined if there is none, or none that can be read or is one. */
export async function readApiToken(directory: string): Promise<string | undefined> {
  try {
    const text = (await readFile(apiTokenPath(directory), 'utf8')).trim()
    return isHex(text, TOKEN_BYTES) ? text : undefined
  } catch {
    return undefined
  }
}
