import { emptyRecord, type GuardRecord } from '../../src/consensus/guard.ts'
import type { BlockRef } from '../../src/consensus/types.ts'
import type { Hash } from '../../src/wire/types.ts'
import type { Sealed } from './world.ts'

interface Snapshot {
  readonly record: GuardRecord
  readonly chainLength: number
  readonly atMs: number
}

/** What of a node survives a crash. */
export class Disk {
  record: GuardRecord = emptyRecord
  /** Blocks that a lock or a seal on the record is for. */
  readonly bodies = new Map<Hash, BlockRef>()
  readonly chain: Sealed[] = []
  private readonly backups: Snapshot[] = []

  append(sealed: Sealed): void {
    this.chain.push(sealed)
    for (const body of this.bodies.values()) if (body.height < sealed.block.height) this.bodies.delete(body.hash)
  }

  copyFrom(other: Disk): void {
    this.record = other.record
    this.chain.push(...other.chain)
    for (const body of other.bodies.values()) this.bodies.set(body.hash, body)
  }

  backUp(atMs: number): void {
    this.backups.push({ record: this.record, chainLength: this.chain.length, atMs })
  }

  /** Puts back one of the copies that were made, or an empty directory; when that was. */
  restore(random: { below(end: number): number }): number {
    // The newest copy as often as any other: then it has forgotten little, but just that.
    const isNewest = random.below(2) === 0
    const backup = this.backups[isNewest ? this.backups.length - 1 : random.below(this.backups.length + 1)]
    this.record = backup?.record ?? emptyRecord
    this.chain.length = Math.min(this.chain.length, backup?.chainLength ?? 0)
    this.bodies.clear()
    return backup?.atMs ?? 0
  }
}
