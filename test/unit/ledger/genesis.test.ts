import assert from 'node:assert/strict'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { checkGenesis } from '../../../src/ledger/genesis.ts'
import { genesisState } from '../../../src/ledger/state.ts'
import type { Genesis, GenesisVerifier, Parameters } from '../../../src/wire/genesis.ts'
import { possessionMessage } from '../../../src/wire/signing.ts'
import { CHAIN_ID, COIN, parameters } from './fixtures.ts'

function verifier(number: number): GenesisVerifier {
  const secretKey = nativeSignatures.blsSecretKey(new Uint8Array(32).fill(number))
  const blsKey = nativeSignatures.blsPublicKey(secretKey)
  const account = `${number}`.repeat(40)
  return {
    account,
    peerId: `Peer${number}`,
    blsKey,
    possession: nativeSignatures.blsSign(secretKey, possessionMessage(blsKey, account)),
    stakeDroplets: COIN,
  }
}
const one = verifier(1)
const two = verifier(2)
const low = { address: '11'.repeat(20), droplets: COIN, microHours: 7 }
const high = { address: '22'.repeat(20), droplets: COIN, microHours: 0 }
const good: Genesis = { version: 1, name: 'test-1', timeMs: 1_700_000_000_000, parameters, verifiers: [one, two], accounts: [low, high] }
const withParameters = (changes: Partial<Parameters>): Genesis => ({ ...good, parameters: { ...parameters, ...changes } })

