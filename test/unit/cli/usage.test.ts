import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { quorateHere } from './in-process.ts'
import { type Ended, quorate } from './quorate.ts'

const home = tempDirectory('cli-usage')
const missing = join(home, 'missing')
const id = 'ab'.repeat(32)

/** Processes at a time: the machine may have two processors. */
const AT_ONCE = 3

/** Without a command, and for the one that ends its process itself. */
const needsProcess = ([command = '-']: readonly string[]): boolean => command === 'start' || command.startsWith('-')

interface Case {
  readonly description: string
  readonly args: readonly string[]
  readonly code: number
  readonly says: RegExp
}

const cases: readonly Case[] = [
  { description: 'help lists commands and exit codes', args: ['--help'], code: 0, says: /send[\s\S]*Exit codes:[\s\S]*6 {2}interrupted/ },
  { description: 'the version', args: ['--version'], code: 0, says: /\w/ },
  { description: 'no command', args: [], code: 2, says: /Usage: quorate/ },
  { description: 'an unknown command', args: ['sned'], code: 2, says: /unknown command 'sned'[\s\S]*send/ },
  {
    description: 'an option that is misspelt where another is required',
    args: ['send', '--too', 'quo1', '--amount', '1'],
    code: 2,
    says: /unknown option '--too'[\s\S]*Did you mean --to/,
  },
  { description: 'an unknown option', args: ['status', '--jsn'], code: 2, says: /unknown option '--jsn'[\s\S]*--json/ },
  { description: 'an unknown role', args: ['init', '--role', 'king'], code: 2, says: /full, verifier or bootstrap/ },
  { description: 'a bootstrap address without peer id', args: ['init', '--bootstrap', '/ip4/1.2.3.4/tcp/1'], code: 2, says: /peer id/ },
  { description: 'an init where no directory can be', args: ['init', '--dir', '/dev/null/x'], code: 1, says: /could not be made/ },
  { description: 'genesis without verifiers', args: ['genesis'], code: 2, says: /--verifier DIR/ },
  { description: 'a verifier that has no keys', args: ['genesis', '--verifier', missing], code: 1, says: /no key at .*quorate init/ },
  { description: 'a stake that is no amount', args: ['genesis', '--stake', '1e6'], code: 2, says: /"1e6" is no amount/ },
  { description: 'a slot of no length', args: ['genesis', '--slot', '0'], code: 2, says: /from 1/ },
  { description: 'a time that is none', args: ['genesis', '--time', 'tomorrow'], code: 2, says: /now\+30s/ },
  { description: 'an account without coins', args: ['genesis', '--account', 'quo1xyz'], code: 2, says: /no amount/ },
  { description: 'a genesis that is not there', args: ['genesis', '--check', missing], code: 1, says: /no genesis file at/ },
  { description: 'a genesis that is none', args: ['genesis', '--check', join(home, 'bad.json')], code: 1, says: /name is missing/ },
  { description: 'start on nothing', args: ['start', '--dir', missing], code: 1, says: /quorate init --dir/ },
  { description: 'start with a wrong API address', args: ['start', '--api', '4080'], code: 2, says: /host:port/ },
  { description: 'start with a wrong listen address', args: ['start', '--listen', '0.0.0.0:4001'], code: 2, says: /\/ip4\// },
  { description: 'start with a wrong checkpoint', args: ['start', '--checkpoint', '12'], code: 2, says: /height:hash/ },
  {
    description: 'start with a missing bootstrap file',
    args: ['start', '--dir', missing, '--bootstrap-file', missing],
    code: 1,
    says: /"peers"/,
  },
  {
    description: 'start with a bootstrap file that names nobody',
    args: ['start', '--dir', missing, '--bootstrap-file', join(home, 'peers.json')],
    code: 1,
    says: /peers\.json has an entry that is no peer's multiaddr: "bob"/,
  },
  { description: 'keys of nothing', args: ['keys', '--dir', missing], code: 1, says: /quorate init/ },
  {
    description: 'status without a node',
    args: ['status', '--dir', missing],
    code: 3,
    says: /no node runs on .*: that is no directory of a node, which `quorate init` makes; or name another with --dir/,
  },
  {
    description: 'status of nobody',
    args: ['status', '--api', 'http://127.0.0.1:1'],
    code: 3,
    says: /no node answers at http:\/\/127.0.0.1:1/,
  },
  { description: 'peers without a node', args: ['peers', '--dir', missing], code: 3, says: /no node runs/ },
  { description: 'blocks without a node', args: ['blocks', '--dir', missing, '--follow'], code: 3, says: /no node runs/ },
  { description: 'an API that is no address', args: ['status', '--api', 'ftp://x'], code: 2, says: /http:\/\/127/ },
  { description: 'too many blocks', args: ['blocks', '--count', '0'], code: 2, says: /from 1 to/ },
  { description: 'a hash that is none', args: ['tx', 'abc', '--dir', missing], code: 2, says: /64 hex digits/ },
  { description: 'a transaction without a node', args: ['tx', id, '--dir', missing], code: 3, says: /no node runs/ },
  { description: 'send without amount', args: ['send', '--to', 'quo1'], code: 2, says: /option '--amount <coins>' is missing/ },
  {
    description: 'send of less than the smallest unit',
    args: ['send', '--to', 'quo1', '--amount', '0.0000001'],
    code: 2,
    says: /no amount/,
  },
  { description: 'send of less than nothing', args: ['send', '--to', 'quo1', '--amount=-1'], code: 2, says: /no amount/ },
  { description: 'send to nobody', args: ['send', '--to', 'bob', '--amount', '1'], code: 2, says: /"bob" is no address/ },
  {
    description: 'send with a missing key',
    args: ['send', '--to', '11'.repeat(20), '--amount', '1', '--key', missing],
    code: 1,
    says: /no key at/,
  },
  { description: 'an account that is none', args: ['account', 'quo1xyz', '--dir', missing], code: 2, says: /is no address/ },
]

describe('quorate: usage and exit codes', () => {
  const ended: Promise<Ended>[] = []
  before(async () => {
    writeFileSync(join(home, 'bad.json'), '{"version": 1}')
    writeFileSync(join(home, 'peers.json'), '{"peers": ["bob"]}')
    // Those of this process first, while nobody else prints; the others go on while the tests begin.
    for (const [index, { args }] of cases.entries()) {
      if (needsProcess(args)) continue
      ended[index] = quorateHere(...args)
      await ended[index]
    }
    const started: Promise<Ended>[] = []
    for (const [index, { args }] of cases.entries()) {
      if (!needsProcess(args)) continue
      const one = (started[started.length - AT_ONCE] ?? Promise.resolve()).then(() => quorate(...args))
      started.push(one)
      ended[index] = one
    }
  })

  for (const [index, { description, code, says }] of cases.entries()) {
    it(`${description}: ${code}`, async () => {
      const result = await ended[index]
      assert.ok(result !== undefined)
      const all = `${result.stdout}${result.stderr}`
      assert.match(all, says)
      assert.equal(result.code, code, all)
      if (code === 1 || code === 3) {
        assert.equal(result.stdout, '')
        assert.match(result.stderr, /^error: .*\n$/, 'one message in one line')
      }
    })
  }

  it('what an error quotes does not steer the terminal, and is no line of its own; the log of a node keeps its lines', async () => {
    const { report } = await import('../../../src/cli/exit.ts')
    const { QuorateError: Mistake } = await import('../../../src/base/errors.ts')
    const written: string[] = []
    const { write } = process.stderr
    process.stderr.write = (text: string | Uint8Array): boolean => written.push(text.toString()) > 0
    try {
      report(
        new Mistake('bad-file', 'a name \u001b[2J\nerror: all is well\r\nin the file. The end of its log:\n    one\n    two \u001b[31m'),
      )
    } finally {
      process.stderr.write = write
    }
    assert.equal(
      written.join(''),
      'error: a name ·[2J·error: all is well··in the file. The end of its log:\n    one\n    two ·[31m [bad-file]\n',
    )
  })
})
