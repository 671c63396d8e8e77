import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Pool } from '../../../src/mempool/pool.ts'
import type { AccountView, PoolEntry, PoolLimits } from '../../../src/mempool/types.ts'
import { entry } from './fixtures.ts'

const LIMITS: PoolLimits = { maxCount: 9, maxBytes: 1300, maxPerAccount: 3, maxNonceAhead: 6 }

/** The pool's rules over one plain list, searched from end to end each time. */
class Model {
  entries: { entry: PoolEntry; order: number }[] = []
  readonly views = new Map<string, AccountView>()
  offered = 0

  of(sender: string): { entry: PoolEntry; order: number }[] {
    return this.entries.filter((one) => one.entry.sender === sender).sort((left, right) => nonceOf(left.entry) - nonceOf(right.entry))
  }
  gapped(one: PoolEntry, among = this.of(one.sender)): boolean {
    const below = among.filter(({ entry: other }) => nonceOf(other) < nonceOf(one)).length
    return nonceOf(one) !== (this.views.get(one.sender)?.nonce ?? 0) + below
  }
  /** Keys that order by who leaves first, ascending. */
  worth({ entry: one, order }: { entry: PoolEntry; order: number }): number[] {
    return [one.local ? 1 : 0, this.gapped(one) ? 0 : 1, rate(one), -order]
  }

  add(one: PoolEntry, view: AccountView, slot: number): string {
    if (this.entries.some(({ entry: other }) => other.id === one.id)) {
      if (one.local) this.entries = this.entries.map((other) => (other.entry.id === one.id ? { ...other, entry: one } : other))
      return 'known'
    }
    const order = this.offered++
    const mine = this.of(one.sender)
    const account = mine.length > 0 ? (this.views.get(one.sender) ?? view) : view
    const { nonce, expirySlot, feeDroplets } = one.transaction.body
    if (expirySlot < slot) return 'expired'
    if (nonce < account.nonce) return 'nonce-too-low'
    if (nonce >= account.nonce + LIMITS.maxNonceAhead) return 'nonce-too-far'
    const same = mine.find(({ entry: other }) => nonceOf(other) === nonce)
    if (same !== undefined && (feeDroplets <= feeOf(same.entry) || feeDroplets * 10 < feeOf(same.entry) * 11))
      return 'fee-too-low-to-replace'
    const others = mine.filter((other) => other !== same)
    if ([...others.map((other) => costOf(other.entry)), costOf(one)].reduce((sum, cost) => sum + cost) > account.droplets)
      return 'insufficient-funds'

    const saved = this.entries
    const savedView = this.views.get(one.sender)
    this.views.set(one.sender, account)
    const restore = (code: string): string => {
      this.entries = saved
      if (savedView === undefined) this.views.delete(one.sender)
      else this.views.set(one.sender, savedView)
      return code
    }
    const last = mine.at(-1)
    if (same !== undefined) this.entries = this.entries.filter((other) => other !== same)
    else if (last !== undefined && mine.length >= LIMITS.maxPerAccount) {
      if (nonceOf(last.entry) < nonce || (last.entry.local && !one.local)) return restore('account-full')
      this.entries = this.entries.filter((other) => other !== last)
    }
    while (this.entries.length + 1 > LIMITS.maxCount || bytesOf(this.entries) + one.sizeBytes > LIMITS.maxBytes) {
      const tails = [...new Set(this.entries.map((other) => other.entry.sender))].map((sender) => this.of(sender).at(-1))
      const victim = tails.filter((tail) => tail !== undefined).sort((left, right) => compare(this.worth(left), this.worth(right)))[0]
      if (victim === undefined || compare(this.worth(victim), this.worth({ entry: one, order })) > 0) return restore('pool-full')
      if (victim.entry.sender === one.sender && nonceOf(victim.entry) < nonce) return restore('pool-full')
      this.entries = this.entries.filter((other) => other !== victim)
    }
    this.entries = [...this.entries, { entry: one, order }]
    return 'accept'
  }

  commit(ids: readonly string[], accounts: readonly (readonly [string, AccountView])[]): void {
    this.entries = this.entries.filter((one) => !ids.includes(one.entry.id))
    for (const [sender, view] of accounts) {
      if (this.of(sender).length === 0) continue
      this.views.set(sender, view)
      this.entries = this.entries.filter((one) => one.entry.sender !== sender || nonceOf(one.entry) >= view.nonce)
      for (let mine = this.of(sender); mine.length > 0; mine = this.of(sender)) {
        const last = mine.at(-1)
        if (mine.reduce((sum, one) => sum + costOf(one.entry), 0) <= view.droplets || last?.entry.local) break
        this.entries = this.entries.filter((one) => one !== last)
      }
    }
  }

