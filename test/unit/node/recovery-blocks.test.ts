import assert from 'node:assert/strict'
import type { QuorateError } from '../../../src/base/errors.ts'
import type { Hex } from '../../../src/base/hex.ts'
import { evidenceOf } from '../../../src/consensus/evidence.ts'
import { recoveredSigningId, withoutOffenders } from '../../../src/consensus/fork.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { stateRoot } from '../../../src/ledger/state.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { Bodies } from '../../../src/node/bodies.ts'
import type { Chain, FinalBlock } from '../../../src/node/chain.ts'
import { Heard } from '../../../src/node/heard.ts'
import { KnownBlocks } from '../../../src/node/known-blocks.ts'
import { QuorumSignatures } from '../../../src/node/quorum-signatures.ts'
import { SealedBlockIntake } from '../../../src/node/sealed-blocks.ts'
import { Sync } from '../../../src/node/sync.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import { type AggregateSignature, compactBlock, type Evidence, type SignedBlock } from '../../../src/wire/types.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { EpochChain } from './epoch-chain.ts'
import { FakeNetwork, type OpenChain, openChain, quiet } from './fixtures.ts'
import { Station } from './station.ts'

const DEADLINE_MS = 20_000
/** The height at which two blocks are sealed, by 0 1 2 and by 0 1 3. */
const FORK = 3
const GUILTY = [0, 1]
const LEFT = [2, 3]

