import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { QuorateClient } from '../client/client.ts'
import type { ApiClientError } from '../client/errors.ts'
import { readApiFile } from '../node/api-file.ts'
import { readApiToken } from '../node/api-token.ts'
import { KeptConnections } from '../node/kept-fetch.ts'
import { CliError, type ExitCode, exitCodes } from './exit.ts'

export interface NodePlace {
  readonly api?: string
  readonly dir: string
}

/** The node that `--api` names, else the one that runs on the directory. It rejects with CliError: unreachable, refused, not found. */
export async function findNode({ api, dir }: NodePlace): Promise<QuorateClient> {
  if (api !== undefined) {
    // The token is for the node of the directory, which is on this machine.
    const token = isLoopback(api) ? await readApiToken(dir) : undefined
    return createClient(api, token, 'is --api right, and does the node run?')
  }
  const file = await readApiFile(dir)
  if (file === undefined) {
    const { isInUse } = await import('../node/directory.ts')
    if (await isInUse(dir))
      throw unreachable(
        `a node runs on ${dir} and has no API to ask: it was started with \`--api off\`, or it is still starting. Wait a moment, or start it with --api HOST:PORT`,
      )
    const start = existsSync(join(dir, 'network.key'))
      ? `start it with \`quorate start --dir ${dir}\`, or wait if it is just starting`
      : 'that is no directory of a node, which `quorate init` makes'
    throw unreachable(`no node runs on ${dir}: ${start}; or name another with --dir or --api URL`)
  }
  const hint = `the node of ${dir} may have been killed: start it again with \`quorate start --dir ${dir}\`; or it is still starting`
  return createClient(file.url, await readApiToken(dir), hint)
}

/** What the node that runs on a directory gives; where none runs, what can be had without one. */
export async function orUnlessStopped<T>(dir: string, running: (node: QuorateClient) => T, stopped: () => T | Promise<T>): Promise<T> {
  if ((await readApiFile(dir)) === undefined) return stopped()
  const node = await findNode({ dir })
  try {
    await node.status()
  } catch (error) {
    // A node that was killed leaves its file behind.
    if (isUnreachable(error)) return stopped()
    throw error
  }
  return running(node)
}

export const isUnreachable = (error: unknown): boolean => error instanceof CliError && error.exitCode === exitCodes.unreachable

export const isNotFound = (error: unknown): boolean => error instanceof CliError && error.exitCode === exitCodes.notFound

const unreachable = (message: string, cause?: unknown): CliError => new CliError(exitCodes.unreachable, 'unreachable', message, { cause })

/** The API's own words are for who writes HTTP. */
const TOKEN_ADVICE =
  'this needs the token of the node: run it on the machine of that node, and name its directory, where api.token is, with --dir'

function createClient(url: string, token: string | undefined, hint: string): QuorateClient {
  const explain = (error: ApiClientError): CliError =>
    error.status === null
      ? unreachable(`${error.message}; ${hint}`, error)
      : new CliError(exitCodeOf(error.status), error.code, error.status === 401 ? TOKEN_ADVICE : error.message, { cause: error })
  return new QuorateClient(url, { explain, fetch: new KeptConnections().fetch, ...(token === undefined ? {} : { token }) })
}

function exitCodeOf(status: number): ExitCode {
  if (status === 400) return exitCodes.usage
  if (status === 404) return exitCodes.notFound
  return status >= 500 && status !== 503 ? exitCodes.failed : exitCodes.refused
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
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
