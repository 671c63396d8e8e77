import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createFile, errorCode, errorText, syncDirectory } from '../adapters/store/files.ts'
import { QuorateError } from '../base/errors.ts'
import { isHex } from '../base/hex.ts'
import type { Address } from '../wire/types.ts'

/** One payment. `source` is the address of who asked, as `sourceOf` has it. */
export interface Grant {
  readonly atMs: number
  readonly address: Address
  readonly source: string
  readonly droplets: number
}

/** Some hundred thousand grants: more than that is no faucet's log. */
const MAX_FILE_BYTES = 64 * 1024 * 1024

/**
 * What was given, a line each, on disk before anything is sent: after a crash it may say more than was paid, never less. Who asked is in it
 * as long as a limit needs it.
 */
export class FaucetLog {
  readonly #path: string
  readonly #handle: FileHandle
  #grants: readonly Grant[]

  private constructor(path: string, handle: FileHandle, grants: readonly Grant[]) {
    this.#path = path
    this.#handle = handle
    this.#grants = grants
  }

  /** Leaves out what is older than `sinceMs`. Rejects with QuorateError `faucet-log-failed` or `faucet-log-damaged`. */
  static async open(path: string, sinceMs: number): Promise<FaucetLog> {
    try {
      const grants = (await readGrants(path)).filter(({ atMs }) => atMs >= sinceMs)
      const draft = `${path}.new`
      await rm(draft, { force: true })
      await createFile(draft, Buffer.from(grants.map(line).join('')), 0o600)
      await rename(draft, path)
      await syncDirectory(dirname(path))
      return new FaucetLog(path, await open(path, 'a'), grants)
    } catch (error) {
      if (error instanceof QuorateError) throw error
      throw failed(path, error)
    }
  }

  get grants(): readonly Grant[] {
    return this.#grants
  }

  /** On disk when it resolves. Rejects with QuorateError `faucet-log-failed`. */
  async add(grant: Grant, sinceMs: number): Promise<void> {
    await this.#append(line(grant))
    this.#grants = [...this.#grants.filter(({ atMs }) => atMs >= sinceMs), grant]
  }
  /** It was not paid after all. */
  async takeBack(grant: Grant): Promise<void> {
    await this.#append(line({ ...grant, droplets: -grant.droplets }))
    this.#grants = this.#grants.filter((one) => one !== grant)
  }
  close(): Promise<void> {
    return this.#handle.close()
  }

  async #append(text: string): Promise<void> {
    try {
      await this.#handle.appendFile(text)
      await this.#handle.datasync()
    } catch (error) {
      throw failed(this.#path, error)
    }
  }
}

const line = ({ atMs, address, source, droplets }: Grant): string => `${JSON.stringify([atMs, address, source, droplets])}\n`

const failed = (path: string, error: unknown): QuorateError =>
  new QuorateError('faucet-log-failed', `${path} could not be read or written: ${errorText(error)}. Without it the faucet gives nothing`, {
    cause: error,
  })

async function readGrants(path: string): Promise<readonly Grant[]> {
  let text: string
  try {
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES)
      throw new QuorateError('faucet-log-damaged', `${path} has ${size} bytes, which no faucet's log has: move it away`)
    const handle = await open(path, 'r')
    try {
      text = await handle.readFile('utf8')
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
  const lines = text.split('\n')
  // What follows the last line break was being written when the process ended, and nothing was sent for it.
  lines.pop()
  const grants: Grant[] = []
  for (const [index, one] of lines.entries()) {
    const grant = parse(one)
    if (grant === null)
      throw new QuorateError(
        'faucet-log-damaged',
        `${path} is damaged in line ${index + 1}: mend it, or move it away to begin without limits`,
      )
    if (grant.droplets >= 0) grants.push(grant)
    else removeLast(grants, grant)
  }
  return grants
}

function removeLast(grants: Grant[], taken: Grant): void {
  const at = grants.findLastIndex(
    ({ atMs, address, source }) => atMs === taken.atMs && address === taken.address && source === taken.source,
  )
  if (at >= 0) grants.splice(at, 1)
}

function parse(text: string): Grant | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const [atMs, address, source, droplets] = Array.isArray(value) ? (value as readonly unknown[]) : []
  return Number.isSafeInteger(atMs) && isHex(address, 20) && typeof source === 'string' && Number.isSafeInteger(droplets)
    ? { atMs: atMs as number, address, source, droplets: droplets as number }
    : null
}
