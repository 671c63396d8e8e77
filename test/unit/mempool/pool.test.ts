import assert from 'node:assert/strict'
import { Pool } from '../../../src/mempool/pool.ts'
import type { AccountView, PoolEntry, PoolLimits } from '../../../src/mempool/types.ts'
import { type EntryOptions, entry } from './fixtures.ts'

const LIMITS: PoolLimits = { maxCount: 100, maxBytes: 100_000, maxPerAccount: 8, maxNonceAhead: 10 }
const RICH: AccountView = { nonce: 0, droplets: 1_000_000 }
const SLOT = 50

function poolOf(options: readonly EntryOptions[], limits: Partial<PoolLimits> = {}, account = RICH): { pool: Pool; entries: PoolEntry[] } {
  const pool = new Pool({ ...LIMITS, ...limits })
  const entries = options.map(entry)
  for (const one of entries) assert.equal(pool.add(one, account, SLOT).kind, 'accept')
  return { pool, entries }
}
const label = ({ sender, transaction: { body } }: PoolEntry): string => `${sender}${body.nonce}/${body.feeDroplets}`
const readyLabels = (pool: Pool, slot = SLOT): string[] => [...pool.ready(slot)].map(label)

describe('pool: what it refuses', () => {
  const cases: {
    description: string
    before?: EntryOptions[]
    limits?: Partial<PoolLimits>
    account?: AccountView
    offered: EntryOptions
    code: string
    detail: RegExp
  }[] = [
    {
      description: 'the same again',
      before: [{ sender: 'a', nonce: 0 }],
      offered: { sender: 'a', nonce: 0 },
      code: 'known',
      detail: /is in the pool/,
    },
    {
      description: 'an expiry slot that is over',
      offered: { sender: 'a', nonce: 0, expirySlot: 49 },
      code: 'expired',
      detail: /after slot 49, it is slot 50/,
    },
    {
      description: 'a used nonce',
      account: { nonce: 3, droplets: 1000 },
      offered: { sender: 'a', nonce: 2 },
      code: 'nonce-too-low',
      detail: /has nonce 2, the account's next is 3/,
    },
    {
      description: 'a nonce at the end of the gap',
      account: { nonce: 3, droplets: 1000 },
      offered: { sender: 'a', nonce: 13 },
      code: 'nonce-too-far',
      detail: /has nonce 13, at most 12 allowed/,
    },
    {
      description: 'a replacement that pays the same',
      before: [{ sender: 'a', nonce: 0, fee: 100 }],
      offered: { sender: 'a', nonce: 0, fee: 100, amount: 1 },
      code: 'fee-too-low-to-replace',
      detail: /needs a fee of 0.00011 coins, has 0.0001/,
    },
    {
      description: 'a replacement that pays a tenth more less one',
      before: [{ sender: 'a', nonce: 0, fee: 101 }],
      offered: { sender: 'a', nonce: 0, fee: 111 },
      code: 'fee-too-low-to-replace',
      detail: /needs a fee of 0.000112 coins, has 0.000111/,
    },
    {
      description: 'a free replacement of a free one',
      before: [{ sender: 'a', nonce: 0, fee: 0 }],
      offered: { sender: 'a', nonce: 0, fee: 0, amount: 1 },
      code: 'fee-too-low-to-replace',
      detail: /needs a fee of 0.000001 coins, has 0/,
    },
    {
      description: 'more than the account has',
      account: { nonce: 0, droplets: 199 },
      offered: { sender: 'a', nonce: 0, fee: 100, amount: 100 },
      code: 'insufficient-funds',
      detail: /needs 0.0002 coins .*, has 0.000199/,
    },
    {
      description: 'more than the account has left',
      before: [{ sender: 'a', nonce: 0, fee: 100, amount: 800_000 }],
      offered: { sender: 'a', nonce: 1, fee: 100, amount: 199_801 },
      code: 'insufficient-funds',
      detail: /needs 1.000001 coins .*, has 1$/,
    },
    {
      description: 'more stake than the account has left',
      before: [{ sender: 'a', nonce: 0, fee: 100, action: { kind: 'stake', amountDroplets: 800_000 } }],
      offered: { sender: 'a', nonce: 1, fee: 100, action: { kind: 'stake', amountDroplets: 199_801 } },
      code: 'insufficient-funds',
      detail: /needs 1.000001 coins .*, has 1$/,
    },
    {
      description: 'a larger delegation than the account can pay; what it takes back does not pay for it',
      before: [{ sender: 'a', nonce: 0, fee: 100, action: { kind: 'unstake', amountDroplets: 900_000 } }],
      offered: { sender: 'a', nonce: 1, fee: 100, action: { kind: 'delegate', verifier: '22'.repeat(20), amountDroplets: 999_801 } },
      code: 'insufficient-funds',
      detail: /needs 1.000001 coins .*, has 1$/,
    },
    {
      description: 'an amount and a fee whose sum no number can hold',
      account: { nonce: 0, droplets: Number.MAX_SAFE_INTEGER },
      offered: { sender: 'a', nonce: 0, fee: Number.MAX_SAFE_INTEGER, amount: Number.MAX_SAFE_INTEGER },
      code: 'insufficient-funds',
      detail: /has 9007199254.740991/,
    },
    {
      description: 'one more than the account may have',
      limits: { maxPerAccount: 2 },
      before: [
        { sender: 'a', nonce: 0 },
        { sender: 'a', nonce: 1 },
      ],
      offered: { sender: 'a', nonce: 2, fee: 9999 },
      code: 'account-full',
      detail: /holds 2 of the account/,
    },
    {
      description: 'one whose fee is that of the least of a full pool',
      limits: { maxCount: 2 },
      before: [
        { sender: 'a', nonce: 0, fee: 100 },
        { sender: 'b', nonce: 0, fee: 200 },
      ],
      offered: { sender: 'c', nonce: 0, fee: 100 },
      code: 'pool-full',
      detail: /holds 2 transactions of 200 bytes/,
    },
    {
      description: 'one that waits for a gap, however well it pays, where all others could go',
      limits: { maxCount: 2 },
      before: [
        { sender: 'a', nonce: 0, fee: 100 },
        { sender: 'b', nonce: 0, fee: 200 },
      ],
      offered: { sender: 'c', nonce: 1, fee: 9999 },
      code: 'pool-full',
      detail: /none of which gives way/,
    },
    {
      description: 'one that could only take the place of the one before it',
      limits: { maxCount: 2 },
      before: [
        { sender: 'a', nonce: 0, fee: 100 },
        { sender: 'b', nonce: 0, fee: 200 },
      ],
      offered: { sender: 'a', nonce: 1, fee: 9999 },
      code: 'pool-full',
      detail: /none of which gives way/,
    },
    {
      description: 'a stranger where all is local',
      limits: { maxCount: 1 },
      before: [{ sender: 'a', nonce: 0, fee: 1, local: true }],
      offered: { sender: 'b', nonce: 0, fee: 9999 },
      code: 'pool-full',
      detail: /none of which gives way/,
    },
    {
      description: 'one that would still not fit in bytes after all that it outbids is gone',
      limits: { maxBytes: 300 },
      before: [
        { sender: 'a', nonce: 0, fee: 10 },
        { sender: 'b', nonce: 0, fee: 9000 },
      ],
      offered: { sender: 'c', nonce: 0, fee: 600, sizeBytes: 250 },
      code: 'pool-full',
      detail: /holds 2 transactions of 200 bytes/,
    },
  ]
  for (const { description, before = [], limits, account = RICH, offered, code, detail } of cases) {
    it(description, () => {
      const { pool, entries } = poolOf(before, limits, account)
      const readyBefore = readyLabels(pool)
      const verdict = pool.add(entry(offered), account, SLOT)
      assert.equal(verdict.kind, 'ignore')
      assert.equal(verdict.kind === 'ignore' && verdict.code, code)
      assert.match(verdict.kind === 'ignore' ? verdict.detail : '', detail)
      assert.deepEqual(readyLabels(pool), readyBefore)
      assert.equal(pool.stats().count, entries.length)
      assert.equal(
        pool.stats().bytes,
        entries.reduce((sum, one) => sum + one.sizeBytes, 0),
      )
    })
  }
})

