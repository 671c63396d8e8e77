import assert from 'node:assert/strict'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import type { Signatures } from '../../../src/crypto/signatures.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { Bodies } from '../../../src/node/bodies.ts'
import { KnownBlocks } from '../../../src/node/known-blocks.ts'
import { SealedBlockIntake } from '../../../src/node/sealed-blocks.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { encode } from '../../../src/wire/codec.ts'
import { blockHash } from '../../../src/wire/ids.ts'
import { compactBlock, type Header, type SignedBlock } from '../../../src/wire/types.ts'
import { EpochChain } from './epoch-chain.ts'
import { Station } from './station.ts'

describe('sealed blocks of heights that are final', () => {
  const of = new EpochChain()
  let station: Station
  let intake: SealedBlockIntake
  let fuller: number

  beforeEach(async () => {
    station = await Station.open(of)
    fuller = 0
    for (const signers of [
      [0, 1, 2, 3],
      [0, 1, 2],
    ])
      await station.commit(of.block(station.chain, { signers }))
    const { chain, network } = station
    const { heard, quorumSignatures } = station.accountability
    const known = new KnownBlocks(() => true)
    const bodies = new Bodies(chain, new Pool(DEFAULT_POOL_LIMITS), new SyncClient(network), nativeSignatures satisfies Signatures)
    const fail = (): never => assert.fail('nothing here is above the head')
    intake = new SealedBlockIntake({
      ...{ chain, known, bodies, signatures: nativeSignatures, quorumSignatures, heard },
      onFullerSeal: () => void fuller++,
      ...{ onSealed: fail, onBehind: fail, onInvalidSealed: fail },
    })
  })
  afterEach(() => station.close())

  const blockAt = (height: number): SignedBlock => station.chain.block(height) ?? assert.fail(`block ${height}`)
  /** The final block of a height, or another one of it, sealed by members of the quorum of that height. */
  function take(
    height: number,
    signers: readonly number[],
    changes: Partial<Header> = {},
    sealedAs: Partial<Header> = changes,
  ): Promise<string> {
    const { header: final } = blockAt(height)
    const quorum = station.chain.quorumAt(height) ?? assert.fail('a quorum')
    const header = { ...final, ...changes }
    const statement = { kind: 'seal', height, block: blockHash(of.chainId, { ...final, ...sealedAs }) } as const
    return validate({ header, evidence: [], shortIds: [], seal: of.aggregate(quorum, signers, statement) })
  }
  async function validate(wire: Parameters<typeof compactBlock.write>[1]): Promise<string> {
    const verdict = await intake.validate(encode(compactBlock, wire), 'peer')
    return verdict.kind === 'accept' ? 'accept' : `${verdict.kind} ${verdict.code}`
  }
  const other = { stateRoot: 'aa'.repeat(32) }
  const keysOf = (...numbers: readonly number[]): readonly string[] => numbers.map((number) => of.verifier(number).blsKey).sort()
  const guilty = (): readonly (readonly string[])[] => station.publishedEvidence().map((one) => of.proven(one).offenders)

  const cases: readonly {
    readonly description: string
    readonly send: () => Promise<string>
    readonly verdict: string
    readonly guilty: readonly (readonly number[])[]
  }[] = [
    { description: 'the final block below the head, again', send: () => take(1, [0, 1, 2]), verdict: 'ignore old-height', guilty: [] },
    {
      description: 'another block at the height of the head',
      send: () => take(2, [1, 2, 3], other),
      verdict: 'ignore old-height',
      guilty: [[1, 2]],
    },
    {
      description: 'another block below the head',
      send: () => take(1, [1, 2, 3], other),
      verdict: 'ignore old-height',
      guilty: [[1, 2, 3]],
    },
    {
      description: 'another block, sealed by too little stake',
      send: () => take(1, [1, 2], other),
      verdict: 'reject not-enough-stake',
      guilty: [],
    },
    {
      description: 'another block, with the seal of the final one',
      send: () => take(1, [1, 2, 3], other, {}),
      verdict: 'reject bad-signature',
      guilty: [],
    },
    { description: 'the head, with no more stake and nobody new', send: () => take(2, [0, 1, 2]), verdict: 'ignore known', guilty: [] },
    {
      description: 'the head, with no more stake and a forged seal',
      send: () => take(2, [0, 1, 3], {}, other),
      verdict: 'reject bad-signature',
      guilty: [],
    },
    { description: 'the head, with more stake', send: () => take(2, [0, 1, 2, 3]), verdict: 'accept', guilty: [] },
  ]
  for (const { description, send, verdict, guilty: numbers } of cases)
    it(`${description}: ${verdict}`, async () => {
      assert.equal(await send(), verdict)
      assert.deepEqual(
        guilty(),
        numbers.map((one) => keysOf(...one)),
      )
      assert.equal(fuller, verdict === 'accept' ? 1 : 0)
    })

  it('who sealed the head in a certificate with no more stake is known to have sealed it', async () => {
    assert.equal(await take(2, [0, 1, 3]), 'ignore known')
    assert.equal(await take(2, [1, 2, 3], other), 'ignore old-height')
    assert.deepEqual(new Set(guilty().flat()), new Set(keysOf(1, 2, 3)))
  })

  it('a second seal is checked once', async () => {
    assert.equal(await take(1, [1, 2, 3], other), 'ignore old-height')
    assert.equal(await take(1, [1, 2, 3], other), 'ignore old-height')
    assert.equal(guilty().length, 1)
  })

  it('is judged by the quorum of its height, when another signs by now', async () => {
    const { chain } = station
    for (const final of await of.grow(chain, 1, 1)) station.accountability.settle(final, null)
    station.slot = chain.head.slot
    assert.deepEqual(
      [of.numbersOf(chain.quorumAt(1) ?? chain.quorum), of.numbersOf(chain.quorum)],
      [
        [0, 1, 2, 3],
        [0, 1, 4, 5],
      ],
    )
    assert.equal(await take(3, [1, 2, 3], other), 'ignore old-height')
    assert.deepEqual(guilty(), [keysOf(1, 2, 3)])
    assert.equal(await take(chain.head.height, [1, 2, 3], other), 'ignore old-height')
    assert.deepEqual(guilty()[1], keysOf(1, 4, 5))
  })

  it('is not looked at once it is too old', async () => {
    station.accountability.heard.settle(1000)
    assert.equal(await take(1, [1, 2], other), 'ignore old-height')
    assert.deepEqual(guilty(), [])
  })
})
