import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BUNDLE } from '../../scripts/scenarios/bundle.ts'
import type { ForkView } from '../../src/api/fork-types.ts'
import type { QuorumView, SupplyView, VerifiersView } from '../../src/api/ledger-types.ts'
import type { BlockView } from '../../src/api/types.ts'
import type { Address } from '../../src/wire/types.ts'
import { tempDirectory } from '../helpers/temp-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { TestChain } from './hostile-network.ts'
import { Member } from './member.ts'

/** For what hangs, on a machine with other things to do. */
const DEADLINE_MS = 180_000
/** Of seven verifiers of equal stake these run twice, with the same keys, in two networks that do not know each other. */
const FAULTY = [4, 5, 6]
const HALVES = [
  [0, 1],
  [2, 3],
]
/** Blocks that each half seals. */
const BLOCKS = 3

const until = <T>(condition: () => T | Promise<T>, description: string): Promise<NonNullable<T>> =>
  waitFor(condition, { deadlineMs: DEADLINE_MS, description })

describe('three of seven verifiers that run twice, in two halves of a network', function () {
  this.timeout(5 * DEADLINE_MS)
  this.slow(180_000)
  const running = new Set<Member>()
  const logs = tempDirectory('fork-logs')
  let chain: TestChain
  let honest: readonly Member[]

  const start = async (member: Member, bootstrap: readonly string[]): Promise<void> => {
    running.add(member)
    await member.start(bootstrap)
  }
  const forkOf = async (member: Member): Promise<ForkView | null> => (await member.get<{ readonly fork: ForkView | null }>('/v1/fork')).fork
  const heightOf = async (member: Member): Promise<number> => (await member.status()).height
  const blockAt = (member: Member, height: number): Promise<BlockView> => member.get<BlockView>(`/v1/blocks/${height}`)
  const addressOf = (index: number): Address => chain.genesis.verifiers[index]?.account ?? assert.fail('a verifier')
  const first = (of: readonly Member[]): Member => of[0] ?? assert.fail('a member')

  before(async () => {
    mkdirSync(logs, { recursive: true })
    chain = await TestChain.make(7, { slotMs: 1000, choiceMs: 200, forcedElectionSlots: 12, electionSlots: 12, jailSlots: 500 })
    honest = HALVES.flat().map((index) => new Member(chain.verifiers[index]?.directory ?? '', 'verifier', join(logs, `${index}.log`)))
  })
  after(async () => {
    for (const member of running) await member.kill()
  })

  /** One half of the network, with the faulty keys in directories of its own. */
  async function startHalf(half: number): Promise<readonly Member[]> {
    const faulty = FAULTY.map((index) => {
      const copy = join(tempDirectory('fork-copies'), `${half}-${index}`)
      cpSync(chain.verifiers[index]?.directory ?? '', copy, { recursive: true })
      return new Member(copy, 'verifier', join(logs, `${index}-${half}.log`))
    })
    const members = [...honest.slice(2 * half, 2 * half + 2), ...faulty]
    for (const member of members) await start(member, member === members[0] ? [] : (await first(members).status()).addresses)
    return members
  }

  it('make a fork; everybody honest stops and names them, and all go on together where more was paid', async () => {
    const halves = [await startHalf(0), await startHalf(1)]
    // More is paid on the second branch.
    const [wallet, other] = chain.wallets
    assert.ok(wallet !== undefined && other !== undefined)
    const body = { nonce: 0, feeDroplets: 1000, expirySlot: chain.slotNow() + 900 }
    const { hex, id } = wallet.sign(chain.chainId, {
      ...body,
      action: { kind: 'transfer', to: other.address, amountDroplets: 5, microHours: 0 },
    })
    const payer = first(halves[1] ?? [])
    await until(async () => (await heightOf(payer)) >= 1, 'the first block of the second half')
    const sent = await fetch(`${payer.url}/v1/transactions`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ transactions: [hex] }),
    })
    assert.ok(sent.ok)
    for (const half of halves)
      for (const member of half) await until(async () => (await heightOf(member)) >= BLOCKS, `${BLOCKS} blocks of each half`)
    await until(async () => (await fetch(`${payer.url}/v1/transactions/${id}`)).ok, 'the payment')
    assert.notEqual((await blockAt(first(honest), 1)).hash, (await blockAt(payer, 1)).hash)
    for (const half of halves) for (const member of half.slice(2)) await member.kill()

    // Somebody who knows both halves is enough for them to find each other.
    const bridge = new Member(await chain.fullDirectory(), 'full', join(logs, 'bridge.log'))
    const addresses = [first(honest), payer].map(async (member) => (await member.status()).addresses)
    await start(bridge, (await Promise.all(addresses)).flat())
    const guilty = FAULTY.map(addressOf).sort()
    const seen = await Promise.all(
      honest.map((member) =>
        until(async () => {
          const fork = await forkOf(member)
          const isKnown =
            fork !== null && fork.branches.length === 2 && fork.branches.every(({ burnedMicroHours }) => burnedMicroHours !== null)
          return isKnown && fork.offenders.length === guilty.length ? fork : null
        }, 'both branches and all who made them, at everybody honest'),
      ),
    )
    const [one] = seen
    assert.ok(one !== undefined)
    for (const fork of seen) {
      assert.equal(fork.isHalted, true)
      assert.equal(fork.height, 1)
      assert.deepEqual(fork.offenders.map(({ address }) => address).sort(), guilty)
      assert.ok(3 * fork.offendersDroplets >= fork.quorumDroplets, 'a third of the stake')
      const [best] = fork.branches.filter(({ goesOn }) => goesOn)
      assert.equal(best?.first, (await blockAt(payer, 1)).hash)
      assert.equal(Math.max(...fork.branches.map(({ burnedMicroHours }) => burnedMicroHours ?? 0)), best?.burnedMicroHours)
    }
    for (const member of honest) {
      const { alarms } = await member.status()
      assert.ok(alarms.some(({ code, detail }) => code === 'forked' && detail.includes('quorate recover')))
    }

    // Each operator by himself, as the alarm says.
    await bridge.stop()
    for (const member of honest) await member.stop()
    for (const [index, member] of honest.entries()) {
      const { stdout } = await promisify(execFile)(process.execPath, [BUNDLE, 'recover', '--dir', member.directory, '--yes', '--json'])
      const { done, step, keptStore } = JSON.parse(stdout) as {
        readonly done: boolean
        readonly step: string
        readonly keptStore: string | null
      }
      assert.deepEqual([done, step, keptStore !== null], [true, index < 2 ? 'switch' : 'stay', index < 2])
      if (keptStore !== null) assert.ok(existsSync(keptStore) && readdirSync(keptStore).length > 0)
    }
    const restarted: Member[] = []
    for (const member of honest) {
      await start(member, restarted.length === 0 ? [] : (await first(restarted).status()).addresses)
      restarted.push(member)
    }
    const settled = await Promise.all(
      honest.map((member) => until(async () => (await forkOf(member))?.resolvedAt, 'the recovery block, at everybody honest')),
    )
    const [at] = settled
    assert.ok(at !== undefined)
    assert.deepEqual(
      settled,
      honest.map(() => at),
    )
    const goal = at + 3
    for (const member of honest) await until(async () => (await heightOf(member)) >= goal, 'blocks to go on')
    const { hash, block, signerAddresses } = await blockAt(payer, at)
    assert.deepEqual([block.transactions.length, block.evidence.length > 0], [0, true])
    assert.ok(!signerAddresses.some((address) => guilty.includes(address)))
    for (const member of honest) {
      for (const height of [at, goal]) assert.equal((await blockAt(member, height)).hash, (await blockAt(payer, height)).hash)
      assert.equal((await blockAt(member, at)).hash, hash)
      assert.ok((await fetch(`${member.url}/v1/transactions/${id}`)).ok, 'what was paid is kept')
      const { verifiers } = await member.get<VerifiersView>('/v1/verifiers')
      for (const { address, offences, obstacle } of verifiers)
        assert.deepEqual([offences.length > 0, obstacle === 'jailed'], [guilty.includes(address), guilty.includes(address)])
      for (const { offenders } of await member.evidence()) assert.ok(offenders.every(({ address }) => guilty.includes(address)))
      const quorum = await until(async () => {
        const view = await member.get<QuorumView>('/v1/quorum')
        return view.epoch > 0 ? view : null
      }, 'the end of the forced election')
      assert.deepEqual(quorum.members.map(({ address }) => address).sort(), HALVES.flat().map(addressOf).sort())
      assert.equal((await member.get<SupplyView>('/v1/supply')).holds, true)
    }
  })
})
