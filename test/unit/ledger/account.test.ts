import assert from 'node:assert/strict'
import fc from 'fast-check'
import { toHex } from '../../../src/base/hex.ts'
import {
  type Account,
  account,
  accrue,
  type Ballot,
  type Bonds,
  emptyAccount,
  MAX_MICRO_HOURS,
  type Verifier,
} from '../../../src/ledger/account.ts'
import { MAX_DELEGATIONS, MAX_ENDORSEMENTS, MAX_OFFENCES, MAX_SUPPORTED_SOURCES, MAX_UNBONDINGS } from '../../../src/ledger/bounds.ts'
import { MAX_SLIP_CHOICES } from '../../../src/wire/bounds.ts'
import { decode, encode, WireError } from '../../../src/wire/codec.ts'

const most = Number.MAX_SAFE_INTEGER
const held = (changes: Partial<Account>): Account => ({ ...emptyAccount(0), ...changes })

describe('ledger: coin-hours', () => {
  const cases: {
    description: string
    before: Partial<Account>
    timeMs: number
    coinHourSeconds: number
    microHours: number
    rest: number
  }[] = [
    {
      description: 'a coin earns a coin-hour in the time set',
      before: { droplets: 1e6 },
      timeMs: 3_600_000,
      coinHourSeconds: 3600,
      microHours: 1e6,
      rest: 0,
    },
    { description: 'no coins earn nothing', before: { microHours: 5 }, timeMs: 1e12, coinHourSeconds: 1, microHours: 5, rest: 0 },
    {
      description: 'less than a micro coin-hour stays in the remainder',
      before: { droplets: 1 },
      timeMs: 999,
      coinHourSeconds: 1,
      microHours: 0,
      rest: 999,
    },
    {
      description: 'and is earned with the next',
      before: { droplets: 1, remainderDropletMs: 999 },
      timeMs: 1,
      coinHourSeconds: 1,
      microHours: 1,
      rest: 0,
    },
    {
      description: 'time that does not pass earns nothing',
      before: { droplets: 1e6, hoursAtMs: 9 },
      timeMs: 9,
      coinHourSeconds: 1,
      microHours: 0,
      rest: 0,
    },
    {
      description: 'time that goes back earns nothing',
      before: { droplets: 1e6, hoursAtMs: 9 },
      timeMs: 8,
      coinHourSeconds: 1,
      microHours: 0,
      rest: 0,
    },
    {
      description: 'a product that no number holds is exact',
      before: { droplets: 9_007_199_254_740, remainderDropletMs: 1 },
      timeMs: 31_557_600_007,
      coinHourSeconds: 31_557_601,
      microHours: Number((9_007_199_254_740n * 31_557_600_007n + 1n) / 31_557_601_000n),
      rest: Number((9_007_199_254_740n * 31_557_600_007n + 1n) % 31_557_601_000n),
    },
    {
      description: 'what is above the bound is lost',
      before: { droplets: most },
      timeMs: most,
      coinHourSeconds: 1,
      microHours: MAX_MICRO_HOURS,
      rest: 81,
    },
    {
      description: 'what is above the bound with what was there is lost',
      before: { droplets: 3, microHours: most - 1 },
      timeMs: 1000,
      coinHourSeconds: 1,
      microHours: MAX_MICRO_HOURS,
      rest: 0,
    },
  ]
  for (const { description, before, timeMs, coinHourSeconds, microHours, rest } of cases) {
    it(description, () => {
      const after = accrue(held(before), timeMs, coinHourSeconds)
      assert.deepEqual(
        [after.microHours, after.remainderDropletMs, after.hoursAtMs],
        [microHours, rest, Math.max(timeMs, before.hoursAtMs ?? 0)],
      )
    })
  }

  it('are the same however often an account is touched, and whatever it holds in between', () => {
    const span = fc.record({
      droplets: fc.oneof(fc.nat(10), fc.maxSafeNat()),
      touches: fc.array(fc.oneof(fc.nat(5000), fc.nat(1e9)), { maxLength: 6 }),
    })
    fc.assert(
      fc.property(
        fc.array(span, { maxLength: 6 }),
        fc.integer({ min: 1, max: 0xffff_ffff }),
        fc.maxSafeNat(),
        (spans, coinHourSeconds, start) => {
          let touched = held({ microHours: start })
          let seldom = touched
          let exactDropletMs = 0n
          let timeMs = 0
          for (const { droplets, touches } of spans) {
            const before = timeMs
            touched = { ...touched, droplets }
            seldom = { ...seldom, droplets }
            for (const elapsedMs of touches) {
              timeMs += elapsedMs
              touched = accrue(touched, timeMs, coinHourSeconds)
            }
            seldom = accrue(seldom, timeMs, coinHourSeconds)
            exactDropletMs += BigInt(droplets) * BigInt(timeMs - before)
          }
          assert.deepEqual(touched, seldom)
          const exact = BigInt(start) + exactDropletMs / (BigInt(coinHourSeconds) * 1000n)
          assert.equal(BigInt(touched.microHours), exact > BigInt(most) ? BigInt(most) : exact)
        },
      ),
    )
  })
})

