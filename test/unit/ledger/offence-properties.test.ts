import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MAX_OFFENCES } from '../../../src/ledger/bounds.ts'
import type { Transition } from '../../../src/ledger/state.ts'
import type { OffenceKind, ProvenEvidence } from '../../../src/wire/evidence.ts'
import { act, addressOfName, COIN, eventsOf, FUNDS, proofOf, TestChain, type TxOptions, VERIFIERS, type World } from './fixtures.ts'

const V = ['v1', 'v2', 'v3', 'v4']
const HOLDERS = ['a', 'b', 'v1', 'v2', 'v3', 'v4']
const KINDS: readonly OffenceKind[] = ['double-vote', 'double-seal', 'amnesia']

interface Windows {
  readonly evidenceSlots: number
  readonly unbondingSlots: number
}
const worldOf = (windows: Windows, forcedElectionSlots: number, slashPpm: number): World => ({
  verifiers: VERIFIERS,
  funds: FUNDS,
  parameters: {
    ...{ epochSlots: 20, electionSlots: 8, forcedElectionSlots, jailSlots: 3, quorumSize: 3, minStakeDroplets: 1 },
    ...{ ...windows, slashPpm, reporterPpm: 300_000, blockRewardDroplets: 777 },
  },
})

// What is planned

const step = fc.record({
  /** Slots since the block before: mostly few, at times a halt of some epochs. */
  gap: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 4 }) },
    { weight: 2, arbitrary: fc.integer({ min: 5, max: 25 }) },
    { weight: 1, arbitrary: fc.integer({ min: 26, max: 200 }) },
  ),
  deeds: fc.array(
    fc.record({
      from: fc.constantFrom(...HOLDERS),
      verifier: fc.constantFrom(...V),
      kind: fc.constantFrom('delegate', 'undelegate', 'undelegate', 'stake', 'unstake', 'unstake'),
      amount: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3 * COIN })),
    }),
    { maxLength: 5 },
  ),
  /** Who is accused of what, and how many heights ago it was. */
  accusations: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.array(
        fc.record({
          names: fc.uniqueArray(fc.constantFrom(...V), { minLength: 1 }),
          kind: fc.constantFrom(...KINDS),
          ago: fc.oneof(fc.nat(3), fc.nat(40)),
          signature: fc.constantFrom('0d', '0e'),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    },
  ) as fc.Arbitrary<
    readonly { readonly names: readonly string[]; readonly kind: OffenceKind; readonly ago: number; readonly signature: string }[]
  >,
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const actionOf = ({ kind, verifier, amount }: Step['deeds'][number]): TxOptions['action'] => {
  switch (kind) {
    case 'delegate':
      return act.delegate(verifier, amount)
    case 'undelegate':
      return act.undelegate(verifier, amount % 3 === 0 ? null : amount)
    case 'stake':
      return act.stake(amount)
    default:
      return act.unstake(amount % 3 === 0 ? null : amount)
  }
}

// A model beside the ledger: all that ever ended, and each sum on its way back with the block that took it back

interface Sum {
  readonly holder: string
  readonly verifier: string
  droplets: number
  /** Newest epoch whose quorum was elected while it was bonded. */
  readonly epoch: number
}

class Model {
  readonly #windows: Windows
  readonly #slashPpm: number
  /** Height and slot of the block that ended each epoch. */
  readonly ends: { readonly height: number; readonly slot: number }[] = []
  sums: Sum[] = []
  /** `verifier kind height` of all that was ever punished. */
  readonly punished = new Set<string>()
  slashedSums = 0
  sparedSums = 0

  constructor(windows: Windows, slashPpm: number) {
    this.#windows = windows
    this.#slashPpm = slashPpm
  }

  epochOf(height: number): number {
    return this.ends.filter((end) => end.height < height).length
  }

  isInTime(height: number, slot: number): boolean {
    const end = this.ends[this.epochOf(height)]
    return end === undefined || slot <= end.slot + this.#windows.evidenceSlots
  }

  /** What must be slashed on its way back for an offence: all that was bonded when the quorum of that height was elected. */
  slash(verifier: string, height: number): number {
    const epoch = this.epochOf(height)
    let droplets = 0
    for (const sum of this.sums) {
      if (sum.verifier !== verifier) continue
      if (sum.epoch < epoch) {
        this.sparedSums++
        continue
      }
      this.slashedSums++
      const part = Number((BigInt(sum.droplets) * BigInt(this.#slashPpm) + 999_999n) / 1_000_000n)
      sum.droplets -= part
      droplets += part
    }
    this.sums = this.sums.filter((sum) => sum.droplets > 0)
    return droplets
  }

  /** What comes back in a slot; no evidence may count any more of an epoch whose quorum was elected with it. */
  release(slot: number, endsBefore: number): Sum[] {
    const isDue = (sum: Sum): boolean => {
      const end = sum.epoch < endsBefore ? this.ends[sum.epoch] : undefined
      return end !== undefined && slot >= end.slot + this.#windows.unbondingSlots
    }
    const due = this.sums.filter(isDue)
    this.sums = this.sums.filter((sum) => !isDue(sum))
    for (const { epoch } of due)
      for (const [earlier, end] of this.ends.slice(0, epoch + 1).entries())
        assert.ok(slot > end.slot + this.#windows.evidenceSlots, `evidence of epoch ${earlier} still counts`)
    return due
  }
}

const nameOf = new Map([...HOLDERS].map((name) => [addressOfName(name), name]))

/** Holds a block that was applied against the model. */
function follow(
  model: Model,
  chain: TestChain,
  transition: Transition,
  taken: readonly ProvenEvidence[],
  sent: readonly TxOptions[],
): void {
  const { height } = transition.globals
  const { slot } = chain
  const endsBefore = model.ends.length
  const events = transition.receipt.events
  const slashed = eventsOf(transition, 'slashed')
  for (const event of slashed) {
    const name = nameOf.get(event.verifier) ?? ''
    const offence = `${name} ${event.offence} ${event.height}`
    assert.ok(!model.punished.has(offence), `${offence} is punished twice`)
    model.punished.add(offence)
    assert.equal(event.unbondingDroplets, model.slash(name, event.height), offence)
  }
  for (const { kind, height: at } of taken) assert.ok(model.isInTime(at, slot), `${kind} at height ${at} came too late`)
  for (const event of events) if (event.kind === 'election-settled' && event.by !== 'kept') model.ends.push({ height, slot })
  const released = eventsOf(transition, 'released').map((event) => [nameOf.get(event.account), nameOf.get(event.verifier), event.droplets])
  const due = model.release(slot, endsBefore).map(({ holder, verifier, droplets }) => [holder, verifier, droplets])
  assert.deepEqual(new Set(released.map(String)), new Set(due.map(String)))
  assert.equal(released.length, due.length)
  for (const { from, action } of sent) {
    if (action.kind !== 'undelegate' && action.kind !== 'unstake') continue
    const mine = model.sums.filter(({ holder }) => holder === from)
    const added = (chain.account(from).bonds?.unbonding ?? [])[mine.length]
    assert.ok(added !== undefined)
    const verifier = action.kind === 'unstake' ? from : (nameOf.get(action.verifier) ?? '')
    model.sums.push({ holder: from, verifier, droplets: added.droplets, epoch: model.ends.length })
  }
  for (const name of HOLDERS) {
    const expected = model.sums.filter(({ holder }) => holder === name).map(({ verifier, droplets }) => [verifier, droplets])
    const found = (chain.account(name).bonds?.unbonding ?? []).map(({ verifier, droplets }) => [nameOf.get(verifier), droplets])
    assert.deepEqual(found, expected)
  }
}

describe('ledger: any offences on any chain', () => {
  it('property: evidence in time meets all that was bonded, nothing else, and once; no coin is made or lost', () => {
    const seen = { inTime: 0, late: 0, again: 0, slashedSums: 0, sparedSums: 0, epochs: 0, released: 0, full: 0 }
    fc.assert(
      fc.property(
        fc.record({ evidenceSlots: fc.constantFrom(0, 5, 30), more: fc.constantFrom(1, 10) }),
        fc.constantFrom(1, 5, 40),
        fc.constantFrom(50_000, 333_333, 1_000_000),
        fc.array(step, { minLength: 15, maxLength: 45, size: 'max' }),
        ({ evidenceSlots, more }, forcedElectionSlots, slashPpm, steps) => {
          const windows = { evidenceSlots, unbondingSlots: evidenceSlots + more }
          const chain = new TestChain(worldOf(windows, forcedElectionSlots, slashPpm))
          const model = new Model(windows, slashPpm)
          for (const { gap, deeds, accusations } of steps) {
            const slot = chain.slot + gap
            const next = chain.state.globals.height + 1
            const proofs = accusations.map(({ names, ago, ...of }) => proofOf(names, { ...of, height: Math.max(next - ago, 1) }))
            const transactions = deeds.map((deed): TxOptions => ({ from: deed.from, action: actionOf(deed) }))
            // One by one, as each may be refused: with too little, or as a 33rd sum.
            const sent: TxOptions[] = []
            const { evidence } = chain.assembled({ slot, evidence: proofs })
            for (const one of transactions)
              if (chain.assembled({ slot, evidence, transactions: [...sent, one] }).included.length === sent.length + 1) sent.push(one)
            for (const proof of proofs) {
              const isTaken = evidence.includes(proof)
              if (model.isInTime(proof.height, slot)) seen.inTime++
              else seen.late++
              if (!isTaken && model.isInTime(proof.height, slot)) {
                // Then all of its offenders were punished for it, by this block at the latest; or for all that is remembered.
                const { code } = chain.refusedBlock({ slot, evidence: [...evidence, proof] })
                assert.ok(code === 'already-punished' || code === 'too-many-offences', code)
                if (code === 'already-punished') seen.again++
                else seen.full++
              }
              assert.ok(!isTaken || model.isInTime(proof.height, slot))
            }
            const transition = chain.block({ slot, evidence, transactions: sent })
            follow(model, chain, transition, evidence, sent)
            seen.released += eventsOf(transition, 'released').length
            for (const name of V) assert.ok(chain.verifier(name).offences.length <= MAX_OFFENCES)
          }
          seen.slashedSums += model.slashedSums
          seen.sparedSums += model.sparedSums
          seen.epochs += model.ends.length
        },
      ),
      { numRuns: 40, seed: 20_261_121 },
    )
    for (const [what, times] of Object.entries({ ...seen, full: 100 })) assert.ok(times >= 80, `${what} ${times}`)
  })
})
