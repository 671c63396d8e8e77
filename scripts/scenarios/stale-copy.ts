import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Member } from '../../src/cli/swarm/member.ts'
import type { GuardRecord } from '../../src/consensus/guard.ts'
import { readGuard } from './guard-record.ts'
import type { Lab } from './lab.ts'

/** Seals of a verifier after which its old copy is well out of date. */
const SEALS = 5
const STALE = 'stale-record'
/** What nodes say when a key has contradicted itself or speaks twice. */
const accusations: ReadonlySet<string> = new Set(['conflicting-lock', 'duplicate-instance'])

/**
 * A verifier's directory is copied while it is stopped, the verifier signs on, and the old copy is put back: it must say so,
 * stay silent for a while, and then sign above what it had signed.
 */
export const staleCopy = (lab: Lab): Promise<void> =>
  restored(lab, async (copy, directory) => {
    await rm(directory, { recursive: true })
    await cp(copy, directory, { recursive: true })
  })

/** The same with the guard alone, beside a chain that went on. */
export const staleGuard = (lab: Lab): Promise<void> => restored(lab, (copy, directory) => cp(join(copy, 'guard'), join(directory, 'guard')))

async function restored(lab: Lab, restore: (copy: string, directory: string) => Promise<void>): Promise<void> {
  const { swarm } = lab
  const [member] = lab.pick(1)
  if (member === undefined) throw new Error('no verifier is up')
  const { directory } = member.place
  const copy = `${directory}.copy`
  const hasSealed = (): boolean => (member.status?.verifier?.sealed ?? 0) >= SEALS

  await lab.expect(`${member.name} signs`, hasSealed)
  await member.stop()
  const { record: old } = await readGuard(member)
  await cp(directory, copy, { recursive: true })
  lab.say(`copied ${member.name} with its last seal at height ${old.seal?.height}`)
  await swarm.startMember(member)
  await lab.expect(`${member.name} signs on`, hasSealed)
  await member.stop()
  const { record: newest } = await readGuard(member)
  await restore(copy, directory)
  lab.check(
    'the copy is out of date',
    (newest.seal?.height ?? 0) > (old.seal?.height ?? 0),
    `seals ${old.seal?.height} and ${newest.seal?.height}`,
  )

  await swarm.startMember(member)
  let wasSilent = false
  await lab.expect(
    `${member.name} says that an old copy was restored and is silent`,
    () => {
      wasSilent ||= member.status?.verifier?.silence != null
      return wasSilent && swarm.alarms.some(({ node, code }) => node === member.name && code === STALE)
    },
    () => `silence ${member.status?.verifier?.silence}, alarms ${alarmsOf(lab, member)}`,
  )
  await lab.expect(
    `${member.name} signs again after a while`,
    () => member.status?.verifier?.silence === null && hasSealed(),
    () => `silence ${member.status?.verifier?.silence}, ${member.status?.verifier?.sealed} seals`,
  )
  await member.stop()
  const { record: after } = await readGuard(member)
  lab.check('it sealed above what it had sealed', height(after) > height(newest), `heights ${height(newest)}, then ${height(after)}`)
  lab.check('it voted above what it had voted', slot(after) > slot(newest), `slots ${slot(newest)}, then ${slot(after)}`)
  lab.check('it took its bound from its peers', after.floorSlot !== null, `bound ${after.floorSlot}`)
  await swarm.startMember(member)
  const accused = swarm.alarms.filter(({ code }) => accusations.has(code))
  lab.check(
    'no node saw it contradict itself',
    accused.length === 0,
    accused.map(({ node, code }) => `${node}: ${code}`).join() || 'no alarm',
  )
}

const height = ({ seal }: GuardRecord): number => seal?.height ?? 0
const slot = ({ vote }: GuardRecord): number => vote?.slot ?? -1
const alarmsOf = ({ swarm }: Lab, { name }: Member): string =>
  swarm.alarms.flatMap(({ node, code }) => (node === name ? code : [])).join() || 'none'
