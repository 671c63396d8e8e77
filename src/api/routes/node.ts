import { Type } from 'typebox'
import { MAX_SEARCH_LENGTH } from '../bounds.ts'
import { Diagnosis } from '../diagnosis-types.ts'
import { ApiError } from '../errors.ts'
import { StreamedEvent } from '../event-types.ts'
import { eventKinds, parseKinds } from '../events.ts'
import { SwarmGraph } from '../observe-types.ts'
import { type Route, route } from '../route.ts'
import { list, object, text } from '../schema.ts'
import { search } from '../search.ts'
import { SearchView } from '../search-types.ts'
import { NodeStatus, PeerView } from '../types.ts'

/** The node itself, its peers and its events. */
export const nodeRoutes: readonly Route[] = [
  route({
    path: '/v1/status',
    operationId: 'getStatus',
    tag: 'node',
    summary: 'What this node is and how it is doing',
    answer: NodeStatus,
    handle: ({ view }) => view.status(),
  }),
  route({
    path: '/v1/peers',
    operationId: 'listPeers',
    tag: 'network',
    summary: 'Who this node is connected to',
    answer: object({ peers: list(PeerView) }),
    handle: ({ view }) => ({ peers: view.peers() }),
  }),
  route({
    path: '/v1/swarm',
    operationId: 'getSwarm',
    tag: 'network',
    summary: 'Who is connected to whom, as far as this node knows',
    answer: SwarmGraph,
    handle: ({ view }) => view.swarm(),
  }),
  route({
    path: '/v1/diagnosis',
    operationId: 'getDiagnosis',
    tag: 'network',
    summary: 'What `quorate doctor` judges',
    answer: Diagnosis,
    handle: ({ view }) => view.diagnosis(),
  }),
  route({
    path: '/v1/search',
    operationId: 'search',
    tag: 'node',
    summary: 'What a height, a hash, an id, an address or a peer id stands for',
    query: { q: Type.Optional(Type.String({ maxLength: MAX_SEARCH_LENGTH, description: 'What to look for.' })) },
    answer: SearchView,
    handle: (desk, { query }) => search(desk, query.q ?? ''),
  }),
  route({
    path: '/v1/network-file',
    operationId: 'getNetworkFile',
    tag: 'network',
    summary: 'All that somebody needs to join the network: genesis, bootstrap peers and a checkpoint',
    answer: Type.Record(Type.String(), Type.Unknown(), { description: 'A network file, as `quorate init --network` takes it.' }),
    errors: [404],
    handle: ({ networkFile }) => {
      if (networkFile !== undefined) return networkFile()
      throw new ApiError(404, 'no-network-file', 'this node gives no network file')
    },
  }),
  route({
    path: '/v1/events',
    operationId: 'streamEvents',
    tag: 'events',
    summary: 'What happens, as server-sent events',
    description:
      'Each event has its kind as `event`, JSON as `data`, and an `id` from which a broken stream is continued without a gap. ' +
      'The first is a `heartbeat`, and one comes every ten seconds; `gap` says that events were missed.',
    query: { kinds: Type.Optional(text(`Some of ${eventKinds.join(', ')}, with commas; all if not given.`)) },
    headers: object({ 'last-event-id': Type.Optional(text('Id of the last event that was seen, as browsers send it by themselves.')) }),
    answer: StreamedEvent,
    errors: [429],
    type: 'text/event-stream',
    handle: ({ events }, { query, headers, source }, reply) => {
      const last = headers['last-event-id']
      events.add(reply.raw, {
        kinds: parseKinds(query.kinds),
        source,
        lastEventId: typeof last === 'string' && last !== '' ? last : undefined,
      })
      reply.hijack()
    },
  }),
]
