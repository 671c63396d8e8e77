import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { QuorateError } from '../base/errors.ts'
import { isHex } from '../base/hex.ts'
import type { Genesis } from '../wire/genesis.ts'
import type { Hash } from '../wire/types.ts'

/** All that a bootstrap node needs to know of its chain. */
export interface ChainMark {
  readonly name: string
  readonly chainId: Hash
  /** Time of slot 0, ms since 1970. */
  readonly timeMs: number
  readonly slotMs: number
}

const chainMarkPath = (directory: string): string => join(directory, 'chain.json')

export const markOf = (genesis: Genesis, chainId: Hash): ChainMark => ({
  name: genesis.name,
  chainId,
  timeMs: genesis.timeMs,
  slotMs: genesis.parameters.slotMs,
})

/**
 * The chain of a directory: what `chain.json` says, as long as it was made of the genesis that is there. Reading and checking a genesis takes
 * memory and the signature libraries, for four numbers: so it is done once. Rejects with QuorateError `genesis-missing` or as reading a genesis does.
 */
export async function readChainMark(directory: string): Promise<ChainMark> {
  const path = chainMarkPath(directory)
  const genesisPath = join(directory, 'genesis.json')
  const stored = await readStored(path)
  const fileHash = await hashOf(genesisPath)
  if (stored !== null && (fileHash === null || fileHash === stored.genesisFile)) return stored.mark
  if (fileHash === null) {
    throw new QuorateError(
      'genesis-missing',
      `${directory} has no genesis.json, so the node does not know its network: run \`quorate bootstrap --dir ${directory}\` with --network or --genesis`,
    )
  }
  const { readGenesisFile } = await import('./genesis-file.ts')
  const { chainIdOf } = await import('../wire/ids.ts')
  const genesis = await readGenesisFile(genesisPath)
  const mark = markOf(genesis, chainIdOf(genesis))
  await writeChainMark(directory, mark, fileHash)
  return mark
}

/** @param genesisFile sha256 of the `genesis.json` beside it; null if there is none */
export async function writeChainMark(directory: string, mark: ChainMark, genesisFile: Hash | null): Promise<void> {
  const path = chainMarkPath(directory)
  const draft = `${path}.${randomUUID().slice(0, 8)}`
  try {
    await writeFile(draft, `${JSON.stringify({ ...mark, genesisFile }, undefined, 2)}\n`)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw new QuorateError('chain-file-failed', `${path} could not be written: ${(error as Error).message}`, { cause: error })
  }
}

/** Null if there is none, or it is not what was written: then it is made anew. */
async function readStored(path: string): Promise<{ readonly mark: ChainMark; readonly genesisFile: string | null } | null> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { name, chainId, timeMs, slotMs, genesisFile } = value as Record<string, unknown>
  const isWhole = typeof name === 'string' && isHex(chainId, 32) && Number.isSafeInteger(timeMs) && Number.isSafeInteger(slotMs)
  if (!isWhole || !(genesisFile === null || typeof genesisFile === 'string')) return null
  return { mark: { name, chainId, timeMs: Number(timeMs), slotMs: Number(slotMs) }, genesisFile }
}

/** sha256 of a file, without holding it in memory; null if there is none. */
async function hashOf(path: string): Promise<Hash | null> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path), hash)
    return hash.digest('hex')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new QuorateError('genesis-failed', `${path} could not be read: ${(error as Error).message}`, { cause: error })
  }
}
