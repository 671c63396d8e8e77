import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { MAX_OFFENCES } from '../../../src/ledger/bounds.ts'
import { MAX_UNPUNISHED } from '../../../src/node/bounds.ts'
import { EvidencePool, type HeldEvidence } from '../../../src/node/evidence-pool.ts'
import { writeGenesisFile } from '../../../src/node/genesis-file.ts'
import { evidenceSummary } from '../../../src/node/views/evidence.ts'
import { evidenceId } from '../../../src/wire/evidence.ts'
import type { Evidence, Statement } from '../../../src/wire/types.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { COIN, EpochChain } from './epoch-chain.ts'
import { type OpenChain, openChain } from './fixtures.ts'

const [FIRST, SECOND] = ['aa'.repeat(32), 'bb'.repeat(32)]
const vote = (height: number, slot: number, block = FIRST): Statement => ({ kind: 'vote', height, slot, block, validSlot: null })

/** A chain in a store, and the evidence of it. */
class Home {
  own: OpenChain
  pool: EvidencePool
  readonly told: string[] = []
  readonly fatal: unknown[] = []
  nowMs = 1000
  slot: number | null = null
  /** Keys of quorums are not looked at, and nothing is checked: for what is about numbers alone. */
  trusting = false

  private constructor(own: OpenChain) {
    this.own = own
    this.pool = undefined as unknown as EvidencePool
  }
  static async open(of: EpochChain, trusting = false): Promise<Home> {
    const home = new Home(await openChain(of))
    home.trusting = trusting
    await home.openPool()
    return home
  }
  async openPool(): Promise<void> {
    const { chain, store } = this.own
    this.pool = await EvidencePool.open({
      ...{ chain, store, nowMs: () => this.nowMs, slotNow: () => this.slot },
      signatures: this.trusting ? { blsVerifyAggregate: () => true } : nativeSignatures,
      onFound: ({ id }) => this.told.push(`found ${id}`),
      onPunished: ({ id, punishedAt }) => this.told.push(`punished ${id} ${punishedAt}`),
      onFatal: (error) => this.fatal.push(error),
    })
  }
  /** As after a crash, if nothing was waited for. */
  async reopen(of: EpochChain): Promise<void> {
    await this.own.store.close()
    this.own = await openChain(of, this.own.directory)
    await this.openPool()
  }
  get chain() {
    return this.own.chain
  }
  add(evidence: Evidence): string {
    const verdict = this.pool.add(evidence)
    return verdict.kind === 'accept' ? 'accept' : `${verdict.kind} ${verdict.code}`
  }
  held(evidence: Evidence): HeldEvidence | undefined {
    return this.pool.get(evidenceId(evidence))
  }
  async block(of: EpochChain, ...evidence: readonly Evidence[]): Promise<void> {
    const final = of.block(this.chain, { evidence })
    await this.chain.commit(final)
    this.pool.settle(final)
  }
}

