import type { World } from './world.ts'

interface Listener {
  onSlot(slot: number): void
  onChoice(slot: number): void
}

/** One node's clock: off by some milliseconds, and sometimes put to another time. */
export class NodeClock {
  private readonly world: World
  private readonly listener: Listener
  private offsetMs: number
  /** Counts what made earlier timers void. */
  private reading = 0

  constructor(world: World, offsetMs: number, listener: Listener) {
    this.world = world
    this.offsetMs = offsetMs
    this.listener = listener
  }

  set(offsetMs: number): void {
    this.offsetMs = offsetMs
  }

  /** Tells the slot now, and from now on each when it comes; whoever asked before is told no more. */
  start(): void {
    this.tick(++this.reading)
  }

  stop(): void {
    this.reading++
  }

  private tick(reading: number): void {
    const { world, listener } = this
    const { slotMs, choiceMs } = world.scenario
    const localMs = world.nowMs + this.offsetMs
    const slot = Math.floor(localMs / slotMs)
    const sinceMs = localMs - slot * slotMs
    const whileRunning = (run: () => void) => () => {
      if (reading === this.reading) run()
    }
    world.after(
      slotMs - sinceMs,
      whileRunning(() => this.tick(reading)),
    )
    if (sinceMs < choiceMs)
      world.after(
        choiceMs - sinceMs,
        whileRunning(() => listener.onChoice(slot)),
      )
    if (slot >= 0) listener.onSlot(slot)
    if (sinceMs >= choiceMs && reading === this.reading) listener.onChoice(slot)
  }
}
