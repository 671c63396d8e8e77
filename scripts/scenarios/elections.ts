import { setTimeout as sleep } from 'node:timers/promises'
import type { SwarmReport } from '../../src/cli/swarm/report.ts'
import type { Lab } from './lab.ts'

/** Slots after the last handover in which nothing may be lost either. */
const LAST_SLOTS = 4
/** Beyond the time that the elections take, for the first ones that come before the load and for a busy machine. */
const SPARE_ELECTIONS = 3
/** A killed verifier stays away for a slot or more. */
const AWAY_MS = 2_000
/** A kill comes at most so many slots before or after a handover. */
const KILL_SPREAD_SLOTS = 1.5

const wanted = ({ options }: Lab): number => options.elections ?? 0
/** Those that the holders had a say in. */
const voted = ({ elections }: SwarmReport): SwarmReport['elections'] => elections.filter(({ slips }) => slips > 0)

/** One election after the other, in which slips change the quorum, under load. */
export async function elections(lab: Lab): Promise<void> {
  const { swarm } = lab
  await settled(lab, wanted(lab))
  await lab.slots(LAST_SLOTS)
  lab.atEnd((report) => {
    const settledBySlips = voted(report).filter(({ by, asVoted }) => by === 'slips' && asVoted === true)
    lab.check(
      'slips settle the elections, and those are elected whom they name',
      settledBySlips.length >= wanted(lab) && settledBySlips.length === voted(report).length,
      `${settledBySlips.length} of ${voted(report).length}`,
    )
    const cast = voted(report).reduce((sum, { slips }) => sum + slips, 0)
    const all = voted(report).length * swarm.layout.holders.length
    lab.check('every holder votes in every election', cast === all, `${cast} of ${all} slips are final`)
    checkHandovers(lab, report)
    const lost = report.elections.flatMap(({ number, slotsLost }) =>
      slotsLost === 0 || slotsLost === null ? [] : `${slotsLost} at ${number}`,
    )
    const counted = report.elections.filter(({ slotsLost }) => slotsLost !== null).length
    lab.check(
      'no slot is lost to a handover',
      lost.length === 0 && counted >= wanted(lab),
      `${lost.join(', ') || 'none'} at ${counted} handovers (slots ${report.elections.map(({ settledSlot }) => settledSlot).join(', ')}); ` +
        `without a block ${report.slots.withoutBlock} of ${report.slots.underLoad} slots in all (${report.slots.missing.join(', ')})`,
    )
  })
}

/** A random verifier is killed around each handover, and started again. */
export async function killAtHandovers(lab: Lab): Promise<void> {
  const { swarm, options } = lab
  const { timeMs } = swarm.layout.genesis
  let [kills, restarted, lastNumber] = [0, 0, 0]
  while (swarm.settled.size < wanted(lab)) {
    await lab.expect('an election opens', () => openElection(lab) !== null && openElection(lab)?.number !== lastNumber)
    const open = openElection(lab)
    if (open === null) break
    lastNumber = open.number
    const atMs = timeMs + options.slotMs * (open.closesSlot + KILL_SPREAD_SLOTS * (2 * lab.random() - 1))
    await sleep(Math.max(0, atMs - Date.now()))
    for (const victim of lab.pick(1)) {
      kills++
      const seat = victim.status?.verifier?.index ?? null
      await victim.kill()
      lab.say(`killed ${victim.name} (${seat === null ? 'no seat' : 'in the quorum'}) around slot ${open.closesSlot}`)
      await sleep(AWAY_MS)
      await swarm.startMember(victim)
      restarted++
    }
    await lab.expect('the election is settled', () => swarm.settled.has(open.number))
  }
  lab.figures.kills = kills
  lab.check('each killed verifier starts again', restarted === kills && kills >= wanted(lab), `${kills} killed, ${restarted} started again`)
  await lab.expect('all nodes answer and follow', () => swarm.chainMembers.every(({ name }) => swarm.tracker.watches(name)))
  lab.atEnd((report) => checkHandovers(lab, report))
}

/** As the node that is furthest says. */
function openElection({ swarm }: Lab): { readonly number: number; readonly closesSlot: number } | null {
  const [newest] = swarm.up.flatMap(({ status }) => status ?? []).sort((left, right) => right.height - left.height)
  return newest?.election ?? null
}

async function settled(lab: Lab, count: number): Promise<void> {
  const { swarm, options } = lab
  const { epochSlots } = swarm.layout.genesis.parameters
  let told = 0
  const bySlips = (): number => [...swarm.settled.values()].filter(({ by }) => by === 'slips').length
  await lab.expect(
    `${count} elections are settled by slips`,
    () => {
      for (const { number, by, height, elected } of swarm.settled.values()) {
        if (number <= told) continue
        told = number
        const names = elected.map(({ verifier }) => swarm.nameOf(verifier))
        lab.say(`election ${number} at height ${height}, by ${by}: ${names.sort().join(', ')}; ${lab.heights()}`)
      }
      return bySlips() >= count
    },
    () => `${bySlips()}; ${lab.heights()}`,
    (count + SPARE_ELECTIONS) * epochSlots * options.slotMs,
  )
}

function checkHandovers(lab: Lab, report: SwarmReport): void {
  const changed = report.elections.filter((one) => one.changed).length
  lab.figures.elections = report.elections.length
  lab.figures.handovers = changed
  lab.figures.slotsLost = report.elections.reduce((sum, { slotsLost }) => sum + (slotsLost ?? 0), 0)
  lab.check('the quorum changes', changed >= wanted(lab), `${changed} times in ${report.elections.length} elections`)
  const { supply } = report
  lab.check(
    'all nodes have the same head and the same coins',
    supply?.holds === true && supply.isSame && supply.comparedNodes === lab.swarm.chainMembers.length && report.conflicts === 0,
    supply === null ? 'they were not at one height' : `${supply.comparedNodes} nodes at height ${supply.height}`,
  )
}