describe('the evidence that a node holds', () => {
  const of = new EpochChain()
  const homes: Home[] = []
  afterEach(async () => {
    for (const home of homes.splice(0)) await home.own.store.close()
  })
  const open = async (chain = of, trusting = false): Promise<Home> => {
    const home = await Home.open(chain, trusting)
    homes.push(home)
    return home
  }

  it('is there after a restart, with when it was seen first, and waits for a block', async () => {
    const home = await open()
    const evidence = of.doubleVote([3], 1)
    assert.equal(home.add(evidence), 'accept')
    assert.deepEqual(home.told, [`found ${evidenceId(evidence)}`])
    await home.pool.written()
    home.nowMs = 9999
    await home.reopen(of)
    assert.deepEqual(home.pool.evidence(evidenceId(evidence)), evidence)
    assert.deepEqual(
      home.pool.unpunished().map(({ id }) => id),
      [evidenceId(evidence)],
    )
    const { offenders, seenAtMs, punishedAt, kind, height } = home.held(evidence) ?? assert.fail('held')
    assert.deepEqual([offenders, seenAtMs, punishedAt, kind, height], [[of.verifier(3).wallet.address], 1000, null, 'double-vote', 1])
    assert.equal(home.told.length, 1)
  })

  const stranger = new EpochChain()
  const cases: readonly { readonly description: string; readonly evidence: () => Evidence; readonly verdict: string }[] = [
    { description: 'two votes of one slot', evidence: () => of.doubleVote([3], 8), verdict: 'accept' },
    { description: 'of the height that is being worked on', evidence: () => of.doubleVote([3], 9), verdict: 'accept' },
    {
      description: 'statements in the wrong order',
      evidence: () => {
        const { first, second } = of.doubleVote([3], 8)
        return { first: second, second: first }
      },
      verdict: 'reject evidence-order',
    },
    {
      description: 'keys in the wrong order',
      evidence: () => {
        const { first, second } = of.doubleVote([2, 3], 8)
        return { first: { ...first, keys: [...first.keys].reverse() }, second }
      },
      verdict: 'reject evidence-order',
    },
    {
      description: 'two votes of two slots',
      evidence: () => of.evidence([3], vote(8, 7), vote(8, 8, SECOND)),
      verdict: 'reject no-offence',
    },
    {
      description: 'two votes of two verifiers',
      evidence: () => ({ first: of.signed([2], vote(8, 8)), second: of.signed([3], vote(8, 8, SECOND)) }),
      verdict: 'reject no-offender',
    },
    {
      description: "the second signature is another verifier's",
      evidence: () => {
        const { first, second } = of.doubleVote([3], 8)
        return { first, second: { ...second, signature: of.signed([2], second.statement).signature } }
      },
      verdict: 'reject bad-signature',
    },
    {
      description: 'signed on another chain',
      evidence: () => new EpochChain({ slotMs: 2000 }).doubleVote([3], 8),
      verdict: 'reject bad-signature',
    },
    {
      description: 'a key that nobody has registered, beside the guilty one',
      evidence: () => ({ first: of.signed([3], vote(8, 8)), second: stranger.signed([3, 8], vote(8, 8, SECOND)) }),
      verdict: 'ignore unknown-signer',
    },
    { description: 'above what is being worked on', evidence: () => of.doubleVote([3], 10), verdict: 'ignore future-height' },
    { description: 'no block may hold it any more', evidence: () => of.doubleVote([3], 1), verdict: 'ignore evidence-expired' },
  ]
  for (const { description, evidence, verdict } of cases)
    it(`${description}: ${verdict}`, async () => {
      const home = await open()
      // The first epoch has ended with block 7, and evidence of it counts for ten slots more.
      await of.grow(home.chain, 1, 1)
      home.slot = home.chain.head.slot + 20
      const proof = evidence()
      assert.equal(home.add(proof), verdict)
      assert.equal(home.pool.list().length, verdict === 'accept' ? 1 : 0)
    })

  it('shows each offence once, however many objects show it', async () => {
    const home = await open()
    assert.equal(home.add(of.doubleVote([2, 3], 1)), 'accept')
    assert.equal(home.add(of.doubleVote([2, 3], 1)), 'ignore known')
    // The same slot and other blocks, another slot, or only one of them: the same offence at the same height.
    assert.equal(home.add(of.doubleVote([2, 3], 1, 1, ['cc', 'dd'])), 'ignore known')
    assert.equal(home.add(of.doubleVote([3], 1, 0)), 'ignore known')
    // One more offender, or another kind, is news.
    assert.equal(home.add(of.doubleVote([1, 3], 1)), 'accept')
    const seal = (block: string): Statement => ({ kind: 'seal', height: 1, block })
    assert.equal(home.add(of.evidence([3], seal(FIRST), seal(SECOND))), 'accept')
    assert.equal(home.pool.list().length, 3)
  })

  it('of one offender is no more than the ledger punishes', async () => {
    const home = await open(of, true)
    for (let slot = 1; slot <= MAX_OFFENCES; slot++) await home.block(of)
    for (let height = 1; height <= MAX_OFFENCES; height++) assert.equal(home.add(of.doubleVote([7], height)), 'accept')
    assert.equal(home.add(of.doubleVote([7], MAX_OFFENCES + 1)), 'ignore too-many-offences')
    assert.equal(home.add(of.doubleVote([6, 7], MAX_OFFENCES + 1)), 'accept')
  })

  it('is bounded in all, and who has the most bonded stays', async () => {
    // An election is far: all of it counts.
    const many = new EpochChain({ epochSlots: 10_000 }, 8 + MAX_UNPUNISHED / MAX_OFFENCES)
    const home = await open(many, true)
    for (let slot = 1; slot < MAX_OFFENCES; slot++) await home.block(many)
    const unsigned = (number: number, height: number): Evidence => {
      const signed = (block: string) => ({
        statement: vote(height, height, block),
        keys: [many.verifier(number).blsKey],
        signature: '00'.repeat(96),
      })
      return { first: signed(FIRST), second: signed(SECOND) }
    }
    const poor = Array.from({ length: MAX_UNPUNISHED / MAX_OFFENCES }, (_, index) => 8 + index)
    for (const number of poor)
      for (let height = 1; height <= MAX_OFFENCES; height++) assert.equal(home.add(unsigned(number, height)), 'accept')
    assert.equal(home.pool.list().length, MAX_UNPUNISHED)
    const rich = unsigned(0, 1)
    assert.equal(home.add(rich), 'accept')
    assert.equal(home.pool.list().length, MAX_UNPUNISHED)
    const [first] = home.pool.unpunished()
    assert.equal(first?.id, evidenceId(rich), 'whoever has the most to lose comes first')
    const dropped = poor
      .flatMap((number) => Array.from({ length: MAX_OFFENCES }, (_, index) => unsigned(number, index + 1)))
      .find((one) => home.held(one) === undefined)
    assert.ok(dropped !== undefined)
    assert.equal(home.add(dropped), 'ignore pool-full')
    await home.pool.written()
    await home.reopen(many)
    assert.equal(home.pool.list().length, MAX_UNPUNISHED)
    assert.ok(home.held(rich) !== undefined && home.held(dropped) === undefined)
  })

  describe('and blocks', () => {
    it('in a block it waits no more, and what it took shows', async () => {
      const home = await open()
      const evidence = of.doubleVote([3], 1)
      home.add(evidence)
      await home.block(of, evidence)
      assert.deepEqual(home.pool.unpunished(), [])
      const id = evidenceId(evidence)
      assert.deepEqual(home.told, [`found ${id}`, `punished ${id} 1`])
      const { punished } = evidenceSummary(home.chain, home.held(evidence) ?? assert.fail('held'))
      // A hundred coins, of which the ledger takes five percent, and the maker of the block gets as much of that.
      assert.deepEqual(punished, {
        ...{ height: 1, slashedDroplets: 5 * COIN, rewardDroplets: COIN / 4, reporter: home.chain.headQuorum.members[0]?.id },
        slashed: [{ verifier: of.verifier(3).wallet.address, stakeDroplets: 5 * COIN, delegatedDroplets: 0, unbondingDroplets: 0 }],
      })
      assert.equal(home.add(evidence), 'ignore known')
      assert.equal(home.add(of.doubleVote([3], 1, 1, ['cc', 'dd'])), 'ignore known')
    })

    it('is learned of from a block, when nobody has shown it before', async () => {
      const home = await open()
      const evidence = of.doubleVote([3], 1)
      await home.block(of, evidence)
      const id = evidenceId(evidence)
      assert.deepEqual(home.told, [`punished ${id} 1`])
      await home.pool.written()
      await home.reopen(of)
      assert.deepEqual([home.held(evidence)?.punishedAt, home.held(evidence)?.seenAtMs], [1, 1000])
      assert.deepEqual(home.pool.evidence(id), evidence)
    })

    it('is known after a crash between the block and what comes after it', async () => {
      const home = await open()
      const [held, other] = [of.doubleVote([3], 1), of.doubleVote([2], 1)]
      home.add(held)
      await home.pool.written()
      // The node ends before the pool hears of the block.
      await home.chain.commit(of.block(home.chain, { evidence: [held, other] }))
      await home.reopen(of)
      assert.deepEqual([home.held(held)?.punishedAt, home.held(other)?.punishedAt], [1, 1])
      assert.deepEqual([home.held(held)?.seenAtMs, home.held(other)?.seenAtMs], [1000, of.genesis.timeMs + home.chain.head.slot * 1000])
      assert.deepEqual(home.pool.evidence(evidenceId(other)), other)
      assert.deepEqual(home.pool.unpunished(), [])
    })

    it('that shows no more than what a block has punished waits no more, either', async () => {
      const home = await open()
      const [mine, theirs, more] = [of.doubleVote([3], 1), of.doubleVote([3], 1, 1, ['cc', 'dd']), of.doubleVote([2, 3], 1)]
      home.add(mine)
      home.add(more)
      await home.block(of, theirs)
      assert.deepEqual([home.held(mine)?.punishedAt, home.held(theirs)?.punishedAt, home.held(more)?.punishedAt], [1, 1, null])
      assert.deepEqual(
        home.pool.unpunished().map(({ id }) => id),
        [evidenceId(more)],
      )
      await home.pool.written()
      await home.reopen(of)
      assert.deepEqual([home.held(mine)?.punishedAt, home.held(theirs)?.punishedAt, home.held(more)?.punishedAt], [1, 1, null])
      await home.block(of, more)
      assert.deepEqual(home.pool.unpunished(), [])
      const { punished } = evidenceSummary(home.chain, home.held(more) ?? assert.fail('held'))
      assert.deepEqual(
        punished?.slashed.map(({ verifier }) => verifier),
        [of.verifier(2).wallet.address],
      )
    })

    it('is let go when no block may hold it any more, but not what blocks have punished', async () => {
      const home = await open()
      const [late, punished] = [of.doubleVote([3], 1), of.doubleVote([2], 1)]
      home.add(late)
      await home.block(of, punished)
      while (home.held(late) !== undefined && home.chain.head.slot < 100) await home.block(of)
      const end = home.chain.ledger.globals.handovers.find(({ height }) => height >= 1)
      assert.equal(home.chain.head.slot, (end?.slot ?? 0) + of.genesis.parameters.evidenceSlots)
      await home.pool.written()
      await home.reopen(of)
      assert.deepEqual([home.held(late), home.held(punished)?.punishedAt], [undefined, 1])
    })
  })

  it('that was said to be on disk is there after SIGKILL at any moment', async () => {
    const directory = join(tempDirectory('evidence'), 'store')
    const genesisFile = join(tempDirectory('evidence-genesis'), 'genesis.json')
    await writeGenesisFile(genesisFile, of.genesis)
    const script = fileURLToPath(new URL('evidence-child.ts', import.meta.url))
    const said = new Set<string>()
    for (const lineCount of [1, 4, 7]) {
      const child = spawn(process.execPath, ['--import', 'tsx', script, directory, genesisFile], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, NODE_OPTIONS: '' },
      })
      let lines = 0
      for await (const line of createInterface({ input: child.stdout })) {
        said.add(line)
        if (++lines === lineCount) child.kill('SIGKILL')
      }
    }
    const own = await openChain(of, directory)
    const nothing = (): void => {}
    const pool = await EvidencePool.open({
      ...{ chain: own.chain, store: own.store, signatures: nativeSignatures, nowMs: () => 0, slotNow: () => null },
      ...{ onFound: nothing, onPunished: nothing, onFatal: nothing },
    })
    assert.ok(said.size >= 7, `${said.size}`)
    for (const id of said) assert.ok(pool.evidence(id) !== undefined, id)
    await own.store.close()
  })
})
