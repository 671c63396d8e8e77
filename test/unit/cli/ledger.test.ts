import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BallotView, OpenElectionView } from '../../../src/api/ledger-types.ts'
import { type Api, startApi } from '../../../src/api/server.ts'
import type { VerifierStatus } from '../../../src/api/types.ts'
import { fromHex, type Hex } from '../../../src/base/hex.ts'
import { formatAddress, parseAddress } from '../../../src/crypto/address.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { checkTransaction } from '../../../src/ledger/transaction.ts'
import { initDirectory, type PublicParts, publicParts } from '../../../src/node/setup.ts'
import { decode } from '../../../src/wire/codec.ts'
import { transactionId } from '../../../src/wire/ids.ts'
import { type Action, type Transaction, transaction as transactionCodec } from '../../../src/wire/types.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { clientAccount, FakeNode, hashAt, listedVerifier } from '../api/fake-node.ts'
import { quorateHere } from './in-process.ts'
import { type Ended, startQuorate } from './quorate.ts'

const DEADLINE_MS = 30_000
const [first, second, other, client] = ['1a', '2b', '3c', '4d'].map((digits) => digits.repeat(20)) as [Hex, Hex, Hex, Hex]
const source = 'c5'.repeat(32)

const read = (text: Hex): Transaction => decode(transactionCodec, fromHex(text))
const ballot = (changes: Partial<BallotView> = {}): BallotView => ({
  ...{ election: 2, heldDroplets: 100_000_000, movedDroplets: 12_500_000, weightDroplets: 12_500_000, ratifyWeightDroplets: 12_500_000 },
  ...{ slip: null, sources: [] },
  ...changes,
})

