import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Account, account, accrue, emptyAccount, MAX_MICRO_HOURS } from '../../../src/ledger/account.ts'
import { decode, encode } from '../../../src/wire/codec.ts'

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

describe('ledger: bytes of an account', () => {
  it('are a tag and five integers', () => {
    const value: Account = { droplets: 1, microHours: 2, remainderDropletMs: 3, hoursAtMs: 4, nonce: 5 }
    const bytes = encode(account, value)
    assert.deepEqual([...bytes], [1, ...[1, 2, 3, 4, 5].flatMap((first) => [first, 0, 0, 0, 0, 0, 0, 0])])
    assert.deepEqual(decode(account, bytes), value)
  })

  it('with an unknown tag are refused', () => {
    const bytes = encode(account, emptyAccount(0))
    bytes[0] = 2
    assert.throws(() => decode(account, bytes), /unknown account tag 2/)
  })
})
