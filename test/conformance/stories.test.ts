import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { reducedQuorum, stateFrom } from '../../scripts/vectors/stories.ts'
import { fromHex, type Hex, toHex } from '../../src/base/hex.ts'
import { checkEvidence } from '../../src/consensus/evidence.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { type Account, account } from '../../src/ledger/account.ts'
import { apply } from '../../src/ledger/apply.ts'
import { type Globals, globals as globalsCodec } from '../../src/ledger/globals.ts'
import { advance, genesisState, type LedgerState, stateRoot } from '../../src/ledger/state.ts'
import { supplyOf } from '../../src/ledger/supply.ts'
import { prepare } from '../../src/ledger/transaction.ts'
import { decode, encode } from '../../src/wire/codec.ts'
import type { ProvenEvidence } from '../../src/wire/evidence.ts'
import { type Genesis, genesis, type Parameters } from '../../src/wire/genesis.ts'
import { chainIdOf } from '../../src/wire/ids.ts'
import { createQuorum, type QuorumMember } from '../../src/wire/quorum.ts'
import { evidence as evidenceCodec, transaction } from '../../src/wire/types.ts'
import { readVectors } from './read-vectors.ts'

type ListedAccount = Account & { readonly address: Hex }
interface StateAfter {
  readonly stateRoot: Hex
  readonly accountsRoot: Hex
  readonly globals: Globals
  readonly globalsBytes: Hex
}
interface Story {
  readonly description: string
  readonly chainId: Hex
  readonly genesis: Hex
  readonly start: StateAfter & {
    readonly accounts?: readonly ListedAccount[]
    readonly quorum?: readonly QuorumMember[]
    readonly headQuorum?: readonly QuorumMember[]
  }
  readonly blocks: readonly ({
    readonly description: string
    readonly slot: number
    readonly maker: number
    readonly ticket: Hex
    readonly parentSigners: readonly number[] | null
    /** Of a recovery block. */
    readonly recovery?: Hex
    /** None is left out. */
    readonly evidence?: readonly Hex[]
    readonly transactions: readonly Hex[]
    readonly code: string
    /** Of a block that is refused there is nothing more. */
    readonly movedDroplets?: number
    readonly quorum?: readonly QuorumMember[]
    readonly changes?: readonly ListedAccount[]
  } & Partial<StateAfter>)[]
}

const sha256 = (...parts: readonly Hex[]): Hex =>
  createHash('sha256')
    .update(Buffer.from(parts.join(''), 'hex'))
    .digest('hex')

/** The root over the accounts by identifiers.md I9: with Node's hash, from the buckets that are not empty, and none of our tree. */
function rootByThePage(accounts: Iterable<readonly [Hex, Account]>): Hex {
  const buckets = new Map<number, Hex>()
  for (const [address, value] of [...accounts].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const bucket = Number.parseInt(address.slice(0, 4), 16)
    buckets.set(bucket, (buckets.get(bucket) ?? '') + address + toHex(encode(account, value)))
  }
  let level = new Map([...buckets].map(([bucket, bytes]) => [bucket, sha256(bytes)]))
  let empty = '00'.repeat(32)
  for (let step = 0; step < 16; step++) {
    const below = level
    const child = empty
    const at = (place: number): Hex => below.get(place) ?? child
    level = new Map([...below.keys()].map((place) => [place >> 1, sha256(at(place & ~1), at(place | 1))]))
    empty = sha256(child, child)
  }
  return level.get(0) ?? empty
}

