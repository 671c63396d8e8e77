import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Heap } from '../../../src/mempool/heap.ts'

describe('heap', () => {
  it('has the first of all on top, whatever is put, changed and removed', () => {
    const step = fc.record({ item: fc.nat(15), rank: fc.nat(99), remove: fc.constantFrom(false, false, true) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const items = Array.from({ length: 16 }, (_, name) => ({ name, rank: 0 }))
        type Item = (typeof items)[number]
        const order = (left: Item, right: Item): number => left.rank - right.rank || left.name - right.name
        const heap = new Heap<Item>((left, right) => order(left, right) < 0)
        const model = new Set<Item>()
        for (const { item, rank, remove } of steps) {
          const chosen = items[item] as Item
          if (remove) {
            heap.remove(chosen)
            model.delete(chosen)
          } else {
            chosen.rank = rank
            heap.put(chosen)
            model.add(chosen)
          }
          assert.equal(heap.peek(), [...model].sort(order)[0])
          for (let place = 1; place < model.size; place++) {
            assert.ok(order(heap.at((place - 1) >> 1) as Item, heap.at(place) as Item) < 0, 'each comes after the one above it')
          }
          assert.equal(heap.at(model.size), undefined)
        }
      }),
    )
  })
})
