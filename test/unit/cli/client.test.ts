import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createKey } from '../../../src/adapters/keys/key-files.ts'
import { type Api, startApi } from '../../../src/api/server.ts'
import type { NodeEvent } from '../../../src/api/types.ts'
import { fromHex, type Hex } from '../../../src/base/hex.ts'
import { formatAddress, parseAddress } from '../../../src/crypto/address.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { checkTransaction } from '../../../src/ledger/transaction.ts'
import { decode } from '../../../src/wire/codec.ts'
import { addressOf, transactionId } from '../../../src/wire/ids.ts'
import { type Transaction, transaction as transactionCodec } from '../../../src/wire/types.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { clientAccount, FakeNode, hashAt, transaction } from '../api/fake-node.ts'
import { quorate, startQuorate } from './quorate.ts'

const DEADLINE_MS = 30_000
const to = 'cd'.repeat(20)
const id = 'ab'.repeat(32)

const read = (hexText: Hex): Transaction => decode(transactionCodec, fromHex(hexText))
const blockEvent = (height: number, transactionIds: readonly Hex[]): NodeEvent => ({
  kind: 'block',
  height,
  hash: hashAt(height),
  slot: height * 2,
  finalAtMs: Date.now(),
  makerIndex: 0,
  signers: 3,
  transactionIds,
})

