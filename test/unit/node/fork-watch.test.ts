import assert from 'node:assert/strict'
import { evidenceOf } from '../../../src/consensus/evidence.ts'
import { FORK_LOOK_MS } from '../../../src/node/bounds.ts'
import { putCarried } from '../../../src/node/fork-carried.ts'
import { newForkRecord, pinsOf, putForkRecord, readForkRecord } from '../../../src/node/fork-record.ts'
import { evidenceId } from '../../../src/wire/evidence.ts'
import type { Evidence } from '../../../src/wire/types.ts'
import { EpochChain } from './epoch-chain.ts'
import { ForkRig, hashOf, serve, statusOf } from './fork-rig.ts'

/** Epochs long enough that no quorum hands over here. */
const of = new EpochChain({ epochSlots: 200, evidenceSlots: 400, unbondingSlots: 500 })
const COMMON = 20
const FORK = COMMON + 1
const [OURS, THEIRS] = [
  [0, 1, 2],
  [1, 2, 3],
]

describe('a node and a fork', () => {
  const rigs: ForkRig[] = []
  const open = async (): Promise<ForkRig> => {
    const rig = await ForkRig.open(of)
    rigs.push(rig)
    return rig
  }
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.close()
  })

  /** The own chain, and that of a peer, which differ above a height. */
  async function fork(own: number, other: number): Promise<readonly [ForkRig, ForkRig]> {
    const [self, peer] = [await open(), await open()]
    for (let height = 1; height <= COMMON; height++) {
      const final = of.block(self.chain)
      for (const rig of [self, peer]) await rig.station.commit(final)
    }
    for (let count = 0; count < own; count++) await self.add({ signers: OURS })
    for (let count = 0; count < other; count++) await peer.add({ slot: peer.chain.head.slot + 2, signers: THEIRS })
    return [self, peer]
  }
  /** Both sealed the block of the fork's height. */
  function sealsOf(self: ForkRig, peer: ForkRig): Evidence {
    const numbers = of.numbersOf(self.chain.quorum)
    const seal = (rig: ForkRig) => ({ kind: 'seal', height: FORK, block: hashOf(rig.chain, FORK) }) as const
    const by = (signers: readonly number[]): number[] => signers.map((signer) => numbers[signer] ?? 0)
    return evidenceOf(of.signed(by(OURS), seal(self)), of.signed(by(THEIRS), seal(peer)))
  }
  const offendersOf = (self: ForkRig): string[] => [1, 2].map((index) => self.chain.quorum.members[index]?.blsKey ?? '').sort()

  const shapes: readonly { readonly description: string; readonly own: number; readonly other: number; readonly isTold?: true }[] = [
    { description: 'that is behind', own: 7, other: 2 },
    { description: 'that is as far', own: 4, other: 4 },
    { description: 'that is ahead, once sync says that its blocks do not fit', own: 2, other: 7, isTold: true },
    { description: 'that has one block of its own', own: 1, other: 1 },
  ]
  for (const { description, own, other, isTold } of shapes)
    it(`finds the lowest height, proves the fork and halts, by the status of a peer ${description}`, async () => {
      const [self, peer] = await fork(own, other)
      serve(self, 'peer', peer.chain)
      self.watch.heard('peer', statusOf(peer.chain))
      if (isTold === true) {
        assert.equal(self.watch.isIdle, true)
        self.watch.offBranch('peer', statusOf(peer.chain))
      }
      await self.settled()
      const { record, branches, offenders, goesOn } = self.watch.fork ?? assert.fail('a fork')
      assert.deepEqual([record.height, self.forked.length, self.watch.isHalted], [FORK, 1, true])
      assert.deepEqual(
        branches.map(({ first, head, isOwn, burnedMicroHours }) => [first, head.height, isOwn, burnedMicroHours]),
        [self, peer].map(({ chain }) => [
          hashOf(chain, FORK),
          chain.head.height,
          chain === self.chain,
          chain.ledger.globals.burnedMicroHours,
        ]),
      )
      assert.deepEqual(offenders, offendersOf(self))
      assert.equal(goesOn?.first, [hashOf(self.chain, FORK), hashOf(peer.chain, FORK)].sort()[0])
      // On disk, public, and nobody is blamed.
      assert.deepEqual(readForkRecord(self.station.own.store), record)
      assert.deepEqual(self.station.publishedEvidence().map(evidenceId), [...record.proofs])
      assert.deepEqual(self.station.network.penalties, [])
      assert.match(self.alarms.at(-1) ?? '', /sealed from height 21 on.*50 % of the stake.*`quorate recover --dir \/node`/)
    })

  it('is halted at the next start, before it hears of anybody', async () => {
    const [self, peer] = await fork(2, 2)
    self.station.accountability.records.report(sealsOf(self, peer))
    await self.watch.written()
    await self.restart()
    assert.deepEqual(
      self.forked.map(({ height }) => height),
      [FORK],
    )
    assert.equal(self.watch.isHalted, true)
  })

  it('halts by the evidence alone, also by that which it held before it looked', async () => {
    const [self, peer] = await fork(2, 2)
    self.station.onFound = () => {}
    self.station.accountability.records.report(sealsOf(self, peer))
    assert.equal(self.watch.isHalted, false)
    await self.restart()
    await self.watch.written()
    assert.equal(self.forked.length, 1)
    const other = self.watch.fork?.branches.find(({ isOwn }) => !isOwn)
    assert.deepEqual([other?.first, other?.seen], [hashOf(peer.chain, FORK), 'seal'])
  })

  const proofs: readonly { readonly description: string; readonly evidence: (self: ForkRig, peer: ForkRig) => Evidence }[] = [
    {
      description: 'two seals of which one has too little stake',
      evidence: (self, peer) => {
        const [first = 0, second = 0, third = 0] = of.numbersOf(self.chain.quorum)
        const seal = (rig: ForkRig) => ({ kind: 'seal', height: FORK, block: hashOf(rig.chain, FORK) }) as const
        return evidenceOf(of.signed([first, second, third], seal(self)), of.signed([second, third], seal(peer)))
      },
    },
    { description: 'two votes of everybody', evidence: (self) => of.doubleVote(of.numbersOf(self.chain.quorum), FORK) },
  ]
  for (const { description, evidence } of proofs)
    it(`goes on when the evidence is ${description}`, async () => {
      const [self, peer] = await fork(2, 2)
      assert.equal(self.station.accountability.records.report(evidence(self, peer)).kind, 'accept')
      await self.watch.written()
      assert.deepEqual([self.watch.fork, self.forked.length], [null, 0])
    })

  it('takes what proves a fork although everybody in it is known to be guilty of it', async () => {
    const [self, peer] = await fork(2, 2)
    const numbers = of.numbersOf(self.chain.quorum)
    const seal = (rig: ForkRig) => ({ kind: 'seal', height: FORK, block: hashOf(rig.chain, FORK) }) as const
    const { records } = self.station.accountability
    for (const number of [numbers[1] ?? 0, numbers[2] ?? 0])
      assert.equal(records.report(evidenceOf(of.signed([number], seal(self)), of.signed([number], seal(peer)))).kind, 'accept')
    assert.equal(self.watch.isHalted, false)
    assert.equal(records.report(sealsOf(self, peer)).kind, 'accept')
    assert.equal(self.watch.isHalted, true)
  })

  it('hears of higher blocks of a branch later, and asks no more of a peer than there is to hear', async () => {
    const [self, peer] = await fork(3, 2)
    const asked = serve(self, 'peer', peer.chain)
    self.watch.heard('peer', statusOf(peer.chain))
    await self.settled()
    const before = asked.length
    self.nowMs += FORK_LOOK_MS
    self.watch.heard('peer', statusOf(peer.chain))
    await self.settled()
    assert.equal(asked.length, before)
    for (let count = 0; count < 3; count++) await peer.add({ signers: THEIRS })
    self.watch.offBranch('peer', statusOf(peer.chain))
    await self.settled()
    const other = self.watch.fork?.branches.find(({ isOwn }) => !isOwn)
    assert.deepEqual(other?.head, { height: peer.chain.head.height, hash: peer.chain.head.hash })
    assert.deepEqual(readForkRecord(self.station.own.store), self.record)
  })

  it('follows a branch no further than seals can be judged: to the block of a quorum that hands over', async () => {
    const short = new EpochChain({ evidenceSlots: 400, unbondingSlots: 500 })
    const [self, peer] = [await ForkRig.open(short), await ForkRig.open(short)]
    rigs.push(self, peer)
    const first = short.block(self.chain)
    for (const rig of [self, peer]) await rig.station.commit(first)
    await self.station.commit(short.block(self.chain, { signers: OURS }))
    await peer.station.commit(short.block(peer.chain, { slot: peer.chain.head.slot + 2, signers: THEIRS }))
    await short.grow(peer.chain, 1, 3)
    serve(self, 'peer', peer.chain)
    self.watch.offBranch('peer', statusOf(peer.chain))
    await self.settled()
    const other = self.watch.fork?.branches.find(({ isOwn }) => !isOwn)
    assert.equal(other?.head.height, peer.chain.head.height - 3)
    assert.equal(other?.head.hash, hashOf(peer.chain, other?.head.height ?? 0))
  })

  const liars: readonly {
    readonly description: string
    readonly change: Parameters<typeof serve>[3]
    readonly isBlamed: boolean
  }[] = [
    { description: 'gives no headers', change: () => ({ kind: 'headers', headers: [] }), isBlamed: false },
    {
      description: 'gives headers of other heights',
      change: (response) =>
        response.kind === 'headers'
          ? { ...response, headers: response.headers.map((header) => ({ ...header, height: header.height + 1 })) }
          : response,
      isBlamed: true,
    },
    {
      description: 'has made up its headers from some height on',
      change: (response) =>
        response.kind === 'headers'
          ? {
              ...response,
              headers: response.headers.map((header) => (header.height > 9 ? { ...header, stateRoot: 'ab'.repeat(32) } : header)),
            }
          : response,
      isBlamed: false,
    },
    {
      description: 'has a block that nobody sealed',
      change: (response) =>
        response.kind === 'blocks'
          ? { ...response, blocks: response.blocks.map((block) => ({ ...block, seal: { ...block.seal, signature: block.header.proof } })) }
          : response,
      isBlamed: true,
    },
    {
      description: 'has a block that too few sealed',
      change: (response) =>
        response.kind === 'blocks'
          ? { ...response, blocks: response.blocks.map((block) => ({ ...block, seal: { ...block.seal, signers: [1, 2] } })) }
          : response,
      isBlamed: true,
    },
  ]
  for (const { description, change, isBlamed } of liars)
    it(`is not halted by a peer that ${description}, ${isBlamed ? 'which pays for it' : 'and blames nobody'}`, async () => {
      const [self, peer] = await fork(3, 2)
      const asked = serve(self, 'liar', peer.chain, change)
      self.watch.heard('liar', statusOf(peer.chain))
      await self.settled()
      assert.deepEqual([self.watch.fork, self.forked.length], [null, 0])
      assert.deepEqual(self.station.network.penalties, isBlamed ? ['liar bad-answer'] : [])
      // It is asked again later, and less and less.
      const before = asked.length
      assert.ok(before > 0 && before < 16, `${before} requests`)
      self.nowMs += FORK_LOOK_MS
      self.watch.heard('liar', statusOf(peer.chain))
      await self.settled()
      assert.equal(asked.length, before)
    })

  it('asks nothing of a peer on its own chain, behind or ahead', async () => {
    const [self, peer] = await fork(0, 3)
    const asked = serve(self, 'peer', peer.chain)
    self.watch.heard('peer', statusOf(peer.chain))
    serve(peer, 'self', self.chain)
    peer.watch.heard('self', statusOf(self.chain))
    assert.deepEqual([self.watch.isIdle, peer.watch.isIdle, asked.length], [true, true, 0])
  })

  it('follows what was chosen: refuses other blocks, and is ready when it has the branch and the evidence', async () => {
    const [self, peer] = await fork(0, 3)
    const evidence = sealsOfHeight(peer)
    const first = hashOf(peer.chain, FORK)
    const head = { height: FORK + 2, hash: peer.chain.head.hash }
    const branch = { first, head, burnedMicroHours: 5, seen: 'blocks', recoveredAt: null, leavesAt: null } as const
    const record = { ...newForkRecord(FORK, 1), branches: [branch], follow: { first, head, pins: pinsOf({ height: FORK }, branch) } }
    const transaction = of.transaction(3, 0, { kind: 'transfer', to: 'ab'.repeat(20), amountDroplets: 1, microHours: 0 })
    const { store } = self.station.own
    await store.write([putForkRecord(record), ...putCarried([evidence], [transaction])], { durable: true })
    await self.restart()
    assert.deepEqual([self.watch.isHalted, self.ready.length, self.forked.length], [true, 0, 1])
    assert.equal(self.watch.refuses({ height: FORK, hash: first }), false)
    assert.equal(self.watch.refuses({ height: FORK, hash: 'ab'.repeat(32) }), true)
    assert.equal(self.watch.refuses({ height: FORK + 1, hash: 'ab'.repeat(32) }), false)
    for (let height = FORK; height <= FORK + 2; height++) {
      assert.deepEqual([self.ready, self.submitted], [[], []])
      const block = peer.chain.block(height) ?? assert.fail('a block')
      await self.add({ slot: block.header.slot, signers: THEIRS })
    }
    await self.watch.written()
    assert.equal(self.chain.head.hash, peer.chain.head.hash)
    assert.deepEqual([self.ready, self.submitted.length], [[offendersOf(self)], 1])
    // Once it was handed on it is gone, and at the next start the node is ready at once.
    assert.equal(self.station.accountability.pool.get(evidenceId(evidence))?.height, FORK)
    await self.restart()
    await self.watch.written()
    assert.deepEqual([self.ready.length, self.submitted.length], [2, 1])
  })
  /** The block of the fork's height, and one that nobody has. */
  function sealsOfHeight(rig: ForkRig): Evidence {
    const numbers = of.numbersOf(rig.chain.quorum)
    const by = (signers: readonly number[]): number[] => signers.map((signer) => numbers[signer] ?? 0)
    const seal = { kind: 'seal', height: FORK } as const
    return evidenceOf(
      of.signed(by(THEIRS), { ...seal, block: hashOf(rig.chain, FORK) }),
      of.signed(by(OURS), { ...seal, block: 'cd'.repeat(32) }),
    )
  }

  it('sees that a branch went on without the offenders, however many blocks the own one has', async () => {
    const [self, peer] = await fork(6, 2)
    const evidence = sealsOf(self, peer)
    peer.station.accountability.records.report(evidence)
    peer.chain.recover(new Set(offendersOf(self)))
    await peer.add({ evidence: [evidence], signers: [0, 3] })
    assert.deepEqual([peer.chain.lastRecoveryHeight, peer.watch.isHalted, peer.record.resolvedAt], [FORK + 2, false, FORK + 2])
    for (let count = 0; count < 2; count++) await peer.add({ signers: [0, 3] })
    serve(self, 'peer', peer.chain)
    self.watch.heard('peer', statusOf(peer.chain))
    await self.settled()
    const { goesOn, isOwnGoingOn } = self.watch.fork ?? assert.fail('a fork')
    assert.deepEqual([goesOn?.first, goesOn?.recoveredAt, isOwnGoingOn], [hashOf(peer.chain, FORK), FORK + 2, false])
    // The election that the recovery block opened may have handed over: what follows cannot be judged here.
    assert.ok((goesOn?.head.height ?? 0) >= FORK + 2)
    assert.deepEqual(self.station.network.penalties, [])
  })

  it('sees that its own branch went on from a lower block than it has', async () => {
    const [self, peer] = await fork(0, 0)
    for (let count = 0; count < 3; count++) {
      const final = of.block(self.chain, { signers: OURS })
      await self.station.commit(final)
      if (count === 0) await peer.station.commit(final)
    }
    const evidence = sealsOfHeight(peer)
    for (const rig of [self, peer]) rig.station.accountability.records.report(evidence)
    peer.chain.recover(new Set(offendersOf(self)))
    await peer.add({ slot: peer.chain.head.slot + 9, evidence: [evidence], signers: [0, 3] })
    serve(self, 'peer', peer.chain)
    self.watch.offBranch('peer', statusOf(peer.chain))
    self.watch.heard('peer', statusOf(peer.chain))
    await self.settled()
    const { goesOn, isOwnGoingOn } = self.watch.fork ?? assert.fail('a fork')
    assert.deepEqual([goesOn?.isOwn, goesOn?.recoveredAt, goesOn?.leavesAt, isOwnGoingOn], [true, FORK + 1, peerHead(peer), false])
    assert.deepEqual(self.station.network.penalties, [])
  })
  const peerHead = ({ chain }: ForkRig) => ({ height: chain.head.height, hash: chain.head.hash })

  it('is halted no more once a recovery block above the fork is final, and remembers it', async () => {
    const [self, peer] = await fork(2, 2)
    self.station.accountability.records.report(sealsOf(self, peer))
    await self.watch.written()
    self.lastRecovery = FORK
    self.watch.settle()
    assert.equal(self.watch.isHalted, true)
    self.lastRecovery = FORK + 2
    self.watch.settle()
    assert.deepEqual([self.watch.isHalted, self.record.resolvedAt, self.alarms.at(-1)], [false, FORK + 2, null])
    await self.restart()
    assert.deepEqual([self.forked.length, self.record.resolvedAt], [0, FORK + 2])
    // The peer that stayed behind is no news.
    const asked = serve(self, 'peer', peer.chain)
    self.watch.heard('peer', statusOf(peer.chain))
    await self.settled()
    assert.ok(asked.length <= 1)
    assert.equal(self.watch.isHalted, false)
  })
})
