import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BUNDLE } from '../../scripts/scenarios/bundle.ts'
import type { SwarmReport } from '../../src/cli/swarm/report.ts'

/** For what hangs: it takes a minute where nothing else runs. */
const DEADLINE_MS = 900_000
/** What only the program of adversaries says. */
const WARNING = 'breaks the rules of the protocol on purpose'

interface Ended {
  readonly code: number | NodeJS.Signals | null
  readonly report: SwarmReport
  /** What it said while it ran. */
  readonly told: string
}

describe('quorate swarm --adversary', function () {
  this.timeout(DEADLINE_MS)
  this.slow(120_000)
  let child: ChildProcess | undefined

  afterEach(() => {
    child?.kill('SIGKILL')
  })

  async function swarm(...options: string[]): Promise<Ended> {
    const started = spawn(process.execPath, [BUNDLE, 'swarm', '--json', ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    child = started
    let [json, told] = ['', '']
    started.stdout.on('data', (chunk: Buffer) => (json += chunk.toString('utf8')))
    started.stderr.on('data', (chunk: Buffer) => (told += chunk.toString('utf8')))
    const code = await new Promise<Ended['code']>((resolve) => started.once('close', (exit, signal) => resolve(signal ?? exit)))
    assert.ok(json !== '', `it reports; it said ${told}`)
    return { code, report: JSON.parse(json) as SwarmReport, told }
  }

  it('two that cheat among seven are found out everywhere, slashed and replaced, and nobody else is named', async () => {
    const { code, report, told } = await swarm('--adversary', 'double-seal=1,amnesia=1', '--epoch', '30', '--slot', '2000', '--load', '2')
    assert.equal(code, 0, told)
    const { verifiers, adversaries, evidence, conflicts, comparedNodes, quorum, supply } = report
    assert.deepEqual([verifiers, comparedNodes, conflicts, supply?.holds, supply?.isSame], [7, 5, 0, true, true])
    assert.deepEqual(
      adversaries.map(({ node, kind }) => [node, kind]),
      [
        ['v7', 'double-seal'],
        ['v6', 'amnesia'],
      ],
    )
    for (const { node, kind, deeds } of adversaries) {
      assert.ok(deeds > 0, told)
      assert.match(told, new RegExp(`^-- ${node} is an adversary: .*\\(${kind}\\)$`, 'm'))
      const complete = evidence.find(({ offender, newQuorumMs }) => offender === node && newQuorumMs !== null)
      assert.ok(complete !== undefined, JSON.stringify(evidence))
      const { seenAtMs, since, inBlock, inBlockMs, slashed, newQuorumMs } = complete
      assert.deepEqual([complete.kind, since, complete.isHonest], [kind, 'first-signature', false])
      const order = [seenAtMs.first, seenAtMs.all, newQuorumMs].map(Number)
      assert.deepEqual(
        order,
        order.toSorted((left, right) => left - right),
        'first one, then all, then others sign',
      )
      assert.ok(inBlock !== null && inBlockMs !== null && inBlockMs <= Number(newQuorumMs), JSON.stringify(complete))
      assert.ok(slashed !== null && slashed > 0)
      assert.ok(!quorum?.members.includes(node), 'it signs no more')
      const offence = `${kind} of ${node} at height ${complete.height}`
      const lines = [
        'v\\d has the proof of',
        'all 5 honest nodes have the proof of',
        `block ${inBlock} punishes`,
        'a new quorum signs from height \\d+ on, after',
      ]
      const places = lines.map((line) => told.search(new RegExp(`^-- \\+\\d.*  ${line} ${offence}`, 'm')))
      assert.ok(
        places.every((place) => place >= 0),
        told,
      )
      assert.ok(Number(places[0]) < Number(places[1]), told)
    }
    assert.ok(
      evidence.every(({ offender }) => adversaries.some(({ node }) => node === offender)),
      JSON.stringify(evidence),
    )
    assert.ok(report.elections.some(({ elected }) => !elected.includes('v7')))
  })

  it('nothing of it is in the program that people run', () => {
    assert.ok(!readFileSync(BUNDLE, 'utf8').includes(WARNING))
    assert.ok(readFileSync(join(dirname(BUNDLE), 'adversary.js'), 'utf8').includes(WARNING))
  })
})
