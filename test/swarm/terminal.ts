import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { waitFor } from '../helpers/wait-for.ts'

export interface Said {
  readonly code: number
  /** What the command printed, on both streams. */
  readonly output: string
}

/** For what hangs, not a measure: a command may wait for an election. */
const DEADLINE_MS = 300_000
/** What is printed when the command that is kept has ended, with its exit code. */
const ENDED = /\nended with (\d+)\n$/

/**
 * A shell as a person has it: what is defined in it stays, and commands come one after the other. All that runs in it ends with this
 * process, however that ends: the shell reads its commands from a pipe that only this process holds.
 */
export class Terminal {
  readonly #shell: ChildProcessWithoutNullStreams
  readonly #ended: Promise<void>
  #output = ''

  constructor(directory: string) {
    const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' }
    // A group of its own, so that nothing is left of it that no longer hears.
    this.#shell = spawn('bash', { cwd: directory, env, stdio: 'pipe', detached: true })
    for (const stream of [this.#shell.stdout, this.#shell.stderr])
      stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString('utf8')))
    this.#ended = new Promise((resolve) => this.#shell.once('close', () => resolve()))
    // A shell that ended early is found out by who waits for its answer.
    this.#shell.stdin.on('error', () => undefined)
    // What a shell does when a person types into it.
    this.#type('shopt -s expand_aliases; exec 2>&1')
  }

  get output(): string {
    return this.#output
  }

  /** Runs a command to its end. */
  async run(command: string): Promise<Said> {
    const mark = randomUUID()
    const from = this.#output.length
    this.#type(`${command}\nprintf '\\n%s %s\\n' ${mark} $?`)
    const pattern = new RegExp(`\\n${mark} (\\d+)\\n`)
    const found = await this.#says(pattern, from, command)
    return { code: Number(found[1]), output: this.#output.slice(from, from + found.index) }
  }

  /** Runs a command until the terminal is closed, and resolves when it has printed what is waited for. */
  async keep(command: string, ready: RegExp): Promise<void> {
    const from = this.#output.length
    // The second line waits for the end of the pipe, and is read as a whole before that.
    this.#type(`${command} < /dev/null & running=$!`)
    this.#type(`cat > /dev/null; kill -INT $running; wait $running; printf '\\nended with %s\\n' $?`)
    await this.#says(ready, from, command)
  }

  /** Ends what is kept as Ctrl-C does, and gives its exit code; null if nothing is kept. */
  async close(): Promise<number | null> {
    this.#shell.stdin.end()
    await waitFor(() => this.#shell.exitCode !== null || this.#shell.signalCode !== null, {
      deadlineMs: DEADLINE_MS,
      description: `the terminal to end; it said ${this.#end}`,
    })
    await this.#ended
    const code = ENDED.exec(this.#output)?.[1]
    return code === undefined ? null : Number(code)
  }

  /** Ends all that runs in it at once. */
  kill(): void {
    const { pid, exitCode, signalCode } = this.#shell
    if (pid === undefined || exitCode !== null || signalCode !== null) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It is gone.
    }
  }

  #type(line: string): void {
    this.#shell.stdin.write(`${line}\n`)
  }
  async #says(pattern: RegExp, from: number, command: string): Promise<RegExpExecArray> {
    const answer = (): RegExpExecArray | 'ended' | null => {
      const hasEnded = this.#shell.exitCode !== null || this.#shell.signalCode !== null || ENDED.test(this.#output)
      return pattern.exec(this.#output.slice(from)) ?? (hasEnded ? 'ended' : null)
    }
    const found = await waitFor(answer, { deadlineMs: DEADLINE_MS, description: `\`${command}\` to print ${pattern}` }).catch((error) => {
      throw new Error(`${error.message}; the end of its output:\n${this.#end}`)
    })
    if (found === 'ended') throw new Error(`\`${command}\` ended before it printed ${pattern}; the end of its output:\n${this.#end}`)
    return found
  }
  get #end(): string {
    return this.#output.slice(-4_000)
  }
}
