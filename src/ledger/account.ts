import type { Hex } from '../base/hex.ts'
import { MAX_PEER_ID_BYTES, MAX_SLIP_CHOICES } from '../wire/bounds.ts'
import type { Codec, Reader, Writer } from '../wire/codec.ts'
import { list, option, struct, text, u32, u64, WireError } from '../wire/codec.ts'
import { type OffenceKind, offenceKind } from '../wire/evidence.ts'
import { type Address, address, blsKey, type Hash, hash } from '../wire/types.ts'
import { MAX_DELEGATIONS, MAX_ENDORSEMENTS, MAX_OFFENCES, MAX_SUPPORTED_SOURCES, MAX_UNBONDINGS } from './bounds.ts'

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
  /** What it has to say in the election named there; only the open one counts. */
  readonly ballot: Ballot | null
  /** Coins of it that are bonded to others, or on their way back. */
  readonly bonds: Bonds | null
  readonly verifier: Verifier | null
  /** Verifiers that it vouches for, ascending. */
  readonly endorses: readonly Address[] | null
}

/** Kept of an account that was touched while an election is open. */
export interface Ballot {
  /** Number of the election. */
  readonly election: number
  /** Coins that it held when the election opened. */
  readonly heldDroplets: number
  /** What was bonded to it then, if it is a verifier: counts for ratification only. */
  readonly bondedDroplets: number
  /** What it has sent to other accounts since. */
  readonly movedDroplets: number
  readonly slip: { readonly weightDroplets: number; readonly choices: readonly Address[] } | null
  /** Ratifications that it supports. */
  readonly sources: readonly { readonly source: Hash; readonly weightDroplets: number }[]
}

export interface Bonds {
  /** By ascending verifier. */
  readonly delegations: readonly Delegation[]
  /** In the order in which they were taken back. */
  readonly unbonding: readonly Unbonding[]
}
export interface Delegation {
  readonly verifier: Address
  /** Part of the verifier's `delegationShares`. */
  readonly shares: number
}
export interface Unbonding {
  /** Whose stake it was: it can still be slashed for that verifier's offences. */
  readonly verifier: Address
  readonly droplets: number
  /** Epoch in which it was taken back: its weight was in the quorum until the next, and `unbondingSlots` begin with that. */
  readonly epoch: number
}

/** What makes an account a verifier. */
export interface Verifier {
  readonly peerId: string
  readonly blsKey: Hex
  readonly commissionPpm: number
  /** Height of the block that registered it; 0 for genesis. */
  readonly registeredHeight: number
  /** Own coins that are bonded. */
  readonly stakeDroplets: number
  /** What others have delegated, with what that has earned. */
  readonly delegatedDroplets: number
  readonly delegationShares: number
  /** Not electable before this slot; null if it is not jailed. */
  readonly jailedUntilSlot: number | null
  /** Weight of the slips that name it in that election. */
  readonly tally: { readonly election: number; readonly droplets: number }
  /** What it was punished for, the oldest first, while evidence of it counts: the same offence is not punished twice. */
  readonly offences: readonly { readonly kind: OffenceKind; readonly height: number }[]
}

export type VerifierAccount = Account & { readonly verifier: Verifier }
export const isVerifier = (of: Account): of is VerifierAccount => of.verifier !== null

/** Own and delegated stake. */
export const bondedTo = (verifier: Verifier): number => verifier.stakeDroplets + verifier.delegatedDroplets

/** What an account can hold: all amounts are safe integers. More is lost, not carried. */
export const MAX_MICRO_HOURS = Number.MAX_SAFE_INTEGER

/** The five numbers that each account has. */
const PLAIN_BYTES = 5 * 8
const ballot = struct<Ballot>({
  election: u64,
  heldDroplets: u64,
  bondedDroplets: u64,
  movedDroplets: u64,
  slip: option(struct<NonNullable<Ballot['slip']>>({ weightDroplets: u64, choices: list(address, MAX_SLIP_CHOICES) })),
  sources: list(struct<Ballot['sources'][number]>({ source: hash, weightDroplets: u64 }), MAX_SUPPORTED_SOURCES),
})
const bonds = struct<Bonds>({
  delegations: list(struct<Delegation>({ verifier: address, shares: u64 }), MAX_DELEGATIONS),
  unbonding: list(struct<Unbonding>({ verifier: address, droplets: u64, epoch: u64 }), MAX_UNBONDINGS),
})
const verifier = struct<Verifier>({
  peerId: text(MAX_PEER_ID_BYTES),
  blsKey,
  commissionPpm: u32,
  registeredHeight: u64,
  stakeDroplets: u64,
  delegatedDroplets: u64,
  delegationShares: u64,
  jailedUntilSlot: option(u64),
  tally: struct<Verifier['tally']>({ election: u64, droplets: u64 }),
  offences: list(struct<Verifier['offences'][number]>({ kind: offenceKind, height: u64 }), MAX_OFFENCES),
})
const endorses = list(address, MAX_ENDORSEMENTS)

