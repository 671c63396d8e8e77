import { toHex } from '../../src/base/hex.ts'
import { mulDiv, mulDivUp } from '../../src/base/ratio.ts'
import { nativeSignatures as crypto } from '../../src/crypto/native.ts'
import { type Account, account, accrue, emptyAccount, MAX_MICRO_HOURS, type Verifier } from '../../src/ledger/account.ts'
import { AccountTree } from '../../src/ledger/account-tree.ts'
import { apply, valueLimitDroplets } from '../../src/ledger/apply.ts'
import { delegationValue } from '../../src/ledger/bonds.ts'
import { blockCodes, stateCodes, transactionCodes } from '../../src/ledger/codes.ts'
import { slipWeight } from '../../src/ledger/elections.ts'
import { delegatorsPart, shareReward, splitReward } from '../../src/ledger/rewards.ts'
import { accountAt, genesisState, type LedgerState } from '../../src/ledger/state.ts'
import { checkTransaction, prepare } from '../../src/ledger/transaction.ts'
import { trustScores } from '../../src/ledger/trust.ts'
import { encode } from '../../src/wire/codec.ts'
import { genesis } from '../../src/wire/genesis.ts'
import type { Action, Transaction, TransactionBody } from '../../src/wire/types.ts'
import { carol, dave, delegate, erin, move, register, slip, stake, undelegate, v0, v1, v2, v3, vouch } from './actions.ts'
import { assertAllCodes, assertSame } from './claims.ts'
import { sampleHex } from './format.ts'
import { type AccountKeys, alice, bob, chainId, sampleGenesis } from './samples.ts'
import { bytesOf, genesisOf, type Order, partsOf, play, sign, stateFrom } from './stories.ts'
import { bondStories, delegateCases, undelegateCases } from './stories-bonds.ts'
import { coinStories, delegatorCases, rewardCases } from './stories-coins.ts'
import { electionStories, slipWeightCases, trustCases } from './stories-elections.ts'
import { offenceStories } from './stories-offences.ts'

const { minFeeDroplets } = sampleGenesis.parameters
const bodyOf = ({ from, action, feeDroplets = 10 }: Order): TransactionBody => ({
  sender: from.publicKey,
  nonce: 0,
  feeDroplets,
  expirySlot: 100,
  action,
})
const signed = (order: Order, chain = chainId): Transaction => sign(order.from, bodyOf(order), chain)
const does = (from: AccountKeys, action: Action): Transaction => signed({ from, action })

