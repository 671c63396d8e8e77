import assert from 'node:assert/strict'
import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AccountView, ElectionsView, QuorumView, RatificationView, SupplyView } from '../../src/api/ledger-types.ts'
import type { NodeStatus } from '../../src/api/types.ts'
import { parseAddress } from '../../src/crypto/address.ts'
import { hashSource } from '../../src/node/source-hash.ts'
import type { Address } from '../../src/wire/types.ts'
import { tempDirectory } from '../helpers/temp-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { compareLines, readPage, type Step } from './page.ts'
import { type Said, Terminal } from './terminal.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const pagePath = 'docs/walkthrough.md'
const sections = readPage(readFileSync(join(checkout, pagePath), 'utf8'))

/** For what hangs: the elections that the page waits for come every minute. */
const DEADLINE_MS = 900_000
const WAIT_MS = 300_000
const COIN = 1_000_000

/** When a person goes on to the next command. */
const ready: readonly { readonly command: RegExp; readonly says: RegExp }[] = [
  { command: /^quorate swarm /, says: /-- under load\n/ },
  { command: /^quorate start /, says: /following the chain at height \d+/ },
]

describe(pagePath, function () {
  this.timeout(DEADLINE_MS)
  this.slow(120_000)

  const tree = tempDirectory('walkthrough')
  const kept: Terminal[] = []
  const preparations: string[] = []
  let here: Terminal
  let me: Address = ''
  let holder: Address = ''
  let startedAtMs = 0
  /** What the account held before the verifier earned anything. */
  let unpaidDroplets = 0
  let hasFailed = false

  before(() => {
    // The program is made and judged by its source, which somebody may be editing in the checkout.
    for (const { path } of hashSource(checkout).files) cpSync(join(checkout, path), join(tree, path))
    symlinkSync(join(checkout, 'node_modules'), join(tree, 'node_modules'))
    here = new Terminal(tree)
  })
  afterEach(function () {
    hasFailed ||= this.currentTest?.state === 'failed'
  })
  after(() => {
    for (const terminal of [here, ...kept]) terminal.kill()
  })

  const runHere = async (command: string): Promise<Said> => {
    const said = await here.run(command)
    assert.equal(said.code, 0, `\`${command}\` ended with ${said.code}:\n${said.output}`)
    return said
  }
  /** What the own node says, or another: at once, where a command would take a second of a busy machine. */
  const ask = async <T>(path: string, directory = 'walk/me'): Promise<T> => {
    const { url } = JSON.parse(readFileSync(join(tree, directory, 'api.json'), 'utf8')) as { readonly url: string }
    const response = await fetch(`${url}${path}`)
    assert.equal(response.status, 200, path)
    return (await response.json()) as T
  }
  const status = (): Promise<NodeStatus> => ask<NodeStatus>('/v1/status')
  const account = (address: Address): Promise<AccountView> => ask<AccountView>(`/v1/accounts/${address}`)
  const variable = async (name: string): Promise<Address> => parseAddress((await runHere(`echo $${name}`)).output.trim())
  const until = <T>(description: string, condition: () => Promise<T>): Promise<NonNullable<T>> =>
    waitFor(condition, { deadlineMs: WAIT_MS, description })

  /** What each section must have come to, whatever numbers it printed. */
  const facts: Readonly<Record<string, () => Promise<void>>> = {
    'A network': async () => {
      const { quorum, verifier } = await ask<NodeStatus>('/v1/status', 'walk/net/v1')
      assert.deepEqual([quorum.verifiers, verifier?.state], [4, 'elected'])
    },
    'A node of your own': async () => {
      const { verifier, startedAtMs: at } = await until('it to follow the chain', async () => {
        const found = await status()
        return found.sync.state === 'following' ? found : null
      })
      assert.equal(verifier?.state, 'not-registered')
      startedAtMs = at
    },
    Coins: async () => {
      me = await variable('ME')
      const { kind, droplets } = await account(me)
      assert.deepEqual([kind, droplets], ['client', 500_000 * COIN])
    },
    'From client to verifier': async () => {
      const { kind, verifier, droplets } = await account(me)
      unpaidDroplets = droplets
      assert.deepEqual([kind, verifier?.stakeDroplets, verifier?.commissionPpm], ['verifier', 400_000 * COIN, 100_000])
      assert.deepEqual([verifier?.inQuorum, (await status()).verifier?.state], [false, 'registered'])
    },
    'An election': async () => {
      holder = await variable('H3')
      const { settled } = await ask<ElectionsView>('/v1/elections')
      const { by, votedDroplets, elected } = settled[0] ?? assert.fail('no election is settled')
      assert.deepEqual([by, votedDroplets, elected[0]?.verifier], ['slips', 500_000 * COIN, me])
      const { members } = await ask<QuorumView>('/v1/quorum')
      assert.equal(members.find(({ address }) => address === me)?.weightDroplets, 400_000 * COIN)
      const { verifier, startedAtMs: at } = await until('it to sign', async () => {
        const found = await status()
        return (found.verifier?.sealed ?? 0) > 0 ? found : null
      })
      assert.deepEqual([verifier?.state, verifier?.silence], ['elected', null])
      assert.equal(at, startedAtMs, 'the node has run all the time')
    },
    'A delegation': async () => {
      const [{ verifier, shares } = assert.fail('nothing is delegated')] = (await account(holder)).delegations
      assert.deepEqual([verifier, shares], [me, 700_000 * COIN])
      assert.equal((await account(me)).verifier?.delegators, 1)
    },
    Rewards: async () => {
      await until('the delegation to earn', async () => ((await account(holder)).delegations[0]?.droplets ?? 0) > 700_000 * COIN)
      assert.ok((await account(me)).droplets > unpaidDroplets)
    },
    'The network ratifies its source': async () => {
      const { ratified, running } = await ask<RatificationView>('/v1/ratification')
      const { hash } = hashSource(tree)
      assert.deepEqual([ratified?.source, running], [hash, hash])
    },
    'The way back': async () => {
      const { delegations, unbonding } = await account(holder)
      const back = (unbonding[0] ?? assert.fail('nothing comes back')).droplets
      assert.deepEqual([delegations, back > 700_000 * COIN], [[], true])
      const own = await account(me)
      const { stakeDroplets, delegatedDroplets } = own.verifier ?? assert.fail('no verifier')
      assert.deepEqual([stakeDroplets, delegatedDroplets], [300_000 * COIN, 0])
      assert.deepEqual([own.unbonding[0]?.verifier, own.unbonding[0]?.droplets], [me, 100_000 * COIN])
      assert.equal((await ask<SupplyView>('/v1/supply')).holds, true)
    },
    'The end': async () => assert.equal(await here.close(), null),
  }

  const keep = async (command: string): Promise<string> => {
    const says = ready.find((one) => one.command.test(command))?.says ?? assert.fail(`when is \`${command}\` ready?`)
    const terminal = new Terminal(tree)
    kept.push(terminal)
    for (const preparation of preparations) await terminal.run(preparation)
    await terminal.keep(command, says)
    return terminal.output
  }
  const end = async (): Promise<readonly string[]> => {
    const newestFirst = kept.toReversed()
    for (const terminal of newestFirst) assert.equal(await terminal.close(), 0, terminal.output.slice(-4_000))
    return newestFirst.map(({ output }) => output)
  }
  const take = async ({ where, commands, shown }: Step): Promise<void> => {
    const outputs: string[] = []
    if (where === 'each') preparations.push(...commands)
    if (where === 'end') outputs.push(...(await end()))
    for (const command of commands) outputs.push(where === 'own' ? await keep(command) : (await runHere(command)).output)
    const output = outputs.join('\n')
    const missing = compareLines(shown, output).filter(({ printed }) => printed === null)
    assert.deepEqual(missing, [], `printed was:\n${output}`)
  }

  for (const { title, steps } of sections) {
    it(title, async () => {
      assert.ok(!hasFailed, 'what comes before it has failed')
      for (const step of steps) await take(step)
      await (facts[title] ?? assert.fail(`what must hold after "${title}"?`))()
    })
  }

  it('has every section of which something must hold', () => {
    assert.deepEqual(
      sections.map(({ title }) => title),
      Object.keys(facts),
    )
  })
})
