import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SubmitResult } from '../../../src/api/types.ts'
import { QuorateError } from '../../../src/base/errors.ts'
import { fromHex } from '../../../src/base/hex.ts'
import { Faucet, type FaucetAnswer, type FaucetNode, type FaucetRules, sourceOf } from '../../../src/node/faucet.ts'
import { seededWallets } from '../../../src/node/seeded-wallets.ts'
import { decode } from '../../../src/wire/codec.ts'
import { type Transaction, transaction } from '../../../src/wire/types.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { genesisOf } from '../ledger/fixtures.ts'

const HOUR_MS = 3_600_000
const COIN = 1_000_000
const [wallet, ...others] = seededWallets(5, 8)
const addresses = others.map(({ address }) => address)
const to = (index: number): string => addresses[index] ?? assert.fail()

class FakeNode implements FaucetNode {
  droplets = 1000 * COIN
  microHours = 1000 * COIN
  nextNonce = 3
  isFollowing = true
  refuses: { code: string; detail: string } | null = null
  isGone = false
  readonly sent: Transaction[] = []

  status() {
    const state = this.isFollowing ? ('following' as const) : ('syncing' as const)
    return Promise.resolve({ chainId: '11'.repeat(32), chain: 'test', slot: 40, sync: { state, targetHeight: 1, snapshot: null } })
  }
  account() {
    const { droplets, microHours, nextNonce } = this
    return Promise.resolve({ droplets, microHours, nextNonce })
  }
  submit(hex: string): Promise<SubmitResult> {
    if (this.isGone) return Promise.reject(new QuorateError('unreachable', 'gone'))
    if (this.refuses !== null) return Promise.resolve({ id: null, accepted: false, ...this.refuses })
    this.sent.push(decode(transaction, fromHex(hex)))
    this.nextNonce++
    return Promise.resolve({ id: 'ab'.repeat(32), accepted: true })
  }
}

