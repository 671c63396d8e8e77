import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EvidenceEvent } from '../../../src/api/evidence-types.ts'
import { type Api, startApi } from '../../../src/api/server.ts'
import { toHex } from '../../../src/base/hex.ts'
import { type Happening, narrate } from '../../../src/cli/narrator.ts'
import { evidenceOf } from '../../../src/consensus/evidence.ts'
import { formatAddress, parseAddress } from '../../../src/crypto/address.ts'
import { formatGenesis } from '../../../src/node/genesis-file.ts'
import { encode } from '../../../src/wire/codec.ts'
import { evidenceId } from '../../../src/wire/evidence.ts'
import { type Evidence, evidence as evidenceCodec } from '../../../src/wire/types.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { FakeNode, heldEvidence, listedVerifier } from '../api/fake-node.ts'
import { EpochChain } from '../node/epoch-chain.ts'
import { quorateHere } from './in-process.ts'
import type { Ended } from './quorate.ts'

const of = new EpochChain()
const id = '01'.repeat(32)
const guilty = formatAddress('aa'.repeat(20))

class EpochNode extends FakeNode {
  override readonly genesis = of.genesis
  override readonly chainId = of.chainId
}

describe('quorate: evidence', () => {
  const directory = tempDirectory('cli-evidence')
  const genesisFile = join(directory, 'genesis.json')
  let node: EpochNode
  let api: Api

  beforeEach(async () => {
    writeFileSync(genesisFile, formatGenesis(of.genesis))
    node = new EpochNode()
    node.registered = of.verifiers.slice(0, 8).map(({ wallet: { address }, blsKey }) => listedVerifier(address, { blsKey }))
    api = await startApi(node, { parseAddress })
    writeFileSync(join(directory, 'api.json'), JSON.stringify({ url: api.url, pid: process.pid }))
  })
  afterEach(() => api.close())

  const run = (...args: readonly string[]): Promise<Ended> => quorateHere('evidence', ...args)
  const here = ['--dir', directory]
  const hexOf = (evidence: Evidence): string => toHex(encode(evidenceCodec, evidence))
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(directory, name)
    writeFileSync(path, content)
    return path
  }

  it('lists what there is, or that there is nothing', async () => {
    assert.equal((await run(...here)).stdout, 'no offence is known\n')
    node.held.set(id, heldEvidence(id))
    node.held.set('02'.repeat(32), heldEvidence('02'.repeat(32), { punished: null }))
    const { code, stdout } = await run(...here)
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`double-vote +7 +${guilty} +9 +5 +${id}\\n`))
    assert.match(stdout, new RegExp(`double-vote +7 +${guilty} +- +- +${'02'.repeat(32)}\\n`))
    assert.match((await run('list', '--limit', '1', ...here)).stdout, /1 of 2; go on with --from 1\n/)
    assert.equal(JSON.parse((await run('--json', ...here)).stdout).total, 2)
  })

  it('shows both statements, who signed them, and what became of it', async () => {
    node.held.set(id, heldEvidence(id))
    const { code, stdout } = await run('show', id.toUpperCase(), ...here)
    assert.equal(code, 0)
    for (const says of [
      /offence +double-vote at height 7\n/,
      new RegExp(`guilty +${guilty}  12D3KooWListed\n`),
      new RegExp(`signed +vote in slot 14 for block ${'11'.repeat(32)}, justified by none\n +by +1 verifier: ${guilty}\n`),
      new RegExp(`signature +${'22'.repeat(96)}\n`),
      /punished +punished in block 9, 5 coins slashed\n/,
      new RegExp(`slashed +${guilty}: 4 of its stake, 1 delegated, 0 on the way back\n`),
      new RegExp(`reporter +${formatAddress('bb'.repeat(20))} got 0.25 coins\n`),
    ])
      assert.match(stdout, says)
    assert.equal((await run('show', id, '--hex', ...here)).stdout, `${'77'.repeat(300)}\n`)
    assert.deepEqual(JSON.parse((await run('show', id, '--json', ...here)).stdout), heldEvidence(id))
    assert.equal((await run('show', '03'.repeat(32), ...here)).code, 5)
    assert.equal((await run('show', 'bingo', ...here)).code, 2)
  })

  describe('verify', () => {
    const evidence = of.doubleVote([3], 5)
    const address = of.verifier(3).wallet.address
    /** The last verifier is in no genesis and has registered nothing. */
    const strangers = of.doubleVote([8], 5)
    const { first, second } = evidence

    const given: readonly { readonly description: string; readonly argument: () => string }[] = [
      { description: 'hex', argument: () => hexOf(evidence) },
      { description: 'a file of hex', argument: () => file('evidence.hex', `${hexOf(evidence).toUpperCase()}\n`) },
      { description: 'a file of bytes', argument: () => file('evidence.bin', encode(evidenceCodec, evidence)) },
      {
        description: 'what show printed as JSON',
        argument: () => file('evidence.json', JSON.stringify(heldEvidence(id, { bytes: hexOf(evidence) }))),
      },
    ]
    for (const { description, argument } of given)
      it(`needs no node, given ${description}`, async () => {
        const { code, stdout, stderr } = await run('verify', argument(), '--genesis', genesisFile, '--dir', '/nonexistent')
        assert.equal(code, 0, stderr)
        assert.match(
          stdout,
          new RegExp(
            `evidence +${evidenceId(evidence)}\nproves +double-vote at height 5\nguilty +${formatAddress(address)}\nkeys +all of them in genesis`,
          ),
        )
      })

    it('asks a node who has registered the keys', async () => {
      const { code, stdout } = await run('verify', hexOf(evidence), '--json', ...here)
      assert.equal(code, 0)
      assert.deepEqual(JSON.parse(stdout), {
        ...{ id: evidenceId(evidence), kind: 'double-vote', height: 5, offenders: [{ blsKey: of.verifier(3).blsKey, address }] },
        ...{ checkedAgainst: 'node', unknownKeys: [] },
      })
      node.registered = []
      const unknown = await run('verify', hexOf(evidence), ...here)
      assert.equal(unknown.code, 4)
      assert.match(unknown.stderr, /no verifier has registered.*unknown-signer/)
    })

    it('knows of a node with what statements were signed after a fork', async () => {
      const signingId = '07'.repeat(32)
      const signed = (block: string) => of.signed([3], { kind: 'seal', height: 9, block: block.repeat(32) }, signingId)
      const later = hexOf(evidenceOf(signed('aa'), signed('bb')))
      assert.equal((await run('verify', later, ...here)).code, 4)
      node.recoveries = [{ height: 9, signingId }]
      assert.equal((await run('verify', later, ...here)).code, 0)
      node.recoveries = [{ height: 10, signingId }]
      assert.equal((await run('verify', later, ...here)).code, 4)
    })

    it('says which keys genesis does not know', async () => {
      const { code, stdout } = await run('verify', hexOf(strangers), '--genesis', genesisFile)
      assert.equal(code, 0)
      assert.match(stdout, /1 key not in genesis: only a node knows/)
    })

    const refused: readonly {
      readonly description: string
      readonly argument: () => string
      readonly code: number
      readonly says: RegExp
    }[] = [
      {
        description: 'the evidence of another chain',
        argument: () => hexOf(new EpochChain({ slotMs: 2000 }).doubleVote([3], 5)),
        code: 4,
        says: /bad-signature/,
      },
      {
        description: 'what anybody may sign',
        argument: () => hexOf({ first, second: of.signed([3], { ...first.statement, kind: 'seal' }) }),
        code: 4,
        says: /no-offence|evidence-order/,
      },
      { description: 'the wrong order', argument: () => hexOf({ first: second, second: first }), code: 4, says: /evidence-order/ },
      { description: 'something else', argument: () => file('text', 'hello'), code: 4, says: /malformed/ },
      { description: 'nothing', argument: () => join(directory, 'missing'), code: 1, says: /no file that can be read/ },
    ]
    for (const { description, argument, code, says } of refused)
      it(`refuses ${description}`, async () => {
        const ended = await run('verify', argument(), '--genesis', genesisFile)
        assert.equal(ended.code, code)
        assert.match(ended.stderr, says)
      })
  })

  it('submit hands it to a node, which may refuse it', async () => {
    const bytes = hexOf(of.doubleVote([3], 5))
    const { code, stdout } = await run('submit', bytes, ...here)
    assert.deepEqual([code, stdout], [0, `${'ee'.repeat(32)}\n`])
    assert.deepEqual(node.submittedEvidence, [bytes])
    node.evidenceAnswer = { id, accepted: false, code: 'evidence-expired', detail: 'too old' }
    const refused = await run('submit', bytes, ...here)
    assert.equal(refused.code, 4)
    assert.match(refused.stderr, /refused it: too old \[evidence-expired\]/)
  })

  it('a node that runs tells who did what when, and when a block has punished it', () => {
    const told: Happening[] = []
    const stop = narrate(node, (happening) => told.push(happening))
    const { statements: _, bytes: __, kind: offence, punished, ...rest } = heldEvidence(id)
    const event: EvidenceEvent = { ...rest, kind: 'evidence', state: 'found', offence, punished: null }
    node.emit(event)
    node.emit({ ...event, state: 'punished', punished })
    stop()
    assert.deepEqual(
      told.filter(({ event: name }) => name === 'evidence').map(({ level, text }) => `${level} ${text}`),
      [
        `warn evidence double-vote by ${guilty} at height 7: both statements are public, \`quorate evidence show ${id}\``,
        `warn evidence double-vote by ${guilty} at height 7: punished in block 9, 5 coins slashed`,
      ],
    )
  })
})
