import { once } from 'node:events'
import { type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EvidenceList } from '../../src/api/evidence-types.ts'
import { QuorateError } from '../../src/base/errors.ts'
import type { Member } from '../../src/cli/swarm/member.ts'
import type { GuardRecord } from '../../src/consensus/guard.ts'
import type { Hash } from '../../src/wire/types.ts'
import { contradiction, readGuard } from './guard-record.ts'
import type { Lab } from './lab.ts'

/**
 * When a verifier is killed. `any`: within two slots. `write`: as soon as its guard file changes. `signature`: a moment after
 * that, when what the guard allows is signed and sent. `start`: while it starts and asks what it has signed.
 */
const moments = ['any', 'write', 'signature', 'start'] as const
type Moment = (typeof moments)[number]

/** From a change of the guard to the time when what it allows has left: fsync, signature, stream. */
const SIGNATURE_MS = 40
const START_MS = 2_500
/** Nothing to sign comes in so many slots, for example while too few are up. */
const PATIENCE_SLOTS = 8
/** Of ten rounds so many kill one verifier, so many two at once; the others kill all of them. */
const ONE_IN_TEN = 6
const TWO_IN_TEN = 3
/** It stays away for up to so many slots. */
const AWAY_SLOTS = 2
/** From the start of those that were killed to the next block, on a machine that has other things to do. */
const RECOVERY_DEADLINE_MS = 300_000
const REPORT_KILLS = 25
const ENOUGH_BLOCKS = 8
/** What nodes say when a key has contradicted itself, or speaks twice. */
const accusations: ReadonlySet<string> = new Set(['conflicting-lock', 'duplicate-instance', 'evidence', 'stale-record', 'doubtful-record'])

interface Tally {
  kills: number
  readonly moments: Record<Moment, number>
  doubtful: number
  readonly accused: Set<string>
  readonly contradictions: string[]
  readonly records: Map<string, GuardRecord>
  /** The last seal on record after each kill, and the index in the quorum of who was killed. */
  readonly seals: { readonly height: number; readonly block: Hash; readonly index: number }[]
}

/**
 * SIGKILL of verifiers again and again, one, two or all at once, at moments of which the worst are those around a signature; each is started
 * again. After each kill its record is read; at the end nobody may have contradicted himself.
 */
export async function killOften(lab: Lab): Promise<void> {
  const { swarm, options } = lab
  const wanted = options.kills ?? 10
  const tally: Tally = {
    kills: 0,
    moments: { any: 0, write: 0, signature: 0, start: 0 },
    doubtful: 0,
    accused: new Set(),
    contradictions: [],
    records: new Map(),
    seals: [],
  }
  await lab.expect('all verifiers sign', () => signing(lab).length === options.verifiers)
  for (let reported = 0; tally.kills < wanted; ) {
    const before = swarm.tracker.height
    await round(lab, tally)
    // All may have been killed: a quorum that could not recover before the next kill would have nothing to sign.
    if (!(await swarm.until(() => swarm.tracker.height > before && signing(lab).length > 0, RECOVERY_DEADLINE_MS))) break
    if (tally.kills - reported < REPORT_KILLS) continue
    reported = tally.kills
    lab.say(`${tally.kills} killed; ${tally.accused.size + tally.contradictions.length} complaints; ${lab.heights()}`)
  }
  await lab.expect('all verifiers sign again', () => signing(lab).length === options.verifiers)
  const before = swarm.tracker.height
  await lab.expect('blocks go on', () => swarm.tracker.height >= before + ENOUGH_BLOCKS)
  await check(lab, tally)
}

const signing = ({ swarm }: Lab): readonly Member[] =>
  swarm.verifiers.filter(({ state, status }) => state === 'up' && status?.verifier?.silence === null)

async function round(lab: Lab, tally: Tally): Promise<void> {
  const { swarm, options } = lab
  const size = Math.floor(lab.random() * 10)
  const count = size < ONE_IN_TEN ? 1 : size < ONE_IN_TEN + TWO_IN_TEN ? 2 : options.verifiers
  const victims = lab.pick(count, signing(lab))
  const plans = victims.map((victim) => {
    const moment = moments[Math.floor(lab.random() * moments.length)] ?? 'any'
    return { victim, moment, chance: lab.random(), awayMs: lab.random() * AWAY_SLOTS * options.slotMs }
  })
  await Promise.all(
    plans.map(async ({ victim, moment, chance, awayMs }) => {
      const index = victim.status?.verifier?.index ?? -1
      await killAt(lab, victim, moment === 'start' ? 'any' : moment, chance)
      await note(tally, victim, index, moment === 'start' ? 'any' : moment)
      await sleep(awayMs)
      if (moment === 'start') {
        await killWhileItStarts(lab, victim, chance)
        await note(tally, victim, index, moment)
      }
      await swarm.startMember(victim)
    }),
  )
  lookForAlarms(lab, tally)
}

