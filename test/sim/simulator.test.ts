import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { offenceOf } from '../../src/consensus/evidence.ts'
import type { Statement } from '../../src/wire/types.ts'
import { type CampaignOptions, replayOf, runCampaign, type Totals, together } from './campaign.ts'
import { mutants } from './mutants.ts'
import { contradiction, sumOf } from './pairs.ts'
import { Quorums } from './quorums.ts'
import { candidatesComeInTime, runSeed } from './run.ts'
import { behaviours, drawScenario, isBeyondTheory, scenarioNames } from './scenario.ts'
import { runTwins } from './twins.ts'

/** Scenarios of one fault each, below a third of the stake. */
const alone = scenarioNames.filter((name) => name !== 'mixed' && !isBeyondTheory(name))

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs a campaign in which no check may fail; says how to replay the runs that did. */
function holds(options: CampaignOptions): Totals {
  const { failures, total } = runCampaign(options)
  const failed = failures.map((run) => `seed ${run.seed}, ${run.check}: ${run.detail}\n  ${replayOf(run)}`)
  assert.equal(failed.length, 0, failed.join('\n'))
  return total
}

function traceOf(seed: number, verifiers: number, handoverHeights: number | null = null): string {
  const lines: string[] = []
  runSeed(seed, verifiers, { handoverHeights, sink: (line) => lines.push(line) })
  return lines.join('\n')
}

describe('simulator: the machine in a network with faults and adversaries', () => {
  for (const [verifiers, seeds] of [
    [4, 150],
    [7, 100],
    [15, 50],
  ] as const) {
    it(`${seeds} mixed runs of ${verifiers} verifiers hold every check`, () => {
      const { crashes, blocks, adversaries, forks } = holds({ verifiers, seeds, seedStart: 1, scenario: 'mixed' })
      assert.ok(crashes > 0 && blocks > seeds && behaviours.every((name) => (adversaries[name] ?? 0) > 0), 'the runs exercise nothing')
      assert.equal(forks, 0)
    })
  }

  for (const scenario of alone) {
    it(`${scenario} alone, at 7 verifiers`, () => {
      const { runs, blocks } = holds({ verifiers: 7, seeds: 12, seedStart: 100, scenario })
      assert.ok(blocks > 3 * runs)
    })
  }

  it('with a third of the stake or more bad, blocks are sealed twice, and evidence names a third and nobody honest', () => {
    const { forks } = holds({ verifiers: 7, seeds: 40, seedStart: 1, scenario: 'third' })
    assert.ok(forks > 5, `only ${forks} forks: the check had nothing to check`)
  })

  it('three of seven that serve both halves of a split network fork it, and each honest node finds a third of the stake by itself', () => {
    const { forks, splits, recovered, runs } = holds({ verifiers: 7, seeds: 25, seedStart: 1, scenario: 'fork' })
    assert.ok(forks === runs && splits > runs / 2, `${forks} forks, ${splits} splits`)
    assert.ok(
      recovered > splits / 2,
      `${recovered} of ${splits}: whoever is honest stops, chooses the same branch, and goes on without them`,
    )
  })

  it('nor does it help them that each is one key in two processes, with the machine as it is', () => {
    const { forks, splits, recovered, runs } = holds({ verifiers: 4, seeds: 25, seedStart: 1, scenario: 'twin-fork' })
    assert.ok(forks > runs / 2 && splits > runs / 2 && recovered > splits / 2, `${forks} forks, ${splits} splits, ${recovered} recovered`)
  })

  it('runs of any kind and size, drawn from their seeds, hold every check', () => {
    const { total, byScenario } = runCampaign({ verifiers: 'any', scenario: 'any', handoverHeights: 'any', seeds: 60, seedStart: 1 })
    assert.equal(total.failed, 0)
    assert.ok(Object.keys(byScenario).length > 10 && total.handovers > 0)
  })

  it('two halves of a campaign are the whole of it', () => {
    const options = { verifiers: 5, scenario: 'any' } as const
    const whole = runCampaign({ ...options, seeds: 10, seedStart: 1 })
    const halves = [1, 6].map((seedStart) => runCampaign({ ...options, seeds: 5, seedStart }))
    assert.deepEqual(together(halves), whole)
  })

  it('a scenario keeps the faulty below a third of the stake', () => {
    for (let seed = 0; seed < 200; seed++) {
      const { stakes, behaviours, silent } = drawScenario(seed, 7)
      const faulty = stakes.reduce((sum, stake, member) => sum + (behaviours[member] !== null || silent[member] === true ? stake : 0), 0)
      assert.ok(faulty * 3 < stakes.reduce((sum, stake) => sum + stake, 0), `seed ${seed}`)
    }
  })
})

