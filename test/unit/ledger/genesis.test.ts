import assert from 'node:assert/strict'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { emptyAccount, type Verifier } from '../../../src/ledger/account.ts'
import { genesisCodes } from '../../../src/ledger/codes.ts'
import { checkGenesis } from '../../../src/ledger/genesis.ts'
import { genesisState } from '../../../src/ledger/state.ts'
import { supplyOf } from '../../../src/ledger/supply.ts'
import type { Genesis, GenesisVerifier, Parameters } from '../../../src/wire/genesis.ts'
import { createQuorum } from '../../../src/wire/quorum.ts'
import { possessionMessage } from '../../../src/wire/signing.ts'
import { transaction } from '../../../src/wire/types.ts'
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
    commissionPpm: 0,
  }
}
const one = verifier(1)
const two = verifier(2)
const low = { address: '11'.repeat(20), droplets: COIN, microHours: 7 }
const high = { address: '22'.repeat(20), droplets: COIN, microHours: 0 }
const [lowAnchor, highAnchor] = ['33'.repeat(20), '44'.repeat(20)] as const
const good: Genesis = {
  ...{ version: 1, name: 'test-1', timeMs: 1_700_000_000_000 },
  ...{ parameters, verifiers: [one, two], accounts: [low, high], anchors: [] },
}
const withParameters = (changes: Partial<Parameters>): Genesis => ({ ...good, parameters: { ...parameters, ...changes } })

