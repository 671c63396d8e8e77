import { type ChildProcess, spawn } from 'node:child_process'
import { BUNDLE } from '../../scripts/scenarios/bundle.ts'

/** `quorate swarm` as somebody runs it, and where its page is. */
export class SwarmProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #told = ''

  constructor(options: readonly string[]) {
    this.#child = spawn(process.execPath, [BUNDLE, 'swarm', ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#told += chunk.toString('utf8')))
    this.#exited = new Promise((resolve) => this.#child.once('close', resolve))
  }

  /** All that it has printed. */
  get told(): string {
    return this.#told
  }

  /** Null before it says so. @throws Error once it has ended */
  pageUrl(): string | null {
    if (this.#child.exitCode !== null) throw new Error(`the swarm ended with ${this.#child.exitCode}: ${this.#told}`)
    return /^-- (http:\S+) is its page/m.exec(this.#told)?.[1] ?? null
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGINT')
    await this.#exited
  }
}