describe('simulator: another quorum every few heights', () => {
  for (const [verifiers, handoverHeights, seeds] of [
    [4, 1, 60],
    [5, 2, 60],
    [6, 3, 40],
    [7, 1, 40],
    [8, 2, 30],
    [9, 4, 30],
  ] as const) {
    it(`${seeds} mixed runs of ${verifiers} verifiers, every ${handoverHeights}`, () => {
      const { crashes, handovers, adversaries } = holds({ verifiers, seeds, seedStart: 1, scenario: 'mixed', handoverHeights })
      assert.ok(crashes > 0 && handovers > seeds && Object.keys(adversaries).length > behaviours.length / 2, 'the runs exercise nothing')
    })
  }

  for (const scenario of alone) {
    it(`${scenario} alone, at 7 verifiers`, () => {
      const { runs, handovers } = holds({ verifiers: 7, seeds: 12, seedStart: 100, scenario, handoverHeights: 2 })
      assert.ok(handovers > 2 * runs, `${handovers} handovers`)
    })
  }

  it('in a calm network loses no slot, and all who weigh are paid: the first slot of a quorum is as good as any', () => {
    let handovers = 0
    for (let seed = 1; seed <= 60; seed++) {
      const { scenario, blocks, failure } = runSeed(seed, 7, { scenario: 'calm', handoverHeights: 1 })
      assert.equal(failure, null, `seed ${seed}: ${failure?.check} ${failure?.detail}`)
      if (candidatesComeInTime(scenario) && scenario.quietPpm === 0) handovers += blocks
    }
    assert.ok(handovers > 200, `only ${handovers} handovers were checked`)
  })

  it('with a third of the stake or more bad, evidence names a third of the quorum of that height and nobody honest', () => {
    const { forks } = holds({ verifiers: 7, seeds: 25, seedStart: 1, scenario: 'third', handoverHeights: 2 })
    assert.ok(forks > 5, `only ${forks} forks: the check had nothing to check`)
  })

  it('keeps the faulty below a third of the stake of each quorum, and elects every kind of quorum', () => {
    let [sameMembers, otherSeed, weightless, faultySeats] = [0, 0, 0, 0]
    for (let seed = 0; seed < 100; seed++) {
      const scenario = drawScenario(seed, 7, 'mixed', 1)
      const quorums = new Quorums(scenario)
      for (let height = 1; height <= 20; height++) {
        const { hash, epoch, nodes, stakes } = quorums.at(height)
        const before = quorums.at(height - 1)
        const isFaulty = (node: number): boolean => scenario.behaviours[node] !== null || scenario.silent[node] === true
        const faulty = stakes.filter((_, member) => isFaulty(nodes[member] ?? 0))
        assert.ok(sumOf(faulty) * 3 < sumOf(stakes), `seed ${seed}, height ${height}`)
        if (hash === before.hash) sameMembers++
        if (epoch !== before.epoch) otherSeed++
        if (stakes.includes(0)) weightless++
        faultySeats += faulty.length
      }
    }
    assert.ok(sameMembers > 100 && otherSeed > 1000 && weightless > 100 && faultySeats > 500)
  })
})

