import assert from 'node:assert/strict'
import { TrustedHeaders } from '../../../src/node/snapshot-headers.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { MAX_SYNC_HEADERS } from '../../../src/wire/bounds.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { blockHash } from '../../../src/wire/ids.ts'
import { syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import type { Header } from '../../../src/wire/types.ts'
import { FakeNetwork } from './fixtures.ts'

describe('headers below a checkpoint', () => {
  const chainId = 'ab'.repeat(32)
  const COUNT = 3 * MAX_SYNC_HEADERS + 10
  let headers: readonly Header[]

  before(() => {
    const made: Header[] = []
    let parent = chainId
    for (let height = 1; height <= COUNT; height++) {
      const header: Header = {
        ...{ height, slot: height, parent, parentSeal: null, maker: 0, proof: '00'.repeat(96), burnedMicroHours: 0 },
        ...{ transactionsRoot: chainId, evidenceRoot: chainId, stateRoot: chainId, nextQuorum: chainId },
      }
      made.push(header)
      parent = blockHash(chainId, header)
    }
    headers = made
  })

  /** @param most headers of one answer */
  function setUp(peers: Readonly<Record<string, readonly Header[]>>, most = MAX_SYNC_HEADERS) {
    const network = new FakeNetwork()
    const asked: number[] = []
    const blamed: string[] = []
    for (const [peerId, own] of Object.entries(peers))
      network.answers.set(peerId, (_, data) => {
        const request = decode(syncRequest, data)
        assert.ok(request.kind === 'headers' && request.count <= MAX_SYNC_HEADERS)
        asked.push(request.fromHeight)
        const from = request.fromHeight - 1
        return encode(syncResponse, { kind: 'headers', headers: own.slice(from, from + Math.min(most, request.count)) })
      })
    const trusted = new TrustedHeaders({
      chainId,
      client: new SyncClient(network),
      peers: {
        header: headers.at(-1) ?? null,
        having: () => Object.keys(peers).filter((peerId) => !blamed.includes(peerId)),
        blame: (peerId) => void blamed.push(peerId),
        exclude: (peerId) => void blamed.push(peerId),
      },
      signal: new AbortController().signal,
    })
    return { trusted, asked, blamed }
  }

  for (const most of [MAX_SYNC_HEADERS, 300, 1])
    it(`are fetched from the top down, by answers of at most ${most}, and none twice`, async () => {
      const { trusted, asked, blamed } = setUp({ one: headers }, most)
      for (const height of [COUNT, COUNT - 1, 2_000, 1_999, 5]) assert.equal((await trusted.at(height))?.height, height)
      assert.deepEqual(blamed, [])
      assert.equal(new Set(asked).size, asked.length)
    })

  it('are of no use if they lead elsewhere: then another is asked, from where it was', async () => {
    const forged = headers.map((header) => (header.height === 1_500 ? { ...header, stateRoot: '00'.repeat(32) } : header))
    const { trusted, blamed } = setUp({ liar: forged, honest: headers })
    assert.deepEqual(await trusted.at(1_400), headers[1_399])
    assert.deepEqual(blamed, ['liar'])
  })

  it('are not had from peers that have not all of them', async () => {
    const { trusted, blamed } = setUp({ short: headers.slice(0, 2_000) })
    assert.equal(await trusted.at(1_000), null)
    assert.deepEqual(blamed, [])
  })
})
