import { access, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createLibp2pNetwork } from '../adapters/libp2p/index.ts'
import { QuorateError } from '../base/errors.ts'
import { fromHex, isHex } from '../base/hex.ts'
import { chainLabel } from '../wire/ids.ts'
import { BootstrapView } from './bootstrap-view.ts'
import { HEALTH_INTERVAL_MS } from './bounds.ts'
import { readChainMark } from './chain-mark.ts'
import { Health } from './health.ts'
import type { NodeOptions } from './options.ts'
import { openPeersFile } from './peers-file.ts'
import { type Closers, closeAll, type RunningNode } from './running.ts'

/**
 * Starts a node that only helps others to find each other: its network key and the name of its chain are all that it has, no ledger and
 * no database. Rejects with a QuorateError that says the next step; then nothing is left running.
 */
export async function startBootstrap(options: NodeOptions): Promise<RunningNode> {
  const closers: Closers = []
  const stop = (): Promise<void> => closeAll(closers, options.telemetry)
  try {
    return await assemble(options, closers, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function assemble(options: NodeOptions, closers: Closers, stop: () => Promise<void>): Promise<RunningNode> {
  const { telemetry, listen, announce, bootstrap, scope } = options
  const directory = resolve(options.directory)
  const privateKey = await networkSeed(directory, options)
  const lock = await lockDirectory(directory)
  closers.push(() => lock.release())
  const mark = await readChainMark(directory)
  const peersFile = join(directory, 'peers.json')
  const network = await (options.createNetwork ?? createLibp2pNetwork)({
    chainName: chainLabel(mark.name, mark.chainId),
    ...{ privateKey, listen, announce, bootstrap, scope, telemetry },
    role: 'bootstrap',
    ...(await openPeersFile(peersFile, telemetry)),
  })
  const health = new Health(directory, null)
  closers.push(() => health.stop())
  const view = new BootstrapView({ mark, network, telemetry, health })
  await network.start()
  closers.push(() => network.stop())
  const timer = setInterval(() => view.endMinute(), HEALTH_INTERVAL_MS)
  closers.push(() => clearInterval(timer))
  // A bootstrap node has nothing that it could not go on without: what fails, fails at its start.
  const failure = new Promise<QuorateError>(() => {})
  return { view, stop, failure }
}

/**
 * The seed of the network key. A plain key file is read here, without the signature libraries; libp2p derives the public half, and no file holds
 * another than its own unless somebody wrote it by hand. An encrypted one takes the way of all keys.
 */
export async function networkSeed(directory: string, options: Pick<NodeOptions, 'directory' | 'unlock'>): Promise<Uint8Array> {
  const path = join(directory, 'network.key')
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (!isThere) {
    throw new QuorateError(
      'not-initialised',
      `${directory} has no network key, so it is no node's directory yet: run \`quorate bootstrap --dir ${options.directory}\` with --network or --genesis`,
    )
  }
  const seed = plainSeed(await readFile(path, 'utf8').catch(() => ''))
  if (seed !== null) return fromHex(seed)
  const { loadKey } = await import('../adapters/keys/key-files.ts')
  return fromHex((await loadKey(directory, 'network', options.unlock)).secretKey)
}

function plainSeed(text: string): string | null {
  try {
    const { kind, version, secretKey } = JSON.parse(text)
    return kind === 'network' && version === 1 && isHex(secretKey, 32) ? secretKey : null
  } catch {
    return null
  }
}

async function lockDirectory(directory: string): Promise<{ release(): Promise<void> }> {
  const { takeLock } = await import('../adapters/store/lock.ts')
  const lock = await takeLock(join(directory, 'lock'))
  if (lock === undefined)
    throw new QuorateError('directory-in-use', `another node runs on ${directory}: stop it first, or give this one its own --dir`)
  return lock
}
