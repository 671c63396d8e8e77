import type { Clock } from '../ports/clock.ts'

/** The clock in slots. */
export class Slots {
  readonly #clock: Clock
  readonly #genesisTimeMs: number
  readonly #slotMs: number
  readonly #choiceMs: number
  #cancel: () => void = () => {}

  constructor(clock: Clock, genesisTimeMs: number, slotMs: number, choiceMs: number) {
    this.#clock = clock
    this.#genesisTimeMs = genesisTimeMs
    this.#slotMs = slotMs
    this.#choiceMs = choiceMs
  }

  /** The slot of now; null before genesis. */
  now(): number | null {
    const slot = Math.floor((this.#clock.nowMs() - this.#genesisTimeMs) / this.#slotMs)
    return slot < 0 ? null : slot
  }
  startMs(slot: number): number {
    return this.#genesisTimeMs + slot * this.#slotMs
  }
  /** Until the end of the present slot, in ms. */
  remainingMs(): number {
    const slot = this.now()
    return slot === null ? this.#slotMs : this.startMs(slot + 1) - this.#clock.nowMs()
  }

  /** Tells of each slot's start and of W in it until `stop`. A slot that begins while the process sleeps is skipped. */
  start(onSlot: (slot: number) => void, onChoice: (slot: number) => void): void {
    const arm = (slot: number): void => {
      this.#cancel = this.#clock.at(this.startMs(slot), () => {
        const started = this.now() ?? slot
        onSlot(started)
        this.#cancel = this.#clock.at(this.startMs(started) + this.#choiceMs, () => {
          onChoice(started)
          arm(Math.max(started + 1, this.now() ?? 0))
        })
      })
    }
    const current = this.now()
    arm(current === null ? 0 : current)
  }
  stop(): void {
    this.#cancel()
  }
}