describe('a faucet', () => {
  const rules: FaucetRules = {
    amountDroplets: 10 * COIN,
    microHours: 2 * COIN,
    perAddress: { count: 1, windowMs: 24 * HOUR_MS },
    perSource: { count: 2, windowMs: 24 * HOUR_MS },
    dailyDroplets: 40 * COIN,
  }
  let path: string
  let node: FakeNode
  let nowMs: number
  let faucet: Faucet
  const open = async (changed: Partial<FaucetRules> = {}): Promise<Faucet> =>
    await Faucet.open({
      ...{ path, node, wallet: wallet ?? assert.fail(), genesis: genesisOf(), nowMs: () => nowMs },
      rules: { ...rules, ...changed },
    })
  const code = async (answer: Promise<FaucetAnswer>): Promise<string> => {
    const found = await answer
    return found.kind === 'paid' ? 'paid' : found.code
  }

  beforeEach(async () => {
    path = join(tempDirectory('faucet'), 'faucet.log')
    node = new FakeNode()
    nowMs = 1_000_000 * HOUR_MS
    faucet = await open()
  })
  afterEach(() => faucet.close())

  it('pays coins and coin-hours, with the next nonce each time', async () => {
    assert.deepEqual(await faucet.pay(to(0), '192.0.2.1'), { kind: 'paid', transaction: 'ab'.repeat(32) })
    assert.equal(await code(faucet.pay(to(1), '192.0.2.1')), 'paid')
    assert.deepEqual(
      node.sent.map(({ body }) => [body.nonce, body.action]),
      [0, 1].map((index) => [3 + index, { kind: 'transfer', to: to(index), amountDroplets: 10 * COIN, microHours: 2 * COIN }]),
    )
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  it('pays one after the other, whoever asks at once', async () => {
    const asked = await Promise.all([0, 1, 2, 3].map((index) => code(faucet.pay(to(index), `192.0.2.${index}`))))
    assert.deepEqual(asked, ['paid', 'paid', 'paid', 'paid'])
    assert.deepEqual(
      node.sent.map(({ body }) => body.nonce),
      [3, 4, 5, 6],
    )
  })

  it('pays an address once in its time, says when to come back, and pays again then', async () => {
    await faucet.pay(to(0), '192.0.2.1')
    nowMs += HOUR_MS
    const limited = await faucet.pay(to(0), '192.0.2.2')
    assert.deepEqual(limited.kind === 'limited' && [limited.code, limited.retryAfterMs], ['address-limit', 23 * HOUR_MS])
    nowMs += 23 * HOUR_MS
    assert.equal(await code(faucet.pay(to(0), '192.0.2.2')), 'paid')
  })

  it('counts by source, a /64 of IPv6 as one', async () => {
    const asked: string[] = []
    for (const [index, source] of ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8::3', '2001:db8:0:1::3'].entries())
      asked.push(await code(faucet.pay(to(index), source)))
    assert.deepEqual(asked, ['paid', 'paid', 'source-limit', 'paid'])
  })

  it('gives no more than the total of a day', async () => {
    const asked: string[] = []
    for (const [index] of addresses.entries()) asked.push(await code(faucet.pay(to(index), `192.0.2.${index}`)))
    assert.deepEqual(asked, ['paid', 'paid', 'paid', 'paid', 'daily-limit', 'daily-limit', 'daily-limit'])
  })

  it('remembers after a restart, also after one in the middle of a line', async () => {
    await faucet.pay(to(0), '192.0.2.1')
    await faucet.close()
    appendFileSync(path, '[17000000,"')
    faucet = await open()
    assert.equal(await code(faucet.pay(to(0), '192.0.2.9')), 'address-limit')
    assert.equal(await code(faucet.pay(to(1), '192.0.2.1')), 'paid')
    assert.equal(await code(faucet.pay(to(2), '192.0.2.1')), 'source-limit')
    await faucet.close()
    nowMs += 25 * HOUR_MS
    faucet = await open()
    assert.equal(readFileSync(path, 'utf8'), '')
  })

  it('does not begin anew with a file that is damaged', async () => {
    await faucet.pay(to(0), '192.0.2.1')
    writeFileSync(path, `no line\n${readFileSync(path, 'utf8')}`)
    await assert.rejects(open(), { code: 'faucet-log-damaged' })
  })

  it('counts what the node refused as not paid, and what nobody knows of as paid', async () => {
    node.refuses = { code: 'nonce-too-low', detail: 'nonce 3 is used' }
    assert.equal(await code(faucet.pay(to(0), '192.0.2.1')), 'nonce-too-low')
    node.refuses = null
    await faucet.close()
    faucet = await open()
    assert.equal(await code(faucet.pay(to(0), '192.0.2.1')), 'paid')
    node.isGone = true
    assert.equal(await code(faucet.pay(to(1), '192.0.2.2')), 'node-failed')
    node.isGone = false
    assert.equal(await code(faucet.pay(to(1), '192.0.2.2')), 'address-limit')
  })

  const obstacles: readonly { description: string; change: (node: FakeNode) => void; says: string }[] = [
    { description: 'too few coins', change: (one) => void Object.assign(one, { droplets: 10 * COIN }), says: 'empty' },
    { description: 'too few coin-hours', change: (one) => void Object.assign(one, { microHours: 2 * COIN }), says: 'no-hours' },
    { description: 'a node that is behind', change: (one) => void Object.assign(one, { isFollowing: false }), says: 'not-ready' },
  ]
  for (const { description, change, says } of obstacles) {
    it(`says ${says}, and counts nothing: ${description}`, async () => {
      change(node)
      assert.equal(await code(faucet.pay(to(0), '192.0.2.1')), says)
      assert.equal(readFileSync(path, 'utf8'), '')
    })
  }

  it('tells what is left, and when that is little', async () => {
    node.droplets = 95 * COIN
    await faucet.pay(to(0), '192.0.2.1')
    const { paymentsLeft, isLow, paidToday } = await faucet.health()
    assert.deepEqual([paymentsLeft, isLow, paidToday], [9, true, { payments: 1, droplets: 10 * COIN }])
    node.droplets = 1000 * COIN
    assert.equal((await faucet.health()).isLow, false)
  })
})

describe('the source of who asks', () => {
  const cases = [
    { address: '192.0.2.7', source: '192.0.2.7' },
    { address: '::ffff:192.0.2.7', source: '192.0.2.7' },
    { address: '2001:db8:1:2:3:4:5:6', source: '2001:db8:1:2::/64' },
    { address: '2001:DB8:0001::6', source: '2001:db8:1:0::/64' },
    { address: '::1', source: '0:0:0:0::/64' },
    { address: 'fe80::1%eth0', source: 'fe80:0:0:0::/64' },
    { address: '64:ff9b::192.0.2.7', source: '64:ff9b:0:0::/64' },
  ]
  for (const { address, source } of cases) it(`${address} is ${source}`, () => assert.equal(sourceOf(address), source))
})
