import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { keyPath, loadKey, readKeyFile, type Unlock } from '../adapters/keys/key-files.ts'
import { peerIdOf } from '../adapters/libp2p/keys.ts'
import { takeLock } from '../adapters/store/lock.ts'
import { QuorateError } from '../base/errors.ts'
import { fromHex, type Hex } from '../base/hex.ts'
import type { Genesis } from '../wire/genesis.ts'
import { chainIdOf } from '../wire/ids.ts'
import type { Hash } from '../wire/types.ts'
import { apiFilePath, readApiFile } from './api-file.ts'
import { readGenesisFile } from './genesis-file.ts'
import type { NodeOptions } from './options.ts'
import { settleExchange } from './store-exchange.ts'

export interface DirectoryPaths {
  /** Absolute. */
  readonly directory: string
  readonly genesis: string
  /** The key-value store's own directory. */
  readonly store: string
  readonly guard: string
  /** The peers that `quorate init` was given. */
  readonly bootstrap: string
  /** The block that came with the network file. */
  readonly checkpoint: string
  /** Addresses of peers that worked. */
  readonly peers: string
  readonly api: string
  /** Held while a node runs on the directory. */
  readonly lock: string
}

export function directoryPaths(directory: string): DirectoryPaths {
  const absolute = resolve(directory)
  const inside = (name: string): string => join(absolute, name)
  return {
    directory: absolute,
    genesis: inside('genesis.json'),
    store: inside('store'),
    guard: inside('guard'),
    bootstrap: inside('bootstrap.json'),
    checkpoint: inside('checkpoint.json'),
    peers: inside('peers.json'),
    api: apiFilePath(absolute),
    lock: inside('lock'),
  }
}

/** All that a node reads from its directory before it starts. */
export interface NodeDirectory {
  readonly paths: DirectoryPaths
  readonly genesis: Genesis
  readonly chainId: Hash
  /** The ed25519 seed of the network key, 32 bytes. */
  readonly networkKey: Uint8Array
  readonly peerId: string
  /** Null unless the role is `verifier`; its secret is null where only the public part was asked for. */
  readonly verifierKey: { readonly publicKey: Hex; readonly secretKey: Hex | null } | null
  /** What a person should put right though the node can run, in whole sentences. */
  readonly warnings: readonly string[]
  /** Lets another node use the directory. The process's end does so too. */
  release(): Promise<void>
}

/** A verifier's key as it is needed: to sign, unlocked if it is encrypted, or its public part. */
export type VerifierKeyWanted = { readonly unlock: Unlock | undefined } | 'public'

/**
 * Locks a directory and loads what a node of this role needs from it. Each error says the next step. Rejects with QuorateError
 * `not-initialised`, `network-key-missing`, `directory-in-use`, `genesis-missing`, `not-verifier`, `guard-without-key`, `wrong-network-key`, or those of the key and genesis files.
 */
export async function openDirectory(
  directory: string,
  role: NodeOptions['role'],
  verifierKey: VerifierKeyWanted = { unlock: undefined },
): Promise<NodeDirectory> {
  const paths = directoryPaths(directory)
  if (!(await exists(keyPath(paths.directory, 'network')))) {
    if (await exists(keyPath(paths.directory, 'verifier')))
      throw new QuorateError(
        'network-key-missing',
        `${keyPath(paths.directory, 'network')} is missing, but there is a verifier key: put the network key back from a backup, or the other verifiers will not find this node`,
      )
    throw new QuorateError(
      'not-initialised',
      `${paths.directory} has no network key, so it is no node's directory yet: run \`quorate init --dir ${directory} --network FILE|URL\``,
    )
  }
  const lock = await takeLock(paths.lock)
  if (lock === undefined) {
    const other = await readApiFile(paths.directory)
    const who = other === undefined ? 'another node' : `another node (process ${other.pid}, ${other.url})`
    throw new QuorateError('directory-in-use', `${who} runs on ${paths.directory}: stop it first, or give this one its own --dir`)
  }
  try {
    await settleExchange(paths)
    return { paths, ...(await loadDirectory(paths, role, verifierKey)), release: () => lock.release() }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** As `openDirectory`, without the lock. Rejects as that does. */
export async function loadDirectory(
  paths: DirectoryPaths,
  role: NodeOptions['role'],
  wanted: VerifierKeyWanted,
): Promise<Omit<NodeDirectory, 'paths' | 'release'>> {
  const { directory } = paths
  const network = await loadKey(directory, 'network')
  if (!(await exists(paths.genesis))) {
    throw new QuorateError(
      'genesis-missing',
      `${directory} has no genesis.json, so the node does not know its network: run \`quorate init --dir ${directory} --network FILE|URL\` with the network's file`,
    )
  }
  const genesis = await readGenesisFile(paths.genesis)
  const networkKey = fromHex(network.secretKey)
  const peerId = await peerIdOf(networkKey)
  const verifier = role === 'verifier' ? await loadVerifierKey(paths, wanted) : null
  const warnings = [...network.warnings, ...(verifier?.warnings ?? [])]
  if (verifier !== null) {
    const entry = genesis.verifiers.find(({ blsKey }) => blsKey === verifier.publicKey)
    if (entry !== undefined && entry.peerId !== peerId) {
      throw new QuorateError(
        'wrong-network-key',
        `genesis says that this verifier has the peer id ${entry.peerId}, but ${keyPath(directory, 'network')} gives ${peerId}: ` +
          'put back the network key that genesis was made with, or the other verifiers will not find this node',
      )
    }
  }
  return { genesis, chainId: chainIdOf(genesis), networkKey, peerId, verifierKey: verifier, warnings }
}

/** Whether a node, or a command that takes its place, runs on it. A lock that cannot be looked at tells nothing: false. */
export async function isInUse(directory: string): Promise<boolean> {
  const { lock: path } = directoryPaths(directory)
  if (!(await exists(path))) return false
  try {
    const lock = await takeLock(path)
    await lock?.release()
    return lock === undefined
  } catch {
    return false
  }
}

async function loadVerifierKey(
  { directory, guard }: DirectoryPaths,
  wanted: VerifierKeyWanted,
): Promise<{ readonly publicKey: Hex; readonly secretKey: Hex | null; readonly warnings: readonly string[] }> {
  if (!(await exists(keyPath(directory, 'verifier')))) {
    if (await exists(guard)) {
      throw new QuorateError(
        'guard-without-key',
        `${keyPath(directory, 'verifier')} is missing, but ${guard} remembers what it has signed: put the key back from a backup, or start with \`--role full\` to follow without signing`,
      )
    }
    throw new QuorateError(
      'not-verifier',
      `${directory} has no verifier key: run \`quorate init --dir ${directory} --role verifier\`, or start with \`--role full\``,
    )
  }
  if (wanted !== 'public') return await loadKey(directory, 'verifier', wanted.unlock)
  return { ...(await readKeyFile(keyPath(directory, 'verifier'), 'verifier')), secretKey: null }
}

/** The role of whoever does not name one: a verifier by its key, or by the guard of a key that must have been lost. */
export async function ownRole(directory: string): Promise<'full' | 'verifier'> {
  const { guard, directory: absolute } = directoryPaths(directory)
  return (await exists(keyPath(absolute, 'verifier'))) || (await exists(guard)) ? 'verifier' : 'full'
}

export async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
