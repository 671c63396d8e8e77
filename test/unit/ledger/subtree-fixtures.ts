import fc from 'fast-check'
import { toHex } from '../../../src/base/hex.ts'
import { type Account, emptyAccount } from '../../../src/ledger/account.ts'
import type { Address } from '../../../src/wire/types.ts'

/** Addresses that crowd into few buckets, and some that do not. */
export const anAddress: fc.Arbitrary<Address> = fc.oneof(
  fc.tuple(fc.constantFrom('0000', '0001', 'ffff', '8000', '7fff'), fc.nat(9)).map(([prefix, rest]) => `${prefix}${'0'.repeat(35)}${rest}`),
  fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex),
)

/** Plain objects, as the decoder makes them: fast-check's own may lack a prototype. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record<T>(model, { noNullPrototype: true })
const amount = fc.oneof(fc.nat(3), fc.nat(1_000_000), fc.maxSafeNat())
const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex)

/** Some with parts beside the plain fields, so that their lengths differ. */
export const anAccount: fc.Arbitrary<Account> = record({
  droplets: amount,
  microHours: amount,
  nonce: amount,
  endorses: fc.option(fc.array(address, { maxLength: 3 })),
  bonds: fc.option(
    record({
      delegations: fc.array(record({ verifier: address, shares: amount }), { maxLength: 2 }),
      unbonding: fc.array(record({ verifier: address, droplets: amount, epoch: amount }), { maxLength: 2 }),
    }),
  ),
}).map((fields) => ({ ...emptyAccount(7), ...fields }))

export const accounts = (maxLength: number): fc.Arbitrary<Map<Address, Account>> =>
  fc.array(fc.tuple(anAddress, anAccount), { maxLength }).map((entries) => new Map(entries))
