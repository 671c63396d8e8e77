import assert from 'node:assert/strict'
import fc from 'fast-check'
import { concatBytes } from '../../../src/base/bytes.ts'
import { fromHex, toHex } from '../../../src/base/hex.ts'
import { type Account, account, emptyAccount } from '../../../src/ledger/account.ts'
import { type AccountProof, checkAccountProof, proveAccount } from '../../../src/ledger/account-proof.ts'
import { AccountTree } from '../../../src/ledger/account-tree.ts'
import { type LedgerState, stateRoot } from '../../../src/ledger/state.ts'
import { encode } from '../../../src/wire/codec.ts'
import type { Address } from '../../../src/wire/types.ts'
import { addressOfName, stateOf } from './fixtures.ts'
import { accounts, anAccount, anAddress } from './subtree-fixtures.ts'

const base = stateOf()
function stateWith(all: ReadonlyMap<Address, Account>): LedgerState {
  const tree = new AccountTree()
  tree.commit(tree.update(all))
  return { ...base, accounts: tree }
}

const entry = (of: Address, value: Account): string => of + toHex(encode(account, value))
const swapped = <T>(items: readonly T[], at: number): T[] =>
  items.map((item, index) => (index === at ? (items[at + 1] as T) : index === at + 1 ? (items[at] as T) : item))

describe('ledger: account proofs', () => {
  it('give what the state holds of any address, and that it holds nothing', () => {
    fc.assert(
      fc.property(accounts(20), fc.array(anAddress, { maxLength: 5 }), (all, others) => {
        const state = stateWith(all)
        const root = stateRoot(state)
        for (const of of [...all.keys(), ...others])
          assert.deepEqual(checkAccountProof(root, of, proveAccount(state, of)), { kind: 'accept', value: all.get(of) ?? null })
      }),
      { numRuns: 60, seed: 1 },
    )
  })

  it('of one state are good for no other', () => {
    fc.assert(
      fc.property(accounts(8), anAddress, anAccount, (all, of, value) => {
        const state = stateWith(all)
        const other = stateWith(new Map([...all, [of, { ...value, nonce: (all.get(of)?.nonce ?? 5) === 1 ? 2 : 1 }]]))
        assert.equal(checkAccountProof(stateRoot(other), of, proveAccount(state, of)).kind, 'reject')
      }),
      { numRuns: 40, seed: 2 },
    )
  })

  it('are refused with any byte changed, added or left out', () => {
    fc.assert(
      fc.property(accounts(6), anAddress, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, of, at, change) => {
        const state = stateWith(all)
        const root = stateRoot(state)
        const proof = proveAccount(state, of)
        const bytes = concatBytes([fromHex(proof.bucket), ...proof.siblings.map(fromHex), fromHex(proof.globalsHash)])
        const bucketBytes = proof.bucket.length / 2
        const cut = (from: Uint8Array, length: number): AccountProof => ({
          bucket: toHex(from.subarray(0, length)),
          siblings: proof.siblings.map((_, index) => toHex(from.subarray(length + 32 * index, length + 32 * index + 32))),
          globalsHash: toHex(from.subarray(length + 32 * 16)),
        })
        assert.deepEqual(cut(bytes, bucketBytes), proof)
        const changed = bytes.slice()
        const place = at % bytes.length
        changed[place] = (changed[place] ?? 0) ^ change
        assert.equal(checkAccountProof(root, of, cut(changed, bucketBytes)).kind, 'reject')
        assert.equal(checkAccountProof(root, of, { ...proof, bucket: proof.bucket + toHex(Uint8Array.of(change)) }).kind, 'reject')
        if (bucketBytes > 0) assert.equal(checkAccountProof(root, of, { ...proof, bucket: proof.bucket.slice(0, -2) }).kind, 'reject')
      }),
      { numRuns: 100, seed: 3 },
    )
  })

  const [low, middle, high] = ['1', '5', '9'].map((digit) => `0042${'0'.repeat(35)}${digit}`) as [Address, Address, Address]
  const value = (nonce: number): Account => ({ ...emptyAccount(7), nonce, droplets: 10 })
  const state = stateWith(
    new Map([
      [low, value(1)],
      [middle, value(2)],
      [high, value(3)],
      [addressOfName('a'), value(4)],
    ]),
  )
  const proof = proveAccount(state, middle)
  const cases: readonly {
    readonly description: string
    readonly of?: Address
    readonly change: Partial<AccountProof>
    readonly code: string
  }[] = [
    { description: 'an account left out', change: { bucket: entry(low, value(1)) + entry(high, value(3)) }, code: 'wrong-root' },
    {
      description: 'accounts in another order',
      change: { bucket: entry(middle, value(2)) + entry(low, value(1)) + entry(high, value(3)) },
      code: 'wrong-order',
    },
    { description: 'an account twice', change: { bucket: entry(low, value(1)) + entry(low, value(1)) }, code: 'wrong-order' },
    {
      description: 'an account of another bucket',
      change: { bucket: proof.bucket + entry(`0043${'0'.repeat(36)}`, value(1)) },
      code: 'wrong-bucket',
    },
    { description: 'the bucket of another address', of: addressOfName('a'), change: {}, code: 'wrong-bucket' },
    { description: 'a bucket cut short', change: { bucket: proof.bucket.slice(0, -2) }, code: 'malformed' },
    { description: 'a bucket that is no hex', change: { bucket: `${proof.bucket.slice(0, -1)}G` }, code: 'malformed' },
    { description: 'a bucket of half a byte more', change: { bucket: `${proof.bucket}0` }, code: 'malformed' },
    { description: 'an empty bucket', change: { bucket: '' }, code: 'wrong-root' },
    { description: 'a sibling too few', change: { siblings: proof.siblings.slice(1) }, code: 'malformed' },
    { description: 'a sibling too many', change: { siblings: [...proof.siblings, '00'.repeat(32)] }, code: 'malformed' },
    { description: 'a short sibling', change: { siblings: proof.siblings.map((hash) => hash.slice(2)) }, code: 'malformed' },
    { description: 'siblings in another order', change: { siblings: swapped(proof.siblings, 0) }, code: 'wrong-root' },
    { description: 'other globals', change: { globalsHash: 'ab'.repeat(32) }, code: 'wrong-root' },
    { description: 'globals that are no hash', change: { globalsHash: 'AB'.repeat(32) }, code: 'malformed' },
  ]
  for (const { description, of = middle, change, code } of cases)
    it(`with ${description} are refused: ${code}`, () => {
      const verdict = checkAccountProof(stateRoot(state), of, { ...proof, ...change })
      assert.equal(verdict.kind === 'reject' ? verdict.code : verdict.kind, code)
    })

  it('say as much of neighbours in the bucket', () => {
    for (const [of, nonce] of [
      [low, 1],
      [high, 3],
    ] as const)
      assert.deepEqual(checkAccountProof(stateRoot(state), of, proof), { kind: 'accept', value: value(nonce) })
    assert.deepEqual(checkAccountProof(stateRoot(state), `0042${'f'.repeat(36)}`, proof), { kind: 'accept', value: null })
  })
})
