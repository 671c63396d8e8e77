import assert from 'node:assert/strict'
import { delegate, undelegate, v0 } from '../../scripts/vectors/actions.ts'
import { afterDoing, delegatedState, verifierWith } from '../../scripts/vectors/ledger-cases.ts'
import { alice } from '../../scripts/vectors/samples.ts'
import { fromHex, type Hex, toHex } from '../../src/base/hex.ts'
import { mulDiv, mulDivUp } from '../../src/base/ratio.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { portableSignatures } from '../../src/crypto/portable.ts'
import { type Account, account, accrue, type Verifier } from '../../src/ledger/account.ts'
import { valueLimitDroplets } from '../../src/ledger/apply.ts'
import { slipWeight } from '../../src/ledger/elections.ts'
import { checkGenesis } from '../../src/ledger/genesis.ts'
import { delegatorsPart, shareReward, splitReward } from '../../src/ledger/rewards.ts'
import { accountAt, genesisState } from '../../src/ledger/state.ts'
import { checkTransaction } from '../../src/ledger/transaction.ts'
import { trustScores } from '../../src/ledger/trust.ts'
import { decode, encode } from '../../src/wire/codec.ts'
import { type Genesis, genesis } from '../../src/wire/genesis.ts'
import { chainIdOf } from '../../src/wire/ids.ts'
import { transaction } from '../../src/wire/types.ts'
import { readVectors } from './read-vectors.ts'

interface LedgerVectors {
  readonly chainId: Hex
  readonly genesis: Hex
  readonly checks: readonly { readonly description: string; readonly transaction: Hex; readonly code: string }[]
  readonly accruals: readonly {
    readonly description: string
    readonly before: Account
    readonly timeMs: number
    readonly coinHourSeconds: number
    readonly after: Account
    readonly bytes: Hex
  }[]
  readonly valueLimits: readonly { readonly stakeDroplets: number; readonly limitDroplets: number }[]
  readonly atSlot: readonly { readonly address: Hex; readonly slot: number; readonly account: Account }[]
  readonly ratios: readonly {
    readonly value: number
    readonly numerator: number
    readonly denominator: number
    readonly down: number
    readonly up: number
  }[]
  readonly rewards: readonly {
    readonly description: string
    readonly totalDroplets: number
    readonly makerSharePpm: number
    readonly maker: number
    readonly signers: readonly number[]
    readonly stakes: readonly number[]
    readonly makerDroplets: number
    readonly signerDroplets: readonly number[]
    readonly droplets: readonly number[]
  }[]
  readonly delegatorsParts: readonly (Pick<Verifier, 'stakeDroplets' | 'delegatedDroplets' | 'commissionPpm'> & {
    readonly description: string
    readonly droplets: number
    readonly delegatorsDroplets: number
    readonly commissionDroplets: number
  })[]
  readonly delegations: readonly {
    readonly description: string
    readonly delegatedDroplets: number
    readonly delegationShares: number
    readonly amountDroplets: number
    readonly code: string
    readonly shares: number
    readonly paidDroplets: number
  }[]
  readonly undelegations: readonly {
    readonly description: string
    readonly delegatedDroplets: number
    readonly delegationShares: number
    readonly heldShares: number
    readonly amountDroplets: number | null
    readonly worthDroplets: number
    readonly code: string
    readonly shares: number
    readonly droplets: number
  }[]
  readonly slipWeights: readonly {
    readonly description: string
    readonly heldDroplets: number
    readonly movedDroplets: number
    readonly weightDroplets: number
  }[]
  readonly trust: readonly {
    readonly description: string
    readonly anchors: readonly Hex[]
    readonly rounds: number
    readonly endorses: Readonly<Record<Hex, readonly Hex[]>>
    readonly scores: Readonly<Record<Hex, number>>
  }[]
}

/** floor(a × b / c) and ceil(a × b / c) of the pages, in BigInt. */
const down = (a: number, b: number, c: number): number => Number((BigInt(a) * BigInt(b)) / BigInt(c))
const up = (a: number, b: number, c: number): number => Number((BigInt(a) * BigInt(b) + BigInt(c) - 1n) / BigInt(c))
const MILLION = 1_000_000

