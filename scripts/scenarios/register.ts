import { setTimeout as sleep } from 'node:timers/promises'
import { DROPLETS_PER_COIN } from '../../src/base/amounts.ts'
import type { Member } from '../../src/cli/swarm/member.ts'
import { publicParts } from '../../src/node/setup.ts'
import type { Action, Address } from '../../src/wire/types.ts'
import { type Lab, STEP_DEADLINE_MS } from './lab.ts'

const NAME = 'new'
const GIVEN_DROPLETS = 300_000 * DROPLETS_PER_COIN
const STAKE_DROPLETS = 250_000 * DROPLETS_PER_COIN
/** Far more than its transactions burn. */
const GIVEN_MICRO_HOURS = 1_000 * 1_000_000
const COMMISSION_PPM = 50_000
/** It registers, stakes, and takes its stake back. */
const OWN_TRANSACTIONS = 3
/** Blocks that show that it signs. */
const SEALS = 3
const AWAY_MS = 2_000
/** What a transaction may take to be final before the next election opens. */
const CLEAR_SLOTS = 4

/** A node that nobody has heard of becomes a verifier, signs, is killed, signs again, and leaves with its coins. */
export async function register(lab: Lab): Promise<void> {
  const { swarm } = lab
  const { member, wallet } = await swarm.addVerifier(NAME)
  const [holder] = swarm.voters.senders
  if (holder === undefined) throw new Error('a swarm has holders')
  const own = swarm.sender(wallet)

  await swarm.startMember(member)
  await lab.expect('a node with a key that nobody knows catches up', () => swarm.tracker.watches(NAME))
  const { pid } = member
  lab.check('it is no verifier yet', member.status?.verifier?.state === 'not-registered', stateOf(member))
  await lab.send('a holder sends it coins', holder, [
    { kind: 'transfer', to: wallet.address, amountDroplets: GIVEN_DROPLETS, microHours: GIVEN_MICRO_HOURS },
  ])
  await lab.send('it registers and stakes', own, [await registration(member), { kind: 'stake', amountDroplets: STAKE_DROPLETS }])
  swarm.voters.favourite = wallet.address

  await lab.expect(
    'it is elected',
    () => member.status?.verifier?.state === 'elected',
    () => stateOf(member),
    epochsMs(lab, 4),
  )
  await lab.expect(
    'it signs blocks',
    () => (member.status?.verifier?.sealed ?? 0) >= SEALS,
    () => stateOf(member),
  )
  await lab.expect('others count its seals', () => hasSealed(lab, wallet.address))
  lab.check('all that without a restart', member.pid === pid && pid !== null, `process ${pid}, then ${member.pid}`)

  await member.kill()
  await sleep(AWAY_MS)
  await swarm.startMember(member)
  await lab.expect(
    'killed and started again it signs',
    () => (member.status?.verifier?.sealed ?? 0) >= SEALS,
    () => stateOf(member),
  )

  // With no election open, so that no slip names who has left.
  await lab.expect(
    'no election is near',
    () => slotsToElection(lab) > CLEAR_SLOTS,
    () => `the next opens in ${slotsToElection(lab)} slots`,
    epochsMs(lab, 2),
  )
  await lab.send('it takes its stake back', own, [{ kind: 'unstake', amountDroplets: null }])
  const before = await dropletsOf(lab, wallet.address)
  await lab.expect(
    'the next election leaves it out',
    () => member.status?.verifier?.state === 'registered',
    () => stateOf(member),
    epochsMs(lab, 3),
  )
  await lab.expect('others sign without it', () => hasLeft(lab, wallet.address))
  let after = 0
  await lab.expect(
    'its stake comes back',
    async () => {
      after = await dropletsOf(lab, wallet.address)
      return after >= before + STAKE_DROPLETS
    },
    () => `${before} droplets when it took back ${STAKE_DROPLETS}, then ${after}`,
    epochsMs(lab, 5),
  )
  const { verifierFeeDroplets, minFeeDroplets } = swarm.layout.genesis.parameters
  const rewards = after - GIVEN_DROPLETS + verifierFeeDroplets + OWN_TRANSACTIONS * minFeeDroplets
  lab.figures.rewardsDroplets = rewards
  lab.atEnd(({ rewards: paid }) => {
    const seen = `${rewards} droplets beyond what it was given and spent, ${paid?.verifiers[NAME]} by the receipts`
    lab.check('rewards reach it, to the droplet', rewards > 0 && paid?.verifiers[NAME] === rewards, seen)
  })
}

async function registration({ place }: Member): Promise<Action> {
  const { peerId, verifier } = await publicParts(place.directory)
  if (verifier === null) throw new Error(`${place.name} has no verifier key`)
  const { blsKey, possession } = verifier
  return { kind: 'register', peerId, blsKey, possession, commissionPpm: COMMISSION_PPM }
}

const stateOf = ({ status }: Member): string => {
  const verifier = status?.verifier
  if (verifier == null) return 'no verifier'
  const { state, index, obstacle, silence, sealed, made } = verifier
  return `${state}, index ${index}, obstacle ${obstacle}, silence ${silence}, ${sealed} seals, ${made} blocks, height ${status?.height}`
}

/** So many epochs, and as long again as any other step may take. */
const epochsMs = ({ swarm, options }: Lab, count: number): number =>
  count * swarm.layout.genesis.parameters.epochSlots * options.slotMs + STEP_DEADLINE_MS

/** As a node says that was there from the beginning; 0 while an election is open. */
function slotsToElection({ swarm }: Lab): number {
  const [first] = swarm.verifiers
  const opens = first?.status?.nextElectionSlot ?? null
  return opens === null ? 0 : opens - swarm.slot
}

async function dropletsOf({ swarm }: Lab, address: Address): Promise<number> {
  const account = await swarm.verifiers[0]?.client?.account(address)
  return account?.droplets ?? 0
}

/** The newest blocks of a node that was there from the beginning: whether one of them has its seal. */
async function hasSealed({ swarm }: Lab, address: Address): Promise<boolean> {
  const client = swarm.verifiers[0]?.client
  const blocks = (await client?.blocks(Math.max(1, swarm.tracker.height - SEALS), SEALS)) ?? []
  return blocks.some(({ signerAddresses }) => signerAddresses.includes(address))
}

async function hasLeft({ swarm }: Lab, address: Address): Promise<boolean> {
  const quorum = await swarm.verifiers[0]?.client?.quorum()
  return quorum !== undefined && !quorum.members.some((one) => one.address === address)
}
