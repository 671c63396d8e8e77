import assert from 'node:assert/strict'
import { QuorateError } from '../../../src/base/errors.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { BlockFetch } from '../../../src/node/block-fetch.ts'
import { Bodies } from '../../../src/node/bodies.ts'
import { MAX_FETCH_PEERS, MISSING_BLOCK_ROUNDS } from '../../../src/node/bounds.ts'
import type { FinalBlock } from '../../../src/node/chain.ts'
import { type KnownBlock, KnownBlocks } from '../../../src/node/known-blocks.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { encode } from '../../../src/wire/codec.ts'
import { syncResponse } from '../../../src/wire/sync.ts'
import { EpochChain } from './epoch-chain.ts'
import { FakeNetwork, type OpenChain, openChain, quiet } from './fixtures.ts'

const UNAVAILABLE = encode(syncResponse, { kind: 'unavailable', code: 1 })

describe('a block that a certificate names and that is not here', () => {
  const of = new EpochChain()
  let own: OpenChain
  let network: FakeNetwork
  let known: KnownBlocks
  let fetched: KnownBlock[]
  let alarms: string[]
  let asked: string[]
  let signers: readonly number[]
  let fetch: BlockFetch
  let block: FinalBlock

  beforeEach(async () => {
    own = await openChain(of)
    block = of.block(own.chain)
    network = new FakeNetwork(peerOf(0))
    known = new KnownBlocks(() => false)
    fetched = []
    alarms = []
    asked = []
    signers = [1, 2, 3]
    const client = new SyncClient(network)
    fetch = new BlockFetch({
      ...{ chain: own.chain, known, network, client },
      bodies: new Bodies(own.chain, new Pool(DEFAULT_POOL_LIMITS), client, nativeSignatures),
      signatures: nativeSignatures,
      telemetry: quiet(),
      signersOf: (hash) => (hash === block.ref.hash ? signers : []),
      onFetched: (one) => void fetched.push(one),
      onAlarm: (code, detail) => void alarms.push(`${code}: ${detail}`),
    })
  })
  afterEach(() => own.store.close())

  const peerOf = (number: number): string => of.verifier(number).peerId
  const answers = (peerId: string, answer: () => Uint8Array): void =>
    void network.answers.set(peerId, () => {
      asked.push(peerId)
      return answer()
    })
  const body = ({ block: { header, evidence, transactions } }: FinalBlock): Uint8Array =>
    encode(syncResponse, { kind: 'block', block: { header, evidence, transactions } })
  const has = (peerId: string, what: FinalBlock = block): void => answers(peerId, () => body(what))
  const lacks = (...peerIds: readonly string[]): void => {
    for (const peerId of peerIds) answers(peerId, () => UNAVAILABLE)
  }
  const strangers = Array.from({ length: 2 * MAX_FETCH_PEERS }, (_, index) => `stranger ${index}`)

  it('is asked of the leader that named it first, and of nobody else if it has it', async () => {
    lacks(peerOf(1), ...strangers)
    has(peerOf(2))
    await fetch.fetch(block.ref.hash, 2)
    assert.deepEqual(asked, [peerOf(2)])
    assert.deepEqual(
      fetched.map(({ ref }) => ref),
      [block.ref],
    )
  })

  it('is asked of those that signed for it before others, however many others are connected', async () => {
    lacks(...strangers)
    has(peerOf(3))
    await fetch.fetch(block.ref.hash, null)
    assert.deepEqual(asked, [peerOf(3)])
    assert.equal(fetched.length, 1)
  })

  it('is asked of everybody in turn, a few in each round', async () => {
    signers = [0]
    lacks(...strangers)
    const rounds = strangers.length
    for (let round = 0; round < rounds; round++) await fetch.fetch(block.ref.hash, null)
    assert.equal(asked.length, rounds * MAX_FETCH_PEERS)
    assert.deepEqual(new Set(asked), new Set(strangers))
    has('stranger 15')
    for (let round = 0; round < rounds && fetched.length === 0; round++) await fetch.fetch(block.ref.hash, null)
    assert.equal(fetched.length, 1)
  })

  it('is not taken from who gives another block, or one that is wrong, or fails', async () => {
    const other = of.block(own.chain, { slot: block.ref.slot + 1 })
    const { header } = block.block
    has(peerOf(1), other)
    has(peerOf(2), { ...block, block: { ...block.block, header: { ...header, stateRoot: of.chainId } } })
    answers(peerOf(3), () => {
      throw new QuorateError('timeout', 'no answer')
    })
    await fetch.fetch(block.ref.hash, null)
    assert.deepEqual([asked.toSorted(), fetched], [[1, 2, 3].map(peerOf).toSorted(), []])
  })

  it('is told again when it is here after all, and asked of nobody', async () => {
    lacks(peerOf(1))
    known.add(block)
    await fetch.fetch(block.ref.hash, null)
    assert.deepEqual([asked, fetched], [[], [block]])
  })

  it('is asked for once at a time', async () => {
    lacks(peerOf(1))
    await Promise.all([fetch.fetch(block.ref.hash, null), fetch.fetch(block.ref.hash, null)])
    assert.deepEqual(asked, [peerOf(1)])
  })

  it('is told of with what to do when it was not found in some rounds, and not before', async () => {
    lacks(peerOf(1), peerOf(2))
    for (let round = 1; round < MISSING_BLOCK_ROUNDS; round++) await fetch.fetch(block.ref.hash, null)
    assert.deepEqual(alarms, [])
    await fetch.fetch(block.ref.hash, null)
    assert.equal(alarms.length, 1)
    assert.match(alarms[0] ?? '', /^block-missing: .*block [0-9a-f]{8} at height 1, .*none of 2 peers.*Start the verifiers that are down/)
  })

  const silent: readonly { readonly description: string; readonly act: () => void; readonly from: number | null }[] = [
    { description: 'that only a leader has named', act: () => {}, from: 1 },
    {
      description: 'of a height that is over',
      act: () => {
        signers = []
      },
      from: null,
    },
    { description: 'once the node stops', act: () => fetch.stop(), from: null },
  ]
  for (const { description, act, from } of silent)
    it(`is no matter for an operator: one ${description}`, async () => {
      lacks(peerOf(1))
      act()
      for (let round = 0; round < 2 * MISSING_BLOCK_ROUNDS; round++) await fetch.fetch(block.ref.hash, from)
      assert.deepEqual(alarms, [])
    })

  it('counts rounds anew after it was found, and says that nobody is connected', async () => {
    for (let round = 1; round < MISSING_BLOCK_ROUNDS; round++) await fetch.fetch(block.ref.hash, null)
    has(peerOf(1))
    await fetch.fetch(block.ref.hash, null)
    network.answers.clear()
    for (let round = 1; round < MISSING_BLOCK_ROUNDS; round++) await fetch.fetch(block.ref.hash, null)
    assert.deepEqual(alarms, [])
    await fetch.fetch(block.ref.hash, null)
    assert.match(alarms[0] ?? '', /no peer is connected/)
  })
})
