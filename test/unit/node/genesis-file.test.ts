import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatAddress } from '../../../src/crypto/address.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { formatGenesis, parseGenesis, readGenesisFile, writeGenesisFile } from '../../../src/node/genesis-file.ts'
import { MAX_QUORUM } from '../../../src/wire/bounds.ts'
import type { Genesis } from '../../../src/wire/genesis.ts'
import { chainIdOf } from '../../../src/wire/ids.ts'
import { possessionMessage } from '../../../src/wire/signing.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'

const verifierOf = (digit: string, peerId: string): Genesis['verifiers'][number] => {
  const secret = nativeSignatures.blsSecretKey(new Uint8Array(32).fill(digit.charCodeAt(0)))
  const [account, blsKey] = [digit.repeat(40), nativeSignatures.blsPublicKey(secret)]
  const possession = nativeSignatures.blsSign(secret, possessionMessage(blsKey, account))
  return { account, peerId, blsKey, possession, stakeDroplets: 5_000_000, commissionPpm: 50_000 }
}

const genesis: Genesis = {
  version: 1,
  name: 'file-test',
  timeMs: 1_769_860_800_000,
  parameters: {
    slotMs: 1000,
    choiceMs: 200,
    sortition: 'uniform',
    expectedCandidates: 5,
    uniformPpm: 300_000,
    leaderRule: 'nodeId',
    idleSlots: 10,
    coinHourSeconds: 3600,
    microHoursPerByte: 1000,
    minFeeDroplets: 1000,
    maxBlockTransactions: 5000,
    maxBlockBytes: 1_048_576,
    maxExpirySlots: 600,
    epochSlots: 3600,
    electionSlots: 600,
    forcedElectionSlots: 300,
    quorumSize: 64,
    minStakeDroplets: 1_000_000,
    verifierFeeDroplets: 10_000_000,
    unbondingSlots: 302_400,
    evidenceSlots: 129_600,
    slashPpm: 50_000,
    reporterPpm: 50_000,
    jailSlots: 1000,
    slipChoices: 5,
    score: 'hybrid',
    minTurnoutPpm: 50_000,
    trustRounds: 6,
    blockRewardDroplets: 10_000,
    makerSharePpm: 200_000,
  },
  verifiers: [verifierOf('1', '12D3KooWA'), verifierOf('2', '12D3KooWB')],
  accounts: [{ address: '3'.repeat(40), droplets: Number.MAX_SAFE_INTEGER - 10_000_000, microHours: 7 }],
  anchors: ['3'.repeat(40), '4'.repeat(40)],
}
type Draft = { -readonly [K in keyof Genesis]: unknown } & {
  parameters: Record<string, unknown>
  verifiers: unknown[]
  accounts: unknown[]
  anchors: unknown[]
}

