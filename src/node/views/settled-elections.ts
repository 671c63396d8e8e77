import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SettledElectionView } from '../../api/ledger-types.ts'
import { IMPORT_BLOCKS } from '../bounds.ts'
import type { Chain } from '../chain.ts'
import { settledView } from './elections.ts'

/** Elections that are remembered. */
const MAX_SETTLED = 10
/** Receipts read between two turns of the event loop. */
const RECEIPTS_PER_TURN = 100
/** Receipts of blocks before this node's start that are looked through at most: with hours between elections, some days. */
const MAX_LOOKBACK = 100_000
/** Blocks at the head that sync has imported and not written yet at most: their receipts are read the next time. */
const MAX_UNWRITTEN = IMPORT_BLOCKS

/** The newest settled elections, from the receipts of blocks. Each receipt is read once, when somebody asks. */
export class SettledElections {
  readonly #chain: Pick<Chain, 'head' | 'receipt'>
  /** Newest first. */
  #found: readonly SettledElectionView[] = []
  /** Newest block whose receipt was read; undefined before the first question. */
  #readTo: number | undefined
  #reading: Promise<void> = Promise.resolve()

  constructor(chain: Pick<Chain, 'head' | 'receipt'>) {
    this.#chain = chain
  }

  async newest(): Promise<readonly SettledElectionView[]> {
    // One after the other: the second finds read what the first has.
    const reading = this.#reading.catch(() => undefined).then(() => this.#read())
    this.#reading = reading
    await reading
    return this.#found
  }

  async #read(): Promise<void> {
    const { height } = this.#chain.head
    const lowest = this.#readTo === undefined ? Math.max(1, height - MAX_LOOKBACK + 1) : this.#readTo + 1
    const found: SettledElectionView[] = []
    let newest: number | undefined
    for (let at = height; at >= lowest && found.length < MAX_SETTLED; at--) {
      const receipt = this.#chain.receipt(at)
      if (receipt !== undefined) {
        newest ??= at
        for (const event of receipt.events) if (event.kind === 'election-settled') found.push(settledView(at, event))
      } else if (newest !== undefined || height - at > MAX_UNWRITTEN) {
        // A chain that began with a snapshot has no receipts below it.
        break
      }
      if ((height - at) % RECEIPTS_PER_TURN === RECEIPTS_PER_TURN - 1) await nextTurn()
    }
    this.#found = [...found, ...this.#found].slice(0, MAX_SETTLED)
    this.#readTo = newest ?? this.#readTo
  }
}
