import type { PunishmentView } from '../api/evidence-types.ts'
import type { ElectionObstacle, RankedBy, SettledElectionView, VerifierView } from '../api/ledger-types.ts'
import type { NodeStatus } from '../api/types.ts'
import { formatCoins } from '../base/amounts.ts'
import { duration, plural, printable } from './text.ts'

/** Words for what the API says of the ledger, wherever a command shows it. */

export function obstacleText(obstacle: ElectionObstacle, jailedUntilSlot: number | null): string {
  switch (obstacle) {
    case 'jailed':
      return `jailed for an offence${jailedUntilSlot === null ? '' : ` until slot ${jailedUntilSlot}`}`
    case 'stake-below-minimum':
      return 'has less stake than an election asks for'
    case 'registered-in-election':
      return 'registered while an election was open, so it waits for the next'
    case 'not-trusted':
      return 'no endorsements lead from an anchor to it'
  }
}

export const rankText: Readonly<Record<RankedBy | 'kept', string>> = {
  slips: 'the slips',
  stake: 'the stake',
  trust: 'trust',
  kept: 'nobody: none could be elected, and the quorum went on',
}

export const settledText = ({ number, by, elected }: Pick<SettledElectionView, 'number' | 'by' | 'elected'>): string =>
  by === 'kept'
    ? `election ${number} elected ${rankText.kept}`
    : `election ${number} settled by ${rankText[by]}: ${plural(elected.length, 'verifier')} elected`

/** A score in the unit of what ranked. */
export const scoreText = (score: number, by: RankedBy | 'kept'): string => (by === 'trust' ? String(score) : formatCoins(score))

/** `in 4 m 5 s`, or that it is due. */
export const inTime = (atMs: number, nowMs = Date.now()): string => (atMs > nowMs ? `in ${duration(atMs - nowMs)}` : 'with the next block')

/** Whether a verifier signs now, or why it will not. */
export function seatText({ inQuorum, weightDroplets, obstacle, jailedUntilSlot }: VerifierView): string {
  const seat = inQuorum ? `elected, weighs ${formatCoins(weightDroplets)} coins` : 'not elected'
  return obstacle === null ? seat : `${seat}; ${obstacleText(obstacle, jailedUntilSlot)}`
}

/** What a block took for an offence. */
export const punishmentText = ({ height, slashedDroplets }: PunishmentView): string =>
  slashedDroplets === null ? `punished in block ${height}` : `punished in block ${height}, ${formatCoins(slashedDroplets)} coins slashed`

/** How far a node is that begins with a snapshot. */
export const snapshotText = ({ height, parts, partsHere, peers }: NonNullable<NodeStatus['sync']['snapshot']>): string =>
  height === null
    ? 'looking for a snapshot at or below the checkpoint'
    : `snapshot of height ${height}: ${partsHere} of ${plural(parts, 'part')} from ${plural(peers, 'peer')}`

export function forkText({ height, branches, command }: NonNullable<NodeStatus['fork']>): string {
  const what = `${plural(branches, 'chain is', 'chains are')} sealed from height ${height} on, so nothing is signed`
  return command === null
    ? `${what} until those who follow the chosen one go on with it`
    : `${what}: stop this node, then \`${printable(command)}\``
}
