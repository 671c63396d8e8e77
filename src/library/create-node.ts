import { resolve } from 'node:path'
import type { NodeEvent, NodeView } from '../api/types.ts'
import { QuorateError } from '../base/errors.ts'
import { readApiToken } from '../node/api-token.ts'
import { directoryPaths, exists, ownRole } from '../node/directory.ts'
import { createTelemetry } from '../node/logging.ts'
import { readBootstrapList, readCheckpointFile, readNetwork } from '../node/network-file.ts'
import { runWithApi } from '../node/run.ts'
import { initDirectory } from '../node/setup.ts'
import type { LogLevel } from '../ports/telemetry.ts'
import { QuorateClient } from './client.ts'

export interface CreateNodeOptions {
  /** Keys, chain and signing guard; what it lacks is made. One node at a time runs on it. */
  readonly directory: string
  /** What the directory is for unless given: a verifier if it has a verifier key, else full. */
  readonly role?: 'full' | 'verifier' | 'bootstrap'
  /** Path or URL of a network file, for a directory that has no genesis yet. */
  readonly network?: string
  /** Path of a genesis file, instead of a network file. */
  readonly genesis?: string
  /** Multiaddrs with `/p2p/`, instead of those of the directory. */
  readonly bootstrap?: readonly string[]
  /** Multiaddrs; `/ip4/0.0.0.0/tcp/0` unless given, any free port. */
  readonly listen?: readonly string[]
  /** What others are told instead of these. */
  readonly announce?: readonly string[]
  /** `public` unless given; `local` where private addresses are fine: one machine, one house. */
  readonly scope?: 'local' | 'public'
  /** A block to trust; that of the network file unless given. */
  readonly checkpoint?: { readonly height: number; readonly hash: string }
  /** How many of the newest blocks to keep, at least 1024; all of them unless given. */
  readonly keepBlocks?: number
  /** Of an encrypted verifier key. */
  readonly password?: string
  /** Where the HTTP API listens; a free port of this machine unless given. False for none. */
  readonly api?: { readonly host?: string; readonly port?: number } | false
  /** What happens, from the start on. */
  readonly onEvent?: (event: NodeEvent) => void
  /** What the node would write to its log. */
  readonly onLog?: (entry: LogEntry) => void
  /** Stops the node. */
  readonly signal?: AbortSignal
}

export interface LogEntry {
  /** ISO 8601. */
  readonly time: string
  readonly level: LogLevel
  /** A stable name, `subsystem.what`. */
  readonly event: string
  readonly fields?: Readonly<Record<string, unknown>>
}

export interface EmbeddedNode {
  /** What the node shows, without the way over HTTP. */
  readonly view: NodeView
  /** Of the API; null without one. */
  readonly url: string | null
  /** Asks that API, with the token of the directory; null without one. */
  readonly client: QuorateClient | null
  /** Closes all; nothing that was final or signed is lost. Rejects with `stop-timeout` after 4.5 s. Calling it again is fine. */
  stop(): Promise<void>
  /** Resolves with what the node cannot go on with, such as a full disk: it signs nothing any more and should be stopped. */
  readonly failure: Promise<QuorateError>
}

/** One whose API runs. */
export interface EmbeddedNodeWithApi extends EmbeddedNode {
  readonly url: string
  readonly client: QuorateClient
}

const DEFAULT_LISTEN = ['/ip4/0.0.0.0/tcp/0']
const LOOPBACK = '127.0.0.1'

/**
 * Starts a node in this process. Rejects with QuorateError, whose `code` says what is wrong (docs/library.md); then nothing is left
 * running. If the signal is given during the start, it rejects with the reason of the signal.
 */
export function createNode(
  options: CreateNodeOptions & { readonly api?: Exclude<CreateNodeOptions['api'], false> },
): Promise<EmbeddedNodeWithApi>
export function createNode(options: CreateNodeOptions): Promise<EmbeddedNode>
export async function createNode(options: CreateNodeOptions): Promise<EmbeddedNode> {
  const { signal, onEvent, onLog, api = {} } = options
  signal?.throwIfAborted()
  const directory = resolve(options.directory)
  const { password } = options
  await prepare(directory, options)
  const telemetry = createTelemetry({
    level: onLog === undefined ? 'silent' : 'info',
    format: 'json',
    stream: { write: (line) => onLog?.(JSON.parse(line)) },
  })
  const node = await runWithApi(
    {
      ...{ directory, telemetry, scope: options.scope ?? 'public' },
      role: options.role ?? (await ownRole(directory)),
      listen: options.listen ?? DEFAULT_LISTEN,
      announce: options.announce ?? [],
      bootstrap: options.bootstrap ?? (await ownBootstrap(directory)),
      checkpoint: options.checkpoint ?? (await readCheckpointFile(directory)),
      ...(options.keepBlocks === undefined ? {} : { keepBlocks: options.keepBlocks }),
      ...(password === undefined ? {} : { unlock: async () => password }),
    },
    api === false ? null : { host: api.host ?? LOOPBACK, port: api.port ?? 0 },
  )
  const forget = onEvent === undefined ? undefined : node.view.onEvent(onEvent)
  const stop = (): Promise<void> => {
    forget?.()
    signal?.removeEventListener('abort', end)
    return node.stop()
  }
  // Who gave the signal does not wait for it: what it rejects with, `stop` tells.
  const end = (): void => void stop().catch(() => undefined)
  if (signal?.aborted) {
    await stop()
    throw signal.reason
  }
  signal?.addEventListener('abort', end, { once: true })
  const token = node.url === null ? undefined : await readApiToken(directory)
  return {
    ...{ view: node.view, url: node.url, failure: node.failure, stop },
    client: node.url === null ? null : new QuorateClient(node.url, token === undefined ? {} : { token }),
  }
}

/** Makes what the directory lacks. */
async function prepare(directory: string, { role, network, genesis, bootstrap }: CreateNodeOptions): Promise<void> {
  const paths = directoryPaths(directory)
  const hasGenesis = await exists(paths.genesis)
  if (!hasGenesis && network === undefined && genesis === undefined)
    throw new QuorateError(
      'genesis-missing',
      `${directory} knows no network: give createNode a network file (network) or a genesis file (genesis), or make a network there with createNetwork`,
    )
  await initDirectory({
    ...{ directory, bootstrap: bootstrap ?? [], genesisFile: genesis ?? null },
    role: role ?? (await ownRole(directory)),
    network: network === undefined ? null : await readNetwork(network),
  })
}

async function ownBootstrap(directory: string): Promise<readonly string[]> {
  const path = directoryPaths(directory).bootstrap
  return (await exists(path)) ? (await readBootstrapList(path)).peers : []
}