describe('pool: what it takes, and what gives way', () => {
  const cases: {
    description: string
    before: EntryOptions[]
    limits?: Partial<PoolLimits>
    offered: EntryOptions
    replaced?: string
    evicted?: string[]
    ready: string[]
  }[] = [
    {
      description: 'the better fee for its bytes goes first',
      before: [
        { sender: 'a', nonce: 0, fee: 200, sizeBytes: 400 },
        { sender: 'b', nonce: 0, fee: 100 },
      ],
      offered: { sender: 'c', nonce: 0, fee: 300 },
      ready: ['c0/300', 'b0/100', 'a0/200'],
    },
    {
      description: 'of equals the earlier goes first',
      before: [{ sender: 'b', nonce: 0 }],
      offered: { sender: 'a', nonce: 0 },
      ready: ['b0/100', 'a0/100'],
    },
    {
      description: 'nonce order goes over fees, and what waits for a gap is not ready',
      before: [
        { sender: 'a', nonce: 1, fee: 900 },
        { sender: 'a', nonce: 3, fee: 900 },
        { sender: 'b', nonce: 0, fee: 300 },
      ],
      offered: { sender: 'a', nonce: 0, fee: 100 },
      ready: ['b0/300', 'a0/100', 'a1/900'],
    },
    {
      description: 'a replacement at exactly a tenth more',
      before: [{ sender: 'a', nonce: 0, fee: 100 }],
      offered: { sender: 'a', nonce: 0, fee: 110 },
      replaced: 'a0/100',
      ready: ['a0/110'],
    },
    {
      description: 'a replacement in a full pool takes only its own place',
      limits: { maxCount: 2 },
      before: [
        { sender: 'a', nonce: 0, fee: 100 },
        { sender: 'b', nonce: 0, fee: 50 },
      ],
      offered: { sender: 'a', nonce: 0, fee: 110 },
      replaced: 'a0/100',
      ready: ['a0/110', 'b0/50'],
    },
    {
      description: 'the least fee gives way',
      limits: { maxCount: 2 },
      before: [
        { sender: 'a', nonce: 0, fee: 100 },
        { sender: 'b', nonce: 0, fee: 200 },
      ],
      offered: { sender: 'c', nonce: 0, fee: 101 },
      evicted: ['a0/100'],
      ready: ['b0/200', 'c0/101'],
    },
    {
      description: 'of an account its last gives way, even if the first pays less',
      limits: { maxCount: 3 },
      before: [
        { sender: 'a', nonce: 0, fee: 10 },
        { sender: 'a', nonce: 1, fee: 150 },
        { sender: 'b', nonce: 0, fee: 200 },
      ],
      offered: { sender: 'c', nonce: 0, fee: 160 },
      evicted: ['a1/150'],
      ready: ['b0/200', 'c0/160', 'a0/10'],
    },
    {
      description: 'what waits for a gap gives way before what can go, whatever it pays',
      limits: { maxCount: 2 },
      before: [
        { sender: 'a', nonce: 1, fee: 9000 },
        { sender: 'b', nonce: 0, fee: 200 },
      ],
      offered: { sender: 'c', nonce: 0, fee: 10 },
      evicted: ['a1/9000'],
      ready: ['b0/200', 'c0/10'],
    },
    {
      description: 'strangers give way to local ones whatever they pay',
      limits: { maxCount: 1 },
      before: [{ sender: 'a', nonce: 0, fee: 9000 }],
      offered: { sender: 'b', nonce: 0, fee: 1, local: true },
      evicted: ['a0/9000'],
      ready: ['b0/1'],
    },
    {
      description: 'several give way to one that is large',
      limits: { maxBytes: 300 },
      before: [
        { sender: 'a', nonce: 0, fee: 10 },
        { sender: 'b', nonce: 0, fee: 20 },
        { sender: 'c', nonce: 0, fee: 9000 },
      ],
      offered: { sender: 'd', nonce: 0, fee: 600, sizeBytes: 150 },
      evicted: ['a0/10', 'b0/20'],
      ready: ['c0/9000', 'd0/600'],
    },
    {
      description: 'in a full account the last gives way to one that fills a gap',
      limits: { maxPerAccount: 2 },
      before: [
        { sender: 'a', nonce: 0 },
        { sender: 'a', nonce: 5, fee: 900 },
      ],
      offered: { sender: 'a', nonce: 1 },
      evicted: ['a5/900'],
      ready: ['a0/100', 'a1/100'],
    },
  ]
  for (const { description, before, limits, offered, replaced = null, evicted = [], ready } of cases) {
    it(description, () => {
      const { pool } = poolOf(before, limits)
      const verdict = pool.add(entry(offered), RICH, SLOT)
      assert.ok(verdict.kind === 'accept', JSON.stringify(verdict))
      assert.equal(verdict.value.replaced && label(verdict.value.replaced), replaced)
      assert.deepEqual(verdict.value.evicted.map(label), evicted)
      assert.deepEqual(readyLabels(pool), ready)
    })
  }

  it('finds entries by id and by short id, also where two share one', () => {
    const { pool, entries } = poolOf([{ sender: 'a', nonce: 0 }])
    const [known] = entries
    assert.ok(known)
    const twin: PoolEntry = { ...entry({ sender: 'b', nonce: 0 }), id: known.id.slice(0, 16) + 'f'.repeat(48) }
    pool.add(twin, RICH, SLOT)
    assert.deepEqual(pool.byShortId(known.id.slice(0, 16)), [known, twin])
    assert.equal(pool.get(twin.id), twin)
    pool.removeCommitted([known.id], [])
    assert.deepEqual(pool.byShortId(known.id.slice(0, 16)), [twin])
    assert.equal(pool.has(known.id), false)
    assert.deepEqual(pool.byShortId('0000000000000000'), [])
  })

  it('makes a known entry local when it is handed in here too', () => {
    const { pool, entries } = poolOf([{ sender: 'a', nonce: 0 }])
    assert.deepEqual(pool.local(), [])
    pool.add(entry({ sender: 'a', nonce: 0, local: true }), RICH, SLOT)
    assert.deepEqual(
      pool.local().map(({ id }) => id),
      [entries[0]?.id],
    )
    assert.equal(pool.get(entries[0]?.id ?? '')?.local, true)
    assert.equal(pool.stats().local, 1)
  })
})

