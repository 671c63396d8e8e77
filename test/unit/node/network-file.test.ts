import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { formatGenesis } from '../../../src/node/genesis-file.ts'
import {
  directoryNetwork,
  formatNetwork,
  networkFile,
  readBootstrapList,
  readCheckpointFile,
  readNetwork,
  writeNetworkFile,
} from '../../../src/node/network-file.ts'
import { chainIdOf } from '../../../src/wire/ids.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { EpochChain } from './epoch-chain.ts'

const { genesis } = new EpochChain({})
const chainId = chainIdOf(genesis)
const peer = '/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWDLXTeAD1cfSN5YrLW4WAtMMpNgUQ8ryzRpQGn5XjKJ8o'
const other = peer.replace('192.0.2.7', '192.0.2.8')
const checkpoint = { height: 12, hash: 'ab'.repeat(32) }
const network = { genesis, bootstrap: [peer], checkpoint }
const text = formatNetwork(network)

describe('network files', () => {
  const home = tempDirectory('network')
  let count = 0
  const file = (content: string): string => {
    const path = join(home, `${count++}.json`)
    writeFileSync(path, content)
    return path
  }

  it('come back as they were written, and are never written over', async () => {
    const path = join(home, 'network.json')
    await writeNetworkFile(path, network)
    assert.deepEqual(await readNetwork(path), { ...network, chainId, source: path })
    assert.deepEqual(await readNetwork(path, chainId), { ...network, chainId, source: path })
    await assert.rejects(writeNetworkFile(path, network), { code: 'network-exists' })
    assert.equal(readFileSync(path, 'utf8'), text)
  })

  const change = (edit: (value: Record<string, unknown>) => object): string => JSON.stringify(edit(JSON.parse(text)))
  const wrong: readonly { description: string; content: string; code: string; says: RegExp }[] = [
    { description: 'nothing', content: '', code: 'network-syntax', says: /is empty/ },
    { description: 'half of one', content: text.slice(0, text.length / 2), code: 'network-syntax', says: /cut short/ },
    { description: 'a web page', content: '\n<!doctype html><title>x</title>', code: 'network-syntax', says: /web page/ },
    { description: 'a list', content: '[]', code: 'network-syntax', says: /no JSON object/ },
    { description: 'a genesis file', content: formatGenesis(genesis), code: 'network-syntax', says: /--genesis/ },
    { description: 'another document', content: '{"format": "quorate-guard"}', code: 'network-syntax', says: /no network file/ },
    {
      description: 'a later version',
      content: change((value) => ({ ...value, version: 2 })),
      code: 'network-version',
      says: /version 2.*newer/,
    },
    { description: 'a field that is none', content: change((value) => ({ ...value, more: 1 })), code: 'network-syntax', says: /"more"/ },
    {
      description: 'a peer that is none',
      content: change((value) => ({ ...value, bootstrap: ['x'] })),
      code: 'network-syntax',
      says: /"x"/,
    },
    {
      description: 'too many peers',
      content: change((value) => ({ ...value, bootstrap: Array(65).fill(peer) })),
      code: 'network-syntax',
      says: /at most 64/,
    },
    {
      description: 'a checkpoint that is none',
      content: change((value) => ({ ...value, checkpoint: { height: 0, hash: 'ab'.repeat(32) } })),
      code: 'network-syntax',
      says: /checkpoint/,
    },
    {
      description: 'another chain id',
      content: change((value) => ({ ...value, chainId: 'cd'.repeat(32) })),
      code: 'network-differs',
      says: /cdcd.*but its genesis/,
    },
    { description: 'another name', content: change((value) => ({ ...value, name: 'mine' })), code: 'network-differs', says: /"mine"/ },
    {
      description: 'a genesis that is not sound',
      content: change((value) => ({ ...value, genesis: { ...(value['genesis'] as object), name: 'NO' } })),
      code: 'genesis-name',
      says: /NO/,
    },
  ]
  for (const { description, content, code, says } of wrong) {
    it(`are refused with ${code}: ${description}`, async () => {
      const path = file(content)
      await assert.rejects(readNetwork(path), (error: Error & { code?: string }) => {
        assert.deepEqual([error.code, error.message.startsWith(path)], [code, true], error.message)
        assert.match(error.message, says)
        return true
      })
    })
  }

  it('are refused when they are far too large, missing, or of another network than is wanted', async () => {
    const path = file('')
    truncateSync(path, 64 * 1024 * 1024)
    await assert.rejects(readNetwork(path), { code: 'network-size' })
    await assert.rejects(readNetwork(join(home, 'nowhere')), { code: 'network-missing' })
    await assert.rejects(readNetwork(home), { code: 'network-failed' })
    await assert.rejects(readNetwork(file(text), 'cd'.repeat(32)), { code: 'network-differs', message: /not cdcd/ })
  })

  it('are made of a directory, with its own peers or others', async () => {
    const directory = join(home, 'node')
    mkdirSync(directory)
    writeFileSync(join(directory, 'genesis.json'), formatGenesis(genesis))
    writeFileSync(join(directory, 'bootstrap.json'), JSON.stringify({ peers: [other] }))
    const own = await directoryNetwork(directory, { bootstrap: null, checkpoint: null })
    assert.deepEqual(own, { genesis, chainId, bootstrap: [other], checkpoint: null })
    assert.deepEqual((await directoryNetwork(directory, { bootstrap: [peer], checkpoint })).bootstrap, [peer])
  })

  const loopback = peer.replace('192.0.2.7', '127.0.0.1')
  const views = [
    { description: 'a node that others reach', addresses: [loopback, peer], height: 12, bootstrap: [peer, other] },
    { description: 'a node on one machine', addresses: [loopback], height: 0, bootstrap: [loopback, other] },
  ]
  for (const { description, addresses, height, bootstrap } of views) {
    it(`are what a running node gives: ${description}`, async () => {
      const given = networkFile(genesis, { addresses, height, head: 'ab'.repeat(32) }, [other])
      const found = await readNetwork(file(JSON.stringify(given)))
      assert.deepEqual([found.bootstrap, found.checkpoint], [bootstrap, height === 0 ? null : checkpoint])
    })
  }
})