describe('quorate: commands that ask a node', () => {
  const directory = tempDirectory('cli-client')
  let node: FakeNode
  let api: Api
  let own: Hex

  before(async () => {
    own = addressOf((await createKey(directory, 'account')).publicKey)
  })
  beforeEach(async () => {
    node = new FakeNode()
    node.answer = (text) => ({ id: transactionId(read(text)), accepted: true })
    api = await startApi(node, { parseAddress })
    writeFileSync(join(directory, 'api.json'), JSON.stringify({ url: api.url, pid: process.pid }))
  })
  afterEach(() => api.close())

  const send = ['send', '--dir', directory, '--to', formatAddress(to), '--amount', '12.5']

  it('status, peers and blocks print tables for people, without what would steer a terminal', async () => {
    const [status, peers, blocks] = await Promise.all([
      quorate('status', '--dir', directory),
      quorate('peers', '--api', api.url),
      quorate('blocks', '--api', api.url.replace('http://', ''), '--count', '2'),
    ])
    assert.match(status.stdout, /height +250/)
    assert.match(status.stdout, new RegExp(`checkpoint +250:${hashAt(250)} `))
    assert.doesNotMatch(status.stdout, /history/)
    assert.match(status.stdout, /! .*the clock ·\[31mis off \(clock\)/)
    assert.match(
      peers.stdout,
      /PEER +VERIFIER[\s\S]*12D3KooWOther +2 +249 +1\.3 +-3 ms +in +quorate\/·\]0;evil +\/ip4\/127\.0\.0\.1\/tcp\/4002\n/,
    )
    assert.match(blocks.stdout, /^ HEIGHT[\s\S]*\n {4}249 [\s\S]*\n {4}250 .*500 B +400 ms\n$/)
    for (const { stdout, code } of [status, peers, blocks]) assert.deepEqual([code, /[^\P{Cc}\n]/u.test(stdout)], [0, false])
  })

  it('log-level without the token says where to take it from, in words of a command', async () => {
    await api.close()
    api = await startApi(node, { parseAddress, token: 'ab'.repeat(32) })
    const { code, stderr } = await quorate('log-level', 'sync=debug', '--api', api.url, '--dir', directory)
    assert.equal(code, 4)
    assert.match(stderr, /needs the token of the node: .*--dir \[token-needed\]/)
    assert.deepEqual(node.levels, { default: 'info', subsystems: {} })
  })

  it('status says that a node begins with a snapshot, and where its blocks begin', async () => {
    node.snapshot = { height: 245, parts: 64, partsHere: 12, peers: 3 }
    const before = await quorate('status', '--dir', directory)
    assert.match(before.stdout, /sync +snapshot of height 245: 12 of 64 parts from 3 peers\n/)
    ;[node.snapshot, node.firstHeight] = [null, 245]
    const after = await quorate('status', '--dir', directory)
    assert.match(after.stdout, /history +from block 245 on: this node began with a snapshot\n/)
  })

  it('--json prints what the API said', async () => {
    node.transactions.set(id, { state: 'final', transaction, height: 3, block: hashAt(3), index: 0 })
    const [status, peers, blocks, account, tx] = await Promise.all([
      quorate('status', '--dir', directory, '--json'),
      quorate('peers', '--dir', directory, '--json'),
      quorate('blocks', '--dir', directory, '--json', '--from', '1', '--count', '150'),
      quorate('account', '--dir', directory, '--json'),
      quorate('tx', id, '--dir', directory, '--json'),
    ])
    assert.deepEqual(JSON.parse(status.stdout), node.status())
    assert.deepEqual(JSON.parse(peers.stdout), { peers: node.peers() })
    assert.deepEqual(
      JSON.parse(blocks.stdout).blocks.map((block: { header: { height: number } }) => block.header.height),
      Array.from({ length: 150 }, (_, index) => index + 1),
    )
    assert.deepEqual(JSON.parse(account.stdout), node.account(own))
    assert.deepEqual(JSON.parse(tx.stdout), { id, ...node.transactions.get(id) })
  })

  it('account and tx speak of coins', async () => {
    node.accounts.set(to, clientAccount(to, { droplets: 12_500_000, microHours: 1, nonce: 3, nextNonce: 5 }))
    node.transactions.set(id, { state: 'pending', transaction, expirySlot: 100 })
    const [account, tx, unknown] = await Promise.all([
      quorate('account', formatAddress(to), '--dir', directory),
      quorate('tx', id.toUpperCase(), '--dir', directory),
      quorate('tx', 'ff'.repeat(32), '--dir', directory),
    ])
    assert.match(account.stdout, /kind +client\ncoins +12\.5\ncoin-hours +0\.000001\nsent +3, and 2 waiting\n/)
    assert.match(tx.stdout, /state +pending[\s\S]*amount +0\.000005 coins/)
    assert.deepEqual([unknown.code, unknown.stdout], [5, ''])
    assert.match(unknown.stderr, /knows no transaction/)
  })

  it('send signs a transfer that the ledger takes, with the next nonce', async () => {
    node.accounts.set(own, clientAccount(own, { droplets: 1, microHours: 1, nonce: 3, nextNonce: 5 }))
    const { code, stdout, stderr } = await quorate(...send, '--hours', '2')
    assert.equal(code, 0, stderr)
    const sent = read(node.submitted[0]?.[0] ?? '')
    assert.equal(stdout, `${transactionId(sent)}\n`)
    assert.equal(checkTransaction(node.chainId, node.genesis.parameters, sent, nativeSignatures).kind, 'accept')
    assert.equal(addressOf(sent.body.sender), own)
    const { sender: _, ...body } = sent.body
    assert.deepEqual(body, {
      nonce: 5,
      feeDroplets: 1000,
      expirySlot: 7 + 120,
      action: { kind: 'transfer', to, amountDroplets: 12_500_000, microHours: 2_000_000 },
    })
  })

  it('send warns of a nonce that leaves others out, and of no other', async () => {
    node.accounts.set(own, clientAccount(own, { nonce: 3, nextNonce: 5 }))
    const [ahead, next] = await Promise.all([quorate(...send, '--nonce', '8'), quorate(...send, '--nonce', '5')])
    assert.match(
      ahead.stderr,
      /warning: nonce 8 is 3 ahead of the account's next: it waits until nonces 5 to 7 are used, and expires after 120 slots/,
    )
    assert.deepEqual([ahead.code, next.code, next.stderr], [0, 0, ''])
  })

  it('send says why it was refused', async () => {
    node.answer = () => ({ id, accepted: false, code: 'insufficient-coins', detail: 'needs 12.501 coins, has 0' })
    const { code, stdout, stderr } = await quorate(...send)
    assert.deepEqual([code, stdout], [4, ''])
    assert.match(stderr, /needs 12\.501 coins, has 0 \(insufficient-coins\)/)
  })

  const submitted = (): Promise<Hex> =>
    waitFor(() => node.submitted[0]?.[0], { deadlineMs: DEADLINE_MS, description: 'the transaction to be submitted' }).then((text) =>
      transactionId(read(text)),
    )

  it('send --wait ends when the transaction is final', async () => {
    const { ended } = startQuorate([...send, '--wait', '--json'])
    const sent = await submitted()
    node.emit(blockEvent(251, ['00'.repeat(32)]))
    node.emit(blockEvent(252, [sent]))
    const { code, stdout } = await ended
    assert.equal(code, 0)
    assert.deepEqual({ ...JSON.parse(stdout), tookMs: 0 }, { id: sent, state: 'final', height: 252, block: hashAt(252), tookMs: 0 })
  })

  it('send --wait ends with 4 when the transaction is dropped', async () => {
    const { ended } = startQuorate([...send, '--wait'])
    node.emit({ kind: 'dropped', id: '00'.repeat(32), code: 'expired' })
    node.emit({ kind: 'dropped', id: await submitted(), code: 'expired' })
    const { code, stderr } = await ended
    assert.equal(code, 4)
    assert.match(stderr, /dropped, not final: expired/)
  })

  it('send --wait asks again when the node went away and came back', async () => {
    const { ended } = startQuorate([...send, '--wait', '--json'])
    const sent = await submitted()
    await api.close()
    node.transactions.set(sent, { state: 'final', transaction, height: 251, block: hashAt(251), index: 0 })
    api = await startApi(node, { parseAddress, port: Number(new URL(api.url).port) })
    const { code, stdout } = await ended
    assert.deepEqual([code, JSON.parse(stdout).height], [0, 251])
    assert.equal(node.submitted.length, 1)
  })

  for (const how of ['--timeout', 'SIGINT'] as const) {
    it(`send --wait ends with 6 by ${how}`, async () => {
      const { child, ended } = startQuorate([...send, '--wait', ...(how === 'SIGINT' ? [] : ['--timeout', '1'])])
      await submitted()
      if (how === 'SIGINT') child.kill(how)
      const { code, stderr } = await ended
      assert.equal(code, 6)
      assert.match(stderr, /quorate tx/)
    })
  }

  it('blocks --follow prints each block once, from the newest ones on, and ends well by SIGINT', async () => {
    const { child, ended } = startQuorate(['blocks', '--dir', directory, '--follow', '--json', '--count', '2'])
    const heights: number[] = []
    child.stdout?.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().trim().split('\n')) heights.push(JSON.parse(line).header.height)
    })
    const until = (last: number): Promise<unknown> =>
      waitFor(() => heights.at(-1) === last, { deadlineMs: DEADLINE_MS, description: `block ${last} to be printed` })
    await until(250)
    node.height = 253
    for (const height of [251, 252, 253]) node.emit(blockEvent(height, []))
    await until(253)
    child.kill('SIGINT')
    assert.equal((await ended).code, 0)
    assert.deepEqual(heights, [249, 250, 251, 252, 253])
  })

  it('does not take another server for a node', async () => {
    const other = createServer((_, response) => response.end('<html>'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    try {
      const { code, stderr } = await quorate('status', '--api', `127.0.0.1:${(other.address() as AddressInfo).port}`)
      assert.equal(code, 3)
      assert.match(stderr, /no quorate node/)
    } finally {
      other.close()
    }
  })
})
