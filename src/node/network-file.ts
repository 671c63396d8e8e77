import { open, readFile, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import type { NodeStatus } from '../api/types.ts'
import { QuorateError } from '../base/errors.ts'
import { isHex } from '../base/hex.ts'
import { isPeerMultiaddr } from '../base/multiaddr.ts'
import type { Genesis } from '../wire/genesis.ts'
import { chainIdOf } from '../wire/ids.ts'
import type { Hash } from '../wire/types.ts'
import { directoryPaths, exists } from './directory.ts'
import { genesisDocument, MAX_GENESIS_FILE_BYTES, readGenesisDocument, readGenesisFile } from './genesis-file.ts'

const FORMAT = 'quorate-network'
const VERSION = 1
/** Of bootstrap peers: more than anybody dials at a start. */
const MAX_PEERS = 64
const MAX_PEER_LENGTH = 512
/** The genesis, and room for all else. */
const MAX_BYTES = MAX_GENESIS_FILE_BYTES + 256 * 1024
const DOWNLOAD_TIMEOUT_MS = 60_000

export interface Checkpoint {
  readonly height: number
  readonly hash: Hash
}

/** All that a node needs of a network to join it. */
export interface NetworkFile {
  readonly genesis: Genesis
  readonly chainId: Hash
  /** Multiaddrs with `/p2p/`. */
  readonly bootstrap: readonly string[]
  readonly checkpoint: Checkpoint | null
}

/** A network, and where it came from. */
export interface FoundNetwork extends NetworkFile {
  /** The path or URL. */
  readonly source: string
}

/** The document to hand out, a value for JSON. */
function networkDocument({ genesis, bootstrap, checkpoint }: Omit<NetworkFile, 'chainId'>): Readonly<Record<string, unknown>> {
  return {
    format: FORMAT,
    version: VERSION,
    name: genesis.name,
    chainId: chainIdOf(genesis),
    bootstrap,
    checkpoint,
    genesis: genesisDocument(genesis),
  }
}

/**
 * What a running node gives to who wants to join: its genesis, its own addresses (loopback only where there is no other), the bootstrap
 * peers that it was given, and its newest block as the checkpoint.
 */
export function networkFile(
  genesis: Genesis,
  { addresses, height, head }: Pick<NodeStatus, 'addresses' | 'height' | 'head'>,
  bootstrap: readonly string[],
): Readonly<Record<string, unknown>> {
  const others = addresses.filter((address) => !isLoopback(address))
  const own = (others.length > 0 ? others : addresses).filter(isPeerMultiaddr)
  return networkDocument({
    genesis,
    bootstrap: [...new Set([...own, ...bootstrap])].slice(0, MAX_PEERS),
    checkpoint: height === 0 ? null : { height, hash: head },
  })
}

const isLoopback = (address: string): boolean => /^\/(ip4\/127\.|ip6\/::1\/|dns[46]?\/localhost\/)/.test(address)

export const formatNetwork = (network: Omit<NetworkFile, 'chainId'>): string =>
  `${JSON.stringify(networkDocument(network), undefined, 2)}\n`

/** The network of a directory: its genesis, with its own bootstrap peers unless others are given. Rejects as reading its files does. */
export async function directoryNetwork(
  directory: string,
  { bootstrap, checkpoint }: { readonly bootstrap: readonly string[] | null; readonly checkpoint: Checkpoint | null },
): Promise<NetworkFile> {
  const paths = directoryPaths(directory)
  const genesis = await readGenesisFile(paths.genesis)
  const own = bootstrap === null && (await exists(paths.bootstrap)) ? (await readBootstrapList(paths.bootstrap)).peers : []
  return { genesis, chainId: chainIdOf(genesis), bootstrap: bootstrap ?? own, checkpoint }
}

/** Rejects with QuorateError `network-exists` for a file that is there, or `network-failed`. */
export async function writeNetworkFile(path: string, network: Omit<NetworkFile, 'chainId'>): Promise<void> {
  try {
    await writeFile(path, formatNetwork(network), { flag: 'wx', flush: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new QuorateError('network-exists', `there is a file at ${path} already; it was left as it is: name another, or move it away`, {
        cause: error,
      })
    throw new QuorateError('network-failed', `${path} could not be written: ${(error as Error).message}`, { cause: error })
  }
}

/**
 * Reads a network from a file, or from an `http:` or `https:` URL. Rejects with QuorateError: `network-missing`, `network-failed`,
 * `network-unreachable`, `network-redirect`, `network-size`, `network-syntax`, `network-version`, `network-differs` (from `chainId`, or
 * from its own), or those of a genesis file.
 * @param chainId what the chain id must be
 */
export async function readNetwork(source: string, chainId: Hash | null = null): Promise<FoundNetwork> {
  const text = isUrl(source) ? await download(source) : await readBounded(source)
  const found = parseNetwork(text, source)
  if (chainId !== null && chainId !== found.chainId)
    throw new QuorateError(
      'network-differs',
      `${source} is network ${found.genesis.name} with chain id ${found.chainId}, not ${chainId}: ask who gave you the chain id which file belongs to it`,
    )
  return { ...found, source }
}

/** A list of bootstrap peers, and perhaps the network that they are of. */
export interface BootstrapList {
  readonly peers: readonly string[]
  /** A URL, or the path of a network file. */
  readonly network: string | null
  readonly chainId: Hash | null
}

/** `{"peers": [...], "network": "URL or file", "chainId": "..."}`; the last two may be missing. Rejects with QuorateError `bad-bootstrap-file`. */
export async function readBootstrapList(path: string): Promise<BootstrapList> {
  const bad = (why: string, cause?: unknown): QuorateError =>
    new QuorateError('bad-bootstrap-file', `${path} ${why}; it should be {"peers": ["/ip4/.../tcp/4001/p2p/12D3KooW..."]}`, { cause })
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw bad(`cannot be read (${error instanceof Error ? error.message : error})`, error)
  }
  const { peers, network = null, chainId = null } = (value ?? {}) as Record<string, unknown>
  if (!Array.isArray(peers)) throw bad('has no list "peers"')
  const wrong = peers.find((peer) => typeof peer !== 'string' || !isPeerMultiaddr(peer))
  if (wrong !== undefined) throw bad(`has an entry that is no peer's multiaddr: ${JSON.stringify(wrong)}`)
  if (network !== null && typeof network !== 'string') throw bad('has a "network" that is no URL and no path')
  if (chainId !== null && !isHex(chainId, 32)) throw bad('has a "chainId" that is not 64 hex digits')
  const isBeside = network !== null && !isUrl(network) && !isAbsolute(network)
  return { peers, network: isBeside ? join(dirname(path), network) : network, chainId }
}

const isUrl = (source: string): boolean => /^https?:\/\//i.test(source)

function parseNetwork(text: string, source: string): NetworkFile {
  const bad = (why: string, cause?: unknown): QuorateError => new QuorateError('network-syntax', `${source} ${why}`, { cause })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (/^\s*</.test(text)) throw bad('is a web page, not a network file: a node gives its own at /v1/network-file', error)
    if (text.trim() === '') throw bad('is empty', error)
    throw bad('is no JSON, or was cut short: fetch it again', error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('is no JSON object')
  const { format, version, name, chainId, bootstrap, checkpoint, genesis, ...rest } = value as Record<string, unknown>
  if (format === undefined && 'parameters' in rest) throw bad('is a genesis file, without peers: give it with --genesis')
  if (format !== FORMAT) throw bad(`is no network file: its "format" is not "${FORMAT}"`)
  if (version !== VERSION)
    throw new QuorateError(
      'network-version',
      `${source} is of version ${JSON.stringify(version)?.slice(0, 20)}, this program reads version ${VERSION}: use a newer quorate`,
    )
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) throw bad(`has a field that no network file has: ${JSON.stringify(unknown)}`)
  if (!Array.isArray(bootstrap) || bootstrap.length > MAX_PEERS) throw bad(`has no list "bootstrap" of at most ${MAX_PEERS} peers`)
  const wrong = bootstrap.find((peer) => typeof peer !== 'string' || peer.length > MAX_PEER_LENGTH || !isPeerMultiaddr(peer))
  if (wrong !== undefined) throw bad(`has a bootstrap peer that is no peer's multiaddr: ${JSON.stringify(wrong).slice(0, 100)}`)
  const found = readDocument(genesis, source)
  const id = chainIdOf(found)
  if (name !== found.name || chainId !== id)
    throw new QuorateError(
      'network-differs',
      `${source} says that it is ${JSON.stringify(name)?.slice(0, 40)} with chain id ${JSON.stringify(chainId)?.slice(0, 70)}, but its genesis is ${found.name} with ${id}: it was changed or put together wrong`,
    )
  return { genesis: found, chainId: id, bootstrap, checkpoint: readCheckpoint(checkpoint, bad) }
}

function readDocument(genesis: unknown, source: string): Genesis {
  try {
    return readGenesisDocument(genesis)
  } catch (error) {
    if (error instanceof QuorateError) throw new QuorateError(error.code, `${source}: ${error.message}`, { cause: error })
    throw error
  }
}

/** What `quorate init --network` left in a directory; null if there is none. Rejects with QuorateError `bad-checkpoint-file`. */
export async function readCheckpointFile(directory: string): Promise<Checkpoint | null> {
  const { checkpoint: path } = directoryPaths(directory)
  const bad = (why: string): QuorateError =>
    new QuorateError('bad-checkpoint-file', `${path} ${why}: mend it, or remove it to start without a checkpoint`)
  if (!(await exists(path))) return null
  let value: unknown
  try {
    value = JSON.parse(await readBounded(path))
  } catch (error) {
    throw bad(`cannot be read (${(error as Error).message})`)
  }
  return readCheckpoint(value, bad)
}

function readCheckpoint(value: unknown, bad: (why: string) => QuorateError): Checkpoint | null {
  if (value === null) return null
  const { height, hash, ...rest } = (value ?? {}) as Record<string, unknown>
  if (typeof height !== 'number' || !Number.isSafeInteger(height) || height < 1 || !isHex(hash, 32) || Object.keys(rest).length > 0)
    throw bad('has no checkpoint of the form {"height": 81034, "hash": "<64 hex digits>"}, and not null')
  return { height, hash }
}

const tooLarge = (source: string): QuorateError =>
  new QuorateError('network-size', `${source} is larger than ${MAX_BYTES} bytes, which no network file is`)

async function readBounded(path: string): Promise<string> {
  try {
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      if (size > MAX_BYTES) throw tooLarge(path)
      return await handle.readFile('utf8')
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof QuorateError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new QuorateError('network-missing', `there is no network file at ${path}`, { cause: error })
    throw new QuorateError('network-failed', `${path} could not be read: ${message}`, { cause: error })
  }
}

/** Redirects are not followed: who was given one address should not end at another without knowing. */
async function download(url: string): Promise<string> {
  const failed = (why: string, cause?: unknown): QuorateError =>
    new QuorateError('network-unreachable', `the network file at ${url} could not be fetched: ${why}`, { cause })
  try {
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) })
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel()
      const location = response.headers.get('location')
      throw new QuorateError(
        'network-redirect',
        `${url} sends on to ${location === null ? 'nowhere' : JSON.stringify(location.slice(0, 200))}; redirects are not followed: give that address if you trust it`,
      )
    }
    if (response.status !== 200) {
      await response.body?.cancel()
      throw failed(`it answered ${response.status}`)
    }
    return await readBody(url, response)
  } catch (error) {
    if (error instanceof QuorateError) throw error
    throw failed(reasonOf(error), error)
  }
}

async function readBody(url: string, response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw tooLarge(url)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** fetch says only "fetch failed"; the cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${DOWNLOAD_TIMEOUT_MS / 1000} s`
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  return cause.message === '' || code === '' || cause.message.includes(code) ? cause.message || code : `${code}, ${cause.message}`
}