/** Which parts follow the plain fields, in this order. */
const BALLOT = 1
const BONDS = 2
const VERIFIER = 4
const ENDORSES = 8
const ALL_PARTS = BALLOT | BONDS | VERIFIER | ENDORSES

/** A byte that says which parts there are, the plain fields, then those parts: the form in the store and under the state root. */
export const account: Codec<Account> = {
  minBytes: 1 + PLAIN_BYTES,
  maxBytes: 1 + PLAIN_BYTES + ballot.maxBytes + bonds.maxBytes + verifier.maxBytes + endorses.maxBytes,
  write: (writer: Writer, value: Account) => {
    writer.u8(
      (value.ballot === null ? 0 : BALLOT) |
        (value.bonds === null ? 0 : BONDS) |
        (value.verifier === null ? 0 : VERIFIER) |
        (value.endorses === null ? 0 : ENDORSES),
    )
    // Written out, not a struct: a state root encodes thousands of accounts, and half of its time went into passing their numbers on.
    writer.u64(value.droplets)
    writer.u64(value.microHours)
    writer.u64(value.remainderDropletMs)
    writer.u64(value.hoursAtMs)
    writer.u64(value.nonce)
    if (value.ballot !== null) ballot.write(writer, value.ballot)
    if (value.bonds !== null) bonds.write(writer, value.bonds)
    if (value.verifier !== null) verifier.write(writer, value.verifier)
    if (value.endorses !== null) endorses.write(writer, value.endorses)
  },
  read: (reader: Reader) => {
    const parts = reader.u8()
    if (parts > ALL_PARTS) throw new WireError('bound', `unknown account parts ${parts}`)
    return {
      droplets: reader.u64(),
      microHours: reader.u64(),
      remainderDropletMs: reader.u64(),
      hoursAtMs: reader.u64(),
      nonce: reader.u64(),
      ballot: (parts & BALLOT) === 0 ? null : ballot.read(reader),
      bonds: (parts & BONDS) === 0 ? null : bonds.read(reader),
      verifier: (parts & VERIFIER) === 0 ? null : verifier.read(reader),
      endorses: (parts & ENDORSES) === 0 ? null : endorses.read(reader),
    }
  },
}

/** What an address that the ledger does not know holds, and earns from here on. */
export const emptyAccount = (timeMs: number): Account => ({
  droplets: 0,
  microHours: 0,
  remainderDropletMs: 0,
  hoursAtMs: timeMs,
  nonce: 0,
  ballot: null,
  bonds: null,
  verifier: null,
  endorses: null,
})

/**
 * The account with the coin-hours that it has earned up to block time `timeMs`. Bonded coins earn none.
 *
 * A droplet earns one micro coin-hour each `coinHourSeconds`, so `droplets × elapsed ms` droplet milliseconds are
 * added to the remainder, and each full `coinHourSeconds × 1000` of them become one micro coin-hour. The remainder
 * stays, in a unit that does not depend on the balance: the sum is exact however often an account is touched. Above
 * MAX_MICRO_HOURS hours are lost. A block time before `hoursAtMs` earns nothing and changes nothing.
 */
export function accrue(of: Account, timeMs: number, coinHourSeconds: number): Account {
  const elapsedMs = timeMs - of.hoursAtMs
  if (elapsedMs <= 0) return of
  const { droplets, nonce, ballot, bonds, verifier, endorses } = of
  const perMicroHour = coinHourSeconds * 1000
  const earned = droplets * elapsedMs + of.remainderDropletMs
  // A float product at or below 2^53 - 1 is exact; a rounded one is above it.
  if (earned <= Number.MAX_SAFE_INTEGER) {
    const remainderDropletMs = earned % perMicroHour
    const microHours = addMicroHours(of.microHours, (earned - remainderDropletMs) / perMicroHour)
    return { droplets, microHours, remainderDropletMs, hoursAtMs: timeMs, nonce, ballot, bonds, verifier, endorses }
  }
  const exact = BigInt(droplets) * BigInt(elapsedMs) + BigInt(of.remainderDropletMs)
  const whole = exact / BigInt(perMicroHour)
  const microHours = addMicroHours(of.microHours, whole > BigInt(MAX_MICRO_HOURS) ? MAX_MICRO_HOURS : Number(whole))
  const remainderDropletMs = Number(exact % BigInt(perMicroHour))
  return { droplets, microHours, remainderDropletMs, hoursAtMs: timeMs, nonce, ballot, bonds, verifier, endorses }
}

/** The sum, or MAX_MICRO_HOURS where it would be more. */
export const addMicroHours = (left: number, right: number): number => Math.min(left + right, MAX_MICRO_HOURS)
