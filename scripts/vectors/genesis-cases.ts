import { nativeSignatures as crypto } from '../../src/crypto/native.ts'
import { genesisCodes } from '../../src/ledger/codes.ts'
import { checkGenesis } from '../../src/ledger/genesis.ts'
import type { Genesis } from '../../src/wire/genesis.ts'
import { chainIdOf } from '../../src/wire/ids.ts'
import { assertAllCodes, assertSame } from './claims.ts'
import { alice, bob, sampleGenesis } from './samples.ts'

/** Documents that a node must not start on, for `protocols/vectors/genesis.json`. */
export function badGenesisVectors(): object[] {
  const [first, second, ...others] = sampleGenesis.verifiers
  const [richest, next] = sampleGenesis.accounts
  if (first === undefined || second === undefined || richest === undefined || next === undefined) throw new Error('too few in genesis')
  const parameters = (changed: Partial<Genesis['parameters']>): Partial<Genesis> => ({
    parameters: { ...sampleGenesis.parameters, ...changed },
  })
  const stake = sampleGenesis.verifiers.reduce((sum, { stakeDroplets }) => sum + stakeDroplets, 0)
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
    {
      description: 'blocks without room for the largest transaction',
      changed: parameters({ maxBlockBytes: 444 }),
      code: 'genesis-parameters',
    },
    {
      description: 'blocks above the bound of the wire',
      changed: parameters({ maxBlockTransactions: 10_001 }),
      code: 'genesis-parameters',
    },
    { description: 'an epoch that is all election', changed: parameters({ epochSlots: 600 }), code: 'genesis-parameters' },
    { description: 'an epoch with a slot before it', changed: parameters({ epochSlots: 601 }), code: 'accept' },
    { description: 'no election', changed: parameters({ electionSlots: 0 }), code: 'genesis-parameters' },
    { description: 'an epoch of one slot', changed: parameters({ epochSlots: 1 }), code: 'genesis-parameters' },
    { description: 'a forced election that takes no time', changed: parameters({ forcedElectionSlots: 0 }), code: 'genesis-parameters' },
    { description: 'a quorum of nobody', changed: parameters({ quorumSize: 0 }), code: 'genesis-parameters' },
    { description: 'a quorum above the bound of the wire', changed: parameters({ quorumSize: 513 }), code: 'genesis-parameters' },
    { description: 'a quorum of one', changed: parameters({ quorumSize: 1 }), code: 'accept' },
    { description: 'no least stake', changed: parameters({ minStakeDroplets: 0 }), code: 'genesis-parameters' },
    {
      description: 'coins that come back while evidence still counts',
      changed: parameters({ unbondingSlots: 7200 }),
      code: 'genesis-parameters',
    },
    { description: 'coins that come back in the slot after', changed: parameters({ unbondingSlots: 7201 }), code: 'accept' },
    {
      description: 'coins that come back after more handovers than are remembered',
      changed: parameters({ unbondingSlots: 1022 * 300 + 1 }),
      code: 'genesis-parameters',
    },
    { description: 'after as many as are', changed: parameters({ unbondingSlots: 1022 * 300 }), code: 'accept' },
    { description: 'offences that cost nothing', changed: parameters({ slashPpm: 0 }), code: 'genesis-parameters' },
    { description: 'offences that cost more than all', changed: parameters({ slashPpm: 1_000_001 }), code: 'genesis-parameters' },
    { description: 'a reporter that gets more than all', changed: parameters({ reporterPpm: 1_000_001 }), code: 'genesis-parameters' },
    { description: 'no jail', changed: parameters({ jailSlots: 0 }), code: 'genesis-parameters' },
    {
      description: 'offences that cost all, for whoever reports them',
      changed: parameters({ slashPpm: 1_000_000, reporterPpm: 1_000_000, jailSlots: 1 }),
      code: 'accept',
    },
    { description: 'slips that name nobody', changed: parameters({ slipChoices: 0 }), code: 'genesis-parameters' },
    { description: 'slips above the bound of the wire', changed: parameters({ slipChoices: 17 }), code: 'genesis-parameters' },
    { description: 'a turnout above all', changed: parameters({ minTurnoutPpm: 1_000_001 }), code: 'genesis-parameters' },
    { description: 'trust that goes nowhere', changed: parameters({ trustRounds: 0 }), code: 'genesis-parameters' },
    { description: 'trust that goes further than it lasts', changed: parameters({ trustRounds: 33 }), code: 'genesis-parameters' },
    { description: 'more than all to the maker', changed: parameters({ makerSharePpm: 1_000_001 }), code: 'genesis-parameters' },
    {
      description: 'nothing is minted, registering is free',
      changed: parameters({ blockRewardDroplets: 0, verifierFeeDroplets: 0, minTurnoutPpm: 0, makerSharePpm: 0, evidenceSlots: 0 }),
      code: 'accept',
    },
    { description: 'no verifiers', changed: { verifiers: [] }, code: 'genesis-verifiers' },
    { description: 'verifiers out of order', changed: { verifiers: [second, first, ...others] }, code: 'genesis-verifiers' },
    { description: 'a verifier twice', changed: { verifiers: [first, first] }, code: 'genesis-verifiers' },
    { description: 'one BLS key twice', changed: { verifiers: [first, { ...second, blsKey: first.blsKey }] }, code: 'genesis-verifiers' },
    { description: 'one peer id twice', changed: { verifiers: [first, { ...second, peerId: first.peerId }] }, code: 'genesis-verifiers' },
    { description: 'a verifier without stake', changed: { verifiers: [{ ...first, stakeDroplets: 0 }] }, code: 'genesis-verifiers' },
    {
      description: 'a verifier with less than the least stake',
      changed: parameters({ minStakeDroplets: 1_000_001 }),
      code: 'genesis-verifiers',
    },
    {
      description: 'a verifier that keeps more than all',
      changed: { verifiers: [{ ...first, commissionPpm: 1_000_001 }] },
      code: 'genesis-verifiers',
    },
    { description: 'a peer id that is not base58', changed: { verifiers: [{ ...first, peerId: 'peer-0' }] }, code: 'genesis-verifiers' },
    { description: 'accounts out of order', changed: { accounts: [next, richest] }, code: 'genesis-accounts' },
    {
      description: 'one droplet too many in all',
      changed: { accounts: [{ ...richest, droplets: Number.MAX_SAFE_INTEGER - stake + 1 }] },
      code: 'genesis-supply',
    },
    { description: 'an account twice', changed: { accounts: [richest, richest] }, code: 'genesis-accounts' },
    { description: 'anchors out of order', changed: { anchors: [alice.address, bob.address].sort().reverse() }, code: 'genesis-anchors' },
    { description: 'an anchor twice', changed: { anchors: [alice.address, alice.address] }, code: 'genesis-anchors' },
    { description: 'trust without an anchor', changed: { ...parameters({ score: 'trust' }), anchors: [] }, code: 'genesis-anchors' },
    { description: 'hybrid without an anchor', changed: { ...parameters({ score: 'hybrid' }), anchors: [] }, code: 'genesis-anchors' },
    { description: 'coins without an anchor', changed: { anchors: [] }, code: 'accept' },
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
  assertAllCodes(
    'a genesis document',
    genesisCodes,
    cases.map(({ code }) => code),
  )
  return cases.map(({ description, changed, code }) => {
    const document = { ...sampleGenesis, ...changed }
    const verdict = checkGenesis(document, crypto)
    assertSame(description, code, verdict.kind === 'accept' ? 'accept' : verdict.code)
    return { description, changed, code, ...(code === 'accept' ? { chainId: chainIdOf(document) } : {}) }
  })
}
