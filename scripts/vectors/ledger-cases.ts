import { toHex } from '../../src/base/hex.ts'
import { nativeSignatures as crypto } from '../../src/crypto/native.ts'
import { type Account, account, accrue, MAX_MICRO_HOURS } from '../../src/ledger/account.ts'
import { apply, valueLimitDroplets } from '../../src/ledger/apply.ts'
import { checkGenesis } from '../../src/ledger/genesis.ts'
import { accountAt, advance, genesisState, stateRoot } from '../../src/ledger/state.ts'
import { checkTransaction, prepare } from '../../src/ledger/transaction.ts'
import { encode } from '../../src/wire/codec.ts'
import { type Genesis, genesis } from '../../src/wire/genesis.ts'
import { chainIdOf } from '../../src/wire/ids.ts'
import { transactionMessage } from '../../src/wire/signing.ts'
import { type Transaction, type TransactionBody, type Transfer, transaction } from '../../src/wire/types.ts'
import { sampleHex } from './format.ts'
import { type AccountKeys, accountKeys, alice, bob, chainId, sampleGenesis, verifiers } from './samples.ts'

const carol = accountKeys('carol')
const stake = sampleGenesis.verifiers.reduce((sum, { stakeDroplets }) => sum + stakeDroplets, 0)
const limit = valueLimitDroplets(stake)
const maker = verifiers[0]?.account.address ?? ''

interface Wanted extends Partial<Omit<TransactionBody, 'sender' | 'action'>>, Partial<Omit<Transfer, 'kind'>> {}

function transfer(from: AccountKeys, wanted: Wanted, chain = chainId): Transaction {
  const { nonce = 0, feeDroplets = 10, expirySlot = 100, to = bob.address, amountDroplets = 1000, microHours = 0 } = wanted
  const body: TransactionBody = {
    sender: from.publicKey,
    nonce,
    feeDroplets,
    expirySlot,
    action: { kind: 'transfer', to, amountDroplets, microHours },
  }
  return { body, signature: crypto.accountSign(from.seed, transactionMessage(chain, body)) }
}

const bytesOf = (value: Transaction): string => toHex(encode(transaction, value))

/** T2 to T4: what can be said of a transaction without state. */
function transactionChecks(): object[] {
  const good = transfer(alice, {})
  const cases = [
    { description: 'good', value: good, code: 'accept' },
    { description: 'the least fee', value: transfer(alice, { feeDroplets: sampleGenesis.parameters.minFeeDroplets }), code: 'accept' },
    {
      description: 'less than the least fee',
      value: transfer(alice, { feeDroplets: sampleGenesis.parameters.minFeeDroplets - 1 }),
      code: 'fee-too-low',
    },
    { description: 'moves nothing', value: transfer(alice, { amountDroplets: 0 }), code: 'empty-transfer' },
    { description: 'moves nothing, to itself', value: transfer(alice, { amountDroplets: 0, to: alice.address }), code: 'accept' },
    { description: 'moves coin-hours alone', value: transfer(alice, { amountDroplets: 0, microHours: 1 }), code: 'accept' },
    { description: 'signed by another', value: { ...good, signature: transfer(bob, {}).signature }, code: 'bad-signature' },
    { description: 'signed for another chain', value: transfer(alice, {}, sampleHex('other chain', 32)), code: 'bad-signature' },
    { description: 'changed after it was signed', value: { ...good, body: { ...good.body, nonce: 1 } }, code: 'bad-signature' },
  ]
  return cases.map(({ description, value, code }) => {
    const verdict = checkTransaction(chainId, sampleGenesis.parameters, value, crypto)
    return {
      description,
      transaction: bytesOf(value),
      code: assertSame(description, code, verdict.kind === 'accept' ? 'accept' : verdict.code),
    }
  })
}

interface BlockCase {
  readonly description: string
  readonly slot: number
  readonly transactions: readonly Transaction[]
  readonly code: string
}

