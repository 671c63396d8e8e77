import assert from 'node:assert/strict'
import { QuorateError } from '../../../src/base/errors.ts'
import type { Verdict } from '../../../src/base/verdict.ts'
import { enoughStake, stakeOf } from '../../../src/consensus/quorum.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { Bodies } from '../../../src/node/bodies.ts'
import type { Chain, FinalBlock } from '../../../src/node/chain.ts'
import { refOf } from '../../../src/node/chain-store.ts'
import { Heard } from '../../../src/node/heard.ts'
import { KnownBlocks } from '../../../src/node/known-blocks.ts'
import { QuorumSignatures } from '../../../src/node/quorum-signatures.ts'
import { SealedBlockIntake } from '../../../src/node/sealed-blocks.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { encode } from '../../../src/wire/codec.ts'
import { shortIdOf } from '../../../src/wire/ids.ts'
import type { Quorum } from '../../../src/wire/quorum.ts'
import { syncResponse } from '../../../src/wire/sync.ts'
import { type AggregateSignature, compactBlock, type Header } from '../../../src/wire/types.ts'
import { COIN, EpochChain } from './epoch-chain.ts'
import { FakeNetwork, type OpenChain, openChain, plainSigning } from './fixtures.ts'

/** Heights of the blocks that settle the first two elections: the quorums are 0 1 2 3, 0 1 4 5 and 4 5 6 7. */
const [FIRST, SECOND] = [7, 13]
const PEER = 'relay'

