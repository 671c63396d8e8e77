import '../../../src/adapters/libp2p/polyfill.ts'
import { createLibp2pNetwork } from '../../../src/adapters/libp2p/index.ts'
import { generateNetworkKey } from '../../../src/adapters/libp2p/keys.ts'
import type { Libp2pNetworkOptions } from '../../../src/adapters/libp2p/options.ts'
import { QuorateError } from '../../../src/base/errors.ts'
import type { Network } from '../../../src/ports/network.ts'
import type { LogLevel, Telemetry } from '../../../src/ports/telemetry.ts'

const POLL_MS = 20

export interface LogEntry {
  readonly level: LogLevel
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface RecordingTelemetry extends Telemetry {
  readonly entries: LogEntry[]
}

export function recordingTelemetry(): RecordingTelemetry {
  const entries: LogEntry[] = []
  const counters: Record<string, number> = {}
  return {
    entries,
    log: (level, event, fields = {}) => void entries.push({ level, event, fields }),
    count: (name, by = 1) => {
      counters[name] = (counters[name] ?? 0) + by
    },
    counters: () => counters,
    levels: () => ({ default: 'debug', subsystems: {} }),
    setLevels: () => undefined,
  }
}

/** Polls until the condition holds; throws with `what` when the deadline passes. */
export async function until(what: string, condition: () => boolean, deadlineMs = 20_000): Promise<void> {
  const endMs = Date.now() + deadlineMs
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Nodes that a test started, stopped together at its end. */
export class TestNodes {
  readonly #nodes: Network[] = []

  async create(options: Partial<Libp2pNetworkOptions> = {}): Promise<Network> {
    const network = await createLibp2pNetwork({
      chainName: 'test-00000000',
      privateKey: await generateNetworkKey(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: [],
      role: 'full',
      scope: 'local',
      telemetry: recordingTelemetry(),
      ...options,
    })
    this.#nodes.push(network)
    return network
  }

  async start(options: Partial<Libp2pNetworkOptions> = {}, prepare: (network: Network) => void = () => undefined): Promise<Network> {
    const network = await this.create(options)
    prepare(network)
    await network.start()
    return network
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map((network) => network.stop()))
  }
}

export const connected = (network: Network, peerId: string): boolean => network.peers().some((peer) => peer.peerId === peerId)
export const soon = (): AbortSignal => AbortSignal.timeout(20_000)
export const codeOf =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof QuorateError && error.code === code
