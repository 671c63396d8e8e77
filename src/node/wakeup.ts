/** Waits for news, for one who waits: news that comes while he does something else is not lost. */
export class Wakeup {
  #isDue = false
  #wake: () => void = () => {}

  wake(): void {
    this.#isDue = true
    this.#wake()
  }
  /** Resolves at the next `wake`, at once if there was one since the last wait, and after `mostMs` in any case. */
  async wait(mostMs: number): Promise<void> {
    if (!this.#isDue)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, mostMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    this.#isDue = false
  }
}
