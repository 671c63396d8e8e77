import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { RunningNode } from '../../../src/node/running.ts'
import { heightReached, TestChain } from '../../swarm/hostile-network.ts'

/** Names that a dashboard, an alert or a page uses. */
const namesIn = (text: string): ReadonlySet<string> => new Set(text.match(/\b(quorate|nodejs|process)_[a-z0-9_]+\b/g) ?? [])

describe('metrics of a node', () => {
  let chain: TestChain
  let node: RunningNode
  let text: string
  /** Of samples, and of the metrics themselves. */
  let names: ReadonlySet<string>

  before(async () => {
    chain = await TestChain.make(1)
    ;[node] = (await chain.startVerifiers(0)) as [RunningNode]
    await heightReached(node, 3)
    text = await node.view.metrics()
    const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
    names = new Set(
      families.flatMap(([, name = '', kind]) => (kind === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])),
    )
  })
  after(() => chain.stopAll())

  const sampleOf = (sample: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${sample} `))
        ?.slice(sample.length),
    )

  it('are the numbers of its status', () => {
    const { height, quorum, role, chain: label, agent } = node.view.status()
    assert.ok(sampleOf('quorate_height') >= 3 && sampleOf('quorate_height') <= height)
    assert.equal(sampleOf('quorate_quorum_verifiers'), quorum.verifiers)
    assert.equal(sampleOf(`quorate_info{version="${agent}",chain="${label}",role="${role}"}`), 1)
    assert.equal(sampleOf('quorate_verifier_elected'), 1)
    assert.ok(sampleOf('quorate_blocks_made_total') >= 3)
    assert.ok(sampleOf('quorate_store_bytes{kind="other"}') > 0)
    assert.ok(sampleOf('quorate_disk_free_bytes') > 0)
  })

  it('count slots and time their phases as they end', () => {
    assert.ok(sampleOf('quorate_slots_total{outcome="block"}') >= 2)
    for (const phase of ['candidate', 'vote', 'lock', 'final'])
      assert.ok(sampleOf(`quorate_phase_seconds_count{phase="${phase}"}`) >= 2, phase)
  })

  it('say of each what it is', () => {
    for (const [, name] of text.matchAll(/^# HELP (quorate_\S+) *$/gm)) assert.fail(`${name} has no help`)
  })

  for (const file of ['deploy/grafana-dashboard.json', 'deploy/prometheus-alerts.yml', 'docs/monitoring.md'])
    it(`that ${file} names exist`, () => {
      const used = namesIn(readFileSync(file, 'utf8'))
      assert.ok(used.size > 5, `${used.size} names`)
      assert.deepEqual(
        [...used].filter((name) => !names.has(name)),
        [],
      )
    })

  it('of its own are all explained in docs/monitoring.md, and drawn', () => {
    const own = [...text.matchAll(/^# TYPE (quorate_\S+)/gm)].map(([, name = '']) => name)
    for (const file of ['deploy/grafana-dashboard.json', 'docs/monitoring.md']) {
      const used = namesIn(readFileSync(file, 'utf8'))
      assert.deepEqual(
        own.filter((name) => !used.has(name) && !used.has(`${name}_bucket`)),
        [],
        file,
      )
    }
  })

  it('stay apart from those of another node of the same program', async () => {
    const full = await chain.start(await chain.fullDirectory(), 'full')
    assert.match(await full.view.metrics(), /^quorate_height 0$/m)
  })
})
