import { outranks, type Rank } from '../../src/consensus/choice.ts'
import type { Hash } from '../../src/wire/types.ts'
import { assertSame } from './claims.ts'
import { voteCertificateFor } from './consensus-cases.ts'

const BLOCK = 'aa'.repeat(32)

/** A candidate as C1 compares it: its ticket, its maker's index, and the slot of its justification. */
export interface RankedCandidate {
  readonly ticket: Hash
  readonly maker: number
  readonly validSlot: number | null
}

export const rankOf = ({ ticket, maker, validSlot }: RankedCandidate): Rank => ({
  ...{ ticket, maker },
  justification: validSlot === null ? null : voteCertificateFor({ height: 5, slot: validSlot, block: BLOCK }),
})

/** C1 and C5 for a quorum of three with stakes 10, 20, 30. */
export function rankingVectors(): object {
  const ids = ['0a', '0b', '0c'].map((byte) => byte.repeat(20))
  const stakes = [10, 20, 30]
  const ticket = (first8: bigint, rest = 'ff'): Hash => first8.toString(16).padStart(16, '0') + rest.repeat(24)
  const by = (maker: number, first8: bigint, rest?: string, validSlot: number | null = null): RankedCandidate => ({
    ...{ ticket: ticket(first8, rest), maker, validSlot },
  })
  const cases: readonly {
    readonly description: string
    readonly leaderRule: 'ticket' | 'nodeId'
    readonly first: RankedCandidate
    readonly second: RankedCandidate
    readonly outranks: boolean
  }[] = [
    { description: 'the lower ticket, of equal stakes', leaderRule: 'ticket', first: by(0, 7n), second: by(0, 8n), outranks: true },
    { description: 'a higher ticket of more stake', leaderRule: 'ticket', first: by(1, 15n), second: by(0, 8n), outranks: true },
    { description: 'not high enough above it to lose', leaderRule: 'ticket', first: by(1, 17n), second: by(0, 8n), outranks: false },
    { description: 'equal for their stakes: the lower ticket', leaderRule: 'ticket', first: by(0, 8n), second: by(1, 16n), outranks: true },
    {
      description: 'the first 8 bytes equal: the lower rest',
      leaderRule: 'ticket',
      first: by(2, 7n, '00'),
      second: by(2, 7n),
      outranks: true,
    },
    { description: 'products above 2^64', leaderRule: 'ticket', first: by(2, 2n ** 63n), second: by(1, 2n ** 63n), outranks: true },
    { description: 'the lower id, whatever the ticket', leaderRule: 'nodeId', first: by(0, 9n), second: by(2, 1n), outranks: true },
    { description: 'the higher id', leaderRule: 'nodeId', first: by(1, 1n), second: by(0, 9n), outranks: false },
    {
      description: 'better, but the other frees from later locks',
      leaderRule: 'ticket',
      first: by(0, 7n),
      second: by(0, 8n, 'ff', 3),
      outranks: false,
    },
    {
      description: 'better, with a later justification',
      leaderRule: 'ticket',
      first: by(0, 7n, 'ff', 3),
      second: by(0, 8n, 'ff', 2),
      outranks: true,
    },
    {
      description: 'better, with one of slot 0 against none',
      leaderRule: 'ticket',
      first: by(0, 7n, 'ff', 0),
      second: by(0, 8n),
      outranks: true,
    },
    {
      description: 'better, with none against slot 0',
      leaderRule: 'ticket',
      first: by(0, 7n),
      second: by(0, 8n, 'ff', 0),
      outranks: false,
    },
    {
      description: 'worse, with a later justification',
      leaderRule: 'ticket',
      first: by(0, 8n, 'ff', 3),
      second: by(0, 7n),
      outranks: false,
    },
  ]
  for (const { description, leaderRule, first, second, outranks: expected } of cases) {
    const contest = { config: { leaderRule }, members: { ids, stakeDroplets: stakes } }
    assertSame(description, expected, outranks(contest, rankOf(first), rankOf(second)))
  }
  return { ids, stakes, cases }
}
