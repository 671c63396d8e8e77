import type { DialCause, DialFailure } from '../../ports/network.ts'
import { oneLine } from './address.ts'
import { MAX_DIAL_FAILURES } from './limits.ts'

/**
 * Why a dial failed, by what the system, noise or libp2p says of it.
 * @internal
 */
export function causeOf(error: unknown): DialCause {
  const inner = error instanceof AggregateError ? error.errors : []
  const causes = inner.map(causeOf)
  // One address that names its reason says more than others that say nothing.
  const told = causes.find((cause) => cause !== 'other')
  if (told !== undefined) return told
  const name = error instanceof Error ? error.name : ''
  const text = error instanceof Error ? `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}` : String(error)
  if (name === 'UnexpectedPeerError' || /does not match expected|UnexpectedPeer|unexpected peer/i.test(text)) return 'wrong-peer'
  if (/ECONNREFUSED/.test(text)) return 'refused'
  if (name === 'TimeoutError' || /ETIMEDOUT|timed? ?out/i.test(text)) return 'timeout'
  if (/EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL/.test(text)) return 'no-route'
  if (/ENOTFOUND|EAI_AGAIN/.test(text)) return 'unknown-name'
  if (name === 'DialDeniedError' || name === 'ConnectionDeniedError' || /denied|not allowed|gater/i.test(text)) return 'private-address'
  if (/ECONNRESET|EPIPE|UnexpectedEOF|closed|reset|aborted|end of/i.test(`${name} ${text}`)) return 'limit'
  return 'other'
}

/** Of each peer the last failure to connect to it, until it is connected; the newest few. */
export class DialFailures {
  readonly #failures = new Map<string, DialFailure>()

  note(peerId: string, address: string, cause: DialCause, detail: string, atMs: number): void {
    const failures = (this.#failures.get(peerId)?.failures ?? 0) + 1
    this.#failures.delete(peerId)
    this.#failures.set(peerId, { peerId, address, cause, detail, atMs, failures })
    const [oldest] = this.#failures.keys()
    if (this.#failures.size > MAX_DIAL_FAILURES && oldest !== undefined) this.#failures.delete(oldest)
  }

  noteError(peerId: string, address: string, error: unknown, atMs: number): void {
    this.note(peerId, address, causeOf(error), oneLine(error), atMs)
  }

  forget(peerId: string): void {
    this.#failures.delete(peerId)
  }

  /** Newest last. */
  list(): readonly DialFailure[] {
    return [...this.#failures.values()]
  }
}
