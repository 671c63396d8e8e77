import assert from 'node:assert/strict'
import type { Ballot } from '../../../src/ledger/account.ts'
import type { Election } from '../../../src/ledger/globals.ts'
import type { Transition } from '../../../src/ledger/state.ts'
import type { Address } from '../../../src/wire/types.ts'
import { act, addressOfName, type BlockOptions, COIN, eventsOf, type TestChain, type TxOptions } from './fixtures.ts'

/** The election that must be open. */
export function electionOf({ state }: TestChain): Election {
  const { election } = state.globals
  assert.ok(election !== null, 'an election is open')
  return election
}

/** The ballot that an account must have in the open election. */
export function ballotOf(chain: TestChain, name: string): Ballot {
  const { ballot } = chain.account(name)
  assert.ok(ballot !== null && ballot.election === electionOf(chain).number, `${name} has a ballot`)
  return ballot
}

/** The block in whose slot the next election opens. */
export const open = (chain: TestChain, options: BlockOptions = {}): Transition =>
  chain.block({ slot: chain.state.globals.nextElectionSlot, ...options })

/** The block in whose slot the open election ends. */
export const close = (chain: TestChain, options: BlockOptions = {}): Transition =>
  chain.block({ slot: electionOf(chain).closesSlot, ...options })

/** Moves coins, to `nobody` if nobody else is named, and gives a slip. */
export const vote = (from: string, coins: number, choices: readonly string[], to = 'nobody'): TxOptions[] => [
  { from, action: act.transfer(to, coins * COIN) },
  { from, action: act.slip(...choices) },
]

/** Those of the names that have these addresses, in their order. */
export const namesOf = (addresses: readonly Address[], among: readonly string[]): string[] => {
  const names = new Map(among.map((name) => [addressOfName(name), name]))
  return addresses.map((address) => names.get(address) ?? address)
}

/** The result that a block must have brought: who was elected, best first, with score and stake. */
export function resultOf(transition: Transition, among: readonly string[]) {
  const [event, ...others] = eventsOf(transition, 'election-settled')
  assert.ok(event !== undefined && others.length === 0, 'one election is settled')
  const names = namesOf(
    event.elected.map(({ verifier }) => verifier),
    among,
  )
  return {
    ...{ number: event.number, by: event.by, votedDroplets: event.votedDroplets, quorum: event.quorum, names },
    elected: event.elected.map(({ score, stakeDroplets }, index) => [names[index], score, stakeDroplets] as const),
  }
}