describe('network files at an address', () => {
  let server: Server
  let url: string
  let answer: RequestListener
  before(async () => {
    server = createServer((request, response) => answer(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/network`
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  it('are read', async () => {
    answer = (_request, response) => response.end(text)
    assert.deepEqual(await readNetwork(url), { ...network, chainId, source: url })
  })

  const wrong: readonly { description: string; answer: RequestListener; code: string; says: RegExp }[] = [
    { description: 'not found', answer: (_, response) => void response.writeHead(404).end('{}'), code: 'network-unreachable', says: /404/ },
    {
      description: 'sent on',
      answer: (_, response) => void response.writeHead(302, { location: 'http://elsewhere.example/n' }).end(),
      code: 'network-redirect',
      says: /elsewhere\.example\/n.*not followed/,
    },
    {
      description: 'broken off',
      answer: (_, response) => {
        response.writeHead(200, { 'content-length': text.length })
        response.write(text.slice(0, 100), () => response.destroy())
      },
      code: 'network-unreachable',
      says: /could not be fetched/,
    },
    {
      description: 'without an end',
      answer: (_, response) => {
        const more = (): void => void (response.writable && response.write(' '.repeat(1 << 20), more))
        more()
      },
      code: 'network-size',
      says: /larger than/,
    },
    { description: 'a web page', answer: (_, response) => void response.end('<html>'), code: 'network-syntax', says: /web page/ },
  ]
  for (const { description, answer: wanted, code, says } of wrong) {
    it(`are refused with ${code}: ${description}`, async () => {
      answer = wanted
      await assert.rejects(readNetwork(url), { code, message: says })
    })
  }

  it('say that nobody listens there', async () => {
    const gone = createServer()
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve))
    const { port } = gone.address() as AddressInfo
    await new Promise((resolve) => gone.close(resolve))
    await assert.rejects(readNetwork(`http://127.0.0.1:${port}/`), { code: 'network-unreachable', message: /ECONNREFUSED/ })
  })
})

describe('lists of bootstrap peers', () => {
  const home = tempDirectory('bootstrap')
  const path = join(home, 'bootstrap.json')
  const read = async (value: unknown) => {
    writeFileSync(path, JSON.stringify(value))
    return await readBootstrapList(path)
  }

  it('may name the network, by an address or a file beside the list', async () => {
    assert.deepEqual(await read({ peers: [peer] }), { peers: [peer], network: null, chainId: null })
    assert.deepEqual(await read({ peers: [], network: 'https://seed.example.org/n', chainId }), {
      ...{ peers: [], network: 'https://seed.example.org/n', chainId },
    })
    assert.equal((await read({ peers: [], network: 'network.json' })).network, join(home, 'network.json'))
  })

  const wrong = [null, {}, { peers: ['x'] }, { peers: [], network: 5 }, { peers: [], chainId: 'x' }]
  for (const value of wrong)
    it(`are refused: ${JSON.stringify(value)}`, async () => await assert.rejects(read(value), { code: 'bad-bootstrap-file' }))

  it('are like the checkpoint of a directory, which may be missing, but not wrong', async () => {
    assert.equal(await readCheckpointFile(home), null)
    writeFileSync(join(home, 'checkpoint.json'), JSON.stringify(checkpoint))
    assert.deepEqual(await readCheckpointFile(home), checkpoint)
    for (const wrongText of ['{', '{"height": 1}', '7']) {
      writeFileSync(join(home, 'checkpoint.json'), wrongText)
      await assert.rejects(readCheckpointFile(home), { code: 'bad-checkpoint-file', message: /remove it/ })
    }
  })
})