describe('sealed blocks that come by gossip', () => {
  const of = new EpochChain()
  let own: OpenChain
  let chain: Chain
  let network: FakeNetwork
  let known: KnownBlocks
  let told: string[]
  let intake: SealedBlockIntake

  beforeEach(async () => {
    own = await openChain(of)
    chain = own.chain
    network = new FakeNetwork()
    known = new KnownBlocks(() => false)
    told = []
    const heard = new Heard()
    intake = new SealedBlockIntake({
      ...{ chain, known },
      bodies: new Bodies(chain, new Pool(DEFAULT_POOL_LIMITS), new SyncClient(network), nativeSignatures),
      ...{ heard, signatures: nativeSignatures, quorumSignatures: new QuorumSignatures(plainSigning(of.chainId), nativeSignatures, heard) },
      onSealed: ({ height }, { signers }) => void told.push(`sealed ${height} by ${signers}`),
      onFullerSeal: ({ height }, { signers }) => void told.push(`fuller ${height} by ${signers}`),
      onBehind: (height) => void told.push(`behind ${height}`),
      onInvalidSealed: ({ height }, detail) => void told.push(`invalid ${height} ${detail.split(':')[0]}`),
    })
  })
  afterEach(() => own.store.close())

  const codeOf = (verdict: Verdict<unknown>): string => (verdict.kind === 'accept' ? 'accept' : `${verdict.kind} ${verdict.code}`)
  const bytesOf = (
    { block, transactions }: FinalBlock,
    changes: { header?: Partial<Header>; seal?: AggregateSignature } = {},
  ): Uint8Array =>
    encode(compactBlock, {
      header: { ...block.header, ...changes.header },
      evidence: block.evidence,
      shortIds: transactions.map(({ id }) => shortIdOf(id)),
      seal: changes.seal ?? block.seal,
    })
  const hear = async (final: FinalBlock, changes?: Parameters<typeof bytesOf>[1]): Promise<string> =>
    codeOf(await intake.validate(bytesOf(final, changes), PEER))
  const sealOf = (final: FinalBlock, quorum: Quorum, signers: readonly number[]): AggregateSignature =>
    of.aggregate(quorum, signers, { kind: 'seal', height: final.ref.height, block: final.ref.hash })
  const quorumAt = (height: number): Quorum => chain.quorumAt(height) ?? assert.fail(`a quorum of height ${height}`)
  /** Commits the blocks below a height; what is committed last is sealed by all but who has index 3. */
  async function growTo(height: number): Promise<FinalBlock> {
    const handovers = height >= SECOND ? 1 : 0
    await of.grow(chain, handovers)
    while (chain.head.height < height - 1) {
      const { nextElectionSlot, election } = chain.ledger.globals
      const isTime = election === null && chain.head.slot + 2 === nextElectionSlot
      await chain.commit(of.block(chain, { actions: isTime ? (of.rise(chain) ?? []) : [] }))
    }
    const final = of.block(chain, { signers: [0, 1, 2] })
    await chain.commit(final)
    return final
  }

  describe('above the head, at a handover', () => {
    const cases: readonly {
      readonly description: string
      readonly head: number
      /** At which height the quorum sits that seals the next block. */
      readonly by: number
      readonly says: string
    }[] = [
      { description: 'the one that settles an election, by the quorum before', head: FIRST - 1, by: FIRST, says: 'accept' },
      { description: 'the one after it, by the new quorum', head: FIRST, by: FIRST + 1, says: 'accept' },
      { description: 'the one after it, by the old quorum', head: FIRST, by: FIRST, says: 'reject bad-signature' },
      { description: 'the one after another, by the quorum before', head: SECOND, by: SECOND, says: 'reject bad-signature' },
      { description: 'the one after another, by the new quorum', head: SECOND, by: SECOND + 1, says: 'accept' },
    ]
    for (const { description, head, by, says } of cases)
      it(`${says === 'accept' ? 'are taken' : 'are not taken'}: ${description}`, async () => {
        await growTo(head)
        const next = of.block(chain, { signers: [0, 1, 2], sealedBy: quorumAt(by) })
        assert.equal(await hear(next), says)
        assert.deepEqual(told, says === 'accept' ? [`sealed ${head + 1} by 0,1,2`] : [])
        assert.equal(known.get(next.ref.hash) !== undefined, says === 'accept')
        assert.equal(chain.head.height, head)
      })

    it('need enough of the stake that the new quorum has, not of what the old one had', async () => {
      const enoughBefore = enoughStake(chain.quorum.totalStakeDroplets)
      for (const number of [4, 5])
        await chain.commit(of.block(chain, { actions: [[number, { kind: 'stake', amountDroplets: 250 * COIN }]] }))
      while (chain.ledger.globals.epoch === 0) await chain.commit(of.block(chain))
      const stakes = chain.quorum.members.map(({ stakeDroplets }) => stakeDroplets)
      const [few, enough] = [
        [0, 2],
        [0, 2, 3],
      ]
      assert.ok(stakeOf(stakes, few) >= enoughBefore, `${stakes}`)
      assert.equal(await hear(of.block(chain, { signers: few })), 'reject not-enough-stake')
      assert.deepEqual(told, [])
      assert.equal(await hear(of.block(chain, { signers: enough })), 'accept')
    })
  })

  describe('of the head', () => {
    it('with more stake, in the quorum of its height, are taken: also of one that has handed over', async () => {
      const head = await growTo(FIRST)
      const old = quorumAt(FIRST)
      assert.equal(await hear(head, { seal: sealOf(head, old, [0, 1, 2, 3]) }), 'accept')
      assert.deepEqual(told, [`fuller ${FIRST} by 0,1,2,3`])
    })

    it('by the quorum that comes after are not', async () => {
      const head = await growTo(FIRST)
      assert.equal(await hear(head, { seal: sealOf(head, chain.quorum, [0, 1, 2, 3]) }), 'reject bad-signature')
      assert.deepEqual(told, [])
    })

    it('are fuller by stake, not by the number of signers', async () => {
      const head = await growTo(FIRST + 1)
      const quorum = quorumAt(FIRST + 1)
      const stakes = quorum.members.map(({ stakeDroplets }) => stakeDroplets / COIN)
      assert.ok((stakes[3] ?? 0) > (stakes[1] ?? 0), `${stakes}`)
      assert.equal(await hear(head, { seal: sealOf(head, quorum, [0, 2, 3]) }), 'accept')
      assert.deepEqual(told, [`fuller ${FIRST + 1} by 0,2,3`])
    })

    it('with the same stake or less are known', async () => {
      const head = await growTo(FIRST)
      const old = quorumAt(FIRST)
      for (const signers of [[0, 1, 2], [0, 1, 3], [0]])
        assert.equal(await hear(head, { seal: sealOf(head, old, signers) }), 'ignore known')
      assert.deepEqual(told, [])
    })
  })

  it('other than the final ones are held to their seals; those too far above the head are a reason to sync', async () => {
    const head = await growTo(3)
    const next = of.block(chain)
    assert.equal(await hear(next, { header: { height: 2 } }), 'reject bad-signature')
    assert.equal(await hear(head, { header: { height: 3, slot: 99 } }), 'reject bad-signature')
    assert.deepEqual(told, [])
    assert.equal(await hear(next, { header: { height: 5 } }), 'ignore unknown-parent')
    assert.deepEqual(told, ['behind 5'])
  })

  it('that are no block are the fault of who passed them on', async () => {
    assert.equal(codeOf(await intake.validate(new Uint8Array([1, 2, 3]), PEER)), 'reject malformed')
  })

  it('that a quorum has sealed and that are wrong stop the node, and are no fault of who passed them on', async () => {
    const right = of.block(chain)
    const header = { ...right.block.header, stateRoot: of.chainId }
    const ref = refOf(of.chainId, { header })
    const wrong = { ...right, ref, block: { ...right.block, header } }
    assert.equal(await hear(wrong, { seal: sealOf(wrong, chain.quorum, [0, 1, 2, 3]) }), 'ignore invalid-sealed')
    assert.deepEqual(told, ['invalid 1 wrong-state-root'])
  })

  it('are fetched where their transactions are, and by sync if they cannot be had', async () => {
    const next = of.block(chain, { actions: [[0, { kind: 'stake', amountDroplets: COIN }]] })
    network.answers.set(PEER, () => {
      throw new QuorateError('timeout', 'no answer')
    })
    assert.equal(await hear(next), 'ignore missing-transactions')
    assert.deepEqual(told.splice(0), ['behind 1'])
    network.answers.set(PEER, () => encode(syncResponse, { kind: 'transactions', transactions: next.block.transactions }))
    assert.equal(await hear(next), 'accept')
    assert.deepEqual(told, ['sealed 1 by 0,1,2,3'])
  })

  it('that this node has executed as candidates need no transactions', async () => {
    const next = of.block(chain, { actions: [[0, { kind: 'stake', amountDroplets: COIN }]] })
    known.add(next)
    assert.equal(await hear(next), 'accept')
    assert.deepEqual(told, ['sealed 1 by 0,1,2,3'])
  })
})