/** T2 to T4, T12 to T15: what can be said of a transaction without state. */
function transactionChecks(): object[] {
  const good = signed(move(alice, bob, 1))
  const goodRegister = register(dave)
  const registers = (changes: object): Transaction => does(dave.account, { ...goodRegister.action, ...changes } as Action)
  const addresses = [v0, v1].map(({ address }) => address).sort()
  const cases: readonly { description: string; value: Transaction; code: string }[] = [
    { description: 'good', value: good, code: 'accept' },
    { description: 'the least fee', value: signed(move(alice, bob, 1, { feeDroplets: minFeeDroplets })), code: 'accept' },
    {
      description: 'less than the least fee',
      value: signed(move(alice, bob, 1, { feeDroplets: minFeeDroplets - 1 })),
      code: 'fee-too-low',
    },
    { description: 'moves nothing', value: signed(move(alice, bob, 0)), code: 'empty-transfer' },
    { description: 'moves nothing, to itself', value: signed(move(alice, alice, 0)), code: 'accept' },
    { description: 'moves coin-hours alone', value: signed(move(alice, bob, 0, { microHours: 1 })), code: 'accept' },
    { description: 'signed by another', value: { ...good, signature: signed(move(bob, alice, 1)).signature }, code: 'bad-signature' },
    { description: 'signed for another chain', value: signed(move(alice, bob, 1), sampleHex('other chain', 32)), code: 'bad-signature' },
    { description: 'changed after it was signed', value: { ...good, body: { ...good.body, nonce: 1 } }, code: 'bad-signature' },
    { description: 'registers', value: signed(goodRegister), code: 'accept' },
    { description: 'keeps all', value: registers({ commissionPpm: 1_000_000 }), code: 'accept' },
    { description: 'keeps more than all', value: registers({ commissionPpm: 1_000_001 }), code: 'bad-commission' },
    { description: 'a peer id that is not base58', value: registers({ peerId: '12D3Koo0' }), code: 'bad-peer-id' },
    { description: 'no peer id', value: registers({ peerId: '' }), code: 'bad-peer-id' },
    { description: "another's possession proof", value: registers({ possession: erin.possession }), code: 'bad-possession' },
    {
      description: 'a possession proof that was made for another account',
      value: does(alice, goodRegister.action),
      code: 'bad-possession',
    },
    {
      description: 'two faults: the first that is looked at counts',
      value: { ...registers({ possession: erin.possession }), signature: good.signature },
      code: 'bad-signature',
    },
    { description: 'stakes', value: signed(stake(v0, 1)), code: 'accept' },
    { description: 'stakes nothing', value: signed(stake(v0, 0)), code: 'empty-amount' },
    { description: 'takes back nothing', value: does(v0, { kind: 'unstake', amountDroplets: 0 }), code: 'empty-amount' },
    { description: 'takes back all', value: does(v0, { kind: 'unstake', amountDroplets: null }), code: 'accept' },
    { description: 'delegates nothing', value: signed(delegate(alice, v0, 0)), code: 'empty-amount' },
    { description: 'undelegates nothing', value: signed(undelegate(alice, v0, 0)), code: 'empty-amount' },
    { description: 'undelegates all', value: signed(undelegate(alice, v0, null)), code: 'accept' },
    { description: 'names two', value: does(alice, { kind: 'slip', choices: addresses }), code: 'accept' },
    { description: 'names nobody', value: does(alice, { kind: 'slip', choices: [] }), code: 'bad-choices' },
    { description: 'names one twice', value: signed(slip(alice, v0, v0)), code: 'bad-choices' },
    {
      description: 'names them out of order',
      value: does(alice, { kind: 'slip', choices: [...addresses].reverse() }),
      code: 'bad-choices',
    },
    { description: 'vouches', value: signed(vouch(alice, v0)), code: 'accept' },
    { description: 'supports a source', value: does(alice, { kind: 'ratify', source: sampleHex('source', 32) }), code: 'accept' },
  ]
  const checked = cases.map(({ description, value, code }) => {
    const verdict = checkTransaction(chainId, sampleGenesis.parameters, value, crypto)
    return {
      description,
      transaction: bytesOf(value),
      code: assertSame(description, code, verdict.kind === 'accept' ? 'accept' : verdict.code),
    }
  })
  // What has no canonical bytes cannot be written here: types.json has those.
  const { malformed: _, ...others } = transactionCodes
  assertAllCodes(
    'a transaction',
    others,
    cases.map(({ code }) => code),
  )
  return checked
}

/** A verifier as genesis makes it, but for these fields. */
export const verifierWith = (fields: Partial<Verifier>): Verifier => {
  const { verifier } = genesisState(sampleGenesis, chainId).accounts.get(v0.address) ?? {}
  if (verifier == null) throw new Error('no verifier')
  return { ...verifier, ...fields }
}

const held = (fields: Partial<Account>): Account => ({ ...emptyAccount(0), ...fields })

