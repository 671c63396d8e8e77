import { QuorateError } from '../base/errors.ts'

/**
 * What came instead of an answer. `status` is the HTTP status, and `code` and `message` are the node's own; `status` is null if no node
 * answered: then the code is `unreachable`, `timeout`, or `no-node` for what is no node.
 */
export class ApiClientError extends QuorateError {
  readonly status: number | null

  constructor(status: number | null, code: string, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.name = 'ApiClientError'
    this.status = status
  }
}

/** fetch says only "fetch failed"; the cause says why. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}

/** The error in what a node answered. */
export function refusalOf(url: string, status: number, body: unknown): ApiClientError {
  const { code, message } = ((body as { error?: unknown } | null | undefined)?.error ?? {}) as Record<string, unknown>
  return typeof code === 'string' && typeof message === 'string'
    ? new ApiClientError(status, code, message)
    : new ApiClientError(null, 'no-node', `what answers at ${url} is no quorate node (HTTP ${status})`)
}
