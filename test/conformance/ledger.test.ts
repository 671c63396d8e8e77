import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { fromHex, type Hex, toHex } from '../../src/base/hex.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { portableSignatures } from '../../src/crypto/portable.ts'
import { type Account, account, accrue } from '../../src/ledger/account.ts'
import { apply, valueLimitDroplets } from '../../src/ledger/apply.ts'
import { checkGenesis } from '../../src/ledger/genesis.ts'
import { accountAt, advance, genesisState, type LedgerState, stateRoot } from '../../src/ledger/state.ts'
import { checkTransaction, prepare } from '../../src/ledger/transaction.ts'
import { decode, encode } from '../../src/wire/codec.ts'
import { type Genesis, genesis } from '../../src/wire/genesis.ts'
import { chainIdOf } from '../../src/wire/ids.ts'
import { transaction } from '../../src/wire/types.ts'
import { readVectors } from './read-vectors.ts'

type ListedAccount = Account & { readonly address: Hex; readonly unknown?: true }

interface LedgerVectors {
  readonly chainId: Hex
  readonly genesis: Hex
  readonly maker: Hex
  readonly valueLimitDroplets: number
  readonly genesisStateRoot: Hex
  readonly emptyStateRoot: Hex
  readonly checks: readonly { readonly description: string; readonly transaction: Hex; readonly code: string }[]
  readonly blocks: readonly {
    readonly description: string
    readonly slot: number
    readonly transactions: readonly Hex[]
    readonly code: string
    readonly feesDroplets?: number
    readonly movedDroplets?: number
    readonly burnedMicroHours?: number
    readonly stateRoot?: Hex
    readonly accounts?: readonly ListedAccount[]
  }[]
  readonly accruals: readonly {
    readonly description: string
    readonly before: Account
    readonly timeMs: number
    readonly coinHourSeconds: number
    readonly after: Account
    readonly bytes: Hex
  }[]
  readonly valueLimits: readonly { readonly stakeDroplets: number; readonly limitDroplets: number }[]
  readonly atSlot: readonly { readonly address: Hex; readonly slot: number; readonly account: Account }[]
}

/** The state root by identifiers.md I9, told with Node's hash over all 2^16 buckets and none of our tree. */
function rootByThePage(accounts: Iterable<readonly [Hex, Account]>): Hex {
  const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
  const buckets = new Map<number, (readonly [Hex, Account])[]>()
  for (const entry of accounts) {
    const bucket = Number.parseInt(entry[0].slice(0, 4), 16)
    buckets.set(bucket, [...(buckets.get(bucket) ?? []), entry])
  }
  const zero: Buffer = Buffer.alloc(32)
  let level = Array.from({ length: 2 ** 16 }, (_, bucket) => {
    const entries = buckets.get(bucket)?.sort(([left], [right]) => (left < right ? -1 : 1))
    return entries === undefined
      ? zero
      : sha256(Buffer.from(entries.map(([address, value]) => address + toHex(encode(account, value))).join(''), 'hex'))
  })
  let emptyNode = zero
  while (level.length > 1) {
    const emptyAbove = sha256(Buffer.concat([emptyNode, emptyNode]))
    const below = level
    level = Array.from({ length: below.length / 2 }, (_, index) => {
      const [left, right] = [below[2 * index] ?? zero, below[2 * index + 1] ?? zero]
      return left.equals(emptyNode) && right.equals(emptyNode) ? emptyAbove : sha256(Buffer.concat([left, right]))
    })
    emptyNode = emptyAbove
  }
  return toHex(level[0] ?? zero)
}

describe('vectors/ledger.json', () => {
  const vectors = readVectors<LedgerVectors>('ledger')
  const document = decode(genesis, fromHex(vectors.genesis))

  for (const { name, signatures } of [
    { name: 'native', signatures: nativeSignatures },
    { name: 'portable', signatures: portableSignatures },
  ])
    for (const { description, transaction: bytes, code } of vectors.checks)
      it(`a transaction, ${name}: ${description}`, () => {
        const verdict = checkTransaction(vectors.chainId, document.parameters, decode(transaction, fromHex(bytes)), signatures)
        assert.equal(verdict.kind === 'accept' ? 'accept' : verdict.code, code)
        if (code !== 'accept') assert.equal(verdict.kind, 'reject')
      })

  describe('a chain', () => {
    let state: LedgerState
    before(() => {
      state = genesisState(document, vectors.chainId)
    })

    it('begins with genesis', () => {
      assert.equal(chainIdOf(document), vectors.chainId)
      assert.equal(stateRoot(state), vectors.genesisStateRoot)
      assert.equal(rootByThePage(state.accounts.entries()), vectors.genesisStateRoot)
      assert.equal(rootByThePage([]), vectors.emptyStateRoot)
    })

    for (const { description, slot, transactions, code, ...after } of vectors.blocks)
      it(`block of slot ${slot}: ${description}`, () => {
        const before = stateRoot(state)
        const prepared = transactions.map((bytes) => prepare(decode(transaction, fromHex(bytes))))
        const verdict = apply(state, { slot, maker: vectors.maker, valueLimitDroplets: vectors.valueLimitDroplets }, prepared)
        assert.equal(verdict.kind === 'accept' ? 'accept' : verdict.code, code)
        assert.equal(stateRoot(state), before)
        if (verdict.kind !== 'accept') return
        advance(state, verdict.value)
        assert.deepEqual(
          [verdict.value.feesDroplets, verdict.value.movedDroplets, state.burnedMicroHours, stateRoot(state)],
          [after.feesDroplets, after.movedDroplets, after.burnedMicroHours, after.stateRoot],
        )
        assert.equal(rootByThePage(state.accounts.entries()), after.stateRoot)
        for (const { address, unknown, ...fields } of after.accounts ?? [])
          assert.deepEqual(state.accounts.get(address), unknown === true ? undefined : fields)
      })
  })

  for (const { description, before: held, timeMs, coinHourSeconds, after, bytes } of vectors.accruals)
    it(`coin-hours: ${description}`, () => {
      assert.deepEqual(accrue(held, timeMs, coinHourSeconds), after)
      assert.equal(toHex(encode(account, after)), bytes)
    })

  it('what a block may move, and accounts at a slot', () => {
    for (const { stakeDroplets, limitDroplets } of vectors.valueLimits) {
      assert.equal(valueLimitDroplets(stakeDroplets), limitDroplets)
      assert.equal((BigInt(stakeDroplets) * 2n) / 3n, BigInt(limitDroplets))
    }
    const start = genesisState(document, vectors.chainId)
    for (const { address, slot, account: expected } of vectors.atSlot) assert.deepEqual(accountAt(start, address, slot), expected)
  })
})

describe('vectors/genesis.json, checks', () => {
  const { chains, checks } = readVectors<{
    readonly chains: readonly { readonly document: Genesis }[]
    readonly checks: readonly {
      readonly description: string
      readonly changed: Partial<Genesis>
      readonly code: string
      readonly chainId?: Hex
    }[]
  }>('genesis')

  for (const { description, changed, code, chainId } of checks)
    it(`${code}: ${description}`, () => {
      const document = { ...(chains[0]?.document ?? assert.fail('no chain')), ...changed }
      for (const signatures of [nativeSignatures, portableSignatures]) {
        const verdict = checkGenesis(document, signatures)
        assert.equal(verdict.kind === 'accept' ? 'accept' : verdict.code, code)
      }
      if (chainId !== undefined) assert.equal(chainIdOf(document), chainId)
    })
})