describe('quorate: commands of the ledger', () => {
  const directory = join(tempDirectory('cli-ledger'), 'v1')
  const full = join(tempDirectory('cli-ledger-full'), 'full')
  let parts: PublicParts
  let own: Hex
  let node: FakeNode
  let api: Api

  before(async () => {
    await initDirectory({ directory, role: 'verifier', genesisFile: null, bootstrap: [] })
    await initDirectory({ directory: full, role: 'full', genesisFile: null, bootstrap: [] })
    parts = await publicParts(directory)
    own = parseAddress(parts.address)
  })
  beforeEach(async () => {
    node = new FakeNode()
    node.answer = (text) => ({ id: transactionId(read(text)), accepted: true })
    for (const address of [first, second, other]) {
      node.accounts.set(address, clientAccount(address, { kind: 'verifier', verifier: listedVerifier(address) }))
    }
    api = await startApi(node, { parseAddress })
    for (const at of [directory, full]) writeFileSync(join(at, 'api.json'), JSON.stringify({ url: api.url, pid: process.pid }))
  })
  afterEach(() => api.close())

  const sent = (): readonly Transaction[] => node.submitted.flat().map(read)
  const sentActions = (): readonly Action[] => sent().map(({ body }) => body.action)
  const openElection = (changes: Partial<BallotView> = {}): void => {
    node.election = { number: 2, cause: 'epoch', closesSlot: 3600 }
    node.accounts.set(own, clientAccount(own, { nonce: 4, nextNonce: 4, ballot: ballot(changes) }))
  }
  const run = (command: string, ...args: readonly string[]): Promise<Ended> => quorateHere(command, '--dir', directory, ...args)

  const verbs: readonly { description: string; args: readonly string[]; action: () => Action; says?: RegExp }[] = [
    { description: 'stake', args: ['stake', '--amount', '2.5'], action: () => ({ kind: 'stake', amountDroplets: 2_500_000 }) },
    {
      description: 'unstake a part',
      args: ['unstake', '--amount', '1'],
      action: () => ({ kind: 'unstake', amountDroplets: 1_000_000 }),
      says: /^free 302400 slots \(3 d 12 h\) after the next handover of the quorum; .*\n$/,
    },
    {
      description: 'unstake all',
      args: ['unstake', '--all'],
      action: () => ({ kind: 'unstake', amountDroplets: null }),
      says: /all that is bonded there: 100 coins by now\nfree 302400 slots .*\n50 coins stay bonded, .* asks for 100: the verifier will not be elected again\n$/,
    },
    {
      description: 'delegate',
      args: ['delegate', '--to', formatAddress(first), '--amount', '3'],
      action: () => ({ kind: 'delegate', verifier: first, amountDroplets: 3_000_000 }),
      says: /keeps 5 %/,
    },
    {
      description: 'undelegate all',
      args: ['undelegate', '--from', formatAddress(first), '--all'],
      action: () => ({ kind: 'undelegate', verifier: first, amountDroplets: null }),
      says: /^all that is bonded there: 3\.5 coins by now\nfree 302400 slots/,
    },
    {
      description: 'endorse',
      args: ['endorse', formatAddress(first)],
      action: () => ({ kind: 'endorse', verifier: first, stance: 'vouch' }),
    },
    {
      description: 'endorse no more',
      args: ['endorse', formatAddress(first), '--withdraw'],
      action: () => ({ kind: 'endorse', verifier: first, stance: 'withdraw' }),
    },
    {
      description: 'vote, in the order that the rules ask for, each once',
      args: ['vote', '--for', formatAddress(second), formatAddress(first), first],
      action: () => ({ kind: 'slip', choices: [first, second] }),
      says: /votes with 12\.5 coins: held 100 when the election opened, 12\.5 moved since, for 2 verifiers/,
    },
    {
      description: 'ratify',
      args: ['ratify', source.toUpperCase()],
      action: () => ({ kind: 'ratify', source }),
      says: /supports it with 62\.5 coins: .*, and 50 bonded to this verifier/,
    },
    {
      description: 'register',
      args: ['register', '--commission', '2.5%'],
      action: () => {
        assert.ok(parts.verifier !== null)
        return { kind: 'register', peerId: parts.peerId, ...parts.verifier, commissionPpm: 25_000 }
      },
      says: /registering burns 10 coins; the commission will be 2\.5 %[\s\S]*Next: `quorate stake .*: an election asks for 100 coins/,
    },
  ]
  for (const { description, args, action, says } of verbs) {
    it(`${description}: signs what the ledger takes, with the next nonce`, async () => {
      openElection({ ratifyWeightDroplets: 62_500_000 })
      const delegations = [{ verifier: first, droplets: 3_500_000, shares: 3_000_000 }]
      node.accounts.set(own, { ...node.account(own), kind: 'verifier', verifier: listedVerifier(own), delegations })
      const [command = '', ...rest] = args
      const { code, stdout, stderr } = await run(command, ...rest)
      assert.equal(code, 0, stderr)
      const [signed] = sent()
      assert.ok(signed !== undefined && node.submitted.flat().length === 1)
      assert.equal(stdout, `${transactionId(signed)}\n`)
      assert.deepEqual(signed.body.action, action())
      assert.deepEqual([signed.body.nonce, signed.body.feeDroplets, signed.body.expirySlot], [4, 1000, 127])
      assert.equal(checkTransaction(node.chainId, node.genesis.parameters, signed, nativeSignatures).kind, 'accept')
      if (says !== undefined) assert.match(stderr, says)
    })
  }

  it('vote --move moves the coins and signs the slip in one go', async () => {
    openElection()
    const { code, stdout, stderr } = await run('vote', '--for', first, '--move', '30', '--to', client, '--json')
    assert.equal(code, 0, stderr)
    assert.deepEqual(sentActions(), [
      { kind: 'transfer', to: client, amountDroplets: 30_000_000, microHours: 0 },
      { kind: 'slip', choices: [first] },
    ])
    assert.deepEqual(
      sent().map(({ body }) => body.nonce),
      [4, 5],
    )
    const ids = sent().map(transactionId)
    assert.deepEqual(JSON.parse(stdout), { id: ids[1], ids, weightDroplets: 42_500_000, state: 'accepted' })
  })

  it('vote --move weighs no more than was held when the election opened', async () => {
    openElection({ heldDroplets: 20_000_000 })
    const { stdout } = await run('vote', '--for', first, '--move', '30', '--to', client, '--json')
    assert.equal(JSON.parse(stdout).weightDroplets, 20_000_000)
  })

  it('vote --move --wait goes on until both are final', async () => {
    openElection()
    const { ended } = startQuorate(['vote', '--dir', directory, '--for', first, '--move', '1', '--to', client, '--wait'])
    await waitFor(() => sent().length === 2, { deadlineMs: DEADLINE_MS, description: 'both transactions to be submitted' })
    for (const [index, one] of sent().entries()) {
      const id = transactionId(one)
      node.transactions.set(id, { state: 'final', transaction: one, height: 251, block: hashAt(251), index })
      const event = { height: 251, hash: hashAt(251), slot: 502, finalAtMs: 1, makerIndex: 0, signers: 3 }
      node.emit({ kind: 'block', ...event, transactionIds: [id] })
    }
    const { code, stdout, stderr } = await ended
    assert.equal(code, 0, stderr)
    assert.match(stdout, /\nfinal: voted with 13\.5 coins for 1 verifier in block 251, after /)
  })

  it('vote --move signs no slip when the coins were refused, and says that they moved when the slip was', async () => {
    openElection()
    const args = ['--for', first, '--move', '1', '--to', client]
    node.answer = () => ({ id: null, accepted: false, code: 'insufficient-coins', detail: 'needs 1.001 coins, has 0' })
    const none = await run('vote', ...args)
    assert.deepEqual([none.code, node.submitted.length], [4, 1])
    assert.match(none.stderr, /^error: refused: needs 1\.001 coins, has 0 \(insufficient-coins\); `quorate account`/)
    node.answer = (text) => {
      const one = read(text)
      const id = transactionId(one)
      if (one.body.action.kind === 'transfer') return { id, accepted: true }
      return { id, accepted: false, code: 'pool-full', detail: 'the pool is full' }
    }
    const moved = await run('vote', ...args)
    assert.equal(moved.code, 4)
    assert.match(moved.stderr, /[0-9a-f]{64} was accepted, what was to follow was refused: the pool is full \(pool-full\)/)
  })

  it('what is refused is told without the forecasts and the id of what will not be, with and without --wait', async () => {
    openElection()
    node.answer = () => ({ id: null, accepted: false, code: 'value-above-stake', detail: `moves 5 coins of ${first}` })
    for (const wait of [[], ['--wait']]) {
      const { code, stdout, stderr } = await run('vote', '--for', first, ...wait)
      assert.deepEqual([code, stdout], [4, ''])
      assert.match(stderr, /^error: refused: .*less passes, as far as the account has the coins: what is more goes in parts/)
    }
    node.answer = (text) => ({ id: transactionId(read(text)), accepted: true })
    const accepted = await run('vote', '--for', first)
    assert.match(accepted.stderr, /^votes with /)
    assert.match(accepted.stdout, /^[0-9a-f]{64}\n$/)
  })

  it('a refusal names accounts as people know them', async () => {
    node.answer = () => ({
      id: null,
      accepted: false,
      code: 'unknown-verifier',
      detail: `${first} and ${second} are none; block ${source} is`,
    })
    const { stderr } = await run('delegate', '--to', formatAddress(first), '--amount', '1')
    assert.ok(stderr.includes(`${formatAddress(first)} and ${formatAddress(second)} are none; block ${source} is`), stderr)
  })

  it('send of nothing is refused before anything is signed, unless it is to oneself or sends coin-hours', async () => {
    const nothing = await run('send', '--to', first, '--amount', '0')
    assert.deepEqual([nothing.code, node.submitted.length], [2, 0])
    assert.match(nothing.stderr, /moves nothing: give --amount more than 0, or --hours/)
    for (const args of [
      ['--to', first, '--hours', '1'],
      ['--to', own],
    ])
      assert.equal((await run('send', ...args, '--amount', '0')).code, 0)
    for (const signed of sent())
      assert.equal(checkTransaction(node.chainId, node.genesis.parameters, signed, nativeSignatures).kind, 'accept')
  })

  const early: readonly { description: string; closed?: true; args: () => readonly string[]; code: number; says: RegExp }[] = [
    {
      description: 'while no election is open',
      closed: true,
      args: () => ['vote', '--for', first, '--move', '1', '--to', client],
      code: 4,
      says: /no election is open: the next opens in slot 3000.*; nothing was sent \[no-election\]/,
    },
    {
      description: 'a ratification while none is open',
      closed: true,
      args: () => ['ratify', source],
      code: 4,
      says: /the next opens in slot 3000/,
    },
    {
      description: 'for more than a slip can name',
      args: () => ['vote', '--for', first, second, other, '--move', '1', '--to', client],
      code: 4,
      says: /2 verifiers at most on this chain, this one 3 \[too-many-choices\]/,
    },
    {
      description: 'for a client',
      args: () => ['vote', '--for', first, client, '--move', '1', '--to', other],
      code: 4,
      says: new RegExp(`${formatAddress(client)} is no registered verifier; .quorate verifiers. lists them`),
    },
    {
      description: 'with coins moved to itself',
      args: () => ['vote', '--for', first, '--move', '1', '--to', own],
      code: 2,
      says: /to another account/,
    },
  ]
  for (const { description, closed, args, code, says } of early) {
    it(`vote ${description}: refuses before anything moves`, async () => {
      if (closed === undefined) openElection()
      const [command = '', ...rest] = args()
      const ended = await run(command, ...rest)
      assert.match(ended.stderr, says)
      assert.deepEqual([ended.code, ended.stdout, node.submitted.length], [code, '', 0])
    })
  }

  it('vote for who cannot be elected says so, and votes', async () => {
    openElection()
    const verifier = listedVerifier(second, { obstacle: 'registered-in-election' })
    node.accounts.set(second, clientAccount(second, { kind: 'verifier', verifier }))
    const { code, stderr } = await run('vote', '--for', first, second)
    assert.equal(code, 0)
    assert.match(stderr, new RegExp(`^as it stands, ${formatAddress(second)} cannot be elected: registered while an election was open`))
    assert.deepEqual(sentActions(), [{ kind: 'slip', choices: [first, second] }])
  })

  const supported: readonly { description: string; ratified: boolean; says: RegExp }[] = [
    {
      description: 'not yet',
      ratified: false,
      says: /\n9 of 1000 coins support it in this election\nmore than half of all coins make it the ratified one\n$/,
    },
    {
      description: 'enough',
      ratified: true,
      says: /\n9 of 1000 coins support it in this election\nit is the ratified source, since height 251\n$/,
    },
  ]
  for (const { description, ratified, says } of supported) {
    it(`ratify --wait says what supports the source by now: ${description}`, async () => {
      openElection()
      node.answer = (text) => {
        const one = read(text)
        const id = transactionId(one)
        node.transactions.set(id, { state: 'final', transaction: one, height: 251, block: hashAt(251), index: 0 })
        return { id, accepted: true }
      }
      const election = { number: 2, closesSlot: 3600, proposals: [{ source, droplets: 9_000_000 }] }
      const view = { ratified: ratified ? { source, height: 251 } : null, election, supplyDroplets: 1_000_000_000, running: null }
      node.ratification = () => view
      const { code, stderr } = await startQuorate(['ratify', '--dir', directory, source, '--wait']).ended
      assert.equal(code, 0, stderr)
      assert.match(stderr, says)
    })
  }

  it('register without a verifier key says how to get one', async () => {
    const { code, stderr } = await quorateHere('register', '--dir', full)
    assert.equal(code, 1)
    assert.match(stderr, /has no verifier key: run `quorate init --dir .*full --role verifier`.*\[not-verifier\]/)
    assert.equal(node.submitted.length, 0)
  })

  it('register says that the node runs without the key', async () => {
    const status = node.status()
    node.status = () => ({ ...status, peerId: parts.peerId })
    const { stderr } = await run('register')
    assert.match(stderr, /Next: start the node of .* again, which runs without its verifier key; then `quorate stake/)
  })

  it('a refusal says the next step', async () => {
    node.answer = () => ({ id: null, accepted: false, code: 'not-verifier', detail: 'only a verifier stakes' })
    const { code, stderr } = await run('stake', '--amount', '1')
    assert.equal(code, 4)
    assert.match(stderr, /only a verifier stakes \(not-verifier\); `quorate register` makes the account a verifier/)
  })

  it('account shows plainly whether it is a client or a verifier, and what is bonded', async () => {
    node.accounts.set(
      client,
      clientAccount(client, {
        delegations: [{ verifier: first, droplets: 3_500_000, shares: 3_000_000 }],
        unbonding: [{ verifier: second, droplets: 1_000_000, releaseSlot: 900, releaseTimeMs: 0 }],
        endorses: [first, second],
        ballot: ballot({ slip: { weightDroplets: 12_500_000, choices: [first, second] }, sources: [{ source, droplets: 7_000_000 }] }),
      }),
    )
    const view = listedVerifier(other, { obstacle: 'jailed', jailedUntilSlot: 77, trust: 5 })
    node.accounts.set(other, clientAccount(other, { kind: 'verifier', verifier: view }))
    const [plain, verifier] = await Promise.all([run('account', client), run('account', other)])
    const [one, two] = [first, second].map(formatAddress)
    for (const says of [
      /kind +client\n/,
      new RegExp(`delegates +3\\.5 to ${one}  \\(3 shares\\)\n`),
      new RegExp(`comes back +1 from ${two}, in slot 900 \\(with the next block\\)`),
      new RegExp(`endorses +${one}\n +${two}\n`),
      /election +2 is open: held 100 when it opened, moved 12\.5 since; a slip weighs 12\.5\n/,
      new RegExp(`votes for +${one} +\\(12\\.5 coins\\)\n +${two}\n`),
      new RegExp(`ratifies +${source} +7 coins`),
    ])
      assert.match(plain.stdout, says)
    for (const says of [
      /kind +verifier\n/,
      /quorum +elected, weighs 120 coins; jailed for an offence until slot 77\n/,
      /stake +100 own, 50 of 3 delegators\n/,
      /commission +5 %\n/,
      /registered +at height 12\n/,
      /trust +5\nvotes +7 coins/,
    ])
      assert.match(verifier.stdout, says)
  })

  it('account --rewards adds up what the newest blocks paid', async () => {
    const paid = parseAddress(formatAddress('aa'.repeat(20)))
    node.accounts.set(paid, clientAccount(paid, { kind: 'verifier', verifier: listedVerifier(paid) }))
    const [plain, json, none] = await Promise.all([
      run('account', paid, '--rewards', '120'),
      run('account', paid, '--rewards', '120', '--json'),
      run('account', client, '--rewards', '120'),
    ])
    assert.match(plain.stdout, /\nrewards +1\.32 coins in blocks 131 to 250, 120 of which paid it\n +0\.264 as maker, 1\.056 as signer\n/)
    assert.match(plain.stdout, /\n +0\.36 of it to its delegators, after 0\.018 of commission\n/)
    const sums = { makerDroplets: 264_000, signerDroplets: 1_056_000, delegatorsDroplets: 360_000, commissionDroplets: 18_000 }
    assert.deepEqual(JSON.parse(json.stdout).earned, { fromHeight: 131, toHeight: 250, blocks: 120, ...sums })
    assert.match(none.stdout, /\nrewards +none: a client is not paid/)
  })

  it('account --rewards does not make up what the node does not have', async () => {
    node.accounts.set(first, clientAccount(first, { kind: 'verifier', verifier: listedVerifier(first) }))
    const { blocks } = node
    node.blocks = (from, count) => blocks.call(node, from, count).map((block) => ({ ...block, receipt: null }))
    const [plain, json] = await Promise.all([run('account', first, '--rewards', '9'), run('account', first, '--rewards', '9', '--json')])
    assert.match(plain.stdout, /\nrewards +not known: this node began with a newer snapshot; ask for fewer blocks\n/)
    assert.equal(JSON.parse(json.stdout).earned, null)
  })

  it('keys --address prints the address for scripts', async () => {
    const { code, stdout } = await run('keys', '--address')
    assert.deepEqual([code, stdout], [0, `${parts.address}\n`])
  })

  it('verifiers points out the own one', async () => {
    node.registered = [listedVerifier(own), listedVerifier(second), listedVerifier(own, { obstacle: 'jailed', jailedUntilSlot: 9 })]
    const [all, away] = await Promise.all([run('verifiers'), quorateHere('verifiers', '--dir', '/nonexistent', '--api', api.url)])
    assert.match(
      all.stdout,
      new RegExp(`\n${parts.address} .* 0 +yours\n.* 0\n${parts.address} .* yours; jailed for an offence until slot 9\n$`),
    )
    assert.doesNotMatch(away.stdout, /yours/)
  })

  it('verifiers lists those that are registered, and the quorum', async () => {
    node.registered = [
      listedVerifier(first),
      listedVerifier(second, { inQuorum: false, obstacle: 'stake-below-minimum' }),
      listedVerifier(other),
    ]
    const [all, page, quorum] = await Promise.all([
      run('verifiers'),
      run('verifiers', '--from', '1', '--limit', '1'),
      run('verifiers', '--quorum'),
    ])
    assert.match(all.stdout, new RegExp(`${formatAddress(first)} +100 +50 +5 % +120 +7 +0\n`))
    assert.match(all.stdout, new RegExp(`${formatAddress(second)} .* - .*has less stake than an election asks for\n`))
    assert.match(page.stdout, /^VERIFIER.*\n.*\n2 of 3; go on with --from 2\n$/)
    assert.match(
      quorum.stdout,
      /signs +height 251 and on, in epoch 1\n[\s\S]*80\.000001 make a certificate\n[\s\S]*80 coins at most[\s\S]*\n +0 +quo1/,
    )
  })

  const open: OpenElectionView = {
    ...{ number: 2, cause: 'epoch', openedHeight: 240, closesSlot: 3600, closesTimeMs: 0, slotsLeft: 100 },
    ...{ votedDroplets: 9_000_000, turnoutPpm: 12_345, minTurnoutPpm: 50_000, by: 'stake', seats: 1, eligible: 2 },
    standings: [
      { verifier: first, score: 150_000_000, votesDroplets: 9_000_000, bondedDroplets: 150_000_000, trust: 0, elected: true },
      { verifier: second, score: 90_000_000, votesDroplets: 0, bondedDroplets: 90_000_000, trust: 0, elected: false },
    ],
    proposals: [{ source, droplets: 4_000_000 }],
  }

  it('election shows the standings while one is open, and when the next opens', async () => {
    const closed = await run('election')
    assert.match(closed.stdout, /epoch +1\nelection +none is open; the next opens in slot 3000, .*\nhandover +in slot 3600/)
    assert.match(closed.stdout, /ELECTION +HEIGHT[\s\S]*\n +1 +120 +7 +1 +the slips\n$/)
    node.election = { number: 2, cause: 'epoch', closesSlot: 3600 }
    node.openElection = open
    const opened = await run('election')
    assert.match(opened.stdout, /election +2, at the end of the epoch\ncloses +in slot 3600, with the next block/)
    assert.match(
      opened.stdout,
      /voted +9 coins, 1\.2345 % of all; under 5 % the stake decides\nranked by +the stake\nseats +1; 2 verifiers can be elected/,
    )
    assert.match(opened.stdout, new RegExp(`proposed +${source} +4 coins`))
    assert.match(
      opened.stdout,
      new RegExp(`\n +1 +${formatAddress(first)} +150 +9 +150 +elected\n +2 +${formatAddress(second)} +90 +0 +90\n`),
    )
  })

  it('supply adds up, or the exit code says that it does not', async () => {
    const right = await run('supply')
    assert.deepEqual([right.code, right.stderr], [0, ''])
    assert.match(right.stdout, /free +700\nstaked +200\ndelegated +90\non the way back +9\nfees to share +1\nall coins +1000\n/)
    const supply = { ...node.supply(), holds: false }
    node.supply = () => supply
    const wrong = await run('supply', '--json')
    assert.deepEqual([wrong.code, JSON.parse(wrong.stdout)], [1, supply])
    assert.match(wrong.stderr, /supply-differs/)
  })

  it('block shows who got what, and what came about', async () => {
    const [one, unknown, newest] = await Promise.all([run('block', '7'), run('block', '251'), run('block')])
    assert.match(newest.stdout, /^block +250 /)
    assert.match(one.stdout, /block +7 +0+7\n/)
    assert.match(one.stdout, /paid +0\.011 coins for the block before: 0\.01 minted, 0\.001 of fees\n/)
    assert.match(one.stdout, /events +election 2 opened, until slot 3600\n/)
    assert.match(one.stdout, /REWARDS +AS MAKER +AS SIGNER +TO DELEGATORS +COMMISSION\nquo1\w+ +0\.0022 +0\.0088 +0\.003 +0\.00015\n$/)
    assert.equal(unknown.code, 5)
  })

  const standings: readonly { description: string; status: Partial<VerifierStatus> | null; says: RegExp }[] = [
    { description: 'no key', status: null, says: /verifier +no: this node has no verifier key\n/ },
    {
      description: 'a key that is not registered',
      status: { state: 'not-registered' },
      says: /not registered: `quorate register` does that\n/,
    },
    {
      description: 'too little stake',
      status: { state: 'registered', bondedDroplets: 3_000_000, obstacle: 'stake-below-minimum' },
      says: /registered, not elected \(3 coins bonded, 100 needed\): `quorate stake` adds to it\n/,
    },
    {
      description: 'one that waits for an election',
      status: { state: 'registered', obstacle: 'registered-in-election' },
      says: /registered, not elected .*; registered while an election was open, so it waits for the next\n/,
    },
    {
      description: 'an elected one',
      status: { state: 'elected', index: 3, weightDroplets: 150_000_000, proposed: 9, silence: 'stale' },
      says: /verifier +3 in the quorum, weighs 150 coins\nwork +proposed 9, led 0, made 0, sealed 0\nsigning +no: stale\n/,
    },
  ]
  for (const { description, status, says } of standings) {
    it(`status of a node with ${description}`, async () => {
      const plain: VerifierStatus = {
        ...{ blsKey: 'ee'.repeat(48), state: 'elected', address: first, index: null, weightDroplets: 0, bondedDroplets: 150_000_000 },
        ...{ minStakeDroplets: 100_000_000, obstacle: null, silence: null, proposed: 0, led: 0, made: 0, sealed: 0 },
      }
      node.verifierStatus = status === null ? null : { ...plain, ...status }
      const { stdout } = await run('status')
      assert.match(stdout, says)
      assert.match(stdout, /epoch +1, the quorum changes in slot 3600, with the next block\n/)
    })
  }
})
