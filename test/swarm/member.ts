import assert from 'node:assert/strict'
import { BUNDLE } from '../../scripts/scenarios/bundle.ts'
import type { EvidenceList, EvidenceSummary } from '../../src/api/evidence-types.ts'
import type { NodeStatus } from '../../src/api/types.ts'
import { NodeProcess } from '../../src/cli/swarm/node-process.ts'

/** A node that runs as a process of its own. */
export class Member {
  readonly directory: string
  readonly #role: 'verifier' | 'full'
  readonly #logPath: string
  #process: NodeProcess | undefined
  url = ''

  constructor(directory: string, role: 'verifier' | 'full', logPath: string) {
    this.directory = directory
    this.#role = role
    this.#logPath = logPath
  }

  async start(bootstrap: readonly string[]): Promise<void> {
    const { directory } = this
    const where = ['--dir', directory, '--role', this.#role, '--scope', 'local', '--listen', '/ip4/127.0.0.1/tcp/0', '--api', '127.0.0.1:0']
    const command = ['start', ...where, ...bootstrap.flatMap((address) => ['--bootstrap', address]), '--log-format', 'json']
    this.#process = new NodeProcess({ directory, logPath: this.#logPath, program: [BUNDLE], command })
    this.url = await this.#process.apiUrl()
  }
  async kill(): Promise<void> {
    this.#process?.kill()
    await this.#process?.exited
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    await this.#process?.stop()
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path)
    assert.ok(response.ok, `${path}: ${response.status}`)
    return (await response.json()) as T
  }
  status(): Promise<NodeStatus> {
    return this.get('/v1/status')
  }
  async evidence(): Promise<readonly EvidenceSummary[]> {
    return (await this.get<EvidenceList>('/v1/evidence')).evidence
  }
}