const hexOf = (bytes: number): fc.Arbitrary<string> => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(toHex)
/** Plain objects, as the decoder makes them: fast-check's own may lack a prototype. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record<T>(model, { noNullPrototype: true })
const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null })
const listOf = <T>(of: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> => fc.array(of, { maxLength })
const safe = fc.oneof(fc.nat(3), fc.constant(most), fc.maxSafeNat())
const address = hexOf(20)
const anAccount = record<Account>({
  ...{ droplets: safe, microHours: safe, remainderDropletMs: safe, hoursAtMs: safe, nonce: safe },
  ballot: orNull(
    record<Ballot>({
      ...{ election: safe, heldDroplets: safe, bondedDroplets: safe, movedDroplets: safe },
      slip: orNull(record({ weightDroplets: safe, choices: listOf(address, MAX_SLIP_CHOICES) })),
      sources: listOf(record({ source: hexOf(32), weightDroplets: safe }), MAX_SUPPORTED_SOURCES),
    }),
  ),
  bonds: orNull(
    record<Bonds>({
      delegations: listOf(record({ verifier: address, shares: safe }), MAX_DELEGATIONS),
      unbonding: listOf(record({ verifier: address, droplets: safe, epoch: safe }), MAX_UNBONDINGS),
    }),
  ),
  verifier: orNull(
    record<Verifier>({
      ...{ peerId: fc.stringMatching(/^[a-z]{0,96}$/), blsKey: hexOf(48), commissionPpm: fc.nat(1_000_000), registeredHeight: safe },
      ...{ stakeDroplets: safe, delegatedDroplets: safe, delegationShares: safe, jailedUntilSlot: orNull(safe) },
      tally: record({ election: safe, droplets: safe }),
      offences: listOf(record({ kind: fc.constantFrom('double-candidate', 'double-seal', 'amnesia'), height: safe }), MAX_OFFENCES),
    }),
  ),
  endorses: orNull(listOf(address, MAX_ENDORSEMENTS)),
})

describe('ledger: bytes of an account', () => {
  const plain = [1, 2, 3, 4, 5].flatMap((first) => [first, 0, 0, 0, 0, 0, 0, 0])
  const value: Account = { ...emptyAccount(4), droplets: 1, microHours: 2, remainderDropletMs: 3, nonce: 5 }
  const parts: { description: string; of: Account; bytes: number[] }[] = [
    { description: 'no more than five integers', of: value, bytes: [0, ...plain] },
    {
      description: 'a ballot of nothing',
      of: { ...value, ballot: { election: 6, heldDroplets: 7, bondedDroplets: 8, movedDroplets: 9, slip: null, sources: [] } },
      bytes: [1, ...plain, ...[6, 7, 8, 9].flatMap((first) => [first, 0, 0, 0, 0, 0, 0, 0]), 0, ...[0, 0, 0, 0]],
    },
    { description: 'no bonds', of: { ...value, bonds: { delegations: [], unbonding: [] } }, bytes: [2, ...plain, ...new Array(8).fill(0)] },
    { description: 'no endorsements', of: { ...value, endorses: [] }, bytes: [8, ...plain, 0, 0, 0, 0] },
    {
      description: 'ballot, bonds and endorsements, in this order',
      of: {
        ...value,
        ballot: { election: 6, heldDroplets: 0, bondedDroplets: 0, movedDroplets: 0, slip: null, sources: [] },
        bonds: { delegations: [{ verifier: '0a'.repeat(20), shares: 7 }], unbonding: [] },
        endorses: ['0b'.repeat(20)],
      },
      bytes: [
        ...[11, ...plain, 6, ...new Array(7 + 3 * 8 + 1 + 4).fill(0)],
        ...[1, 0, 0, 0, ...new Array(20).fill(10), 7, ...new Array(7 + 4).fill(0)],
        ...[1, 0, 0, 0, ...new Array(20).fill(11)],
      ],
    },
  ]
  for (const { description, of, bytes } of parts) {
    it(`of ${description}`, () => {
      assert.deepEqual([...encode(account, of)], bytes)
      assert.deepEqual(decode(account, Uint8Array.from(bytes)), of)
    })
  }

  it('are read back whatever parts it has, and no others are read', () => {
    fc.assert(
      fc.property(anAccount, fc.nat(), fc.integer({ min: 1, max: 255 }), (of, place, change) => {
        const bytes = encode(account, of)
        assert.deepEqual(decode(account, bytes), of)
        assert.ok(bytes.length >= account.minBytes && bytes.length <= account.maxBytes)
        assert.throws(() => decode(account, bytes.subarray(0, bytes.length - 1)), WireError)
        assert.throws(() => decode(account, Uint8Array.from([...bytes, 0])), WireError)
        const other = bytes.slice()
        other[place % other.length] = ((other[place % other.length] ?? 0) + change) % 256
        const read = decoded(other)
        if (read !== null) assert.deepEqual(encode(account, read), other)
      }),
    )
  })

  it('are at most as many as said', () => {
    const bytes = encode(account, {
      ...{ droplets: most, microHours: most, remainderDropletMs: most, hoursAtMs: most, nonce: most },
      ballot: {
        ...{ election: most, heldDroplets: most, bondedDroplets: most, movedDroplets: most },
        slip: { weightDroplets: most, choices: new Array(MAX_SLIP_CHOICES).fill('0a'.repeat(20)) },
        sources: new Array(MAX_SUPPORTED_SOURCES).fill({ source: '0a'.repeat(32), weightDroplets: most }),
      },
      bonds: {
        delegations: new Array(MAX_DELEGATIONS).fill({ verifier: '0a'.repeat(20), shares: most }),
        unbonding: new Array(MAX_UNBONDINGS).fill({ verifier: '0a'.repeat(20), droplets: most, epoch: most }),
      },
      verifier: {
        ...{ peerId: 'z'.repeat(96), blsKey: '0a'.repeat(48), commissionPpm: 1_000_000, registeredHeight: most },
        ...{ stakeDroplets: most, delegatedDroplets: most, delegationShares: most, jailedUntilSlot: most },
        tally: { election: most, droplets: most },
        offences: new Array(MAX_OFFENCES).fill({ kind: 'amnesia', height: most }),
      },
      endorses: new Array(MAX_ENDORSEMENTS).fill('0a'.repeat(20)),
    })
    assert.equal(bytes.length, account.maxBytes)
  })

  it('with an unknown part are refused', () => {
    for (const flag of [16, 32, 64, 128, 255]) {
      const bytes = encode(account, value)
      bytes[0] = flag
      assert.throws(() => decode(account, bytes), new RegExp(`unknown account parts ${flag}`))
    }
  })
})

function decoded(bytes: Uint8Array): Account | null {
  try {
    return decode(account, bytes)
  } catch (error) {
    assert.ok(error instanceof WireError)
    return null
  }
}
