import { ApiClientError, reason, refusalOf } from './errors.ts'

/** A request must be answered, and the answer be here, within this. */
const ANSWER_TIMEOUT_MS = 15_000

/** What the client needs of fetch: the global one has it all. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>
export interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string
  readonly signal: AbortSignal
  readonly cache: 'no-store'
  readonly redirect: 'error'
}
export interface FetchAnswer {
  readonly ok: boolean
  readonly status: number
  readonly body: ReadableStream<Uint8Array> | null
  json(): Promise<unknown>
  text(): Promise<string>
}

export interface ClientOptions {
  /** What is in `api.token` of the directory of the node: for what changes it. */
  readonly token?: string
  /** 15 s unless given. Event streams and backups take as long as they take. */
  readonly timeoutMs?: number
  /** Instead of the global one. */
  readonly fetch?: Fetch
  /** What is thrown in the place of an error, where there is more to say to whoever reads it. */
  readonly explain?: (error: ApiClientError) => Error
}

export interface CallOptions {
  readonly signal?: AbortSignal
}

interface Call extends CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Requests to one node, their timeouts and errors. What the signal ends rejects with the signal's reason. */
export class Transport {
  readonly url: string
  readonly #options: ClientOptions

  constructor(url: string, options: ClientOptions) {
    this.url = url.replace(/\/+$/, '')
    this.#options = options
  }

  json<T>(path: string, call: Call = {}): Promise<T> {
    return this.#timed(call, async (signal) => {
      const response = await this.#send(path, call, signal)
      try {
        return (await response.json()) as T
      } catch (error) {
        signal.throwIfAborted()
        const why = reason(error)
        throw new ApiClientError(null, 'no-node', `what answers at ${this.url} is no quorate node, or was cut off (${why})`, {
          cause: error,
        })
      }
    })
  }

  text(path: string, call: Call = {}): Promise<string> {
    return this.#timed(call, async (signal) => (await this.#send(path, call, signal)).text())
  }

  /** The body as it comes. The answer must begin in time; after that only the signal ends it. */
  async stream(path: string, call: Call & { readonly signal: AbortSignal }): Promise<ReadableStream<Uint8Array>> {
    const begun = new AbortController()
    const end = (): void => begun.abort(call.signal.reason)
    call.signal.addEventListener('abort', end, { once: true })
    const timer = setTimeout(() => begun.abort(this.#late()), this.#timeoutMs)
    try {
      call.signal.throwIfAborted()
      const { body } = await this.#send(path, call, begun.signal)
      return body ?? new ReadableStream()
    } catch (error) {
      throw this.#shown(error, begun.signal, call.signal)
    } finally {
      clearTimeout(timer)
    }
  }

  /** The error of this client for what went wrong on the way. */
  failure(code: string, message: string, cause?: unknown): Error {
    const error = new ApiClientError(null, code, message, { cause })
    return this.#options.explain?.(error) ?? error
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? ANSWER_TIMEOUT_MS
  }

  /** Not AbortSignal.any with AbortSignal.timeout: Node 20 holds that timeout by a weak reference, and never fires once it is collected. */
  async #timed<T>({ signal }: Call, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const end = (): void => controller.abort(signal?.reason)
    signal?.addEventListener('abort', end, { once: true })
    const timer = setTimeout(() => controller.abort(this.#late()), this.#timeoutMs)
    try {
      signal?.throwIfAborted()
      return await run(controller.signal)
    } catch (error) {
      throw this.#shown(error, controller.signal, signal)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
    }
  }

  async #send(path: string, { method = 'GET', body, headers = {} }: Call, signal: AbortSignal): Promise<FetchAnswer> {
    const { token, fetch: send = fetch } = this.#options
    const init: FetchInit = {
      ...{ method, signal, cache: 'no-store' as const, redirect: 'error' as const },
      headers: {
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }
    const response = await send(this.url + path, init)
    if (response.ok) return response
    throw refusalOf(this.url, response.status, await response.json().catch(() => undefined))
  }

  #late(): ApiClientError {
    return new ApiClientError(null, 'timeout', `no node answers at ${this.url} (no answer within ${this.#timeoutMs / 1000} s)`)
  }

  #shown(error: unknown, own: AbortSignal, given: AbortSignal | undefined): Error {
    if (given?.aborted) return given.reason
    const met = own.aborted ? own.reason : error
    const shown =
      met instanceof ApiClientError
        ? met
        : new ApiClientError(null, 'unreachable', `no node answers at ${this.url} (${reason(met)})`, { cause: met })
    return this.#options.explain?.(shown) ?? shown
  }
}