  expire(slot: number): void {
    this.entries = this.entries.filter((one) => one.entry.transaction.body.expirySlot >= slot)
  }

  ready(slot: number): string[] {
    const next = new Map([...this.views].map(([sender, { nonce }]) => [sender, nonce]))
    const taken: string[] = []
    for (;;) {
      const candidates = this.entries
        .filter(({ entry: one }) => nonceOf(one) === next.get(one.sender) && one.transaction.body.expirySlot >= slot)
        .sort((left, right) => rate(right.entry) - rate(left.entry) || left.order - right.order)
      const [best] = candidates
      if (best === undefined) return taken
      taken.push(best.entry.id)
      next.set(best.entry.sender, nonceOf(best.entry) + 1)
    }
  }
}

const nonceOf = (one: PoolEntry): number => one.transaction.body.nonce
const feeOf = (one: PoolEntry): number => one.transaction.body.feeDroplets
const amountOf = ({ transaction: { body } }: PoolEntry): number => (body.action.kind === 'transfer' ? body.action.amountDroplets : 0)
const costOf = (one: PoolEntry): number => feeOf(one) + amountOf(one)
const rate = (one: PoolEntry): number => feeOf(one) / one.sizeBytes
const bytesOf = (entries: readonly { entry: PoolEntry }[]): number => entries.reduce((sum, one) => sum + one.entry.sizeBytes, 0)
function compare(left: readonly number[], right: readonly number[]): number {
  const place = left.findIndex((value, index) => value !== right[index])
  return place < 0 ? 0 : (left[place] ?? 0) - (right[place] ?? 0)
}

const sender = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const view = fc.record({ nonce: fc.nat(2), droplets: fc.constantFrom(0, 80, 200, 1000) })
const addition = fc.record({
  kind: fc.constant('add' as const),
  entry: fc
    .record({
      sender,
      nonce: fc.nat(7),
      fee: fc.integer({ min: 0, max: 60 }),
      amount: fc.nat(50),
      expirySlot: fc.integer({ min: 5, max: 60 }),
      sizeBytes: fc.constantFrom(100, 100, 100, 150, 400),
      local: fc.boolean(),
    })
    .map(entry),
  view,
})
const step = fc.oneof(
  { weight: 12, arbitrary: addition },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      taken: fc.nat(4),
      accounts: fc.array(fc.tuple(sender, view), { maxLength: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), place: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), slots: fc.integer({ min: 1, max: 3 }) }) },
)

describe('pool: against a naive model', () => {
  it('does the same for any sequence of offers, blocks and slots', () => {
    const seen = new Map<string, number>()
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }), (steps) => {
        const pool = new Pool(LIMITS)
        const model = new Model()
        let slot = 0
        for (const one of steps) {
          const known = one.kind === 'again' ? model.entries[one.place] : undefined
          const offer = one.kind === 'add' ? one : known && { entry: { ...known.entry, local: true }, view: { nonce: 0, droplets: 0 } }
          if (offer !== undefined) {
            const verdict = pool.add(offer.entry, offer.view, slot)
            const code = verdict.kind === 'accept' ? 'accept' : verdict.code
            seen.set(code, (seen.get(code) ?? 0) + 1)
            assert.equal(code, model.add(offer.entry, offer.view, slot))
          } else if (one.kind === 'commit') {
            const ids = model.ready(slot).slice(0, one.taken)
            pool.removeCommitted(ids, one.accounts)
            model.commit(ids, one.accounts)
          } else if (one.kind === 'pass') {
            slot += one.slots
            pool.expire(slot)
            model.expire(slot)
          }
          assert.deepEqual(
            [...pool.ready(slot)].map(({ id }) => id),
            model.ready(slot),
          )
          assert.deepEqual(pool.stats(), {
            count: model.entries.length,
            bytes: bytesOf(model.entries),
            accounts: new Set(model.entries.map((kept) => kept.entry.sender)).size,
            local: model.entries.filter((kept) => kept.entry.local).length,
          })
          for (const { entry: kept } of model.entries) assert.deepEqual(pool.get(kept.id), kept)
        }
      }),
      { numRuns: 200 },
    )
    // The steps reach every rule, or the comparison would say little.
    const reached = [
      'accept',
      'account-full',
      'expired',
      'fee-too-low-to-replace',
      'insufficient-funds',
      'known',
      'nonce-too-far',
      'nonce-too-low',
      'pool-full',
    ]
    assert.deepEqual(
      reached.filter((code) => !seen.has(code)),
      [],
    )
  })
})
