import type { MultiaddrConnection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { type ConnectionLimits, MAX_RATE_KEYS } from './limits.ts'
import type { Classify, Origin } from './prefixes.ts'
import { Rates } from './rates.ts'
import type { Refusal } from './refusals.ts'

/** Who may connect: bounds by address and by prefix, for connections that are open and for how fast new ones come. */
export class Admission {
  readonly #limits: ConnectionLimits
  readonly #classify: Classify
  readonly #nowMs: () => number
  readonly #byHost = new Map<string, number>()
  readonly #byPrefix = new Map<string, number>()
  readonly #hostRates: Rates
  readonly #prefixRates: Rates

  constructor(limits: ConnectionLimits, classify: Classify, nowMs: () => number) {
    this.#limits = limits
    this.#classify = classify
    this.#nowMs = nowMs
    this.#hostRates = new Rates(limits.hostRate, MAX_RATE_KEYS)
    this.#prefixRates = new Rates(limits.prefixRate, MAX_RATE_KEYS)
  }

  /** Takes a connection that a peer opened, whose place is free again when it closes; or says why not. */
  admit(connection: MultiaddrConnection): Refusal | null {
    const origin = this.#classify(connection.remoteAddr)
    if (origin === null) return null
    const refusal = this.#judge(origin)
    if (refusal !== null) return refusal
    add(this.#byHost, origin.host, 1)
    add(this.#byPrefix, origin.prefix, 1)
    const leave = (): void => {
      add(this.#byHost, origin.host, -1)
      add(this.#byPrefix, origin.prefix, -1)
    }
    connection.addEventListener('close', leave, { once: true })
    return null
  }

  /** Prefixes with most connections that peers opened, those first. */
  prefixes(count: number): readonly { readonly prefix: string; readonly connections: number }[] {
    return [...this.#byPrefix]
      .map(([prefix, connections]) => ({ prefix, connections }))
      .sort((left, right) => right.connections - left.connections || (left.prefix < right.prefix ? -1 : 1))
      .slice(0, count)
  }

  get prefixCount(): number {
    return this.#byPrefix.size
  }

  prefixOf(address: Multiaddr): string | null {
    return this.#classify(address)?.prefix ?? null
  }

  #judge({ host, prefix }: Origin): Refusal | null {
    const { perHost, perPrefix } = this.#limits
    // The rate counts what is refused too: who keeps knocking at a full house waits longer.
    const nowMs = this.#nowMs()
    if (!this.#hostRates.take(host, nowMs)) return 'host-rate'
    if (!this.#prefixRates.take(prefix, nowMs)) return 'prefix-rate'
    if ((this.#byHost.get(host) ?? 0) >= perHost) return 'host-full'
    return (this.#byPrefix.get(prefix) ?? 0) >= perPrefix ? 'prefix-full' : null
  }
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}

/** What is known of a peer that is connected, to say who must go when there are too many. */
export interface Occupant {
  readonly peerId: string
  readonly prefix: string | null
  readonly sinceMs: number
  /** In the quorum, in the mesh, or named by the operator: it stays. */
  readonly isNeeded: boolean
}

/**
 * Who goes when there are too many; null if everybody is needed. The oldest half stays, because to age costs an attacker time. Of the rest somebody
 * of the prefix with most connections goes, and there the one that has been served longest, so that newcomers find a place.
 */
export function leastUseful(occupants: readonly Occupant[]): Occupant | null {
  const counts = new Map<string, number>()
  for (const { prefix } of occupants) if (prefix !== null) add(counts, prefix, 1)
  const crowd = ({ prefix }: Occupant): number => (prefix === null ? 0 : (counts.get(prefix) ?? 0))
  const spare = occupants.filter(({ isNeeded }) => !isNeeded).sort((left, right) => left.sinceMs - right.sinceMs)
  const young = spare.slice(Math.floor(spare.length / 2))
  let found: Occupant | null = null
  for (const one of young) if (found === null || crowd(one) > crowd(found)) found = one
  return found
}
