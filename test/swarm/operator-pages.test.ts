import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUNDLE } from '../../scripts/scenarios/bundle.ts'
import type { AccountView } from '../../src/api/ledger-types.ts'
import { tempDirectory } from '../helpers/temp-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { readPage } from './page.ts'
import { Terminal } from './terminal.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const DEADLINE_MS = 600_000
const WAIT_MS = 120_000
const COIN = 1_000_000

/** When a person goes on to the next command. */
const ready = { start: /following the chain at height \d+/, faucet: /faucet of \S+ at http/ }

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('pages for operators', function () {
  this.timeout(DEADLINE_MS)
  this.slow(60_000)
  const home = tempDirectory('pages')
  const kept: Terminal[] = []
  let here: Terminal
  let seed = ''
  let faucet = ''

  /** Nodes of one machine cannot have the same ports; all else is as the page has it. */
  const prepare = async (terminal: Terminal): Promise<Terminal> => {
    await terminal.run(`PATH=${home}/bin:$PATH`)
    return terminal
  }
  /** The names that the pages have for a node and a faucet of others. */
  const placed = (command: string): string =>
    command
      .replaceAll('http://seed.example.org:4080', seed)
      .replaceAll('http://faucet.example.org', faucet)
      .replaceAll('127.0.0.1:4090', new URL(faucet).host)
  const run = async (command: string): Promise<string> => {
    const { code, output } = await here.run(placed(command))
    assert.equal(code, 0, `\`${command}\` ended with ${code}:\n${output}`)
    return output
  }
  const keep = async (command: string): Promise<Terminal> => {
    const terminal = await prepare(new Terminal(home))
    kept.push(terminal)
    await terminal.keep(placed(command), command.startsWith('quorate faucet') ? ready.faucet : ready.start)
    return terminal
  }
  const url = (directory: string): string => JSON.parse(readFileSync(join(home, directory, 'api.json'), 'utf8')).url
  const account = async (address: string): Promise<AccountView> =>
    (await (await fetch(`${seed}/v1/accounts/${address}`)).json()) as AccountView
  /** Runs the sections of a page in their order; gives what was printed in each. */
  const runPage = async (page: string, between: (printed: string) => Promise<void> = async () => {}): Promise<void> => {
    for (const { steps } of readPage(readFileSync(join(checkout, page), 'utf8'))) {
      for (const { where, commands } of steps) {
        for (const command of commands) {
          if (where === 'own') await keep(command)
          else await between(await run(command))
        }
      }
    }
  }

  before(async () => {
    const own = '--scope local --listen /ip4/127.0.0.1/tcp/0 --api 127.0.0.1:0'
    mkdirSync(join(home, 'bin'))
    writeFileSync(join(home, 'bin', 'quorate'), `#!/bin/bash\n[ "$1" = start ] && set -- "$@" ${own}\nexec node ${BUNDLE} "$@"\n`, {
      mode: 0o755,
    })
    faucet = `http://127.0.0.1:${await freePort()}`
    here = await prepare(new Terminal(home))
    seed = faucet
    await run('quorate init --dir v1 --role verifier')
    const rules = '--slot 300 --coin-hour 1 --idle 1 --name pages --fund 100000'
    await run(`quorate genesis --verifier v1 --time now ${rules} --out genesis.json`)
    await run('quorate init --dir v1 --genesis genesis.json')
    await keep('quorate start --dir v1')
    seed = url('v1')
  })
  after(async () => {
    const codes = await Promise.all(kept.map((terminal) => terminal.close()))
    for (const terminal of [here, ...kept]) terminal.kill()
    assert.deepEqual(
      codes,
      kept.map(() => 0),
    )
  })
  afterEach(() => {
    for (const { output } of kept) assert.ok(!output.includes('\u001b'), 'no control codes where there is no terminal')
  })

  it('docs/faucet.md', async () => {
    let paid = ''
    const answers: string[] = []
    await runPage('docs/faucet.md', async (printed) => {
      answers.push(printed)
      const address = /^\s*(quo1\w+)\s*$/.exec(printed)?.[1]
      if (address !== undefined && paid === '') await run(`quorate send --dir v1 --to ${address} --amount 5000 --hours 5000 --wait`)
      paid = /"transaction":"([0-9a-f]{64})"/.exec(printed)?.[1] ?? paid
    })
    assert.notEqual(paid, '', answers.join('\n'))
    const health = await (await fetch(`${faucet}/health`)).json()
    assert.deepEqual([health.ok, health.paidToday], [true, { payments: 1, droplets: 300 * COIN }])
  })

  it('docs/joining.md', async () => {
    await runPage('docs/joining.md', async (printed) => {
      // Who has asked a faucet waits until the coins are there.
      if (!printed.includes('"transaction"')) return
      const me = (await run('quorate keys --dir node --address')).trim()
      await waitFor(async () => (await account(me)).droplets > 0, { deadlineMs: WAIT_MS, description: 'the coins of the faucet' })
    })
    const { kind, verifier } = await account((await run('quorate keys --dir node --address')).trim())
    assert.deepEqual([kind, verifier?.stakeDroplets], ['verifier', 200 * COIN])
    assert.match(await run('quorate network --check network.json'), /network +pages[\s\S]*12D3KooW/)
  })

  it('docs/keys.md', async () => {
    writeFileSync(join(home, 'words'), `${'abandon '.repeat(23)}art\n`)
    const printed: string[] = []
    await runPage('docs/keys.md', async (output) => void printed.push(output))
    const all = printed.join('\n')
    assert.match(all, /account\.key +encrypted, mode 600/)
    const secrets = JSON.parse(await run('quorate keys --dir mine --json --export-secret --password-file password')).secretKeys
    for (const secret of Object.values<string>(secrets)) assert.ok(!all.includes(secret))
    const again = JSON.parse(await run('quorate keys --dir again --json'))
    assert.deepEqual(
      again.files.map(({ encrypted, path }: { encrypted: boolean; path: string }) => [encrypted, path]),
      [
        [false, ''],
        [true, "m/44'/1'/0'/0'"],
        [true, 'm/12381/1/1/0'],
      ],
    )
  })
})