/** A chain told block by block: bad ones leave the state as it was. */
function chainBlocks(): object[] {
  const state = genesisState(sampleGenesis, chainId)
  const blocks: readonly BlockCase[] = [
    { description: 'empty', slot: 0, transactions: [], code: 'accept' },
    { description: 'one transfer; its fee goes to the maker', slot: 1, transactions: [transfer(alice, {})], code: 'accept' },
    { description: 'the same again', slot: 2, transactions: [transfer(alice, {})], code: 'nonce-too-low' },
    { description: 'a nonce left out', slot: 2, transactions: [transfer(alice, { nonce: 2 })], code: 'nonce-too-high' },
    {
      description: 'two of one sender, and what the second sender was just given',
      slot: 3,
      transactions: [
        transfer(alice, { nonce: 1, to: carol.address, amountDroplets: 500, microHours: 20_000 }),
        transfer(alice, { nonce: 2, to: carol.address, amountDroplets: 1 }),
        transfer(carol, { amountDroplets: 400, feeDroplets: 1 }),
      ],
      code: 'accept',
    },
    {
      description: 'to itself: only the fee and the burn are gone',
      slot: 4,
      transactions: [transfer(alice, { nonce: 3, to: alice.address })],
      code: 'accept',
    },
    { description: 'in its last slot', slot: 5, transactions: [transfer(alice, { nonce: 4, expirySlot: 5 })], code: 'accept' },
    { description: 'after its last slot', slot: 6, transactions: [transfer(alice, { nonce: 5, expirySlot: 5 })], code: 'expired' },
    { description: 'an expiry as far as allowed', slot: 6, transactions: [transfer(alice, { nonce: 5, expirySlot: 606 })], code: 'accept' },
    {
      description: 'an expiry one slot further',
      slot: 7,
      transactions: [transfer(alice, { nonce: 6, expirySlot: 608 })],
      code: 'expiry-too-far',
    },
    {
      description: 'as much as the stake secures',
      slot: 7,
      transactions: [transfer(bob, { amountDroplets: limit, to: alice.address })],
      code: 'accept',
    },
    {
      description: 'one droplet more',
      slot: 8,
      transactions: [transfer(bob, { nonce: 1, amountDroplets: limit + 1, to: alice.address })],
      code: 'value-above-stake',
    },
    {
      description: 'one droplet more in two transactions',
      slot: 8,
      transactions: [
        transfer(bob, { nonce: 1, amountDroplets: limit, to: alice.address }),
        transfer(bob, { nonce: 2, amountDroplets: 1, to: alice.address }),
      ],
      code: 'block-value-above-stake',
    },
    {
      description: 'more coins than it has',
      slot: 8,
      transactions: [transfer(carol, { nonce: 1, amountDroplets: 101, feeDroplets: 10 })],
      code: 'insufficient-coins',
    },
    {
      description: 'too few coin-hours for the burn',
      slot: 8,
      transactions: [transfer(carol, { nonce: 1, amountDroplets: 10, feeDroplets: 1 })],
      code: 'insufficient-hours',
    },
    {
      description: 'the good ones before a bad one do not count',
      slot: 8,
      transactions: [transfer(alice, { nonce: 6 }), transfer(carol, { nonce: 1, amountDroplets: 101 })],
      code: 'insufficient-coins',
    },
    { description: 'a slot without a time', slot: Number.MAX_SAFE_INTEGER, transactions: [], code: 'slot-out-of-range' },
    {
      description: 'an hour later, hours were earned',
      slot: 3600,
      transactions: [transfer(alice, { nonce: 6, expirySlot: 3600 })],
      code: 'accept',
    },
  ]
  return blocks.map(({ description, slot, transactions, code }) => {
    const verdict = apply(state, { slot, maker, valueLimitDroplets: limit }, transactions.map(prepare))
    assertSame(description, code, verdict.kind === 'accept' ? 'accept' : verdict.code)
    const given = { description, slot, transactions: transactions.map(bytesOf), code }
    if (verdict.kind !== 'accept') return given
    const { feesDroplets, movedDroplets } = verdict.value
    advance(state, verdict.value)
    const accounts = [alice.address, bob.address, carol.address, maker].map((address) => ({
      address,
      ...(state.accounts.get(address) ?? { unknown: true }),
    }))
    return { ...given, feesDroplets, movedDroplets, burnedMicroHours: state.burnedMicroHours, stateRoot: stateRoot(state), accounts }
  })
}

const held = (fields: Partial<Account>): Account => ({
  droplets: 0,
  microHours: 0,
  remainderDropletMs: 0,
  hoursAtMs: 0,
  nonce: 0,
  ...fields,
})

/** T8, T9: coin-hours alone. */
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
  ]
  return cases.map(({ description, before, timeMs, coinHourSeconds }) => {
    const after = accrue(before, timeMs, coinHourSeconds)
    return { description, before, timeMs, coinHourSeconds, after, bytes: toHex(encode(account, after)) }
  })
}

