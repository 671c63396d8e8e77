import assert from 'node:assert/strict'
import { MAX_KNOWN_BLOCKS, MAX_WAITING_MESSAGES, MAX_WAITING_OF_PEER } from '../../../src/node/bounds.ts'
import { HeadWaiters } from '../../../src/node/head-waiters.ts'
import { Heard } from '../../../src/node/heard.ts'
import { type KnownBlock, KnownBlocks } from '../../../src/node/known-blocks.ts'
import { Slots } from '../../../src/node/slots.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { createQuorum } from '../../../src/wire/quorum.ts'
import type { Statement } from '../../../src/wire/types.ts'

const FAR_MS = 60_000

describe('messages that wait for the head', () => {
  it('go on once it is there, and not before', async () => {
    const waiters = new HeadWaiters()
    assert.equal(await waiters.wait(5, 5, FAR_MS, 'a'), true)
    const order: string[] = []
    const waits = [6, 7].map((height) => waiters.wait(height, 5, FAR_MS, 'a').then((reached) => order.push(`${height} ${reached}`)))
    waiters.headReached(6)
    await waits[0]
    assert.deepEqual(order, ['6 true'])
    waiters.end()
    await waits[1]
    assert.deepEqual(order, ['6 true', '7 false'])
  })

  it('give up at their deadline, and make room', async () => {
    const waiters = new HeadWaiters()
    for (let round = 0; round < 2; round++) {
      const waits = Array.from({ length: MAX_WAITING_OF_PEER }, () => waiters.wait(9, 1, 1, 'a'))
      assert.deepEqual(new Set(await Promise.all(waits)), new Set([false]))
    }
  })

  it('of one peer, or in all, are not more than their bounds', async () => {
    const waiters = new HeadWaiters()
    const waiting = new Set<Promise<boolean>>()
    const add = (from: string): void => {
      const wait = waiters.wait(9, 1, FAR_MS, from)
      waiting.add(wait)
      void wait.then(() => waiting.delete(wait))
    }
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    for (let count = 0; count < 1000; count++) add('hostile')
    await turn()
    assert.equal(waiting.size, MAX_WAITING_OF_PEER)
    add('honest')
    await turn()
    assert.equal(waiting.size, MAX_WAITING_OF_PEER + 1)
    for (let count = 0; count < 1000; count++) add(String(count))
    await turn()
    assert.equal(waiting.size, MAX_WAITING_MESSAGES)
    waiters.headReached(9)
    await turn()
    assert.equal(waiting.size, 0)
  })
})

describe('known blocks', () => {
  const block = (hash: string, height = 1): KnownBlock =>
    ({ ref: { hash, height, slot: 1, parent: '' }, block: {}, transactions: [], transition: {} }) as unknown as KnownBlock

  it('stay while they are named, and for one sweep after they came', () => {
    const known = new KnownBlocks((of) => of === 'named')
    for (const hash of ['named', 'new']) known.add(block(hash))
    known.sweep()
    assert.ok(known.get('new') !== undefined)
    known.sweep()
    assert.deepEqual([known.get('named')?.ref.hash, known.get('new')], ['named', undefined])
    known.settle(1)
    assert.equal(known.get('named'), undefined)
  })

  it('are bounded, and a named one never has to leave for those that nobody named', () => {
    const known = new KnownBlocks((of) => of === 'locked')
    known.add(block('locked'))
    const hashes = Array.from({ length: 5 * MAX_KNOWN_BLOCKS }, (_, index) => `other ${index}`)
    for (const hash of hashes) known.add(block(hash))
    assert.ok(known.get('locked') !== undefined)
    assert.equal(hashes.filter((hash) => known.get(hash) !== undefined).length, MAX_KNOWN_BLOCKS - 1)
  })
})

describe('what was heard of a verifier', () => {
  it('is the newest of each kind', () => {
    const quorum = createQuorum(['a', 'b'].map((id) => ({ id: id.repeat(40), peerId: id, blsKey: id.repeat(96), stakeDroplets: 1 })))
    const [first, second] = quorum.members
    assert.ok(first !== undefined && second !== undefined)
    const heard = new Heard()
    const vote = (slot: number): Statement => ({ kind: 'vote', height: 1, slot, block: 'ab'.repeat(32), validSlot: null })
    for (const slot of [3, 5, 4]) heard.note(quorum, vote(slot), { signers: [0], signature: '' })
    heard.note(quorum, { kind: 'seal', height: 1, block: 'ab'.repeat(32) }, { signers: [0, 1, 7], signature: '' })
    const slots = heard.of(first.id).map(({ statement }) => (statement.kind === 'seal' ? statement.kind : statement.slot))
    assert.deepEqual(slots, [5, 'seal'])
    assert.equal(heard.of(second.id).length, 1)
    assert.deepEqual(heard.of('nobody'), [])
  })
})

describe('slots', () => {
  /** A wall clock that a test sets. */
  class SetClock implements Clock {
    #nowMs = 0
    #calls: { atMs: number; call: () => void }[] = []
    nowMs = (): number => this.#nowMs
    at(atMs: number, call: () => void): () => void {
      const entry = { atMs, call }
      this.#calls.push(entry)
      return () => {
        this.#calls = this.#calls.filter((other) => other !== entry)
      }
    }
    set(nowMs: number): void {
      this.#nowMs = nowMs
      for (let due = this.#due(); due !== undefined; due = this.#due()) {
        this.#calls = this.#calls.filter((other) => other !== due)
        due.call()
      }
    }
    #due = () => this.#calls.find(({ atMs }) => atMs <= this.#nowMs)
  }

  it('are told once each with their choice, skipped while the process sleeps, and never repeated when the clock goes back', () => {
    const clock = new SetClock()
    const slots = new Slots(clock, 1000, 100, 20)
    const told: string[] = []
    clock.set(500)
    assert.deepEqual([slots.now(), slots.remainingMs()], [null, 100])
    slots.start(
      (slot) => told.push(`start ${slot}`),
      (slot) => told.push(`choice ${slot}`),
    )
    for (const nowMs of [999, 1000, 1010, 1020, 1100, 1120, 1575, 1590, 1050, 1150, 1600, 1620]) clock.set(nowMs)
    assert.deepEqual(told, ['start 0', 'choice 0', 'start 1', 'choice 1', 'start 5', 'choice 5', 'start 6', 'choice 6'])
    slots.stop()
    clock.set(9999)
    assert.equal(told.length, 8)
  })
})
