import assert from 'node:assert/strict'
import type { QuorateError } from '../../../src/base/errors.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { account } from '../../../src/ledger/account.ts'
import { globals as globalsCodec } from '../../../src/ledger/globals.ts'
import { stateRoot } from '../../../src/ledger/state.ts'
import { prepare } from '../../../src/ledger/transaction.ts'
import type { Chain, FinalBlock } from '../../../src/node/chain.ts'
import { heightIn, keys, rangeOf } from '../../../src/node/keyspace.ts'
import { executeBlock } from '../../../src/node/known-blocks.ts'
import type { Write } from '../../../src/ports/store.ts'
import { encode, struct, u16, u64 } from '../../../src/wire/codec.ts'
import { type Quorum, quorumMembers } from '../../../src/wire/quorum.ts'
import { type Hash, hash } from '../../../src/wire/types.ts'
import { eventsOf } from '../ledger/fixtures.ts'
import { EpochChain } from './epoch-chain.ts'
import { type OpenChain, openChain } from './fixtures.ts'

/** As the chain writes it. */
const chainMark = struct<{ version: number; chainId: Hash }>({ version: u16, chainId: hash })
const HANDOVERS = 4
const BEYOND = 3

describe('a chain whose quorum changes', () => {
  const of = new EpochChain()
  const opened = new Set<OpenChain>()
  let history: readonly FinalBlock[]
  let grown: OpenChain
  const open = async (directory?: string): Promise<OpenChain> => {
    const one = await openChain(of, directory)
    opened.add(one)
    return one
  }
  const reopen = async (one: OpenChain): Promise<OpenChain> => {
    await close(one)
    return open(one.directory)
  }
  const close = async (one: OpenChain): Promise<void> => {
    opened.delete(one)
    await one.store.close()
  }

  before(async () => {
    grown = await open()
    history = await of.grow(grown.chain, HANDOVERS, BEYOND)
  })
  after(() => Promise.all([...opened].map(close)))

  /** The quorum of each height, as genesis and the headers have it. */
  function assertQuorums({ chain }: OpenChain): void {
    assert.equal(chain.head.hash, history.at(-1)?.ref.hash)
    let expected = history[0]?.block.header.nextQuorum
    const seen = new Set([expected])
    for (const { ref, block } of history) {
      assert.equal(chain.quorumAt(ref.height)?.hash, expected, `height ${ref.height}`)
      expected = block.header.nextQuorum
      seen.add(expected)
    }
    assert.equal(seen.size, HANDOVERS + 1)
    const { height } = chain.head
    assert.equal(chain.quorumAt(height + 1)?.hash, expected)
    assert.equal(chain.quorum.hash, expected)
    assert.equal(chain.headQuorum.hash, chain.quorumAt(height)?.hash)
    assert.equal(chain.quorumAt(height + 2), undefined)
    // Genesis is sealed by nobody, and what comes first signs the first block.
    assert.equal(chain.quorumAt(0), undefined)
    for (const { ref, transition } of history) assert.deepEqual(chain.receipt(ref.height), transition.receipt)
    assert.equal(chain.receipt(height + 1), undefined)
  }

  it('knows the quorum and the receipt of each height over several handovers, also when it is opened again', async () => {
    assertQuorums(grown)
    const settled = history.filter(({ transition }) => eventsOf(transition, 'election-settled').length > 0)
    assert.deepEqual(
      settled.map(({ ref }) => ref.height),
      [7, 13, 19, 25],
    )
    grown = await reopen(grown)
    assertQuorums(grown)
    assert.equal(stateRoot(grown.chain.ledger), history.at(-1)?.transition.stateRoot)
    const terms: number[] = []
    for await (const [key] of grown.store.range(...rangeOf('q'))) terms.push(heightIn(key))
    assert.deepEqual(terms, [1, 8, 14, 20, 26])
  })

  it('has the first quorum for the first block before there is one', async () => {
    const { chain } = await open()
    assert.deepEqual([chain.quorumAt(1), chain.quorumAt(2)], [chain.quorum, undefined])
  })

  for (const length of [1, 4, 7, 100])
    it(`is the same when sync writes runs of ${length} blocks, and after that it is opened again`, async () => {
      let copy = await open()
      for (let from = 0; from < history.length; from += length) {
        for (const { block } of history.slice(from, from + length)) {
          const executed = executeBlock(copy.chain, block, block.transactions.map(prepare), nativeSignatures)
          assert.ok(executed.kind === 'accept', JSON.stringify(executed))
          copy.chain.append({ ...executed.value, block })
        }
        await copy.chain.writeAppended()
      }
      await copy.chain.flush()
      assertQuorums(copy)
      copy = await reopen(copy)
      assertQuorums(copy)
    })

  it('goes on after it was opened again: the next handover is known, and what came before', async () => {
    let copy = await open()
    const before = await of.grow(copy.chain, 2)
    copy = await reopen(copy)
    const after = await of.grow(copy.chain, 1, 1)
    let expected = history[0]?.block.header.nextQuorum
    for (const { ref, block } of [...before, ...after]) {
      assert.equal(copy.chain.quorumAt(ref.height)?.hash, expected)
      expected = block.header.nextQuorum
    }
    assert.deepEqual(of.numbersOf(copy.chain.headQuorum), [0, 1, 6, 7])
  })

  const put = (key: Uint8Array, value: Uint8Array): Write => ({ kind: 'put', key, value })
  const del = (key: Uint8Array): Write => ({ kind: 'del', key })
  const membersOf = ({ members }: Quorum, stakeDroplets: number) =>
    encode(
      quorumMembers,
      members.map((member) => ({ ...member, stakeDroplets })),
    )
  const damages: readonly {
    readonly description: string
    readonly change: (chain: Chain, earlier: Uint8Array) => Write
    readonly code: string
    readonly says: RegExp
  }[] = [
    {
      description: 'the globals are missing',
      change: () => del(keys.globals),
      code: 'store-corrupt',
      says: /globals of the state are missing/,
    },
    {
      description: 'the globals are cut short',
      change: ({ ledger }) => put(keys.globals, encode(globalsCodec, ledger.globals).slice(0, -1)),
      code: 'store-corrupt',
      says: /globals of the state cannot be read/,
    },
    {
      description: 'the globals are those of an earlier block',
      change: (_, earlier) => put(keys.globals, earlier),
      code: 'store-corrupt',
      says: /not those of height 8/,
    },
    {
      description: 'the globals have another seed',
      change: ({ ledger, chainId }) => put(keys.globals, encode(globalsCodec, { ...ledger.globals, epochSeed: chainId })),
      code: 'store-corrupt',
      says: /state root of head 8/,
    },
    {
      description: "the head's quorum is missing",
      change: () => del(keys.term(8)),
      code: 'store-corrupt',
      says: /quorums are not those of height 8/,
    },
    {
      description: "the head's quorum has other stakes",
      change: ({ quorum }) => put(keys.term(8), membersOf(quorum, 7)),
      code: 'store-corrupt',
      says: /quorums are not those of height 8/,
    },
    {
      description: 'a quorum cannot be read',
      change: () => put(keys.term(1), Uint8Array.of(1)),
      code: 'store-corrupt',
      says: /a quorum cannot be read/,
    },
    {
      description: "the head's height is an earlier one",
      change: () => put(keys.head, encode(u64, 7)),
      code: 'store-corrupt',
      says: /not those of height 7/,
    },
    {
      description: 'an account has other coins',
      change: ({ ledger }) => {
        const { address } = of.verifier(0).wallet
        const value = ledger.accounts.get(address)
        assert.ok(value !== undefined)
        return put(keys.account(address), encode(account, { ...value, droplets: value.droplets + 1 }))
      },
      code: 'store-corrupt',
      says: /state root of head 8/,
    },
    {
      description: 'it has the layout of before there were elections',
      change: ({ chainId }) => put(keys.chain, encode(chainMark, { version: 1, chainId })),
      code: 'store-version',
      says: /layout 1, this program knows layout \d+: move store\/ away/,
    },
  ]
  for (const { description, change, code, says } of damages)
    it(`is not opened when ${description}`, async () => {
      const one = await open()
      await of.grow(one.chain, 1)
      const earlier = encode(globalsCodec, one.chain.ledger.globals)
      await of.grow(one.chain, 0, 1)
      await one.store.write([change(one.chain, earlier)], { durable: true })
      await close(one)
      for (let time = 0; time < 2; time++)
        await assert.rejects(openChain(of, one.directory), (error: QuorateError) => {
          assert.equal(error.code, code, error.message)
          assert.match(error.message, says)
          return true
        })
    })

  it('says that a receipt cannot be read', async () => {
    const one = await open()
    await of.grow(one.chain, 0, 1)
    await one.store.write([put(keys.receipt(1), Uint8Array.of(1, 2, 3))], { durable: false })
    assert.throws(() => one.chain.receipt(1), { code: 'store-corrupt', message: /receipt of block 1/ })
  })
})
