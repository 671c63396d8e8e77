import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BlockSummary } from '../../src/api/types.ts'
import { percentileOf } from '../../src/cli/swarm/statistics.ts'
import { QuorateClient } from '../../src/client/client.ts'
import type { ReadersReport } from './api-readers.ts'
import { type Figures, wait, withSwarm } from './measure.ts'

export interface ReadersCase {
  readonly streams: number
  readonly readsPerSecond: number
  /** Of each of the two parts, without and with readers. */
  readonly durationS: number
}

const VERIFIERS = 4
const SLOT_MS = 1000
/** Transfers a second, so that there are events. */
const LOAD = 20
const READERS = fileURLToPath(new URL('api-readers.ts', import.meta.url))
const PAGE = 100

/**
 * Slots and finality of a swarm while one of its verifiers is read by many, and before that, in one run: `free` is without readers, `read`
 * with them. All share the machine, the readers too.
 */
export const underReaders = ({ streams, readsPerSecond, durationS }: ReadersCase, seed: number): Promise<Figures> =>
  withSwarm({ verifiers: VERIFIERS, fullNodes: 0, slotMs: SLOT_MS, load: LOAD, seed }, async (swarm) => {
    await wait(swarm, 'there is a block', () => swarm.tracker.height >= 1)
    await swarm.startLoad()
    await wait(swarm, 'blocks are full of transfers', () => swarm.tracker.height >= 3)
    const url = swarm.verifiers[0]?.client?.url
    if (url === undefined) throw new Error('the node to be read does not run')
    const client = new QuorateClient(url)
    const own = (await client.status()).verifier?.address ?? ''

    const free = await during(client, own, () => sleep(durationS * 1000))
    let report: ReadersReport | undefined
    const read = await during(client, own, async () => {
      const args = ['--import', 'tsx', READERS, url, String(streams), String(readsPerSecond), String(durationS)]
      const { stdout } = await promisify(execFile)(process.execPath, args)
      report = JSON.parse(stdout) as ReadersReport
    })
    if (report === undefined) throw new Error('the readers said nothing')
    const { failed, blockEventsLeast, blockEventsMost, ...met } = report
    return { ...prefixed('free', free), ...prefixed('read', read), ...met, failed, blockEventsLeast, blockEventsMost }
  })

/** What became of the slots in the meantime, as the node that is read saw it. */
async function during(client: QuorateClient, own: string, run: () => Promise<void>): Promise<Figures> {
  const before = await client.status()
  await run()
  const after = await client.status()
  const blocks: BlockSummary[] = []
  while (blocks.length < after.height - before.height) {
    const from = before.height + 1 + blocks.length
    blocks.push(...(await client.blockSummaries({ from, limit: Math.min(PAGE, after.height - from + 1) })))
  }
  const ended = (await client.slots({ limit: after.headSlot - before.headSlot })).filter(({ slot }) => slot > before.headSlot)
  const finalMs = blocks.flatMap(({ timeline }) => timeline?.finalMs ?? [])
  const slots = after.headSlot - before.headSlot
  return {
    slots,
    // Nobody drew a low ticket, or somebody did and his block did not become final.
    slotsIdle: ended.filter(({ outcome }) => outcome === 'idle').length,
    slotsLost: ended.filter(({ outcome }) => outcome === 'lost').length,
    blocks: blocks.length,
    finalP50Ms: percentileOf(finalMs, 0.5),
    finalP95Ms: percentileOf(finalMs, 0.95),
    sealedPercent: Math.round(
      (100 * blocks.filter(({ signerAddresses }) => signerAddresses.includes(own)).length) / Math.max(1, blocks.length),
    ),
    cpuPercent: Math.round((100 * (after.process.cpuMs - before.process.cpuMs)) / Math.max(1, slots * SLOT_MS)),
  }
}

const prefixed = (name: string, figures: Figures): Figures =>
  Object.fromEntries(Object.entries(figures).map(([key, value]) => [name + key.charAt(0).toUpperCase() + key.slice(1), value]))
