import type { Codec, Reader, Writer } from '../wire/codec.ts'
import { struct, u64, WireError } from '../wire/codec.ts'

/** What the ledger holds for an address. An account is never removed: its nonce keeps old transactions from being used again. */
export interface Account {
  readonly droplets: number
  /** Coin-hours earned and not yet spent, in millionths, as of `hoursAtMs`; never above MAX_MICRO_HOURS. */
  readonly microHours: number
  /** Earned beyond `microHours` and not yet a whole micro coin-hour, in droplet milliseconds. */
  readonly remainderDropletMs: number
  /** Block time up to which coin-hours are reckoned, in ms since the Unix epoch. */
  readonly hoursAtMs: number
  /** Number of transactions that the account has made. */
  readonly nonce: number
}

/** What an account can hold: all amounts are safe integers. More is lost, not carried. */
export const MAX_MICRO_HOURS = Number.MAX_SAFE_INTEGER

const fields = struct<Account>({ droplets: u64, microHours: u64, remainderDropletMs: u64, hoursAtMs: u64, nonce: u64 })

/** Accounts that hold coins, hours and a nonce and nothing else. An account with more will take another tag. */
const PLAIN_TAG = 1

/** A tag byte, then the fields: the form in the store and under the state root. */
export const account: Codec<Account> = {
  minBytes: 1 + fields.minBytes,
  maxBytes: 1 + fields.maxBytes,
  write: (writer: Writer, value: Account) => {
    writer.u8(PLAIN_TAG)
    fields.write(writer, value)
  },
  read: (reader: Reader) => {
    const tag = reader.u8()
    if (tag !== PLAIN_TAG) throw new WireError('bound', `unknown account tag ${tag}`)
    return fields.read(reader)
  },
}

/** What an address that the ledger does not know holds, and earns from here on. */
export const emptyAccount = (timeMs: number): Account => ({
  droplets: 0,
  microHours: 0,
  remainderDropletMs: 0,
  hoursAtMs: timeMs,
  nonce: 0,
})

/**
 * The account with the coin-hours that it has earned up to block time `timeMs`.
 *
 * A droplet earns one micro coin-hour each `coinHourSeconds`, so `droplets × elapsed ms` droplet milliseconds are
 * added to the remainder, and each full `coinHourSeconds × 1000` of them become one micro coin-hour. The remainder
 * stays, in a unit that does not depend on the balance: the sum is exact however often an account is touched. Above
 * MAX_MICRO_HOURS hours are lost. A block time before `hoursAtMs` earns nothing and changes nothing.
 */
export function accrue(of: Account, timeMs: number, coinHourSeconds: number): Account {
  const elapsedMs = timeMs - of.hoursAtMs
  if (elapsedMs <= 0) return of
  const { droplets, nonce } = of
  const perMicroHour = coinHourSeconds * 1000
  const earned = droplets * elapsedMs + of.remainderDropletMs
  // A float product at or below 2^53 - 1 is exact; a rounded one is above it.
  if (earned <= Number.MAX_SAFE_INTEGER) {
    const remainderDropletMs = earned % perMicroHour
    const microHours = addMicroHours(of.microHours, (earned - remainderDropletMs) / perMicroHour)
    return { droplets, microHours, remainderDropletMs, hoursAtMs: timeMs, nonce }
  }
  const exact = BigInt(droplets) * BigInt(elapsedMs) + BigInt(of.remainderDropletMs)
  const whole = exact / BigInt(perMicroHour)
  const microHours = addMicroHours(of.microHours, whole > BigInt(MAX_MICRO_HOURS) ? MAX_MICRO_HOURS : Number(whole))
  return { droplets, microHours, remainderDropletMs: Number(exact % BigInt(perMicroHour)), hoursAtMs: timeMs, nonce }
}

/** The sum, or MAX_MICRO_HOURS where it would be more. */
export const addMicroHours = (left: number, right: number): number => Math.min(left + right, MAX_MICRO_HOURS)