describe('vectors/ledger.json', () => {
  const vectors = readVectors<LedgerVectors>('ledger')
  const document = decode(genesis, fromHex(vectors.genesis))

  for (const { name, signatures } of [
    { name: 'native', signatures: nativeSignatures },
    { name: 'portable', signatures: portableSignatures },
  ])
    for (const { description, transaction: bytes, code } of vectors.checks)
      it(`a transaction, ${name}: ${description}`, () => {
        const verdict = checkTransaction(vectors.chainId, document.parameters, decode(transaction, fromHex(bytes)), signatures)
        assert.equal(verdict.kind === 'accept' ? 'accept' : verdict.code, code)
        if (code !== 'accept') assert.equal(verdict.kind, 'reject')
      })

  for (const { description, before: held, timeMs, coinHourSeconds, after, bytes } of vectors.accruals)
    it(`coin-hours: ${description}`, () => {
      assert.deepEqual(accrue(held, timeMs, coinHourSeconds), after)
      assert.equal(toHex(encode(account, after)), bytes)
    })

  it('what a block may move, and accounts at a slot', () => {
    for (const { stakeDroplets, limitDroplets } of vectors.valueLimits) {
      assert.equal(valueLimitDroplets({ quorum: { members: [], hash: '', totalStakeDroplets: stakeDroplets } }), limitDroplets)
      assert.equal((BigInt(stakeDroplets) * 2n) / 3n, BigInt(limitDroplets))
    }
    const start = genesisState(document, vectors.chainId)
    for (const { address, slot, account: expected } of vectors.atSlot) assert.deepEqual(accountAt(start, address, slot), expected)
  })

  it('parts of a whole, rounded down and up', () => {
    for (const { value, numerator, denominator, ...expected } of vectors.ratios) {
      assert.deepEqual({ down: mulDiv(value, numerator, denominator), up: mulDivUp(value, numerator, denominator) }, expected)
      assert.deepEqual({ down: down(value, numerator, denominator), up: up(value, numerator, denominator) }, expected)
    }
  })

  for (const { description, totalDroplets, makerSharePpm, maker, signers, stakes, ...expected } of vectors.rewards)
    it(`reward: ${description}`, () => {
      const { makerDroplets, signerDroplets } = shareReward(totalDroplets, makerSharePpm, signers, stakes)
      const droplets = splitReward(totalDroplets, makerSharePpm, maker, signers, stakes)
      assert.deepEqual({ makerDroplets, signerDroplets, droplets }, expected)
      const forSigners = totalDroplets - down(totalDroplets, makerSharePpm, MILLION)
      const signed = signers.reduce((sum, signer) => sum + (stakes[signer] ?? 0), 0)
      const parts = stakes.map((stake, index) => (signed > 0 && signers.includes(index) ? down(forSigners, stake, signed) : 0))
      assert.deepEqual(signerDroplets, parts)
      assert.equal(makerDroplets, totalDroplets - parts.reduce((sum, part) => sum + part, 0))
    })

  for (const { description, droplets, delegatorsDroplets, commissionDroplets, ...of } of vectors.delegatorsParts)
    it(`delegators' part: ${description}`, () => {
      assert.deepEqual(delegatorsPart(verifierWith(of), droplets), { delegatorsDroplets, commissionDroplets })
      const part = down(droplets, of.delegatedDroplets, of.stakeDroplets + of.delegatedDroplets)
      const kept = down(part, of.commissionPpm, MILLION)
      assert.deepEqual([delegatorsDroplets, commissionDroplets], [part - kept, kept])
    })

  for (const { description, delegatedDroplets: D, delegationShares: S, amountDroplets, ...expected } of vectors.delegations)
    it(`delegate: ${description}`, () => {
      const state = delegatedState(D, S, 0)
      const after = afterDoing(state, delegate(alice, v0, amountDroplets))
      const paidDroplets = accountAt(state, alice.address, 1).droplets - after.alice.droplets
      assert.deepEqual({ code: after.code, shares: after.alice.bonds?.delegations[0]?.shares ?? 0, paidDroplets }, expected)
      const shares = S === 0 ? amountDroplets : down(amountDroplets, S, D)
      const pays = S === 0 ? amountDroplets : up(shares, D, S)
      assert.deepEqual([expected.shares, expected.paidDroplets], [shares, pays])
      const { verifier } = after.v0
      if (after.code === 'accept') assert.deepEqual([verifier?.delegatedDroplets, verifier?.delegationShares], [D + pays, S + shares])
    })

  for (const { description, delegatedDroplets: D, delegationShares: S, heldShares, amountDroplets, ...expected } of vectors.undelegations)
    it(`undelegate: ${description}`, () => {
      const after = afterDoing(delegatedState(D, S, heldShares), undelegate(alice, v0, amountDroplets))
      const { verifier, bonds } = { verifier: after.v0.verifier, bonds: after.alice.bonds }
      assert.equal(after.code, expected.code)
      assert.deepEqual([verifier?.delegatedDroplets, verifier?.delegationShares], [D - expected.droplets, S - expected.shares])
      assert.equal(bonds?.unbonding[0]?.droplets ?? 0, expected.droplets)
      assert.equal(bonds?.delegations[0]?.shares ?? 0, heldShares - expected.shares)
      const worth = down(heldShares, D, S)
      assert.equal(expected.worthDroplets, worth)
      if (expected.code !== 'accept') return
      const shares = amountDroplets === null || amountDroplets === worth ? heldShares : up(amountDroplets, S, D)
      assert.deepEqual([expected.shares, expected.droplets], [shares, down(shares, D, S)])
    })

  it('what a slip weighs', () => {
    for (const { description, weightDroplets, ...ballot } of vectors.slipWeights) {
      assert.equal(slipWeight({ ...ballot, election: 1, bondedDroplets: 0, slip: null, sources: [] }), weightDroplets, description)
      assert.equal(Math.min(ballot.heldDroplets, ballot.movedDroplets), weightDroplets, description)
    }
  })

  for (const { description, anchors, rounds, endorses, scores } of vectors.trust)
    it(`trust: ${description}`, () => {
      assert.deepEqual(Object.fromEntries(trustScores((address) => endorses[address] ?? null, anchors, rounds)), scores)
      assert.deepEqual(trustByThePage(anchors, rounds, endorses), scores)
    })
})

