import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Telemetry } from '../ports/telemetry.ts'

/** Addresses that worked, to dial first after a restart, as a network takes them and gives them back. */
export async function openPeersFile(
  path: string,
  telemetry: Telemetry,
): Promise<{ readonly rememberedPeers: readonly string[]; readonly onRememberPeers: (addresses: readonly string[]) => void }> {
  await removeDrafts(path)
  return {
    rememberedPeers: await readPeersFile(path),
    onRememberPeers: (addresses) => {
      writePeersFile(path, addresses).catch((error: unknown) =>
        telemetry.log('warn', 'network.peers-file-failed', { error: String(error) }),
      )
    },
  }
}

/** A hint: one that cannot be read is as good as none. */
async function readPeersFile(path: string): Promise<readonly string[]> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : []
  } catch {
    return []
  }
}

async function writePeersFile(path: string, addresses: readonly string[]): Promise<void> {
  // Two may be under way at once, each with a draft of its own.
  const draft = `${path}.${randomUUID().slice(0, 8)}`
  await writeFile(draft, `${JSON.stringify(addresses, undefined, 2)}\n`)
  await rename(draft, path)
}

/** Removes what a process that was killed while it wrote has left beside the file. */
async function removeDrafts(path: string): Promise<void> {
  const isDraft = (name: string): boolean => name.startsWith(`${basename(path)}.`) && /\.[0-9a-f]{8}$/.test(name)
  const names = await readdir(dirname(path)).catch(() => [])
  for (const name of names) if (isDraft(name)) await rm(join(dirname(path), name), { force: true })
}
