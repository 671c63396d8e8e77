import { cp, rm } from 'node:fs/promises'
import type { EvidenceList } from '../../src/api/evidence-types.ts'
import type { Member } from '../../src/cli/swarm/member.ts'
import type { Lab } from './lab.ts'

/** Seals after which a verifier has a record worth copying. */
const SEALS = 3
/** Slots in which two processes of one key are watched. */
const WATCHED_SLOTS = 24
const ROUNDS = 3

/**
 * A verifier's directory is copied, and the copy runs beside it from another place, with the same keys: once it is started while the other
 * signs, and then both are started at one moment. Nobody may be punished.
 */
export async function twoCopies(lab: Lab): Promise<void> {
  const { swarm } = lab
  const [first] = lab.pick(1)
  if (first === undefined) throw new Error('no verifier is up')
  const { member: second } = await swarm.addVerifier(`${first.name}copy`)
  await lab.expect(`${first.name} signs`, () => (first.status?.verifier?.sealed ?? 0) >= SEALS)

  await first.stop()
  await copy(first, second)
  await swarm.startMember(first)
  await lab.expect(`${first.name} signs on`, () => signs(first) && (first.status?.verifier?.sealed ?? 0) >= SEALS)
  await swarm.startMember(second)
  await watch(lab, 'the second is started while the first signs', first, second)

  for (let round = 1; round <= (lab.options.kills ?? ROUNDS); round++) {
    await Promise.all([first.stop(), second.stop()])
    await copy(first, second)
    await Promise.all([swarm.startMember(first), swarm.startMember(second)])
    await watch(lab, `both are started at one moment, round ${round}`, first, second)
  }
  await Promise.all([first.stop(), second.stop()])
  await swarm.startMember(first)
  await lab.expect(`${first.name} alone signs again`, () => signs(first) && (first.status?.verifier?.sealed ?? 0) > 0)
  await checkEvidence(lab)
}

const signs = ({ status }: Member): boolean => status?.verifier != null && status.verifier.silence === null
const sealed = ({ status }: Member): number => status?.verifier?.sealed ?? 0

async function copy(from: Member, to: Member): Promise<void> {
  await rm(to.place.directory, { recursive: true })
  await cp(from.place.directory, to.place.directory, { recursive: true })
}

async function watch(lab: Lab, what: string, first: Member, second: Member): Promise<void> {
  const say = ({ name, status }: Member): string =>
    `${name}: ${status?.verifier?.silence ?? 'signs'}, ${status?.verifier?.proposed} candidates, ${sealed({ status } as Member)} seals`
  await lab.slots(WATCHED_SLOTS)
  await lab.swarm.refresh()
  const both = [first, second]
  const speaking = both.filter((one) => signs(one)).length
  lab.check(`${what}: at most one of the two signs`, speaking < 2, both.map(say).join('; '))
  await checkEvidence(lab)
}

async function checkEvidence(lab: Lab): Promise<void> {
  const totals = await Promise.all(
    lab.swarm.up.map(async ({ client }) => ((await (await fetch(`${client?.url}/v1/evidence`)).json()) as EvidenceList).total),
  )
  lab.figures.evidence = Math.max(...totals)
  lab.check('nobody has contradicted himself', lab.figures.evidence === 0, `evidence at the nodes: ${totals.join(', ')}`)
}