/** U7, U8: coin-hours alone. */
function accruals(): object[] {
  const cases = [
    { description: 'a coin for an hour', before: held({ droplets: 1_000_000 }), timeMs: 3_600_000, coinHourSeconds: 3600 },
    { description: 'a droplet for an hour', before: held({ droplets: 1 }), timeMs: 3_600_000, coinHourSeconds: 3600 },
    {
      description: 'less than a micro coin-hour stays as remainder',
      before: held({ droplets: 1 }),
      timeMs: 3_599_999,
      coinHourSeconds: 3600,
    },
    {
      description: 'the remainder completes one',
      before: held({ droplets: 1, remainderDropletMs: 3_599_999 }),
      timeMs: 1,
      coinHourSeconds: 3600,
    },
    { description: 'time that goes back earns nothing', before: held({ droplets: 5, hoursAtMs: 10 }), timeMs: 9, coinHourSeconds: 1 },
    {
      description: 'a product above 2^53',
      before: held({ droplets: 9_007_199_254_740_991 - 2, hoursAtMs: 1_767_225_600_000 }),
      timeMs: 1_767_225_600_000 + 86_400_001,
      coinHourSeconds: 3601,
    },
    {
      description: 'stays at the most',
      before: held({ droplets: 1_000_000, microHours: MAX_MICRO_HOURS - 1 }),
      timeMs: 3_600_000,
      coinHourSeconds: 3600,
    },
    {
      description: 'bonded coins earn nothing',
      before: held({
        droplets: 1_000_000,
        bonds: {
          delegations: [{ verifier: v0.address, shares: 5_000_000 }],
          unbonding: [{ verifier: v0.address, droplets: 7_000_000, epoch: 0 }],
        },
      }),
      timeMs: 3_600_000,
      coinHourSeconds: 3600,
    },
  ]
  return cases.map(({ description, before, timeMs, coinHourSeconds }) => {
    const after = accrue(before, timeMs, coinHourSeconds)
    return { description, before, timeMs, coinHourSeconds, after, bytes: toHex(encode(account, after)) }
  })
}

/** A state in which v0 has so much delegated in so many shares, alice holding some of them. */
export function delegatedState(delegatedDroplets: number, delegationShares: number, heldShares: number): LedgerState {
  const document = genesisOf({ parameters: { microHoursPerByte: 0 } })
  const start = partsOf(genesisState(document, chainId))
  const [verifier, holder] = [start.accounts.get(v0.address), start.accounts.get(alice.address)]
  if (verifier?.verifier == null || holder === undefined) throw new Error('no such account')
  const accounts = new Map(start.accounts)
    .set(v0.address, { ...verifier, verifier: { ...verifier.verifier, delegatedDroplets, delegationShares } })
    .set(alice.address, {
      ...holder,
      bonds: heldShares === 0 ? null : { delegations: [{ verifier: v0.address, shares: heldShares }], unbonding: [] },
    })
  // Large quorums secure what these cases move.
  const quorum = start.quorum.map((member, index) =>
    index === 0 ? { ...member, stakeDroplets: 9_000_000_000_000_000 } : { ...member, stakeDroplets: 0 },
  )
  return stateFrom(document, chainId, { ...start, accounts, quorum })
}

/** What became of alice and v0 when alice did this. */
export function afterDoing(state: LedgerState, order: Order): { readonly code: string; readonly alice: Account; readonly v0: Account } {
  const transaction = prepare(sign(order.from, { ...bodyOf(order), feeDroplets: 0, expirySlot: 5 }, chainId))
  const verdict = apply(state, { slot: 1, maker: 0, ticket: sampleHex('ticket', 32), evidence: [], parentSigners: null }, [transaction])
  const changes = verdict.kind === 'accept' ? verdict.value.changes : new Map<string, Account>()
  const of = ({ address }: AccountKeys): Account => changes.get(address) ?? accountAt(state, address, 1)
  return { code: verdict.kind === 'accept' ? 'accept' : verdict.code, alice: of(alice), v0: of(v0) }
}

function delegations(): object[] {
  return delegateCases.map((item) => {
    const state = delegatedState(item.delegatedDroplets, item.delegationShares, 0)
    const after = afterDoing(state, delegate(alice, v0, item.amountDroplets))
    const paidDroplets = (accountAt(state, alice.address, 1).droplets ?? 0) - after.alice.droplets
    return { ...item, code: after.code, shares: after.alice.bonds?.delegations[0]?.shares ?? 0, paidDroplets }
  })
}