/** elections.md in a few lines, beside the code: when elections open and close, and what they make of the seed. */
function checkTurn(before: Globals, after: Globals, slot: number, ticket: Hex, parameters: Parameters, isInvalidated: boolean): void {
  const { epochSlots, electionSlots } = parameters
  const isOpenBefore = before.election !== null
  if (!isOpenBefore && isInvalidated) {
    const { number, cause, openedHeight, closesSlot, seed } = after.election ?? assert.fail('no election has opened')
    assert.deepEqual([number, cause, openedHeight], [before.elections + 1, 'forced', after.height])
    assert.equal(closesSlot, slot + parameters.forcedElectionSlots)
    assert.equal(seed, sha256(before.epochSeed, ticket))
    assert.deepEqual([after.epoch, after.nextElectionSlot], [before.epoch, before.nextElectionSlot])
    assert.notEqual(after.quorum, before.quorum)
  } else if (!isOpenBefore && slot >= before.nextElectionSlot) {
    const epochEnd = before.nextElectionSlot + electionSlots
    const expected = { number: before.elections + 1, cause: 'epoch', openedHeight: after.height }
    const { number, cause, openedHeight, closesSlot, seed } = after.election ?? assert.fail('no election has opened')
    assert.deepEqual({ number, cause, openedHeight }, expected)
    assert.equal(closesSlot, slot < epochEnd ? epochEnd : slot + electionSlots)
    assert.equal(seed, sha256(before.epochSeed, ticket))
  } else if (before.election !== null && slot >= before.election.closesSlot) {
    assert.equal(after.election, null)
    const [at, end] = [BigInt(slot + electionSlots), BigInt(after.nextElectionSlot + electionSlots)]
    assert.ok(end > at && end % BigInt(epochSlots) === 0n && end - BigInt(epochSlots) <= at, 'the least end of an epoch after it')
    const isKept = after.epoch === before.epoch
    assert.equal(after.epochSeed, isKept ? before.epochSeed : before.election.seed)
    assert.equal(after.epoch, before.epoch + (isKept ? 0 : 1))
  } else {
    assert.deepEqual([after.epoch, after.epochSeed], [before.epoch, before.epochSeed])
    if (!isInvalidated) assert.equal(after.quorum, before.quorum)
    assert.equal(after.nextElectionSlot, before.nextElectionSlot)
    assert.equal(after.election?.seed, before.election === null ? undefined : sha256(before.election.seed, ticket))
  }
}

function proofOf(chainId: Hex, bytes: Hex): ProvenEvidence {
  const verdict = checkEvidence(chainId, decode(evidenceCodec, fromHex(bytes)), nativeSignatures)
  assert.ok(verdict.kind === 'accept', JSON.stringify(verdict))
  return verdict.value
}

/** ledger.md U20 to U22 in BigInt, beside the code: what a block's evidence costs whom, by the state before the block. */
function punishedByThePage(
  { accounts, globals, quorum, parameters }: LedgerState,
  proofs: readonly ProvenEvidence[],
  slot: number,
  maker: number,
) {
  const reporterKey = quorum.members[maker]?.blsKey ?? ''
  const verifiers = new Map<Hex, NonNullable<Account['verifier']>>()
  const bonds = new Map([...accounts.entries()].map(([address, { bonds: of }]) => [address, of?.unbonding ?? []]))
  const part = (droplets: number): number => Number((BigInt(droplets) * BigInt(parameters.slashPpm) + 999_999n) / 1_000_000n)
  let burnedDroplets = 0
  const punished = new Set<Hex>()
  for (const { kind, height, offenders } of proofs) {
    const endOf = (of: number): Globals['handovers'][number] | undefined => globals.handovers.find((end) => end.height >= of)
    const epoch = endOf(height)?.epoch ?? globals.epoch
    const counts = (of: { readonly height: number }): boolean => slot <= (endOf(of.height)?.slot ?? slot) + parameters.evidenceSlots
    for (const [address, { verifier: known }] of accounts.entries()) {
      const verifier = verifiers.get(address) ?? known
      if (verifier === null || !offenders.includes(verifier.blsKey)) continue
      if (verifier.offences.some((offence) => offence.kind === kind && offence.height === height)) continue
      if (verifier.offences.filter(counts).length >= 16) continue
      let slashed = part(verifier.stakeDroplets) + part(verifier.delegatedDroplets)
      for (const [holder, sums] of bonds) {
        const due = (sum: (typeof sums)[number]): number => (sum.verifier === address && sum.epoch >= epoch ? part(sum.droplets) : 0)
        slashed += sums.reduce((all, sum) => all + due(sum), 0)
        bonds.set(
          holder,
          sums.map((sum) => ({ ...sum, droplets: sum.droplets - due(sum) })),
        )
      }
      const rewardPpm = offenders.includes(reporterKey) ? 0 : parameters.reporterPpm
      burnedDroplets += slashed - Number((BigInt(slashed) * BigInt(rewardPpm)) / 1_000_000n)
      punished.add(address)
      verifiers.set(address, {
        ...verifier,
        stakeDroplets: verifier.stakeDroplets - part(verifier.stakeDroplets),
        delegatedDroplets: verifier.delegatedDroplets - part(verifier.delegatedDroplets),
        offences: [...verifier.offences.filter(counts), { kind, height }],
      })
    }
  }
  const isInvalidated = quorum.members.some(({ id, stakeDroplets }) => punished.has(id) && stakeDroplets > 0)
  return { verifiers, burnedDroplets, isInvalidated }
}

