import { Type } from 'typebox'
import { address, count, flag, hash, integer, list, named, number, object, oneOf, orNull, text, type View } from './schema.ts'

/** What `quorate doctor` asks of a running node, and what a bootstrap node says of its work. Times in ms since 1970. */

const counts = (description: string) => Type.Record(Type.String(), Type.Number(), { description })

export const BootstrapStatus = named(
  'BootstrapStatus',
  {
    connections: count('Open now, both ways.'),
    maxConnections: count('Beyond it the least useful is closed.'),
    prefixes: list(
      object({ prefix: text('A /24 of IPv4 or a /48 of IPv6.'), connections: count() }),
      'Where most inbound connections come from, at most 8; private addresses are not counted.',
    ),
    prefixCount: count('Prefixes in all.'),
    routingTable: count('Peers in the routing table of the DHT.'),
    served: count('Requests answered since the start.'),
    servedPerMinute: count('In the last whole minute.'),
    refused: counts('What strangers were refused since the start, by reason.'),
    refusedPerMinute: counts('In the last whole minute.'),
    otherChains: count('Peers of other chains that came.'),
  },
  'How a bootstrap node is doing.',
)
export type BootstrapStatus = View<typeof BootstrapStatus>

const DialFailureView = named('DialFailureView', {
  peerId: text(),
  address: text('What was dialled; empty if no address was known.'),
  cause: oneOf([
    'refused',
    'timeout',
    'no-route',
    'unknown-name',
    'wrong-peer',
    'other-chain',
    'banned',
    'limit',
    'private-address',
    'unknown-peer',
    'other',
  ]),
  detail: text(),
  atMs: number(),
  failures: count('In a row.'),
})

export const Diagnosis = named(
  'Diagnosis',
  {
    atMs: number('By the clock of the node.'),
    startedAtMs: number(),
    agent: text(),
    role: oneOf(['bootstrap', 'full', 'verifier']),
    chain: text(),
    chainId: hash(),
    scope: oneOf(['local', 'public']),
    source: object(
      {
        running: orNull(hash('What this node was built from; null if that is unknown.')),
        ratified: orNull(hash('What coin holders have ratified last.')),
      },
      'Null where nothing is known or ratified.',
    ),
    clock: object({
      slotMs: count(),
      offsets: list(
        object({ peerId: text(), offsetMs: number('How far its clock is ahead of this one.') }),
        'Of peers that greeted this node.',
      ),
    }),
    addresses: object({ listening: list(text()), announced: list(text('What others are told.')) }),
    reachability: object({
      confirmed: count('Peers that dialled back and found this node, by AutoNAT.'),
      failed: count('Peers that dialled back in vain.'),
      inboundPublic: count('Open connections that came from public addresses.'),
    }),
    peers: object({
      inbound: count(),
      outbound: count(),
      target: count('For so many the node dials by itself.'),
      max: count(),
      candidates: count('Known, and not connected.'),
      otherChains: count('Peers of other chains that were met.'),
      bootstrap: list(object({ peerId: text(), address: text(), isConnected: flag() })),
      agents: list(object({ agent: text(), peers: count() }), 'Of the connected peers that greeted this node.'),
    }),
    dials: list(DialFailureView, 'Peers that could not be connected to, each with the last reason, at most 64.'),
    topics: list(object({ topic: text(), peers: count('That subscribe.'), mesh: count(), low: count(), high: count() })),
    quorum: orNull(
      object({
        stakeDroplets: count(),
        connectedStakeDroplets: count('Of members that are connected, and of this node.'),
        enoughDroplets: count('What signs a block.'),
        members: list(
          object({
            index: count(),
            address: address(),
            peerId: text(),
            stakeDroplets: count(),
            state: oneOf(['self', 'connected', 'not-connected']),
          }),
        ),
      }),
      'Null on a bootstrap node.',
    ),
    sync: orNull(
      object({
        state: oneOf(['none', 'waiting-for-peers', 'syncing', 'following']),
        height: count(),
        targetHeight: count(),
        headAgeMs: orNull(number('Since the head became final here, or since the start.')),
        silence: orNull(text('Why the verifier does not sign; null if it does, or is none.')),
      }),
      'Null on a bootstrap node.',
    ),
    slot: orNull(count()),
    eventLoop: object(
      { meanMs: number(), p99Ms: number(), maxMs: number(), sinceMs: number() },
      'How late timers came, since `sinceMs`: a machine that is too slow, or a process that was held up.',
    ),
    disk: object({
      path: text(),
      freeBytes: orNull(count()),
      totalBytes: orNull(count()),
      storeBytes: orNull(count('Null without a store.')),
      grownBytes: orNull(integer('Since `sinceMs`.')),
      sinceMs: number(),
    }),
    rssBytes: count(),
    refused: counts('What strangers were refused since the start, by reason.'),
    bootstrap: orNull(BootstrapStatus, 'Null unless the node only bootstraps.'),
  },
  'What `quorate doctor` judges.',
)
export type Diagnosis = View<typeof Diagnosis>