async function killAt({ options }: Lab, victim: Member, moment: Moment, chance: number): Promise<void> {
  if (moment === 'any') await sleep(chance * 2 * options.slotMs)
  else {
    await changeOf(join(victim.place.directory, 'guard'), PATIENCE_SLOTS * options.slotMs)
    if (moment === 'signature') await sleep(chance * SIGNATURE_MS)
  }
  await victim.kill()
}

/** Resolves at the next change of a file, or after a while. */
async function changeOf(path: string, patienceMs: number): Promise<void> {
  const watcher: FSWatcher = watch(path)
  try {
    await once(watcher, 'change', { signal: AbortSignal.timeout(patienceMs) })
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error
  } finally {
    watcher.close()
  }
}

async function killWhileItStarts({ swarm }: Lab, victim: Member, chance: number): Promise<void> {
  const started = swarm.startMember(victim).catch((error: unknown) => {
    // Killed before its API answered.
    if (!(error instanceof QuorateError)) throw error
  })
  await sleep(chance * START_MS)
  await victim.kill()
  await started
}

/** Reads the record that the kill left. */
async function note(tally: Tally, victim: Member, index: number, moment: Moment): Promise<void> {
  const { state, record } = await readGuard(victim)
  const { name } = victim
  tally.kills++
  tally.moments[moment]++
  if (state === 'doubtful') tally.doubtful++
  const earlier = tally.records.get(name)
  const found = earlier === undefined ? null : contradiction(earlier, record)
  if (found !== null) tally.contradictions.push(`${name}: ${found}`)
  tally.records.set(name, record)
  if (record.seal !== null) tally.seals.push({ ...record.seal, index })
}

function lookForAlarms({ swarm }: Lab, { accused }: Tally): void {
  for (const { name, status } of swarm.chainMembers)
    for (const { code, detail } of status?.alarms ?? []) if (accusations.has(code)) accused.add(`${name}: ${code}: ${detail}`)
}

async function check(lab: Lab, tally: Tally): Promise<void> {
  const { swarm, figures } = lab
  await swarm.refresh()
  lookForAlarms(lab, tally)
  const { kills, moments: at, doubtful, accused, contradictions } = tally
  Object.assign(figures, { kills, ...Object.fromEntries(moments.map((moment) => [`kills.${moment}`, at[moment]])), doubtful })
  lab.check('so many were killed', kills >= (lab.options.kills ?? 0), `${kills}: ${moments.map((one) => `${at[one]} ${one}`).join(', ')}`)
  lab.check('no record contradicts or forgets an earlier one of its key', contradictions.length === 0, contradictions.join('; ') || 'none')
  lab.check('no node accuses anybody', accused.size === 0, [...accused].join('; ') || 'no alarm')
  const listed = await Promise.all(swarm.up.map(async ({ name, client }) => ({ name, total: await evidenceAt(client?.url) })))
  figures.evidence = Math.max(...listed.map(({ total }) => total))
  lab.check('no node has evidence', figures.evidence === 0, listed.map(({ name, total }) => `${name} ${total}`).join(', '))
  await checkSeals(lab, tally)
}

async function evidenceAt(url = ''): Promise<number> {
  const response = await fetch(`${url}/v1/evidence`)
  return ((await response.json()) as EvidenceList).total
}

/** What a kill left on record as sealed is the block of that height; often the signature had not left yet. */
async function checkSeals(lab: Lab, { seals }: Tally): Promise<void> {
  const client = lab.swarm.up[0]?.client
  let [final, left] = [0, 0]
  for (const { height, block, index } of seals) {
    const [known] = (await client?.blocks(height, 1)) ?? []
    if (known?.hash !== block) continue
    final++
    if (known.seal.signers.includes(index)) left++
  }
  Object.assign(lab.figures, { sealsOnRecord: seals.length, sealsThatLeft: left })
  lab.check(
    'what was on record as sealed is final',
    final === seals.length && final > 0,
    `${final} of ${seals.length}; in ${left} blocks its signature is, too`,
  )
}