/** The rounds of elections.md told from who is vouched for, in BigInt. */
function trustByThePage(anchors: readonly Hex[], rounds: number, endorses: Readonly<Record<Hex, readonly Hex[]>>): Record<Hex, number> {
  const everybody = new Set([...anchors, ...Object.keys(endorses), ...Object.values(endorses).flat()])
  const own = (address: Hex): bigint => (anchors.includes(address) ? 1_000_000_000n : 0n)
  let trust = new Map([...everybody].map((address) => [address, own(address)]))
  for (let round = 0; round < rounds; round++)
    trust = new Map(
      [...everybody].map((address) => {
        const givers = Object.entries(endorses).filter(([, endorsed]) => endorsed.includes(address))
        return [address, givers.reduce((sum, [giver, { length }]) => sum + (trust.get(giver) ?? 0n) / BigInt(2 * length), own(address))]
      }),
    )
  return Object.fromEntries([...trust].filter(([, score]) => score > 0n).map(([address, score]) => [address, Number(score)]))
}

describe('vectors/genesis.json, checks', () => {
  const { chains, checks } = readVectors<{
    readonly chains: readonly { readonly document: Genesis }[]
    readonly checks: readonly {
      readonly description: string
      readonly changed: Partial<Genesis>
      readonly code: string
      readonly chainId?: Hex
    }[]
  }>('genesis')

  for (const { description, changed, code, chainId } of checks)
    it(`${code}: ${description}`, () => {
      const document = { ...(chains[0]?.document ?? assert.fail('no chain')), ...changed }
      for (const signatures of [nativeSignatures, portableSignatures]) {
        const verdict = checkGenesis(document, signatures)
        assert.equal(verdict.kind === 'accept' ? 'accept' : verdict.code, code)
      }
      if (chainId !== undefined) assert.equal(chainIdOf(document), chainId)
    })
})
