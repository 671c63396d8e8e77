/** An expected failure with a stable code and, in `message`, what happened and what to do next. */
export class QuorateError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'QuorateError'
    this.code = code
  }
}

/** A broken invariant: a bug in this program, never a peer's or a person's doing. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`)
}

/** The end of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Error(`broken invariant: unexpected ${JSON.stringify(value)}`)
}
