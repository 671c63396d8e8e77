import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from './lab.ts'

const KILL_EVERY_MS = 10_000
/** A killed verifier stays away for a slot or more, so that the others have to do without it. */
const AWAY_MS = 2_000
/** Blocks that show that a chain goes on. */
const ENOUGH_BLOCKS = 8
/** Slots after which nothing that was under way at a kill can still become a block. */
const SETTLE_SLOTS = 3
const STANDSTILL_SLOTS = 10

/** SIGKILL of a random verifier every ten seconds, under load; each is started again. */
export async function killRandom(lab: Lab): Promise<void> {
  const { swarm, options } = lab
  const end = performance.now() + options.durationS * 1000
  let kills = 0
  let restarted = 0
  while (performance.now() < end) {
    const next = performance.now() + KILL_EVERY_MS
    for (const victim of lab.pick(1)) {
      kills++
      await victim.kill()
      await sleep(AWAY_MS)
      await swarm.startMember(victim)
      restarted++
      lab.say(`killed and started ${victim.name}; ${lab.heights()}`)
    }
    await sleep(Math.max(0, Math.min(next, end) - performance.now()))
  }
  lab.figures.kills = kills
  lab.check('each killed verifier starts again', restarted === kills && kills > 0, `${kills} killed, ${restarted} started again`)
  await lab.expect('all nodes answer and follow', () => swarm.chainMembers.every(({ name }) => swarm.tracker.watches(name)))
}

/** Less than a third of the verifiers is killed for good: blocks go on. */
export async function killFewer(lab: Lab): Promise<void> {
  const { swarm, options } = lab
  const few = Math.floor((options.verifiers - 1) / 3)
  await lab.expect('blocks are made', () => swarm.tracker.height >= 2)
  await Promise.all(lab.pick(few).map((member) => member.kill()))
  const before = swarm.tracker.height
  lab.say(`killed ${few} of ${options.verifiers} verifiers at height ${before}`)
  await lab.expect(`blocks go on with ${few} of ${options.verifiers} verifiers dead`, () => swarm.tracker.height >= before + ENOUGH_BLOCKS)
}

/** A third of the verifiers or more is killed: blocks stop. Started again: blocks go on and nothing is lost. */
export async function killThird(lab: Lab): Promise<void> {
  const { swarm, options } = lab
  const many = Math.floor((options.verifiers - 1) / 3) + 1
  await lab.expect('blocks are made', () => swarm.tracker.height >= 2)
  const victims = lab.pick(many)
  await Promise.all(victims.map((member) => member.kill()))
  await lab.slots(SETTLE_SLOTS)
  await swarm.refresh()
  const before = swarm.tracker.height
  lab.say(`killed ${many} of ${options.verifiers} verifiers; height ${before}`)
  await lab.slots(STANDSTILL_SLOTS)
  await swarm.refresh()
  lab.check(`blocks stop with ${many} of ${options.verifiers} verifiers dead`, swarm.tracker.height === before, lab.heights())
  await Promise.all(victims.map((member) => swarm.startMember(member)))
  await lab.expect('blocks go on when they are started again', () => swarm.tracker.height >= before + ENOUGH_BLOCKS)
}