describe('ledger: the genesis document', () => {
  it('is accepted where all is right, with and without proofs', () => {
    assert.deepEqual(checkGenesis(good, nativeSignatures), { kind: 'accept', value: undefined })
    assert.deepEqual(checkGenesis({ ...good, verifiers: [{ ...one, possession: two.possession }] }), { kind: 'accept', value: undefined })
  })

  it('funds its accounts, registers its verifiers and makes the first of them by stake the quorum', () => {
    const funded = { ...two, stakeDroplets: 3 * COIN, commissionPpm: 70_000 }
    const three = { ...verifier(3), stakeDroplets: 2 * COIN }
    const other = { address: '12'.repeat(20), droplets: 5, microHours: 6 }
    const accounts = [low, other, high]
    const state = genesisState(
      { ...good, accounts, verifiers: [one, funded, three], parameters: { ...parameters, quorumSize: 2 } },
      CHAIN_ID,
    )
    const empty = emptyAccount(good.timeMs)
    const registered = ({ peerId, blsKey, stakeDroplets, commissionPpm }: GenesisVerifier): Verifier => ({
      ...{ peerId, blsKey, stakeDroplets, commissionPpm, registeredHeight: 0, delegatedDroplets: 0, delegationShares: 0 },
      ...{ jailedUntilSlot: null, tally: { election: 0, droplets: 0 }, offences: [] },
    })
    assert.deepEqual(
      new Map(state.accounts.entries()),
      new Map([
        [one.account, { ...empty, droplets: COIN, microHours: 7, verifier: registered(one) }],
        [other.address, { ...empty, droplets: 5, microHours: 6 }],
        [funded.account, { ...empty, droplets: COIN, verifier: registered(funded) }],
        [three.account, { ...empty, verifier: registered(three) }],
      ]),
    )
    const members = [funded, three].map(({ account: id, peerId, blsKey, stakeDroplets }) => ({ id, peerId, blsKey, stakeDroplets }))
    assert.deepEqual(state.quorum, createQuorum(members))
    assert.equal(state.headQuorum, state.quorum)
    assert.deepEqual(state.globals, {
      ...{ height: 0, epoch: 0, epochSeed: CHAIN_ID, quorum: state.quorum.hash, headQuorum: state.quorum.hash, headMaker: 0 },
      ...{ feesDroplets: 0, supplyDroplets: 8 * COIN + 5, mintedDroplets: 0, burnedDroplets: 0, burnedMicroHours: 0 },
      ...{ handovers: [], nextElectionSlot: 80, elections: 0, election: null, ratified: null, recoveries: [] },
    })
    assert.ok(supplyOf(state).holds)
  })

  it('ranks verifiers of equal stake by their id', () => {
    const state = genesisState({ ...good, parameters: { ...parameters, quorumSize: 1 } }, CHAIN_ID)
    assert.deepEqual(
      state.quorum.members.map(({ id }) => id),
      [one.account],
    )
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
      of: withParameters({ maxBlockBytes: transaction.maxBytes - 1 }),
      code: 'genesis-parameters',
      detail: new RegExp(`maxBlockBytes is ${transaction.maxBytes - 1} and must be from ${transaction.maxBytes} to 2097152`),
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
    {
      description: 'an epoch that is all election',
      of: withParameters({ epochSlots: 1, electionSlots: 1 }),
      code: 'genesis-parameters',
      detail: /epochSlots is 1 and must be from 2/,
    },
    {
      description: 'an election as long as its epoch',
      of: withParameters({ electionSlots: 100 }),
      code: 'genesis-parameters',
      detail: /electionSlots is 100 and must be from 1 to 99/,
    },
    { description: 'no election', of: withParameters({ electionSlots: 0 }), code: 'genesis-parameters', detail: /electionSlots is 0/ },
    {
      description: 'a forced election that is over at once',
      of: withParameters({ forcedElectionSlots: 0 }),
      code: 'genesis-parameters',
      detail: /forcedElectionSlots is 0/,
    },
    { description: 'an empty quorum', of: withParameters({ quorumSize: 0 }), code: 'genesis-parameters', detail: /quorumSize is 0/ },
    {
      description: 'a quorum that the wire does not carry',
      of: withParameters({ quorumSize: 513 }),
      code: 'genesis-parameters',
      detail: /quorumSize is 513 and must be from 1 to 512/,
    },
    {
      description: 'stake that is free before its offences are stale',
      of: withParameters({ unbondingSlots: 200, evidenceSlots: 200 }),
      code: 'genesis-parameters',
      detail: /unbondingSlots is 200 and must be from 201/,
    },
    {
      description: 'stake that waits for more handovers than are remembered',
      of: withParameters({ unbondingSlots: 1022 * 10 + 1 }),
      code: 'genesis-parameters',
      detail: /unbondingSlots is 10221 and must be from 1 to 10220: the state remembers 1024 handovers/,
    },
    {
      description: 'the same where regular elections are the shorter ones',
      of: withParameters({ unbondingSlots: 1022 * 7 + 1, electionSlots: 7 }),
      code: 'genesis-parameters',
      detail: /unbondingSlots is 7155 and must be from 1 to 7154/,
    },
    {
      description: 'offences that cost nothing',
      of: withParameters({ slashPpm: 0 }),
      code: 'genesis-parameters',
      detail: /slashPpm is 0 and must be from 1 to 1000000/,
    },
    {
      description: 'offences that cost more than there is',
      of: withParameters({ slashPpm: 1_000_001 }),
      code: 'genesis-parameters',
      detail: /slashPpm is 1000001 and must be from 1 to 1000000/,
    },
    {
      description: 'a reporter that gets more than is slashed',
      of: withParameters({ reporterPpm: 1_000_001 }),
      code: 'genesis-parameters',
      detail: /reporterPpm is 1000001 and must be from 0 to 1000000/,
    },
    {
      description: 'offenders that can be elected at once',
      of: withParameters({ jailSlots: 0 }),
      code: 'genesis-parameters',
      detail: /jailSlots is 0 and must be from 1/,
    },
    {
      description: 'members of a quorum that weigh nothing',
      of: withParameters({ minStakeDroplets: 0 }),
      code: 'genesis-parameters',
      detail: /minStakeDroplets is 0 and must be from 1/,
    },
    {
      description: 'slips that name nobody',
      of: withParameters({ slipChoices: 0 }),
      code: 'genesis-parameters',
      detail: /slipChoices is 0/,
    },
    {
      description: 'slips that the wire does not carry',
      of: withParameters({ slipChoices: 17 }),
      code: 'genesis-parameters',
      detail: /slipChoices is 17 and must be from 1 to 16/,
    },
    {
      description: 'a turnout above all coins',
      of: withParameters({ minTurnoutPpm: 1_000_001 }),
      code: 'genesis-parameters',
      detail: /minTurnoutPpm is 1000001 and must be from 0 to 1000000/,
    },
    {
      description: 'trust that goes nowhere',
      of: withParameters({ trustRounds: 0 }),
      code: 'genesis-parameters',
      detail: /trustRounds is 0/,
    },
    {
      description: 'trust that goes on for too long',
      of: withParameters({ trustRounds: 33 }),
      code: 'genesis-parameters',
      detail: /trustRounds is 33 and must be from 1 to 32/,
    },
    {
      description: 'a maker that gets more than there is',
      of: withParameters({ makerSharePpm: 1_000_001 }),
      code: 'genesis-parameters',
      detail: /makerSharePpm is 1000001 and must be from 0 to 1000000/,
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
    {
      description: 'a verifier under the least stake',
      of: { ...good, verifiers: [one, { ...two, stakeDroplets: COIN - 1 }] },
      code: 'genesis-verifiers',
      detail: /verifier 2222.* has 0.999999 coins of stake, minStakeDroplets asks for 1$/,
    },
    {
      description: 'a verifier that keeps more than all',
      of: { ...good, verifiers: [one, { ...two, commissionPpm: 1_000_001 }] },
      code: 'genesis-verifiers',
      detail: /verifier 2222.* keeps 1000001 of 1000000 parts/,
    },
    {
      description: 'anchors out of order',
      of: { ...good, anchors: [highAnchor, lowAnchor] },
      code: 'genesis-anchors',
      detail: /comes after 4444/,
    },
    {
      description: 'an anchor twice',
      of: { ...good, anchors: [lowAnchor, lowAnchor] },
      code: 'genesis-anchors',
      detail: /anchor 3333.* is in the list twice/,
    },
    {
      description: 'trust that begins nowhere',
      of: withParameters({ score: 'trust' }),
      code: 'genesis-anchors',
      detail: /the score "trust" needs an anchor/,
    },
    {
      description: 'trust that begins nowhere, beside slips',
      of: withParameters({ score: 'hybrid' }),
      code: 'genesis-anchors',
      detail: /the score "hybrid" needs an anchor/,
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

  const accepted: { description: string; of: Genesis }[] = [
    { description: 'the largest supply', of: { ...good, accounts: [{ ...low, droplets: Number.MAX_SAFE_INTEGER - 2 * COIN }] } },
    { description: 'the shortest epochs', of: withParameters({ epochSlots: 2, electionSlots: 1, forcedElectionSlots: 1 }) },
    { description: 'elections that take up nearly all of an epoch', of: withParameters({ electionSlots: 99 }) },
    { description: 'stake that is free a slot after its offences are stale', of: withParameters({ unbondingSlots: 201 }) },
    { description: 'stake that waits for as many handovers as are remembered', of: withParameters({ unbondingSlots: 1022 * 10 }) },
    {
      description: 'offences that cost all, and reports that earn it',
      of: withParameters({ slashPpm: 1_000_000, reporterPpm: 1_000_000 }),
    },
    { description: 'offences that cost next to nothing, and reports that earn none', of: withParameters({ slashPpm: 1, reporterPpm: 0 }) },
    { description: 'a jail of a slot', of: withParameters({ jailSlots: 1 }) },
    { description: 'blocks that just hold the largest transaction', of: withParameters({ maxBlockBytes: transaction.maxBytes }) },
    {
      description: 'no reward, no fee and no turnout',
      of: withParameters({ blockRewardDroplets: 0, verifierFeeDroplets: 0, minTurnoutPpm: 0 }),
    },
    { description: 'all for the maker', of: withParameters({ makerSharePpm: 1_000_000 }) },
    { description: 'nothing for the maker', of: withParameters({ makerSharePpm: 0 }) },
    { description: 'more verifiers than the quorum has places', of: withParameters({ quorumSize: 1 }) },
    { description: 'the least stake', of: { ...withParameters({ minStakeDroplets: COIN }) } },
    { description: 'all for the verifiers', of: { ...good, verifiers: [{ ...one, commissionPpm: 1_000_000 }] } },
    { description: 'trust from an anchor', of: { ...withParameters({ score: 'trust' }), anchors: [lowAnchor] } },
    { description: 'slips and trust from anchors', of: { ...withParameters({ score: 'hybrid' }), anchors: [lowAnchor, highAnchor] } },
  ]
  for (const { description, of } of accepted) {
    it(`accepts ${description}`, () => assert.deepEqual(checkGenesis(of, nativeSignatures), { kind: 'accept', value: undefined }))
  }

  it('is refused in each way that has a code', () => {
    assert.deepEqual([...new Set(cases.map(({ code }) => code))].sort(), Object.keys(genesisCodes).sort())
  })
})
