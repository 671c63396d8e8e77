import { Admission } from './admission.ts'
import { type ConnectionLimits, connectionLimits } from './limits.ts'
import type { Libp2pNetworkOptions } from './options.ts'
import { type Classify, publicOrigin } from './prefixes.ts'
import type { Refusal } from './refusals.ts'
import { SeenAddresses } from './seen-addresses.ts'

/** What a node holds against strangers who take too much of it, and the count of what it refused. */
export class Defence {
  readonly limits: ConnectionLimits
  readonly classify: Classify
  readonly seen = new SeenAddresses()
  readonly admission: Admission
  /** Requests to the DHT that were answered. */
  served = 0
  readonly #refused = new Map<Refusal, number>()

  constructor({ scope, role, limits, classify }: Libp2pNetworkOptions) {
    this.limits = { ...connectionLimits(scope, role), ...limits }
    this.classify = classify ?? publicOrigin
    this.admission = new Admission(this.limits, this.classify, Date.now)
  }

  refuse(reason: Refusal): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
  }

  /** How often, by reason, since the start. */
  refused(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#refused)
  }
}
