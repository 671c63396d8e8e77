import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { formatNetwork } from '../../../src/node/network-file.ts'
import { chainIdOf } from '../../../src/wire/ids.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { EpochChain } from '../node/epoch-chain.ts'
import { quorateHere } from './in-process.ts'

const { genesis } = new EpochChain({})
const chainId = chainIdOf(genesis)
const peer = '/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWDLXTeAD1cfSN5YrLW4WAtMMpNgUQ8ryzRpQGn5XjKJ8o'
const checkpoint = { height: 12, hash: 'ab'.repeat(32) }

describe('quorate init and keys: networks, words and passwords', function () {
  this.timeout(60_000)
  const home = tempDirectory('cli-keys')
  const inside = (...names: string[]): string => join(home, ...names)
  const file = (name: string, text: string): string => {
    writeFileSync(inside(name), text, { mode: 0o600 })
    return inside(name)
  }
  const network = file('network.json', formatNetwork({ genesis, bootstrap: [peer], checkpoint }))
  const password = file('password', 'correct horse\n')
  const wrong = file('wrong', 'wrong horse\n')

  it('init takes a network with its peers and checkpoint, says where from, and shows no words where nobody looks', async () => {
    const { code, stdout, stderr } = await quorateHere('init', '--dir', inside('a'), '--network', network, '--chain-id', chainId)
    assert.equal(code, 0, stderr)
    assert.match(stdout, new RegExp(`network +${genesis.name}, from ${network}\\nchain id +${chainId}\\n`))
    assert.match(stdout, /checkpoint +12:(ab){32}, which `start` trusts/)
    assert.ok(!stdout.includes('24 words'))
    assert.match(stderr, /^warning: the keys are not encrypted: --password-file FILE/)
    assert.deepEqual(JSON.parse(readFileSync(inside('a', 'bootstrap.json'), 'utf8')), { peers: [peer] })
    assert.deepEqual(JSON.parse(readFileSync(inside('a', 'checkpoint.json'), 'utf8')), checkpoint)
    const again = await quorateHere('init', '--dir', inside('a'), '--network', network, '--json')
    assert.deepEqual([JSON.parse(again.stdout).created, again.stderr], [[], ''])
    const other = await quorateHere('init', '--dir', inside('none'), '--network', network, '--chain-id', 'cd'.repeat(32))
    assert.deepEqual([other.code, existsSync(inside('none'))], [1, false])
    assert.match(other.stderr, /network-differs/)
    const made = await quorateHere('network', '--dir', inside('a'), '--out', inside('copy.json'))
    assert.equal(made.code, 0, made.stderr)
    const { stdout: shown } = await quorateHere('network', '--check', inside('copy.json'), '--json')
    assert.deepEqual(JSON.parse(shown).bootstrap, [peer])
  })

  it('keys are encrypted where a password is given, shown without it, and opened only with it', async () => {
    const made = await quorateHere('init', '--dir', inside('b'), '--role', 'verifier', '--password-file', password)
    assert.deepEqual([made.code, made.stderr], [0, ''])
    const shown = await quorateHere('keys', '--dir', inside('b'), '--json')
    assert.deepEqual(
      JSON.parse(shown.stdout).files.map(({ kind, encrypted, mode }: Record<string, unknown>) => [kind, encrypted, mode]),
      [
        ['network', false, '600'],
        ['account', true, '600'],
        ['verifier', true, '600'],
      ],
    )
    const [locked, refused, open] = [
      await quorateHere('keys', '--dir', inside('b'), '--export-secret'),
      await quorateHere('keys', '--dir', inside('b'), '--export-secret', '--password-file', wrong),
      await quorateHere('keys', '--dir', inside('b'), '--export-secret', '--password-file', password),
    ]
    assert.match(locked.stderr, /account\.key is encrypted: give its password with --password-file.*\[key-locked\]/)
    assert.match(refused.stderr, /not the password of .*account\.key; nothing was changed \[wrong-password\]/)
    assert.deepEqual([locked.code, refused.code, open.code], [1, 1, 0])
    assert.match(open.stdout, /SECRET account +[0-9a-f]{64}/)
  })

  it('words are printed where that is asked for, and give the same account again', async () => {
    const made = await quorateHere('init', '--dir', inside('c'), '--role', 'verifier', '--show-mnemonic', '--json')
    const { mnemonic, address, verifier } = JSON.parse(made.stdout)
    assert.equal(mnemonic.split(' ').length, 24)
    const words = file('words', mnemonic)
    const restored = await quorateHere('init', '--dir', inside('d'), '--mnemonic-file', words, '--json')
    assert.equal(JSON.parse(restored.stdout).address, address)
    assert.ok(!('mnemonic' in JSON.parse(restored.stdout)))
    const refused = await quorateHere('init', '--dir', inside('d'), '--role', 'verifier', '--mnemonic-file', words)
    assert.match(refused.stderr, /guard-required/)
    const stated = await quorateHere(
      'init',
      '--dir',
      inside('d'),
      '--role',
      'verifier',
      '--mnemonic-file',
      words,
      '--never-signed',
      '--json',
    )
    assert.equal(JSON.parse(stated.stdout).verifier.blsKey, verifier.blsKey)
  })

  it('subcommands take the directory before and after their name, and never overwrite', async () => {
    const out = inside('copy.key')
    const dir = ['--dir', inside('c')]
    const exported = await quorateHere('keys', ...dir, 'export', '--kind', 'account', '--out', out, '--plaintext')
    assert.deepEqual([exported.code, statSync(out).mode & 0o777], [0, 0o600], exported.stderr)
    const again = await quorateHere('keys', 'export', ...dir, '--kind', 'account', '--out', out, '--plaintext')
    assert.match(again.stderr, /key-exists/)
    const unprotected = await quorateHere('keys', 'export', ...dir, '--kind', 'account', '--out', inside('other.key'))
    assert.match(unprotected.stderr, /no-password/)
    const imported = await quorateHere('keys', 'import', '--dir', inside('e'), '--kind', 'account', '--secret-file', out)
    assert.match(imported.stdout, /Next: quorate init --dir .*e --network FILE\|URL/)
    const alone = await quorateHere('keys', '--dir', inside('e'))
    assert.match(alone.stdout, /^address +quo1\w+\nnetwork\.key +none\nverifier\.key +none\n$/)
    assert.equal(imported.code, 0, imported.stderr)
    assert.equal(
      (await quorateHere('keys', 'import', '--dir', inside('b'), '--kind', 'account', '--secret-file', out)).stderr.includes('other-key'),
      true,
    )
  })

  const bad = [
    { description: 'words and a guard at once', args: ['init', '--guard', 'x', '--never-signed'], code: 2 },
    { description: 'a genesis and a network', args: ['init', '--genesis', 'x', '--network', 'y'], code: 2 },
    { description: 'a chain id that is none', args: ['init', '--chain-id', 'abc'], code: 2 },
    { description: 'no kind', args: ['keys', 'import', '--secret-file', 'x'], code: 2 },
    { description: 'no source', args: ['keys', 'import', '--kind', 'account'], code: 2 },
    { description: 'a short password', args: ['init', '--password-file', file('short', 'abc\n')], code: 1 },
    { description: 'an empty password file', args: ['init', '--password-file', file('empty', '\n')], code: 1 },
    { description: 'a password file that is not there', args: ['init', '--password-file', inside('nowhere')], code: 1 },
    { description: 'a faucet of nothing', args: ['faucet', '--amount', '0'], code: 2 },
    { description: 'an allowance that is none', args: ['faucet', '--per-address', '1/0h'], code: 2 },
  ]
  for (const { description, args, code } of bad) {
    it(`exit code ${code}, and nothing is made: ${description}`, async () => {
      const ended = await quorateHere(...args, '--dir', inside('never'))
      assert.equal(ended.code, code, ended.stderr)
      assert.ok(!existsSync(inside('never')))
    })
  }
})
