import { existsSync, readFileSync } from 'node:fs'
import { type Deed, deedsPath } from './adversaries.ts'

/** Reads what adversaries note of their deeds, as it comes. */
export class DeedReader {
  readonly #onDeed: (node: string, deed: Deed) => void
  /** How much was read, in characters, by node. */
  readonly #read = new Map<string, number>()

  constructor(onDeed: (node: string, deed: Deed) => void) {
    this.#onDeed = onDeed
  }

  look(node: string, directory: string): void {
    const path = deedsPath(directory)
    if (!existsSync(path)) return
    const text = readFileSync(path, 'utf8')
    const from = this.#read.get(node) ?? 0
    // A line that is being written is read the next time.
    const to = text.lastIndexOf('\n') + 1
    this.#read.set(node, to)
    for (const line of text.slice(from, to).split('\n')) if (line !== '') this.#onDeed(node, JSON.parse(line) as Deed)
  }
}