describe('pool: after a block, and as slots pass', () => {
  it('forgets what is final and goes on with the next nonce', () => {
    const { pool, entries } = poolOf([
      { sender: 'a', nonce: 0 },
      { sender: 'a', nonce: 1 },
      { sender: 'b', nonce: 0 },
    ])
    const dropped = pool.removeCommitted([entries[0]?.id ?? ''], [['a', { nonce: 1, droplets: 500 }]])
    assert.deepEqual(dropped, [])
    assert.deepEqual(readyLabels(pool).sort(), ['a1/100', 'b0/100'])
  })

  it('drops nonces that another transaction used up', () => {
    const { pool } = poolOf([
      { sender: 'a', nonce: 0 },
      { sender: 'a', nonce: 1 },
    ])
    const dropped = pool.removeCommitted([], [['a', { nonce: 1, droplets: 500 }]])
    assert.deepEqual(
      dropped.map(({ entry: one, code }) => [label(one), code]),
      [['a0/100', 'nonce-too-low']],
    )
  })

  it('drops from the end what the account cannot pay any more, but nothing local', () => {
    const { pool } = poolOf([
      { sender: 'a', nonce: 0, amount: 100 },
      { sender: 'a', nonce: 1, amount: 100 },
      { sender: 'a', nonce: 2, amount: 100 },
      { sender: 'b', nonce: 0, amount: 100, local: true },
    ])
    const dropped = pool.removeCommitted(
      [],
      [
        ['a', { nonce: 0, droplets: 399 }],
        ['b', { nonce: 0, droplets: 0 }],
        ['nobody', { nonce: 7, droplets: 0 }],
      ],
    )
    assert.deepEqual(
      dropped.map(({ entry: one, code }) => [label(one), code]),
      [
        ['a2/100', 'insufficient-funds'],
        ['a1/100', 'insufficient-funds'],
      ],
    )
    assert.deepEqual(readyLabels(pool), ['a0/100', 'b0/100'])
  })

  it('passes over the expired and what comes after it, then lets go of it', () => {
    const { pool } = poolOf([
      { sender: 'a', nonce: 0, expirySlot: 60 },
      { sender: 'a', nonce: 1, expirySlot: 90 },
      { sender: 'b', nonce: 0, expirySlot: 61 },
    ])
    assert.deepEqual(readyLabels(pool, 61), ['b0/100'])
    assert.deepEqual(pool.expire(60), [])
    assert.deepEqual(pool.expire(61).map(label), ['a0/100'])
    assert.deepEqual(pool.expire(62).map(label), ['b0/100'])
    assert.deepEqual(pool.stats(), { count: 1, bytes: 100, accounts: 1, local: 0 })
  })

  it('tells when it changes under an iteration', () => {
    const { pool, entries } = poolOf([
      { sender: 'a', nonce: 0 },
      { sender: 'b', nonce: 0 },
    ])
    const ready = pool.ready(SLOT)
    ready.next()
    pool.removeCommitted([entries[1]?.id ?? ''], [])
    assert.throws(() => ready.next(), /stays as it is/)
  })
})
