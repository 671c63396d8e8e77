import assert from 'node:assert/strict'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { announceListening } from '../../../src/adapters/libp2p/own-addresses.ts'

describe('libp2p own addresses', () => {
  /** What is announced when a transport listens on these. */
  function announced(...listening: readonly string[]): readonly string[] {
    const confirmed: string[] = []
    announceListening({
      events: {
        addEventListener: (_type, listener) =>
          listener({ detail: { getAddrs: (): Multiaddr[] => listening.map((text) => multiaddr(text)) } }),
      },
      addressManager: { confirmObservedAddr: (address) => confirmed.push(address.toString()) },
    })
    return confirmed
  }

  for (const { description, listening, expected } of [
    { description: 'a public address', listening: ['/ip4/11.7.0.1/tcp/4001'], expected: ['/ip4/11.7.0.1/tcp/4001'] },
    {
      description: 'of all addresses of a machine, the public ones',
      listening: ['/ip4/127.0.0.1/tcp/4001', '/ip4/192.168.1.2/tcp/4001', '/ip4/11.7.0.1/tcp/4001', '/ip6/2a00::1/tcp/4001'],
      expected: ['/ip4/11.7.0.1/tcp/4001', '/ip6/2a00::1/tcp/4001'],
    },
    { description: 'none of a machine behind a router', listening: ['/ip4/127.0.0.1/tcp/4001', '/ip4/10.1.2.3/tcp/4001'], expected: [] },
  ])
    it(`are announced without anybody's confirmation: ${description}`, () => assert.deepEqual(announced(...listening), expected))
})
