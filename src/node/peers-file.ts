import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'

/** Addresses that worked, to dial first after a restart. A hint: one that cannot be read is as good as none. */
export async function readPeersFile(path: string): Promise<readonly string[]> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : []
  } catch {
    return []
  }
}

export async function writePeersFile(path: string, addresses: readonly string[]): Promise<void> {
  // Two may be under way at once, each with a draft of its own.
  const draft = `${path}.${randomUUID().slice(0, 8)}`
  await writeFile(draft, `${JSON.stringify(addresses, undefined, 2)}\n`)
  await rename(draft, path)
}
