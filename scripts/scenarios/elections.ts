import { setTimeout as sleep } from 'node:timers/promises'
import type { Member } from '../../src/cli/swarm/member.ts'
import type { ElectionReport, SwarmReport } from '../../src/cli/swarm/report.ts'
import { type Lab, STEP_DEADLINE_MS } from './lab.ts'

/** Slots after the last handover in which nothing may be lost either. */
const LAST_SLOTS = 4
/** Of one handover: from the slot before it was due to the second one after it. */
const HANDOVER_SLOTS = 4
/** A killed verifier stays away for a slot or more. */
const AWAY_MS = 2_000
/** A kill comes at most so many slots before or after a handover. */
const KILL_SPREAD_SLOTS = 1.5

const wanted = ({ options }: Lab): number => options.elections ?? 0
/** Those that the holders had a say in. */
const voted = ({ elections }: SwarmReport): readonly ElectionReport[] => elections.filter(({ slips }) => slips > 0)

/** One election after the other, in which slips change the quorum, under load. */
export async function elections(lab: Lab): Promise<void> {
  const { swarm } = lab
  await settledBySlips(lab, wanted(lab))
  await lab.slots(LAST_SLOTS)
  lab.atEnd((report) => {
    checkElections(lab, report)
    const cast = voted(report).reduce((sum, { slips }) => sum + slips, 0)
    const all = voted(report).length * swarm.layout.holders.length
    lab.checkPace('every holder votes in every election', cast === all, `${cast} of ${all} slips are final`)
    const { slots, lost, elsewhere } = slotsAtHandovers(lab, report)
    lab.checkPace(
      'no slot is lost to a handover',
      lost === 0 && slots >= wanted(lab) * HANDOVER_SLOTS,
      `${lost} of the ${slots} slots around handovers have no block; elsewhere ${elsewhere.lost} of ${elsewhere.slots}`,
    )
  })
}

/** Members of the quorum are killed around each handover and started again: one, then more than a third, then all. */
export async function killAtHandovers(lab: Lab): Promise<void> {
  const { swarm, options } = lab
  const { timeMs } = swarm.layout.genesis
  let [kills, restarted, lastNumber] = [0, 0, 0]
  for (let round = 0; round < wanted(lab); round++) {
    await lab.expect('an election opens', () => (openElection(lab)?.number ?? 0) > lastNumber)
    const open = openElection(lab)
    if (open === null) break
    lastNumber = open.number
    const atMs = timeMs + options.slotMs * (open.closesSlot + KILL_SPREAD_SLOTS * (2 * lab.random() - 1))
    await sleep(Math.max(0, atMs - Date.now()))
    const victims = lab.pick(victimsOf(round, inQuorum(lab).length), inQuorum(lab))
    await Promise.all(victims.map((victim) => victim.kill()))
    kills += victims.length
    lab.say(`killed ${victims.map(({ name }) => name).join(', ')} in slot ${swarm.slot}, handover due in slot ${open.closesSlot}`)
    await sleep(AWAY_MS)
    await Promise.all(victims.map((victim) => swarm.startMember(victim)))
    restarted += victims.length
    await lab.expect('the election is settled', () => swarm.settled.has(open.number))
  }
  // The holders' slips may have come too late each time, if so many were away.
  await settledBySlips(lab, 1)
  lab.figures.kills = kills
  lab.check('each killed verifier starts again', restarted === kills && kills >= wanted(lab), `${kills} killed, ${restarted} started again`)
  await lab.expect('all nodes answer and follow', () => swarm.chainMembers.every(({ name }) => swarm.tracker.watches(name)))
  const { height } = swarm.tracker
  await lab.expect('blocks go on', () => swarm.up.every((member) => member.height > height))
  lab.atEnd((report) => {
    checkElections(lab, report)
    slotsAtHandovers(lab, report)
  })
}

/** One, more than a third, all, and again from the beginning. */
function victimsOf(round: number, members: number): number {
  const counts = [1, Math.floor((members - 1) / 3) + 1, members]
  return counts[round % counts.length] ?? 1
}

/** Those that are up and have a seat, as they say themselves. */
const inQuorum = ({ swarm }: Lab): readonly Member[] =>
  swarm.verifiers.filter(({ state, status }) => state === 'up' && status?.verifier?.state === 'elected')

/** As the node that is furthest says. */
function openElection({ swarm }: Lab): { readonly number: number; readonly closesSlot: number } | null {
  const [newest] = swarm.up.flatMap(({ status }) => status ?? []).sort((left, right) => right.height - left.height)
  return newest?.election ?? null
}

/** Waits until slips have settled so many elections. */
async function settledBySlips(lab: Lab, count: number): Promise<void> {
  const { swarm, options } = lab
  const bySlips = (): number => [...swarm.settled.values()].filter(({ by }) => by === 'slips').length
  await lab.expect(
    `slips settle ${count} elections`,
    () => bySlips() >= count,
    () => `${bySlips()}; ${lab.heights()}`,
    count * swarm.layout.genesis.parameters.epochSlots * options.slotMs + STEP_DEADLINE_MS,
  )
}

/** What holds of elections however fast the machine is. That slips settle an election is a fault of any swarm if it does not. */
function checkElections(lab: Lab, report: SwarmReport): void {
  const asVoted = voted(report).filter((one) => one.asVoted === true)
  lab.check(
    'those are elected whom slips name',
    asVoted.length === voted(report).length && asVoted.length > 0,
    `in ${asVoted.length} of ${voted(report).length} elections with slips`,
  )
  const changed = report.elections.filter((one) => one.changed).length
  lab.figures.elections = report.elections.length
  lab.figures.handovers = changed
  lab.check('the quorum changes', changed > 0, `${changed} times in ${report.elections.length} elections`)
  const { quorum, supply, wrongSeals } = report
  lab.check(
    'all nodes have the same quorum, and blocks are sealed by those elected',
    quorum?.isSame === true && wrongSeals === 0,
    quorum === null ? 'they were not at one height' : `epoch ${quorum.epoch}: ${quorum.members.join(', ')}; ${wrongSeals} wrong seals`,
  )
  lab.check(
    'all nodes have the same coins',
    supply?.isSame === true && supply.comparedNodes === lab.swarm.chainMembers.length,
    supply === null ? 'they were not at one height' : `${supply.comparedNodes} nodes at height ${supply.height}`,
  )
}

interface Slots {
  readonly slots: number
  readonly lost: number
}

/** Slots around those handovers after which others signed, and all others. */
function slotsAtHandovers(lab: Lab, { elections: all, slots }: SwarmReport): Slots & { readonly elsewhere: Slots } {
  let [around, lost] = [0, 0]
  for (const { number, changed, closesSlot, settledSlot, slotsLost } of all) {
    if (!changed || slotsLost === null) continue
    around += settledSlot - closesSlot + HANDOVER_SLOTS
    lost += slotsLost
    if (slotsLost > 0) lab.say(`${slotsLost} slots without a block around slot ${settledSlot}, where election ${number} was settled`)
  }
  const elsewhere = { slots: slots.underLoad - around, lost: slots.withoutBlock - lost }
  lab.figures.handoverSlots = around
  lab.figures.handoverSlotsLost = lost
  lab.figures.otherSlots = elsewhere.slots
  lab.figures.otherSlotsLost = elsewhere.lost
  return { slots: around, lost, elsewhere }
}