describe('genesis file', () => {
  const text = formatGenesis(genesis)

  it('comes back exactly, and with the same chain id', () => {
    const back = parseGenesis(text)
    assert.deepEqual(back, genesis)
    assert.equal(formatGenesis(back), text)
    assert.equal(chainIdOf(back), chainIdOf(genesis))
  })

  it('shows addresses as people know them', () => {
    assert.ok(text.includes(`"account": "${formatAddress('1'.repeat(40))}"`))
    assert.ok(text.includes(`"anchors": [\n    "${formatAddress('3'.repeat(40))}"`))
    assert.ok(!text.includes('1'.repeat(40)))
  })

  const first = (draft: Draft): Record<string, unknown> => draft.verifiers[0] as Record<string, unknown>
  const bad: readonly { description: string; change: (draft: Draft) => void; code: string; says: RegExp }[] = [
    {
      description: 'a missing field',
      change: (draft) => delete draft.parameters['slotMs'],
      code: 'genesis-syntax',
      says: /^parameters\.slotMs is missing/,
    },
    {
      description: 'a field too many',
      change: (draft) => Object.assign(draft, { magic: 1 }),
      code: 'genesis-syntax',
      says: /^magic is no field/,
    },
    {
      description: 'a misspelt field inside',
      change: (draft) => Object.assign(first(draft), { peerID: '' }),
      code: 'genesis-syntax',
      says: /^verifiers\[0\]\.peerID/,
    },
    {
      description: 'a number as text',
      change: (draft) => Object.assign(draft, { timeMs: '5' }),
      code: 'genesis-syntax',
      says: /^timeMs must be a whole number.*"5"/,
    },
    {
      description: 'a fraction',
      change: (draft) => Object.assign(draft.parameters, { minFeeDroplets: 0.5 }),
      code: 'genesis-syntax',
      says: /minFeeDroplets.*0\.5/,
    },
    {
      description: 'less than nothing',
      change: (draft) => Object.assign(draft.parameters, { idleSlots: -1 }),
      code: 'genesis-syntax',
      says: /idleSlots/,
    },
    {
      description: '2^53',
      change: (draft) => Object.assign(first(draft), { stakeDroplets: 2 ** 53 }),
      code: 'genesis-syntax',
      says: /verifiers\[0\]\.stakeDroplets/,
    },
    {
      description: 'another word',
      change: (draft) => Object.assign(draft.parameters, { sortition: 'luck' }),
      code: 'genesis-syntax',
      says: /"stake" or "uniform".*"luck"/,
    },
    {
      description: 'another word for the score',
      change: (draft) => Object.assign(draft.parameters, { score: 'fame' }),
      code: 'genesis-syntax',
      says: /"coins" or "trust" or "hybrid".*"fame"/,
    },
    {
      description: 'stake that is free before evidence expires',
      change: (draft) => Object.assign(draft.parameters, { unbondingSlots: 129_600 }),
      code: 'genesis-parameters',
      says: /unbondingSlots is 129600 and must be from 129601/,
    },
    {
      description: 'an election as long as its epoch',
      change: (draft) => Object.assign(draft.parameters, { electionSlots: 3600 }),
      code: 'genesis-parameters',
      says: /electionSlots is 3600 and must be from 1 to 3599/,
    },
    {
      description: 'more commission than there is',
      change: (draft) => Object.assign(first(draft), { commissionPpm: 1_000_001 }),
      code: 'genesis-verifiers',
      says: /keeps 1000001/,
    },
    {
      description: 'an anchor in hex',
      change: (draft) => void draft.anchors.splice(0, 1, '3'.repeat(40)),
      code: 'genesis-syntax',
      says: /^anchors\[0\] is wrong.*quo1/,
    },
    {
      description: 'trust without an anchor',
      change: (draft) => void draft.anchors.splice(0),
      code: 'genesis-anchors',
      says: /"hybrid" needs an anchor/,
    },
    {
      description: 'a list as object',
      change: (draft) => Object.assign(draft, { accounts: {} }),
      code: 'genesis-syntax',
      says: /^accounts must be a list/,
    },
    {
      description: 'a list of nulls',
      change: (draft) => Object.assign(draft, { accounts: [null] }),
      code: 'genesis-syntax',
      says: /^accounts\[0\] must be an object/,
    },
    {
      description: 'a quorum too large',
      change: (draft) => Object.assign(draft, { verifiers: new Array(MAX_QUORUM + 1).fill({}) }),
      code: 'genesis-syntax',
      says: /at most 512/,
    },
    {
      description: 'an address in hex',
      change: (draft) => Object.assign(first(draft), { account: '1'.repeat(40) }),
      code: 'genesis-syntax',
      says: /^verifiers\[0\]\.account is wrong.*quo1/,
    },
    {
      description: 'upper-case hex',
      change: (draft) => Object.assign(first(draft), { blsKey: 'AB'.repeat(48) }),
      code: 'genesis-syntax',
      says: /blsKey must be 48 bytes/,
    },
    {
      description: 'a short key',
      change: (draft) => Object.assign(first(draft), { possession: 'ab' }),
      code: 'genesis-syntax',
      says: /possession must be 96 bytes/,
    },
    {
      description: 'a proof of another key',
      change: (draft) => Object.assign(first(draft), { possession: genesis.verifiers[1]?.possession }),
      code: 'genesis-possession',
      says: /possession/,
    },
    { description: 'an unsorted list', change: (draft) => void draft.verifiers.reverse(), code: 'genesis-verifiers', says: /sort/ },
    { description: 'another version', change: (draft) => Object.assign(draft, { version: 2 }), code: 'genesis-version', says: /version 2/ },
    {
      description: 'more coins than there can be',
      change: (draft) => Object.assign(first(draft), { stakeDroplets: 9_000_000 }),
      code: 'genesis-supply',
      says: /above/,
    },
  ]
  for (const { description, change, code, says } of bad) {
    it(`refuses ${description}`, () => {
      const draft = JSON.parse(text) as Draft
      change(draft)
      assert.throws(() => parseGenesis(JSON.stringify(draft)), { name: 'QuorateError', code, message: says })
    })
  }

  it('refuses what is no JSON, no object, or cut short', () => {
    for (const wrong of ['', 'null', '[]', '7', text.slice(0, -3)]) assert.throws(() => parseGenesis(wrong), { code: 'genesis-syntax' })
  })

  it('names the file in what it refuses, and replaces none unasked', async () => {
    const directory = tempDirectory('genesis')
    const path = join(directory, 'genesis.json')
    await writeGenesisFile(path, genesis)
    assert.deepEqual(await readGenesisFile(path), genesis)
    await assert.rejects(writeGenesisFile(path, { ...genesis, name: 'b' }), { code: 'genesis-exists' })
    assert.deepEqual(await readGenesisFile(path), genesis)
    await writeGenesisFile(path, { ...genesis, name: 'b' }, { replace: true })
    assert.equal((await readGenesisFile(path)).name, 'b')
    writeFileSync(path, '{}')
    await assert.rejects(readGenesisFile(path), { code: 'genesis-syntax', message: `${path}: version is missing` })
    await assert.rejects(readGenesisFile(join(directory, 'none')), { code: 'genesis-missing' })
    await assert.rejects(readGenesisFile(directory), { code: 'genesis-failed' })
  })
})