function undelegations(): object[] {
  return undelegateCases.map((item) => {
    const state = delegatedState(item.delegatedDroplets, item.delegationShares, item.heldShares)
    const after = afterDoing(state, undelegate(alice, v0, item.amountDroplets))
    const shares = item.delegationShares - (after.v0.verifier?.delegationShares ?? 0)
    return {
      ...item,
      worthDroplets: delegationValue(
        verifierWith({ delegatedDroplets: item.delegatedDroplets, delegationShares: item.delegationShares }),
        item.heldShares,
      ),
      code: after.code,
      shares,
      droplets: after.alice.bonds?.unbonding[0]?.droplets ?? 0,
    }
  })
}

/** `protocols/vectors/ledger.json`. */
export function ledgerVectors(): object {
  const stories = [...coinStories, ...bondStories, ...offenceStories, ...electionStories]
  assertAllCodes(
    'a block',
    { ...stateCodes, ...blockCodes },
    stories.flatMap(({ blocks }) => blocks.flatMap(({ code }) => (code === undefined ? [] : [code]))),
  )
  const start = genesisState(sampleGenesis, chainId)
  return {
    chainId,
    genesis: toHex(encode(genesis, sampleGenesis)),
    names: Object.fromEntries(
      Object.entries({ alice, bob, carol, dave: dave.account, erin: erin.account, v0, v1, v2, v3 }).map(([name, { address }]) => [
        name,
        address,
      ]),
    ),
    emptyAccountsRoot: new AccountTree().root,
    checks: transactionChecks(),
    accruals: accruals(),
    valueLimits: [1, 2, 3, 4, 5, 6, 10_000_000, Number.MAX_SAFE_INTEGER].map((stakeDroplets) => ({
      stakeDroplets,
      limitDroplets: valueLimitDroplets({ quorum: { members: [], hash: '', totalStakeDroplets: stakeDroplets } }),
    })),
    atSlot: [alice, carol].map(({ address }) => ({ address, slot: 7200, account: accountAt(start, address, 7200) })),
    ratios: [
      { value: 7, numerator: 3, denominator: 2 },
      { value: 6, numerator: 3, denominator: 2 },
      { value: 0, numerator: 3, denominator: 2 },
      { value: Number.MAX_SAFE_INTEGER, numerator: 999_999, denominator: 1_000_000 },
      { value: 3_000_000_000_000_007, numerator: 2_000_000_000_000_003, denominator: 6_000_000_000_000_001 },
      { value: Number.MAX_SAFE_INTEGER, numerator: Number.MAX_SAFE_INTEGER, denominator: Number.MAX_SAFE_INTEGER },
    ].map((item) => ({
      ...item,
      down: mulDiv(item.value, item.numerator, item.denominator),
      up: mulDivUp(item.value, item.numerator, item.denominator),
    })),
    rewards: rewardCases.map((item) => ({
      ...item,
      ...shareReward(item.totalDroplets, item.makerSharePpm, item.signers, item.stakes),
      droplets: splitReward(item.totalDroplets, item.makerSharePpm, item.maker, item.signers, item.stakes),
    })),
    delegatorsParts: delegatorCases.map(({ description, droplets, ...of }) => ({
      ...{ description, ...of, droplets },
      ...delegatorsPart(verifierWith(of), droplets),
    })),
    delegations: delegations(),
    undelegations: undelegations(),
    slipWeights: slipWeightCases.map((item) => ({
      ...item,
      weightDroplets: slipWeight({ ...item, election: 1, bondedDroplets: 0, slip: null, sources: [] }),
    })),
    trust: trustCases.map(({ endorses, ...item }) => ({
      ...{ ...item, endorses },
      scores: Object.fromEntries(
        [
          ...trustScores(
            (address) => (endorses as Readonly<Record<string, readonly string[]>>)[address] ?? null,
            item.anchors,
            item.rounds,
          ),
        ].sort(),
      ),
    })),
    stories: stories.map(play),
  }
}