function checkState(state: LedgerState, expected: Partial<StateAfter>): void {
  assert.deepEqual(state.globals, expected.globals)
  assert.equal(toHex(encode(globalsCodec, state.globals)), expected.globalsBytes)
  assert.equal(state.accounts.root, expected.accountsRoot)
  assert.equal(rootByThePage(state.accounts.entries()), expected.accountsRoot)
  assert.equal(stateRoot(state), expected.stateRoot)
  assert.equal(sha256(expected.accountsRoot ?? '', sha256(expected.globalsBytes ?? '')), expected.stateRoot)
  assert.equal(state.quorum.hash, state.globals.quorum)
  assert.equal(state.headQuorum.hash, state.globals.headQuorum)
  assert.ok(supplyOf(state).holds, 'the coins that there are are those that there should be')
}

describe('vectors/ledger.json, stories', () => {
  const { stories, emptyAccountsRoot } = readVectors<{ readonly stories: readonly Story[]; readonly emptyAccountsRoot: Hex }>('ledger')

  it('the root over no accounts', () => {
    assert.equal(rootByThePage([]), emptyAccountsRoot)
  })

  for (const { description, chainId, genesis: bytes, start, blocks } of stories)
    describe(description, () => {
      let document: Genesis
      let state: LedgerState
      before(() => {
        document = decode(genesis, fromHex(bytes))
        state = genesisState(document, chainId)
        if (start.accounts === undefined) return
        const accounts = new Map(start.accounts.map(({ address, ...fields }) => [address, fields]))
        state = stateFrom(document, chainId, {
          accounts,
          globals: start.globals,
          quorum: start.quorum ?? [],
          headQuorum: start.headQuorum ?? [],
        })
      })

      it('begins', () => {
        assert.equal(chainIdOf(document), chainId)
        checkState(state, start)
      })

      for (const { description: what, slot, maker, ticket, parentSigners, recovery, evidence = [], transactions, code, ...after } of blocks)
        it(`slot ${slot}, ${code}: ${what}`, () => {
          const before = { root: stateRoot(state), globals: state.globals, quorum: state.quorum }
          const proofs = evidence.map((bytes) => proofOf(chainId, bytes))
          const punished = code === 'accept' ? punishedByThePage(state, proofs, slot, maker) : null
          const prepared = transactions.map((one) => prepare(decode(transaction, fromHex(one))))
          const quorum = recovery === undefined ? state.quorum : reducedQuorum(state.quorum, proofs)
          const context = { slot, maker, ticket, evidence: proofs, parentSigners, ...(recovery === undefined ? {} : { recovery }) }
          const verdict = apply({ ...state, quorum }, context, prepared)
          assert.equal(verdict.kind === 'accept' ? 'accept' : verdict.code, code)
          assert.equal(stateRoot(state), before.root)
          if (verdict.kind !== 'accept') return
          state.quorum = quorum
          advance(state, verdict.value)
          assert.equal(verdict.value.movedDroplets, after.movedDroplets)
          assert.deepEqual(state.quorum, after.quorum === undefined ? before.quorum : createQuorum(after.quorum))
          const changes = [...verdict.value.changes].map(([address, fields]) => ({ address, ...fields }))
          assert.deepEqual(
            changes.sort((left, right) => (left.address < right.address ? -1 : 1)),
            after.changes,
          )
          checkState(state, after)
          const { height } = state.globals
          const begun = recovery === undefined ? [] : [{ height, signingId: recovery }]
          assert.deepEqual(state.globals.recoveries, [...before.globals.recoveries, ...begun])
          const { parameters } = document
          checkTurn(before.globals, state.globals, slot, ticket, parameters, punished?.isInvalidated ?? false)
          const isSettled = state.globals.epoch > before.globals.epoch
          const end = { epoch: before.globals.epoch, height: state.globals.height, slot }
          assert.deepEqual(state.globals.handovers, isSettled ? [...before.globals.handovers, end] : before.globals.handovers)
          const burned = state.globals.burnedDroplets - before.globals.burnedDroplets
          if (proofs.length > 0 && transactions.length === 0) assert.equal(burned, punished?.burnedDroplets)
          for (const [address, verifier] of punished?.verifiers ?? []) {
            const found = state.accounts.get(address)?.verifier
            assert.deepEqual(
              [found?.stakeDroplets, found?.jailedUntilSlot, found?.offences.length],
              [verifier.stakeDroplets, Math.max(verifier.jailedUntilSlot ?? 0, slot + parameters.jailSlots), verifier.offences.length],
            )
          }
        })
    })
})
