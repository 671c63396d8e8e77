import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Diagnosis } from '../api/diagnosis-types.ts'

const NS_PER_MS = 1e6
/** How often the event loop is measured, which is the least that can be seen. */
const RESOLUTION_MS = 20

/** What a process can say of the machine that it runs on, whatever the node does: how late its timers come, and where its disk goes. */
export class Health {
  readonly #directory: string
  readonly #store: string | null
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #sinceMs = Date.now()
  readonly #storeAtStart: Promise<number | null>

  /** @param store null for a node without one */
  constructor(directory: string, store: string | null) {
    this.#directory = directory
    this.#store = store
    this.#delay.enable()
    this.#storeAtStart = this.#storeBytes()
  }

  stop(): void {
    this.#delay.disable()
  }

  eventLoop(): Diagnosis['eventLoop'] {
    // The histogram counts the interval itself, and says NaN before its first measurement.
    const ms = (ns: number): number => (Number.isFinite(ns) ? Math.max(0, Math.round(ns / NS_PER_MS - RESOLUTION_MS)) : 0)
    const { mean, max } = this.#delay
    return { meanMs: ms(mean), p99Ms: ms(this.#delay.percentile(99)), maxMs: ms(max), sinceMs: this.#sinceMs }
  }

  async disk(): Promise<Diagnosis['disk']> {
    const [now, before, free] = await Promise.all([this.#storeBytes(), this.#storeAtStart, freeSpace(this.#directory)])
    return {
      path: this.#directory,
      ...free,
      storeBytes: now,
      grownBytes: now === null || before === null ? null : now - before,
      sinceMs: this.#sinceMs,
    }
  }

  /** The files of the database lie side by side. */
  async #storeBytes(): Promise<number | null> {
    const store = this.#store
    if (store === null) return null
    try {
      const sizes = await Promise.all((await readdir(store)).map((name) => sizeOf(join(store, name))))
      return sizes.reduce((sum, size) => sum + size, 0)
    } catch {
      return null
    }
  }
}

/** Of the file system of a path; null where it does not say. */
export async function freeSpace(path: string): Promise<{ readonly freeBytes: number | null; readonly totalBytes: number | null }> {
  try {
    const { bavail, blocks, bsize } = await statfs(path)
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  } catch {
    return { freeBytes: null, totalBytes: null }
  }
}

/** 0 for one that has gone meanwhile, as files of a database do. */
const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  )