describe('ledger: the genesis document', () => {
  it('is accepted where all is right, with and without proofs', () => {
    assert.deepEqual(checkGenesis(good, nativeSignatures), { kind: 'accept', value: undefined })
    assert.deepEqual(checkGenesis({ ...good, verifiers: [{ ...one, possession: two.possession }] }), { kind: 'accept', value: undefined })
  })

  it('funds its accounts', () => {
    const state = genesisState(good, CHAIN_ID)
    assert.deepEqual(
      [...state.accounts.entries()],
      [low, high].map(({ address, droplets, microHours }) => [
        address,
        { droplets, microHours, remainderDropletMs: 0, hoursAtMs: good.timeMs, nonce: 0 },
      ]),
    )
    assert.equal(state.burnedMicroHours, 0)
  })

  const cases: { description: string; of: Genesis; code: string; detail: RegExp }[] = [
    {
      description: 'another version',
      of: { ...good, version: 2 },
      code: 'genesis-version',
      detail: /version 2, this software knows version 1/,
    },
    { description: 'no name', of: { ...good, name: '' }, code: 'genesis-name', detail: /""/ },
    { description: 'a name with upper case', of: { ...good, name: 'Test' }, code: 'genesis-name', detail: /"Test" must be lower-case/ },
    { description: 'a name that ends in a hyphen', of: { ...good, name: 'test-' }, code: 'genesis-name', detail: /"test-"/ },
    {
      description: 'a name with a slash, which would change protocol ids',
      of: { ...good, name: 'a/b' },
      code: 'genesis-name',
      detail: /a\/b/,
    },
    {
      description: 'a name that is too long',
      of: { ...good, name: 'a'.repeat(33) },
      code: 'genesis-malformed',
      detail: /33 bytes, at most 32/,
    },
    { description: 'a time that is no integer', of: { ...good, timeMs: 0.5 }, code: 'genesis-malformed', detail: /0.5 is no integer/ },
    {
      description: 'a short key',
      of: { ...good, verifiers: [{ ...one, blsKey: '00' }] },
      code: 'genesis-malformed',
      detail: /exactly 48 needed/,
    },
    { description: 'no slot', of: withParameters({ slotMs: 0 }), code: 'genesis-parameters', detail: /slotMs is 0/ },
    {
      description: 'a choice at the end of the slot',
      of: withParameters({ choiceMs: 1000 }),
      code: 'genesis-parameters',
      detail: /choiceMs is 1000 and must be from 1 to 999/,
    },
    { description: 'a choice at once', of: withParameters({ choiceMs: 0 }), code: 'genesis-parameters', detail: /choiceMs is 0/ },
    {
      description: 'no candidates',
      of: withParameters({ expectedCandidates: 0 }),
      code: 'genesis-parameters',
      detail: /expectedCandidates is 0/,
    },
    { description: 'no chance', of: withParameters({ uniformPpm: 0 }), code: 'genesis-parameters', detail: /uniformPpm is 0/ },
    {
      description: 'a chance above all',
      of: withParameters({ uniformPpm: 1_000_001 }),
      code: 'genesis-parameters',
      detail: /uniformPpm is 1000001/,
    },
    {
      description: 'hours for no time',
      of: withParameters({ coinHourSeconds: 0 }),
      code: 'genesis-parameters',
      detail: /coinHourSeconds is 0/,
    },
    {
      description: 'blocks of nothing',
      of: withParameters({ maxBlockTransactions: 0 }),
      code: 'genesis-parameters',
      detail: /maxBlockTransactions is 0/,
    },
    {
      description: 'blocks that the wire does not carry',
      of: withParameters({ maxBlockTransactions: 10_001 }),
      code: 'genesis-parameters',
      detail: /must be from 1 to 10000/,
    },
    {
      description: 'blocks too small for one transaction',
      of: withParameters({ maxBlockBytes: 156 }),
      code: 'genesis-parameters',
      detail: /maxBlockBytes is 156 and must be from 157/,
    },
    {
      description: 'blocks too large for gossip',
      of: withParameters({ maxBlockBytes: 2 ** 21 + 1 }),
      code: 'genesis-parameters',
      detail: /maxBlockBytes is 2097153/,
    },
    {
      description: 'transactions that expire at once',
      of: withParameters({ maxExpirySlots: 0 }),
      code: 'genesis-parameters',
      detail: /maxExpirySlots is 0/,
    },
    { description: 'nobody to sign', of: { ...good, verifiers: [] }, code: 'genesis-verifiers', detail: /no verifiers/ },
    { description: 'verifiers out of order', of: { ...good, verifiers: [two, one] }, code: 'genesis-verifiers', detail: /sort the list/ },
    {
      description: 'a verifier twice',
      of: { ...good, verifiers: [one, one] },
      code: 'genesis-verifiers',
      detail: /1111 is in the list twice/,
    },
    {
      description: 'two verifiers with one peer id',
      of: { ...good, verifiers: [one, { ...two, peerId: 'Peer1' }] },
      code: 'genesis-verifiers',
      detail: /two verifiers have the peer id Peer1/,
    },
    {
      description: 'two verifiers with one key',
      of: { ...good, verifiers: [one, { ...two, blsKey: one.blsKey }] },
      code: 'genesis-verifiers',
      detail: /two verifiers have the BLS key/,
    },
    {
      description: 'a peer id that is not base58',
      of: { ...good, verifiers: [{ ...one, peerId: 'Peer0' }] },
      code: 'genesis-verifiers',
      detail: /"Peer0" .* is not base58/,
    },
    {
      description: 'a verifier without stake',
      of: { ...good, verifiers: [{ ...one, stakeDroplets: 0 }] },
      code: 'genesis-verifiers',
      detail: /has no stake/,
    },
    { description: 'accounts out of order', of: { ...good, accounts: [high, low] }, code: 'genesis-accounts', detail: /comes after 2222/ },
    { description: 'an account twice', of: { ...good, accounts: [low, low] }, code: 'genesis-accounts', detail: /is in the list twice/ },
    {
      description: 'one droplet too many, stake counted',
      of: { ...good, accounts: [{ ...low, droplets: Number.MAX_SAFE_INTEGER - 2 * COIN + 1 }] },
      code: 'genesis-supply',
      detail: /above 9007199254.740991 coins/,
    },
    {
      description: 'a proof of somebody else, and says whose it is',
      of: { ...good, verifiers: [one, { ...two, possession: one.possession }] },
      code: 'genesis-possession',
      detail: /verifier 2222/,
    },
    {
      description: 'a proof for another account',
      of: { ...good, verifiers: [{ ...one, account: '0'.repeat(40) }] },
      code: 'genesis-possession',
      detail: /verifier 0000/,
    },
  ]
  for (const { description, of, code, detail } of cases) {
    it(`refuses ${description}`, () => {
      const verdict = checkGenesis(of, nativeSignatures)
      assert.equal(verdict.kind, 'reject')
      assert.equal(verdict.kind === 'reject' && verdict.code, code)
      assert.match(verdict.kind === 'reject' ? verdict.detail : '', detail)
    })
  }

  it('accepts the largest supply', () => {
    assert.equal(checkGenesis({ ...good, accounts: [{ ...low, droplets: Number.MAX_SAFE_INTEGER - 2 * COIN }] }).kind, 'accept')
  })
})
