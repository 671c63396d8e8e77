import type { Lab } from './lab.ts'

/** Blocks that show that a node follows. */
const FOLLOWED_BLOCKS = 5

/** A node with an empty directory joins a chain that is long already, catches up and follows. */
export async function lateJoin(lab: Lab): Promise<void> {
  const { swarm, options, figures } = lab
  let told = 0
  await swarm.until(
    () => {
      if (swarm.tracker.height >= told + options.blocks / 10) {
        told = swarm.tracker.height
        lab.say(lab.heights())
      }
      return swarm.tracker.height >= options.blocks
    },
    options.blocks * options.slotMs * 10,
  )
  const target = swarm.tracker.height
  lab.check(`${options.blocks} blocks are made`, target >= options.blocks, lab.heights())
  const joiner = await swarm.addFullNode('late')
  const startedAtMs = performance.now()
  await swarm.startMember(joiner)
  const upAtMs = performance.now()
  // Finding the network takes as long for a short chain as for a long one.
  await lab.expect('the late node gets a first block', () => joiner.height >= 1)
  const [from, fromMs] = [joiner.height, performance.now()]
  await lab.expect('the late node catches up', () => joiner.height >= target)
  const caughtUpMs = performance.now() - fromMs
  figures.blocksCaughtUp = target
  figures.startMs = Math.round(upAtMs - startedAtMs)
  figures.firstBlockMs = Math.round(fromMs - upAtMs)
  figures.catchUpMs = Math.round(caughtUpMs)
  figures.blocksPerSecond = Math.round(((target - from) * 1000) / Math.max(1, caughtUpMs))
  lab.say(`caught up ${target - from} blocks in ${Math.round(caughtUpMs)} ms: ${figures.blocksPerSecond} blocks a second`)
  const next = swarm.tracker.height + FOLLOWED_BLOCKS
  await lab.expect('the late node follows', () => swarm.tracker.watches(joiner.name) && joiner.height >= next)
}