describe('recovery blocks', () => {
  const of = new EpochChain({ epochSlots: 200, electionSlots: 20, forcedElectionSlots: 10 })
  const opened: OpenChain[] = []
  const open = async (directory?: string): Promise<OpenChain> => {
    const one = await openChain(of, directory)
    opened.push(one)
    return one
  }
  afterEach(async () => {
    for (const { store } of opened.splice(0)) await store.close()
  })

  const keys = (numbers: readonly number[]): ReadonlySet<Hex> => new Set(numbers.map((number) => of.verifier(number).blsKey))
  /** Commits blocks up to the fork's height, on the branch with that maker there. */
  async function grow(chain: Chain, maker = 2, signers = [0, 1, 2]): Promise<readonly FinalBlock[]> {
    const made: FinalBlock[] = []
    while (chain.head.height < FORK) {
      const isFork = chain.head.height + 1 === FORK
      const final = of.block(chain, isFork ? { maker, signers } : {})
      await chain.commit(final)
      made.push(final)
    }
    return made
  }
  /** What proves that this chain's block at the fork was not the only one. */
  function proofOf(chain: Chain, block = 'ab'.repeat(32)): Evidence {
    const own = { kind: 'seal', height: FORK, block: chain.head.hash } as const
    return evidenceOf(of.signed([0, 1, 2], own), of.signed([0, 1, 3], { ...own, block }))
  }
  /** Commits the recovery block of those who are left. */
  async function recover(chain: Chain): Promise<FinalBlock> {
    chain.recover(keys(GUILTY))
    const final = of.block(chain, { maker: 2, evidence: [proofOf(chain)], signers: LEFT })
    await chain.commit(final)
    return final
  }
  const stakesAt = (chain: Chain, height: number): readonly number[] =>
    (chain.quorumAt(height)?.members ?? []).map(({ stakeDroplets }) => stakeDroplets / 1_000_000)

  it('are signed by those who are left, under an id of their own; so is all that follows, also after a restart', async () => {
    const directory = tempDirectory('recovered')
    const own = await open(directory)
    const { chain } = own
    await grow(chain)
    const { hash: parent } = chain.head
    const full = chain.quorum
    chain.fork()
    assert.ok(chain.isDisputed(FORK + 1) && !chain.isDisputed(FORK))
    const final = await recover(chain)
    const signingId = recoveredSigningId(of.chainId, parent)
    assert.deepEqual(final.recovery, { quorum: withoutOffenders(full, keys(GUILTY)), signingId })
    const { events } = final.transition.receipt
    assert.equal(events.filter(({ kind }) => kind === 'slashed').length, GUILTY.length)
    assert.ok(events.some((event) => event.kind === 'election-opened' && event.cause === 'forced'))
    await chain.commit(of.block(chain, { maker: 3, signers: LEFT }))

    await own.store.close()
    opened.splice(opened.indexOf(own), 1)
    const again = (await open(directory)).chain
    for (const one of [chain, again]) {
      assert.deepEqual([one.recoveringWithout, one.lastRecoveryHeight, one.isDisputed(FORK + 3)], [null, FORK + 1, false])
      assert.deepEqual(
        [FORK, FORK + 1, FORK + 2, FORK + 3].map((height) => one.signingIdAt(height)),
        [of.chainId, signingId, signingId, signingId],
      )
      assert.deepEqual(stakesAt(one, FORK), [100, 100, 100, 100])
      for (const height of [FORK + 1, FORK + 2, FORK + 3]) assert.deepEqual(stakesAt(one, height), [0, 0, 100, 100], `height ${height}`)
    }
    assert.equal(stateRoot(again.ledger), stateRoot(chain.ledger))
  })

  it('come after what is still sealed on the branch: then those who are left begin above it', async () => {
    const { chain } = await open()
    await grow(chain)
    chain.recover(keys(GUILTY))
    const before = chain.signingIdAt(FORK + 1)
    const { chain: other } = await open()
    await grow(other)
    await chain.commit(of.block(other, { maker: 1, signers: [0, 1, 2] }))
    assert.deepEqual(
      [stakesAt(chain, FORK + 1), stakesAt(chain, FORK + 2)],
      [
        [100, 100, 100, 100],
        [0, 0, 100, 100],
      ],
    )
    assert.deepEqual([chain.signingIdAt(FORK + 1), chain.signingIdAt(FORK + 2) === before], [of.chainId, false])
  })

  it('name again who was punished before: they weigh nothing in it, and are not punished twice', async () => {
    const { chain } = await open()
    await grow(chain)
    const own = { kind: 'seal', height: FORK, block: chain.head.hash } as const
    const other = { ...own, block: 'ab'.repeat(32) }
    const proof = proofOf(chain)
    await chain.commit(of.block(chain, { maker: 2, evidence: [of.evidence(GUILTY, own, other)] }))
    assert.equal(chain.lastRecoveryHeight, 0, 'two of four alone prove no fork')
    chain.recover(keys(GUILTY))
    const final = of.block(chain, { maker: 2, evidence: [proof], signers: LEFT })
    await chain.commit(final)
    assert.deepEqual([chain.lastRecoveryHeight, final.transition.receipt.burnedDroplets], [FORK + 2, 0])
    assert.deepEqual(stakesAt(chain, FORK + 2), [0, 0, 100, 100])
  })

  it('leave somebody to sign them', async () => {
    const { chain } = await open()
    await grow(chain)
    assert.throws(() => chain.recover(keys([0, 1, 2, 3])), { code: 'recovery-nobody' })
  })

  it('are made of the evidence against exactly these, that which proves the fork among it', async () => {
    const { chain } = await open()
    await grow(chain)
    const own = { kind: 'seal', height: FORK, block: chain.head.hash } as const
    const other = { ...own, block: 'ab'.repeat(32) }
    const third = of.evidence([2], own, other)
    const vote = of.doubleVote([3], 2)
    chain.recover(keys([...GUILTY, 2]))
    assert.throws(() => of.block(chain, { maker: 3, evidence: [proofOf(chain)] }), 'nobody proves that 2 is guilty')
    const { block } = of.block(chain, { maker: 3, evidence: [vote, third, proofOf(chain)], signers: [3] })
    assert.deepEqual(block.evidence, [proofOf(chain), third])
  })

  describe('that come by gossip', () => {
    async function setUp() {
      const { chain } = await open()
      await grow(chain)
      const { chain: maker } = await open()
      await grow(maker)
      const told: string[] = []
      const heard = new Heard()
      const intake = new SealedBlockIntake({
        ...{ chain, heard, known: new KnownBlocks(() => false), signatures: nativeSignatures },
        bodies: new Bodies(chain, new Pool(DEFAULT_POOL_LIMITS), new SyncClient(new FakeNetwork()), nativeSignatures),
        quorumSignatures: new QuorumSignatures(chain, nativeSignatures, heard),
        onSealed: ({ height }, { signers }) => void told.push(`sealed ${height} by ${signers}`),
        onFullerSeal: () => assert.fail('nothing is fuller'),
        onBehind: () => assert.fail('nothing is ahead'),
        onInvalidSealed: (_, detail) => assert.fail(detail),
      })
      const final = await recover(maker)
      const hear = async (
        changes: { readonly seal?: AggregateSignature; readonly evidence?: readonly Evidence[] } = {},
      ): Promise<string> => {
        const { header, evidence, seal } = { ...final.block, ...changes }
        const verdict = await intake.validate(encode(compactBlock, { header, evidence, shortIds: [], seal }), 'relay')
        return verdict.kind === 'accept' ? 'accept' : `${verdict.kind} ${verdict.code}`
      }
      const seal = (signers: readonly number[], signingId = maker.signingIdAt(FORK + 1)): AggregateSignature =>
        of.aggregate(maker.headQuorum, signers, { kind: 'seal', height: FORK + 1, block: final.ref.hash }, signingId)
      return { chain, final, hear, seal, told }
    }

    it('are followed by whoever does not recover, by what they hold', async () => {
      const { hear, told } = await setUp()
      assert.equal(await hear(), 'accept')
      assert.deepEqual(told, [`sealed ${FORK + 1} by ${LEFT}`])
    })
    it('need enough stake of those who are left', async () => {
      const { hear, seal } = await setUp()
      assert.equal(await hear({ seal: seal([2]) }), 'reject not-enough-stake')
      assert.equal(await hear({ seal: seal([0, 1, 2]) }), 'reject not-enough-stake')
    })
    it('are not signed with the chain id', async () => {
      const { hear, seal } = await setUp()
      assert.equal(await hear({ seal: seal(LEFT, of.chainId) }), 'reject bad-signature')
    })
    it('are refused with evidence that is not signed by whom it names', async () => {
      const { chain, hear } = await setUp()
      const { first, second } = proofOf(chain)
      const forged = { first: { ...first, signature: second.signature }, second: { ...second, signature: first.signature } }
      assert.equal(await hear({ evidence: [forged] }), 'reject bad-evidence')
    })
    it("are nobody's fault while it is open who signs", async () => {
      const { chain, hear, seal } = await setUp()
      chain.fork()
      assert.equal(await hear({ seal: seal([2]) }), 'ignore other-recovery')
      chain.recover(keys([0, 1, 2]))
      assert.equal(await hear({ seal: seal([2]) }), 'ignore other-recovery')
      assert.equal(await hear(), 'accept')
    })
  })

  it('are followed by sync, alone in their run, and so is what follows them', async () => {
    const { chain: theirs } = await open()
    const finals = [...(await grow(theirs)), await recover(theirs)]
    for (let count = 0; count < 4; count++) {
      const final = of.block(theirs, { maker: 2 + (count % 2), signers: LEFT })
      await theirs.commit(final)
      finals.push(final)
    }
    const blocks: readonly SignedBlock[] = finals.map(({ block }) => block)
    const { chain } = await open()
    const network = new FakeNetwork()
    const status = {
      version: 1,
      chainId: of.chainId,
      height: blocks.length,
      firstHeight: 1,
      head: theirs.head.hash,
      timeMs: 0,
      agent: 'test',
    }
    network.answers.set('one', (_, data) => {
      const request = decode(syncRequest, data)
      if (request.kind !== 'blocks') return encode(syncResponse, { kind: 'status', status })
      return encode(syncResponse, { kind: 'blocks', blocks: blocks.slice(request.fromHeight - 1) })
    })
    const fatal: QuorateError[] = []
    const sync = new Sync({
      ...{ chain, network, client: new SyncClient(network), signatures: nativeSignatures, telemetry: quiet(), checkpoint: null },
      quorumSignatures: new QuorumSignatures(chain, nativeSignatures, new Heard()),
      ownStatus: () => ({ ...status, height: chain.head.height }),
      nowMs: () => Date.now(),
      alone: (job) => job(),
      ...{ onImported: () => {}, onPeerStatus: () => {}, onGap: () => {}, refuses: () => false, onOffBranch: () => {} },
      isHeld: false,
      onFatal: (error) => void fatal.push(error),
    })
    sync.start()
    await waitFor(() => chain.head.height === blocks.length || fatal.length > 0, { deadlineMs: DEADLINE_MS, description: 'their head' })
    await sync.stop()
    assert.deepEqual([fatal, network.penalties, chain.head.hash], [[], [], theirs.head.hash])
    assert.equal(chain.lastRecoveryHeight, FORK + 1)
  })

  it('take with them what was signed before: nobody honest is named for having been on the other branch', async () => {
    const station = await Station.open(of)
    try {
      await grow(station.chain)
      const abandoned = { kind: 'seal', height: FORK + 1, block: 'cd'.repeat(32) } as const
      // 2 had sealed the next block of the other branch, before it recovered to this one.
      const quorum = station.chain.quorum
      const tally = { kind: 'tally', certificates: [of.certificate(quorum, [2], abandoned)] } as const
      assert.equal(station.validate(tally), 'accept')
      station.chain.recover(keys(GUILTY))
      const final = of.block(station.chain, { maker: 2, evidence: [proofOf(station.chain)], signers: LEFT })
      await station.commit(final)
      const own = { kind: 'seal', height: FORK + 1, block: final.ref.hash } as const
      const { accountability, chain } = station
      const evidence = evidenceOf(of.signed([2], abandoned), of.signed([2], own, chain.signingIdAt(FORK + 1)))
      assert.equal(station.validate({ kind: 'evidence', evidence }), 'reject bad-signature')
      const named = accountability.pool.list().flatMap(({ offenders }) => offenders)
      assert.deepEqual(new Set(named), new Set(GUILTY.map((number) => of.verifier(number).wallet.address)))
      assert.deepEqual(station.publishedEvidence(), [])
    } finally {
      await station.close()
    }
  })
})
