import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../../base/errors.ts'
import { readApiFile } from '../../node/api-file.ts'

export interface NodeCommand {
  readonly directory: string
  readonly logPath: string
  /** What stands before the command in the arguments of Node: the program, after Node's own options. */
  readonly program: readonly string[]
  /** The command with its options. */
  readonly command: readonly string[]
}
/** How a process ended: its code, or the signal that ended it. */
export type Exit = number | NodeJS.Signals

/** From spawn to an API that answers, on a machine with more to do. */
const START_DEADLINE_MS = 60_000
/** Between looks at the file that says where the API is. */
const START_POLL_MS = 25
/** From SIGTERM to the end; then SIGKILL. */
const STOP_DEADLINE_MS = 15_000
/** The end of a log that is read for an excerpt. */
const EXCERPT_BYTES = 4096
const EXCERPT_LINES = 12

/**
 * One run of a node as a process of its own. It lives no longer than this one: it watches the pipe that it has as standard
 * input, and is a group of its own so that Ctrl-C reaches the launcher alone.
 */
export class NodeProcess {
  readonly pid: number
  /** Resolves when the process has ended. */
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #run: NodeCommand
  #exit: Exit | null = null

  constructor(run: NodeCommand) {
    this.#run = run
    const log = openSync(run.logPath, 'a')
    try {
      this.#child = spawn(process.execPath, [...run.program, ...run.command], {
        stdio: ['pipe', log, log],
        detached: true,
        env: childEnvironment(),
      })
    } finally {
      closeSync(log)
    }
    // A pipe to a process that is gone breaks; its exit says so already.
    this.#child.stdin?.on('error', () => undefined)
    this.exited = new Promise((resolve) => {
      const settle = (exit: Exit): void => {
        this.#exit = exit
        resolve(exit)
      }
      this.#child.once('exit', (code, signal) => settle(signal ?? code ?? 1))
      this.#child.once('error', () => settle(1))
    })
    this.pid = this.#child.pid ?? 0
  }

  /** Null while it runs. */
  get exit(): Exit | null {
    return this.#exit
  }

  /** Where its API answers, once it does. Rejects with QuorateError `node-failed` and the end of its log. */
  async apiUrl(): Promise<string> {
    const end = performance.now() + START_DEADLINE_MS
    while (this.#exit === null && performance.now() < end) {
      const file = await readApiFile(this.#run.directory)
      if (file?.pid === this.pid) return file.url
      await sleep(START_POLL_MS)
    }
    const what = this.#exit === null ? `had no API after ${START_DEADLINE_MS} ms` : `ended at its start (${this.#exit})`
    throw new QuorateError(
      'node-failed',
      `the node in ${this.#run.directory} ${what}. The end of its log:\n${logExcerpt(this.#run.logPath)}`,
    )
  }

  /** Asks it to stop, and insists after a while. */
  async stop(): Promise<Exit> {
    this.#child.kill('SIGTERM')
    const giveUp = new AbortController()
    const late = sleep(STOP_DEADLINE_MS, 'late' as const, { signal: giveUp.signal }).catch(() => 'late' as const)
    const first = await Promise.race([this.exited, late])
    giveUp.abort()
    if (first === 'late') this.kill()
    return this.exited
  }

  /** SIGKILL: it gets no word in. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

/** The last lines of a log, indented; a sentence if there are none. */
export function logExcerpt(path: string): string {
  if (!existsSync(path)) return '    (it wrote no log)'
  const { size } = statSync(path)
  const bytes = Buffer.alloc(Math.min(size, EXCERPT_BYTES))
  const file = openSync(path, 'r')
  try {
    readSync(file, bytes, 0, bytes.length, size - bytes.length)
  } finally {
    closeSync(file)
  }
  const lines = bytes.toString('utf8').trimEnd().split('\n').slice(-EXCERPT_LINES)
  return bytes.length === 0 ? '    (it wrote nothing)' : lines.map((line) => `    ${line}`).join('\n')
}

/** Loaders and inspectors of the launcher's own Node are not for its nodes. */
function childEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, ...environment } = process.env
  return environment
}