/** `protocols/vectors/ledger.json`. */
export function ledgerVectors(): object {
  const start = genesisState(sampleGenesis, chainId)
  return {
    chainId,
    genesis: toHex(encode(genesis, sampleGenesis)),
    maker,
    valueLimitDroplets: limit,
    genesisStateRoot: stateRoot(start),
    emptyStateRoot: stateRoot(genesisState({ ...sampleGenesis, accounts: [] }, chainId)),
    checks: transactionChecks(),
    blocks: chainBlocks(),
    accruals: accruals(),
    valueLimits: [1, 2, 3, 4, 5, 6, 10_000_000, Number.MAX_SAFE_INTEGER].map((total) => ({
      stakeDroplets: total,
      limitDroplets: valueLimitDroplets(total),
    })),
    atSlot: [alice, carol].map(({ address }) => ({ address, slot: 7200, account: accountAt(start, address, 7200) })),
  }
}

/** Documents that a node must not start on, for `protocols/vectors/genesis.json`. */
export function badGenesisVectors(): object[] {
  const [first, second, ...others] = sampleGenesis.verifiers
  const [richest, next] = sampleGenesis.accounts
  if (first === undefined || second === undefined || richest === undefined || next === undefined) throw new Error('too few in genesis')
  const parameters = (changed: Partial<Genesis['parameters']>): Partial<Genesis> => ({
    parameters: { ...sampleGenesis.parameters, ...changed },
  })
  const cases: readonly { description: string; changed: Partial<Genesis>; code: string }[] = [
    { description: 'the sample chain', changed: {}, code: 'accept' },
    { description: 'version 2', changed: { version: 2 }, code: 'genesis-version' },
    { description: 'no name', changed: { name: '' }, code: 'genesis-name' },
    { description: 'a name in upper case', changed: { name: 'Vectors' }, code: 'genesis-name' },
    { description: 'a name that ends in a hyphen', changed: { name: 'vectors-' }, code: 'genesis-name' },
    { description: 'a name of 33 letters', changed: { name: 'a'.repeat(33) }, code: 'genesis-malformed' },
    { description: 'W at the end of the slot', changed: parameters({ choiceMs: 1000 }), code: 'genesis-parameters' },
    { description: 'W at its beginning', changed: parameters({ choiceMs: 0 }), code: 'genesis-parameters' },
    { description: 'no candidates expected', changed: parameters({ expectedCandidates: 0 }), code: 'genesis-parameters' },
    { description: 'a chance above one', changed: parameters({ uniformPpm: 1_000_001 }), code: 'genesis-parameters' },
    { description: 'blocks without room for a transaction', changed: parameters({ maxBlockBytes: 156 }), code: 'genesis-parameters' },
    {
      description: 'blocks above the bound of the wire',
      changed: parameters({ maxBlockTransactions: 10_001 }),
      code: 'genesis-parameters',
    },
    { description: 'no verifiers', changed: { verifiers: [] }, code: 'genesis-verifiers' },
    { description: 'verifiers out of order', changed: { verifiers: [second, first, ...others] }, code: 'genesis-verifiers' },
    { description: 'a verifier twice', changed: { verifiers: [first, first] }, code: 'genesis-verifiers' },
    { description: 'one BLS key twice', changed: { verifiers: [first, { ...second, blsKey: first.blsKey }] }, code: 'genesis-verifiers' },
    { description: 'one peer id twice', changed: { verifiers: [first, { ...second, peerId: first.peerId }] }, code: 'genesis-verifiers' },
    { description: 'a verifier without stake', changed: { verifiers: [{ ...first, stakeDroplets: 0 }] }, code: 'genesis-verifiers' },
    { description: 'accounts out of order', changed: { accounts: [next, richest] }, code: 'genesis-accounts' },
    {
      description: 'one droplet too many in all',
      changed: { accounts: [{ ...richest, droplets: Number.MAX_SAFE_INTEGER - stake + 1 }] },
      code: 'genesis-supply',
    },
    {
      description: 'as many droplets as there can be',
      changed: { accounts: [{ ...richest, droplets: Number.MAX_SAFE_INTEGER - stake }] },
      code: 'accept',
    },
    {
      description: "another's possession proof",
      changed: { verifiers: [{ ...first, possession: second.possession }, second] },
      code: 'genesis-possession',
    },
  ]
  return cases.map(({ description, changed, code }) => {
    const document = { ...sampleGenesis, ...changed }
    const verdict = checkGenesis(document, crypto)
    assertSame(description, code, verdict.kind === 'accept' ? 'accept' : verdict.code)
    return { description, changed, code, ...(code === 'accept' ? { chainId: chainIdOf(document) } : {}) }
  })
}

function assertSame(description: string, claimed: string, said: string): string {
  if (claimed !== said) throw new Error(`${description}: claims ${claimed}, the code says ${said}`)
  return claimed
}
