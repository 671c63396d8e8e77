import { MAX_WAITING_MESSAGES, MAX_WAITING_OF_PEER } from './bounds.ts'

/** What came too early and waits for the head to reach a height. */
export class HeadWaiters {
  readonly #waiting = new Set<{ readonly height: number; readonly from: string; readonly resolve: (reached: boolean) => void }>()

  /** True once the head is at the height; false at the deadline, or at once if too many wait, of this peer or in all. */
  wait(height: number, headHeight: number, deadlineMs: number, from: string): Promise<boolean> {
    if (headHeight >= height) return Promise.resolve(true)
    const ofPeer = [...this.#waiting].filter((waiter) => waiter.from === from).length
    if (this.#waiting.size >= MAX_WAITING_MESSAGES || ofPeer >= MAX_WAITING_OF_PEER) return Promise.resolve(false)
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(false), deadlineMs)
      const end = (reached: boolean): void => {
        clearTimeout(timer)
        this.#waiting.delete(waiter)
        resolve(reached)
      }
      const waiter = { height, from, resolve: end }
      this.#waiting.add(waiter)
    })
  }

  headReached(height: number): void {
    for (const waiter of [...this.#waiting]) if (waiter.height <= height) waiter.resolve(true)
  }
  /** Lets everybody go: the node stops. */
  end(): void {
    for (const waiter of [...this.#waiting]) waiter.resolve(false)
  }
}
