import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EvidenceSummary, EvidenceView } from '../../src/api/evidence-types.ts'
import type { ElectionsView, QuorumView, SupplyView, VerifiersView } from '../../src/api/ledger-types.ts'
import type { BlockView } from '../../src/api/types.ts'
import { mulDivUp, PPM } from '../../src/base/ratio.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { decode, encode } from '../../src/wire/codec.ts'
import { evidenceId } from '../../src/wire/evidence.ts'
import { statementMessage } from '../../src/wire/signing.ts'
import { publicRecord, type Statement, signRequest, signResponse } from '../../src/wire/types.ts'
import { tempDirectory } from '../helpers/temp-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { TestChain } from './hostile-network.ts'
import { HostilePeer } from './hostile-peer.ts'
import { Member } from './member.ts'

/** For what hangs, on a machine with other things to do. */
const DEADLINE_MS = 180_000
const HONEST = 4
/** Without any one of the honest ones and the offender the others have more than two thirds. */
const [HONEST_STAKE, OFFENDER_STAKE] = [3_000_000, 1_000_001]
/** What takes one who is cut off by SIGKILL a second after it has heard both. */
const HEARD_MS = 1000

const until = <T>(condition: () => T | Promise<T>, description: string): Promise<NonNullable<T>> =>
  waitFor(condition, { deadlineMs: DEADLINE_MS, description })

