import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { totalOf } from '../../src/consensus/quorum.ts'
import { type CampaignOptions, runCampaign, type Summary } from './campaign.ts'
import { mutants } from './mutants.ts'
import { Quorums } from './quorums.ts'
import { candidatesComeInTime, runSeed } from './run.ts'
import { drawScenario, scenarioNames } from './scenario.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs a campaign in which no check may fail; says how to replay the runs that did. */
function holds(options: CampaignOptions): Summary {
  const summary = runCampaign(options)
  const handover = summary.handoverHeights === null ? '' : ` --handover ${summary.handoverHeights}`
  const failed = summary.failures.map(
    ({ seed, check, detail }) =>
      `${check}: ${detail}\n  npm run simulate -- --verifiers ${options.verifiers} --scenario ${options.scenario}${handover} --replay ${seed}`,
  )
  assert.equal(failed.length, 0, failed.join('\n'))
  return summary
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
      assert.ok(crashes > 0 && blocks > seeds && Object.values(adversaries).every((count) => count > 0), 'the runs exercise nothing')
      assert.equal(forks, 0)
    })
  }

  for (const scenario of scenarioNames.filter((name) => name !== 'mixed' && name !== 'third')) {
    it(`${scenario} alone, at 7 verifiers`, () => {
      const { runs, blocks } = holds({ verifiers: 7, seeds: 12, seedStart: 100, scenario })
      assert.ok(blocks > 3 * runs)
    })
  }

  it('with a third of the stake or more bad, blocks are sealed twice, and evidence names a third and nobody honest', () => {
    const { forks } = holds({ verifiers: 7, seeds: 25, seedStart: 1, scenario: 'third' })
    assert.ok(forks > 5, `only ${forks} forks: the check had nothing to check`)
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
      assert.ok(crashes > 0 && handovers > seeds && Object.values(adversaries).every((count) => count > 0), 'the runs exercise nothing')
    })
  }

  for (const scenario of scenarioNames.filter((name) => name !== 'mixed' && name !== 'third')) {
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
        assert.ok(totalOf(faulty) * 3 < totalOf(stakes), `seed ${seed}, height ${height}`)
        if (hash === before.hash) sameMembers++
        if (epoch !== before.epoch) otherSeed++
        if (stakes.includes(0)) weightless++
        faultySeats += faulty.length
      }
    }
    assert.ok(sameMembers > 100 && otherSeed > 1000 && weightless > 100 && faultySeats > 500)
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
    const args = ['--import', 'tsx', 'scripts/simulate.ts', '--verifiers', '4', '--handover', '2', '--replay', '11']
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
