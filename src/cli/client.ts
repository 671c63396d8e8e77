import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readApiFile } from '../node/api-file.ts'
import { CliError, type ExitCode, exitCodes } from './exit.ts'

/** How long a node may take to answer a command. */
const ANSWER_TIMEOUT_MS = 15_000
/** The event of a full block has 0.7 MB; a longer line is none of ours. */
const MAX_LINE_LENGTH = 8 * 1024 * 1024
/** A node sends a heartbeat every ten seconds: after this silence it is gone, whatever TCP says. */
const SILENCE_MS = 35_000

/** A node's HTTP API. All of it rejects with CliError: unreachable, refused, not found. */
export interface NodeClient {
  readonly url: string
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: unknown): Promise<T>
  /** Lines of an NDJSON stream until it ends or the signal is given. */
  lines<T>(path: string, signal: AbortSignal): AsyncGenerator<T>
}

export interface NodePlace {
  readonly api?: string
  readonly dir: string
}

/** The node that `--api` names, else the one that runs on the directory. Rejects with CliError 3. */
export async function findNode({ api, dir }: NodePlace): Promise<NodeClient> {
  if (api !== undefined) return createClient(api, 'is --api right, and does the node run?')
  const file = await readApiFile(dir)
  if (file === undefined) {
    const start = existsSync(join(dir, 'network.key'))
      ? `start it with \`quorate start --dir ${dir}\``
      : 'that is no directory of a node, which `quorate init` makes'
    throw unreachable(`no node runs on ${dir}: ${start}; or name another with --dir or --api URL`)
  }
  return createClient(file.url, `the node of ${dir} may have been killed: start it again with \`quorate start --dir ${dir}\``)
}

export const isUnreachable = (error: unknown): boolean => error instanceof CliError && error.exitCode === exitCodes.unreachable

const unreachable = (message: string, cause?: unknown): CliError => new CliError(exitCodes.unreachable, 'unreachable', message, { cause })

function createClient(url: string, hint: string): NodeClient {
  const call = async (path: string, init: RequestInit): Promise<Response> => {
    let response: Response
    try {
      response = await fetch(`${url}${path}`, init)
    } catch (error) {
      throw unreachable(`no node answers at ${url} (${reason(error)}); ${hint}`, error)
    }
    if (!response.ok) throw await refusal(url, response)
    return response
  }
  const json = async <T>(path: string, init: RequestInit): Promise<T> => {
    const response = await call(path, { ...init, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    try {
      return (await response.json()) as T
    } catch (error) {
      throw unreachable(`what answers at ${url} is no quorate node, or was cut off (${reason(error)}); ${hint}`, error)
    }
  }
  return {
    url,
    get: (path) => json(path, {}),
    post: (path, body) => json(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    async *lines<T>(path: string, signal: AbortSignal) {
      const silence = new AbortController()
      let timer = setTimeout(() => silence.abort(), SILENCE_MS)
      try {
        const { body } = await call(path, { signal: AbortSignal.any([signal, silence.signal]) })
        if (body === null) return
        let rest = ''
        for await (const text of body.pipeThrough(new TextDecoderStream())) {
          clearTimeout(timer)
          timer = setTimeout(() => silence.abort(), SILENCE_MS)
          const parts = (rest + text).split('\n')
          rest = parts.pop() ?? ''
          if (rest.length > MAX_LINE_LENGTH) throw unreachable(`${url} sends lines that no quorate node sends`)
          for (const part of parts) yield JSON.parse(part) as T
        }
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof CliError) throw error
        throw unreachable(`the node at ${url} went away (${reason(error)})`, error)
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

async function refusal(url: string, response: Response): Promise<CliError> {
  let body: unknown
  try {
    body = await response.json()
  } catch {
    // Not ours; said below.
  }
  const { code, message } = ((body as { error?: unknown } | undefined)?.error ?? {}) as Record<string, unknown>
  if (typeof code !== 'string' || typeof message !== 'string') {
    return unreachable(`what answers at ${url} is no quorate node (HTTP ${response.status})`)
  }
  return new CliError(exitCodeOf(response.status), code, message)
}

function exitCodeOf(status: number): ExitCode {
  if (status === 400) return exitCodes.usage
  if (status === 404) return exitCodes.notFound
  return status >= 500 && status !== 503 ? exitCodes.failed : exitCodes.refused
}

/** fetch says only "fetch failed"; the cause says why. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${ANSWER_TIMEOUT_MS / 1000} s`
  const { cause } = error
  if (cause instanceof Error) return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
  return error.message
}

/** A signal that Ctrl-C or SIGTERM gives, for commands that go on until then. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort())
  return controller.signal
}

/** What a timer can wait at most, 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * A signal that fires with another, or after a time. Not AbortSignal.any with AbortSignal.timeout: Node 20 holds that timeout by a weak
 * reference, and never fires once it has been collected as garbage.
 */
export function orAfter(signal: AbortSignal, afterMs: number): AbortSignal {
  const controller = new AbortController()
  const end = (): void => {
    clearTimeout(timer)
    controller.abort()
  }
  const timer = setTimeout(end, Math.min(afterMs, MAX_TIMER_MS))
  timer.unref()
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  return controller.signal
}
