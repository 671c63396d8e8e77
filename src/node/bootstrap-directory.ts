import { mkdir, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import { createKey } from '../adapters/keys/key-files.ts'
import { peerIdOf } from '../adapters/libp2p/keys.ts'
import { QuorateError } from '../base/errors.ts'
import type { Genesis } from '../wire/genesis.ts'
import { chainIdOf } from '../wire/ids.ts'
import type { Hash } from '../wire/types.ts'
import { networkSeed } from './bootstrap.ts'
import { markOf, readChainMark, writeChainMark } from './chain-mark.ts'
import { exists } from './directory.ts'
import { readGenesisFile } from './genesis-file.ts'
import { readNetwork } from './network-file.ts'

export interface BootstrapSource {
  /** A network file, by path or URL. */
  readonly network: string | null
  /** What its chain id must be. */
  readonly chainId: Hash | null
  readonly genesis: string | null
}

/**
 * Makes what a bootstrap node's directory lacks: itself, the network key, and the name of the chain. Of a network file it keeps the peers too.
 * Rejects with QuorateError `chain-differs`, `directory-failed`, or those of the key, network and genesis files.
 */
export async function prepareBootstrap(directory: string, source: BootstrapSource): Promise<void> {
  const path = resolve(directory)
  const found = await wantedOf(source)
  const isKnown = (await exists(join(path, 'chain.json'))) || (await exists(join(path, 'genesis.json')))
  if (found !== null && isKnown) {
    const { name, chainId } = await readChainMark(path)
    if (chainId !== chainIdOf(found.genesis))
      throw new QuorateError(
        'chain-differs',
        `${path} is of another network (${name}, chain id ${chainId}): use another --dir for this one`,
      )
  }
  if (found === null && !isKnown)
    throw new QuorateError(
      'genesis-missing',
      `${path} does not say which network it is of: give --network FILE|URL or --genesis FILE, once`,
    )
  await makeKey(path)
  if (found !== null && !isKnown) await writeChainMark(path, markOf(found.genesis, chainIdOf(found.genesis)), null)
  const own = join(path, 'bootstrap.json')
  if (found !== null && found.bootstrap.length > 0 && !(await exists(own)))
    await writeFile(own, `${JSON.stringify({ peers: found.bootstrap }, undefined, 2)}\n`)
}

/**
 * The addresses to hand out, each with the peer id: those given, with the addresses of this machine in place of a wildcard. The directory and
 * its key are made if they are missing. Rejects with QuorateError of the key file, or `no-port` for an address whose port the system is to choose.
 */
export async function bootstrapAddresses(directory: string, addresses: readonly string[]): Promise<readonly string[]> {
  const path = resolve(directory)
  await makeKey(path)
  const peerId = await peerIdOf(await networkSeed(path, { directory, unlock: undefined }))
  const open = addresses.find((address) => /\/tcp\/0(\/|$)/.test(address))
  if (open !== undefined)
    throw new QuorateError(
      'no-port',
      `${open} leaves the port to the system, so nobody knows it before the start: name one with --listen or --announce`,
    )
  return addresses.flatMap(spread).map((address) => (address.includes('/p2p/') ? address : `${address}/p2p/${peerId}`))
}

/** An address that stands for all of this machine becomes those. */
function spread(address: string): readonly string[] {
  const [, family] = /^\/(ip4\/0\.0\.0\.0|ip6\/::)\//.exec(address) ?? []
  if (family === undefined) return [address]
  const isFour = family.startsWith('ip4')
  const own = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => entry.family === (isFour ? 'IPv4' : 'IPv6') && !entry.internal && !entry.address.startsWith('fe80:'))
  return own.map((entry) => address.replace(family, `${isFour ? 'ip4' : 'ip6'}/${entry.address}`))
}

async function wantedOf({
  network,
  chainId,
  genesis,
}: BootstrapSource): Promise<{ readonly genesis: Genesis; readonly bootstrap: readonly string[] } | null> {
  if (network !== null) return await readNetwork(network, chainId)
  return genesis === null ? null : { genesis: await readGenesisFile(genesis), bootstrap: [] }
}

async function makeKey(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new QuorateError('directory-failed', `${path} could not be made: ${(error as Error).message}`, { cause: error })
  }
  if (!(await exists(join(path, 'network.key')))) await createKey(path, 'network')
}