describe('simulator: seeds that found something', () => {
  for (const [what, seed, verifiers, scenario] of [
    ['a clock that was put back took its own vote of that slot for that of another process', 16877, 5, 'mixed'],
    ['a vote that a witness need not remember, as its signer is guilty in that slot without it', 2157, 5, 'forge'],
    ['a seal that answers a request of the slot before is in no tally', 21, 7, 'network'],
    ['after a fork a verifier proposed again what it was locked on upon the branch that was left', 68, 7, 'third'],
    ['a leader that was told of a fork did not show what it had collected', 1, 7, 'fork'],
  ] as const) {
    it(`${what}: seed ${seed}`, () => {
      const { failure } = runSeed(seed, verifiers, { scenario })
      assert.equal(failure, null, `${failure?.check}: ${failure?.detail}`)
    })
  }
})

describe('simulator: every schedule of a few slots, in the manner of Twins', () => {
  it('one of four that runs twice forks nothing in two slots, whoever leads and whoever hears whom', () => {
    const { schedules, runs, forks, failures } = runTwins({ verifiers: 4, twins: 1, slots: 2 })
    assert.deepEqual(failures, [])
    assert.equal(schedules, 4096)
    assert.ok(runs > 400 && forks === 0, `${runs} runs, ${forks} forks`)
  })

  it('two of four fork it in one slot, and wherever they do, half of the stake is named', () => {
    const { runs, forks, splits, failures } = runTwins({ verifiers: 4, twins: 2, slots: 1 })
    assert.deepEqual(failures, [])
    assert.ok(runs > 20 && forks > 0 && splits > 0, `${runs} runs, ${forks} forks`)
  })

  it('finds a guard that forgets its vote', () => {
    const mutant = mutants.find(({ description }) => description === 'a guard that forgets its vote')
    assert.ok(mutant !== undefined)
    assert.ok(runTwins({ verifiers: 4, twins: 1, slots: 1, machine: mutant.machine }).failures.length > 0)
  })
})

describe('simulator: what its checks go by', () => {
  it('says of each pair of statements what the code under test says, though it is not the same code', () => {
    const places = [0, 1, 2]
    const statements: Statement[] = [1, 2].flatMap((height) =>
      ['a', 'b'].flatMap((block): Statement[] => [
        { kind: 'seal', height, block },
        ...places.flatMap((slot): Statement[] => [
          { kind: 'lock', height, slot, block },
          ...[null, ...places].flatMap((validSlot): Statement[] => [
            { kind: 'vote', height, slot, block, validSlot },
            { kind: 'candidate', height, slot, block, validSlot },
          ]),
        ]),
      ]),
    )
    let guilty = 0
    for (const one of statements)
      for (const other of statements) {
        assert.equal(contradiction(one, other), offenceOf(one, other), JSON.stringify([one, other]))
        if (contradiction(one, other) !== null) guilty++
      }
    assert.ok(guilty > 100)
  })
})

describe('simulator: replay', () => {
  it('gives the same trace, byte for byte, for the same seed, and another for another', () => {
    const trace = traceOf(3, 7)
    assert.ok(trace.length > 10_000)
    assert.equal(traceOf(3, 7), trace)
    assert.notEqual(traceOf(4, 7), trace)
    assert.notEqual(traceOf(3, 4), trace)
    assert.notEqual(traceOf(3, 7, 2), trace)
  })

  it('prints the same trace from the command line, in another process', () => {
    const args = ['--import', 'tsx', 'scripts/simulate.ts', '--verifiers', '4', '--scenario', 'mixed', '--handover', '2', '--replay', '11']
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    assert.equal(status, 0)
    assert.equal(stdout, `${traceOf(11, 4, 2)}\n`)
  })
})

describe('simulator: mistakes that it must find', () => {
  /** A check that is never seen to fail might not be able to. */
  const enoughSeeds = 200

  for (const { description, scenario, handoverHeights = null, checks, machine } of mutants) {
    it(description, () => {
      for (let seed = 1; seed <= enoughSeeds; seed++) {
        const { failure } = runSeed(seed, 7, { scenario, handoverHeights, machine })
        if (failure === null) continue
        assert.ok(checks.includes(failure.check), `seed ${seed} failed ${failure.check} instead: ${failure.detail}`)
        return
      }
      assert.fail(`${enoughSeeds} runs found nothing`)
    })
  }
})
