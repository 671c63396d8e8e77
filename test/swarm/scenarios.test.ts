import assert from 'node:assert/strict'
import { lateJoin } from '../../scripts/scenarios/join.ts'
import { killFewer, killRandom, killThird } from '../../scripts/scenarios/kill.ts'
import { Lab, type Scenario, type ScenarioOptions } from '../../scripts/scenarios/lab.ts'
import { staleCopy } from '../../scripts/scenarios/stale-copy.ts'

const small: ScenarioOptions = { verifiers: 4, fullNodes: 0, slotMs: 500, load: 20, durationS: 15, blocks: 60, seed: 1, keep: null }

/** Each scenario checks for itself what must hold; long and large runs are `npm run scenario`. */
const cases: readonly { readonly description: string; readonly play: Scenario; readonly options: Partial<ScenarioOptions> }[] = [
  { description: 'SIGKILL of a random verifier, started again, under load', play: killRandom, options: { fullNodes: 1 } },
  { description: 'one of four verifiers killed for good: blocks go on', play: killFewer, options: {} },
  { description: 'two of four verifiers killed: blocks stop; started again: they go on', play: killThird, options: {} },
  { description: 'a node that joins late, with an empty directory, catches up and follows', play: lateJoin, options: { slotMs: 200 } },
  { description: 'an old copy of a verifier signs nothing that conflicts', play: staleCopy, options: {} },
]

describe('a swarm of processes', function () {
  this.timeout(600_000)
  this.slow(120_000)

  for (const { description, play, options } of cases) {
    it(description, async () => {
      const said: string[] = []
      const { checks } = await Lab.run(description, play, { ...small, ...options }, (text) => void said.push(text))
      assert.ok(checks.length > 4, 'the scenario checked something of its own')
      assert.deepEqual(
        checks.filter(({ holds }) => !holds),
        [],
        said.join('\n'),
      )
    })
  }
})
