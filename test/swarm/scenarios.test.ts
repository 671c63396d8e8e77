import assert from 'node:assert/strict'
import { elections, killAtHandovers } from '../../scripts/scenarios/elections.ts'
import { lateJoin } from '../../scripts/scenarios/join.ts'
import { killFewer, killRandom, killThird } from '../../scripts/scenarios/kill.ts'
import { killOften } from '../../scripts/scenarios/kill-often.ts'
import { Lab, type Scenario, type ScenarioOptions } from '../../scripts/scenarios/lab.ts'
import { register } from '../../scripts/scenarios/register.ts'
import { staleCopy, staleGuard } from '../../scripts/scenarios/stale-copy.ts'
import { twoCopies } from '../../scripts/scenarios/two-copies.ts'

/** Elections of four slots, two seconds: where that is too short for slips, the stake elects, and there is another election soon. */
const voting = { verifiers: 5, seats: 4, epochSlots: 12, elections: 3 }
const small: ScenarioOptions = { verifiers: 4, fullNodes: 0, slotMs: 500, load: 20, durationS: 15, blocks: 60, seed: 1, keep: null }

/** Each scenario checks for itself what must hold; long and large runs, and how fast they are, are `npm run scenario`. */
const cases: readonly { readonly description: string; readonly play: Scenario; readonly options: Partial<ScenarioOptions> }[] = [
  { description: 'SIGKILL of a random verifier, started again, under load', play: killRandom, options: { fullNodes: 1 } },
  {
    description: 'SIGKILL of verifiers as they sign, and as they start: no record or signature contradicts another',
    play: killOften,
    options: { verifiers: 5, fullNodes: 1, load: 5, kills: 10 },
  },
  { description: 'one of four verifiers killed for good: blocks go on', play: killFewer, options: {} },
  { description: 'two of four verifiers killed: blocks stop; started again: they go on', play: killThird, options: {} },
  { description: 'a node that joins late, with an empty directory, catches up and follows', play: lateJoin, options: { slotMs: 200 } },
  { description: 'an old copy of a verifier signs nothing that conflicts', play: staleCopy, options: {} },
  { description: 'an old guard of a verifier signs nothing that conflicts', play: staleGuard, options: {} },
  {
    description: 'a copy of a verifier that is started beside it signs nothing',
    play: twoCopies,
    options: { fullNodes: 1, load: 5, kills: 0 },
  },
  { description: 'holders elect one quorum after the other', play: elections, options: { ...voting, fullNodes: 1 } },
  { description: 'members of the quorum killed at handovers: one, a third, all', play: killAtHandovers, options: voting },
  {
    description: 'a new verifier is elected, signs, is paid, and leaves with its coins',
    play: register,
    options: { ...voting, verifiers: 4 },
  },
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
        checks.filter(({ holds, isPace }) => !holds && !isPace),
        [],
        said.join('\n'),
      )
    })
  }
})