describe('a verifier that signs two votes in one slot', function () {
  this.timeout(4 * DEADLINE_MS)
  this.slow(120_000)
  const members: Member[] = []
  let chain: TestChain
  let offender: number
  let peer: HostilePeer | undefined

  before(async () => {
    const logs = tempDirectory('evidence-logs')
    mkdirSync(logs, { recursive: true })
    const rules = { slotMs: 1000, choiceMs: 200, forcedElectionSlots: 12, electionSlots: 12, jailSlots: 500 }
    chain = await TestChain.make(HONEST + 1, rules, [...Array.from({ length: HONEST }, () => HONEST_STAKE), OFFENDER_STAKE])
    offender = chain.genesis.verifiers.findIndex(({ stakeDroplets }) => stakeDroplets === OFFENDER_STAKE)
    for (const [index, { directory }] of chain.verifiers.entries())
      if (index !== offender) members.push(new Member(directory, 'verifier', join(logs, `${index}.log`)))
    for (const member of members) {
      const [first] = members
      await member.start(member === first || first === undefined ? [] : (await first.status()).addresses)
    }
  })
  after(async () => {
    await peer?.stop()
    for (const member of members) await member.kill()
  })

  const sign = (statement: Statement): string =>
    nativeSignatures.blsSign(chain.verifiers[offender]?.blsSecret ?? '', statementMessage(chain.chainId, statement))

  /** Gives the leader its vote, and shows it another one of the same slot, once. Resolves when both are said. */
  async function equivocate(victim: Member): Promise<{ readonly height: number; readonly atMs: number }> {
    const [address = ''] = (await victim.status()).addresses
    const speaker = await HostilePeer.connect(chain.label, address, chain.verifiers[offender]?.networkKey)
    peer = speaker
    await speaker.joins('evidence')
    return new Promise((resolve, reject) => {
      let isDone = false
      const show = async (statement: Statement): Promise<void> => {
        const certificate = { statement, aggregate: { signers: [offender], signature: sign(statement) } }
        await speaker.publish('evidence', encode(publicRecord, { kind: 'tally', certificates: [certificate] }))
        resolve({ height: statement.height, atMs: Date.now() })
      }
      const answer = (request: Uint8Array): Uint8Array | null => {
        const asked = decode(signRequest, request)
        if (asked.kind !== 'vote' || isDone) return null
        isDone = true
        show({ ...asked.statement, block: 'ab'.repeat(32) }).catch(reject)
        return encode(signResponse, { kind: 'signature', signature: sign(asked.statement) })
      }
      speaker.answer('sign', answer).catch(reject)
    })
  }

  it('is found out, slashed, jailed and replaced, though the only node that heard both was killed a second later', async () => {
    const [, victim] = members
    assert.ok(victim !== undefined)
    const others = members.filter((member) => member !== victim)
    const { account } = chain.genesis.verifiers[offender] ?? assert.fail('an offender')
    const isIt = ({ kind, offenders }: EvidenceSummary): boolean =>
      kind === 'double-vote' && offenders.some(({ address }) => address === account)
    const found = async (member: Member): Promise<EvidenceSummary | undefined> => (await member.evidence()).find(isIt)
    await until(async () => (await victim.status()).height >= 2, 'the first blocks')

    const offence = await equivocate(victim)
    await sleep(HEARD_MS)
    await victim.kill()
    const heardMs: number[] = []
    await Promise.all(
      others.map(async (member) => {
        const { seenAtMs, height } = await until(() => found(member), 'the evidence')
        assert.equal(height, offence.height)
        heardMs.push(seenAtMs - offence.atMs)
      }),
    )

    const punished = await Promise.all(others.map((member) => until(async () => (await found(member))?.punished, 'the punishment')))
    const [first] = punished
    assert.ok(first !== undefined)
    for (const one of punished) assert.deepEqual(one, first, 'the nodes agree on the block and on what it took')

    // To the droplet: five percent of what was bonded, rounded up, and as much of that for the maker of the block, rounded down.
    const { slashPpm, reporterPpm, jailSlots, forcedElectionSlots } = chain.genesis.parameters
    const slashed = mulDivUp(OFFENDER_STAKE, slashPpm, PPM)
    assert.deepEqual(
      { slashed: first.slashedDroplets, reward: first.rewardDroplets },
      { slashed, reward: Math.floor((slashed * reporterPpm) / PPM) },
    )
    const [witness] = others
    assert.ok(witness !== undefined)
    const { block, makerAddress } = await witness.get<BlockView>(`/v1/blocks/${first.height}`)
    assert.equal(first.reporter, makerAddress)
    const [evidence, ...more] = block.evidence
    assert.ok(evidence !== undefined && more.length === 0)
    const shown = await witness.get<EvidenceView>(`/v1/evidence/${evidenceId(evidence)}`)
    assert.deepEqual(
      shown.offenders.map(({ address }) => address),
      [account],
    )
    const verifier = async (member: Member) =>
      (await member.get<VerifiersView>('/v1/verifiers')).verifiers.find(({ address }) => address === account)
    for (const member of others) {
      const { stakeDroplets, jailedUntilSlot, offences, obstacle } = (await verifier(member)) ?? assert.fail('it stays registered')
      assert.deepEqual([stakeDroplets, jailedUntilSlot, obstacle], [OFFENDER_STAKE - slashed, block.header.slot + jailSlots, 'jailed'])
      assert.deepEqual(offences, [{ kind: 'double-vote', height: offence.height }])
    }

    // The quorum is another from the next block on, and an election is held that is nobody's but the offence's.
    await until(async () => (await witness.status()).height > first.height, 'a block by the caretakers')
    const next = await witness.get<BlockView>(`/v1/blocks/${first.height + 1}`)
    assert.notEqual(block.header.nextQuorum, (await witness.get<BlockView>(`/v1/blocks/${first.height - 1}`)).block.header.nextQuorum)
    assert.ok(!next.signerAddresses.includes(account))
    const settled = await Promise.all(
      others.map((member) => until(async () => (await member.get<ElectionsView>('/v1/elections')).settled[0], 'the end of the election')),
    )
    for (const one of settled) {
      assert.equal(one.number, 1)
      assert.equal(one.elected.length, HONEST)
      assert.ok(!one.elected.some(({ verifier: elected }) => elected === account))
    }
    const end = settled[0]?.height ?? 0
    const opening = await witness.get<BlockView>(`/v1/blocks/${first.height}`)
    assert.ok(opening.receipt?.events.some((event) => event.kind === 'election-opened' && event.cause === 'forced'))
    const closing = await witness.get<BlockView>(`/v1/blocks/${end}`)
    assert.ok(closing.block.header.slot >= block.header.slot + forcedElectionSlots)
    assert.ok(end > first.height + 1, 'blocks went on while the election was open')

    // Whoever was killed comes back, and knows as much as the others.
    await victim.start((await witness.status()).addresses)
    const again = await until(async () => (await found(victim))?.punished, 'the evidence at the node that was killed')
    assert.deepEqual(again, first)
    // So does whoever joins when all of it is over.
    const late = new Member(await chain.fullDirectory(), 'full', join(tempDirectory('evidence-logs'), 'late.log'))
    members.push(late)
    await late.start((await witness.status()).addresses)
    assert.deepEqual(await until(async () => (await found(late))?.punished, 'the evidence at the node that joined late'), first)
    const goal = (await witness.status()).height + 3
    for (const member of members) {
      await until(async () => (await member.status()).height >= goal, 'blocks to go on')
      const quorum = await member.get<QuorumView>('/v1/quorum')
      assert.ok(!quorum.members.some(({ address }) => address === account))
      assert.equal((await member.get<SupplyView>('/v1/supply')).holds, true)
      assert.ok((await member.status()).alarms.some(({ code, detail }) => code === 'evidence' && detail.includes(`block ${first.height}`)))
    }
  })
})
