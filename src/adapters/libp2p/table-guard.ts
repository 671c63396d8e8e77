/** How many entries of the routing table come from one prefix: whoever rents one fills no table with it. */
export class TableGuard {
  readonly #perPrefix: number
  readonly #prefixesOf: (peerId: string) => readonly string[]
  readonly #entries = new Map<string, readonly string[]>()
  readonly #counts = new Map<string, number>()

  constructor(perPrefix: number, prefixesOf: (peerId: string) => readonly string[]) {
    this.#perPrefix = perPrefix
    this.#prefixesOf = prefixesOf
  }

  hasRoomFor(peerId: string): boolean {
    if (this.#entries.has(peerId)) return true
    return this.#prefixesOf(peerId).every((prefix) => (this.#counts.get(prefix) ?? 0) < this.#perPrefix)
  }

  enter(peerId: string): void {
    this.leave(peerId)
    const prefixes = this.#prefixesOf(peerId)
    this.#entries.set(peerId, prefixes)
    for (const prefix of prefixes) this.#counts.set(prefix, (this.#counts.get(prefix) ?? 0) + 1)
  }

  leave(peerId: string): void {
    for (const prefix of this.#entries.get(peerId) ?? []) {
      const left = (this.#counts.get(prefix) ?? 1) - 1
      if (left > 0) this.#counts.set(prefix, left)
      else this.#counts.delete(prefix)
    }
    this.#entries.delete(peerId)
  }
}
