/**
 * The other side of the API's measurement, in a process of its own: many event streams and a steady rate of reads of one node, until a
 * time is over. Prints what it met as JSON. `node --import tsx scripts/bench/api-readers.ts URL STREAMS READS_PER_SECOND SECONDS`
 */
import { get } from 'node:http'
import autocannon from 'autocannon'
import { QuorateClient } from '../../src/client/client.ts'

/** What readers of one node met. */
export interface ReadersReport {
  /** Requests answered a second, all with 200 unless `failed` says otherwise. */
  readonly readsPerSecond: number
  readonly readP50Ms: number
  readonly readP99Ms: number
  readonly failed: number
  readonly streams: number
  /** Of blocks, that each stream should have got; the least and the most that one did. */
  readonly blockEventsLeast: number
  readonly blockEventsMost: number
}

const [url = '', streams = '0', reads = '0', seconds = '0'] = process.argv.slice(2)
const CONNECTIONS = 32
const OPENED_AT_ONCE = 50

const received = new Array<number>(Number(streams)).fill(0)
/** Counts the events of blocks, and reads no more of them than it must to find them: the node is measured, not this program. */
const listen = (index: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = get(`${url}/v1/events?kinds=block,slot,pending`, { agent: false }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`a stream was answered ${response.statusCode}`))
      response.once('data', () => resolve())
      response.on('data', (chunk: Buffer) => {
        for (let at = chunk.indexOf('event: block\n'); at >= 0; at = chunk.indexOf('event: block\n', at + 1))
          received[index] = (received[index] ?? 0) + 1
      })
    })
    request.on('error', reject)
  })
for (let index = 0; index < received.length; index += OPENED_AT_ONCE)
  await Promise.all(received.slice(index, index + OPENED_AT_ONCE).map((_, place) => listen(index + place)))

const client = new QuorateClient(url)
const [{ height }, { members }] = await Promise.all([client.status(), client.quorum()])
const paths = [
  '/v1/status',
  '/v1/blocks?summary=true&limit=5',
  `/v1/blocks/${Math.max(1, height)}`,
  `/v1/accounts/${members[0]?.address}`,
  '/v1/slots?limit=10',
  '/v1/peers',
]
received.fill(0)
const result = await autocannon({
  ...{ url, connections: CONNECTIONS, duration: Number(seconds), overallRate: Number(reads) },
  requests: paths.map((path) => ({ method: 'GET', path })),
})
const report: ReadersReport = {
  readsPerSecond: Math.round(result['2xx'] / Number(seconds)),
  readP50Ms: result.latency.p50,
  readP99Ms: result.latency.p99,
  failed: result.non2xx + result.errors,
  streams: received.length,
  blockEventsLeast: Math.min(...received),
  blockEventsMost: Math.max(...received),
}
console.log(JSON.stringify(report))
process.exit(0)
