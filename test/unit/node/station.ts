import type { Input } from '../../../src/consensus/types.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { type Accountability, openAccountability } from '../../../src/node/accountability.ts'
import type { FinalBlock } from '../../../src/node/chain.ts'
import type { HeldEvidence } from '../../../src/node/evidence-pool.ts'
import { KnownBlocks } from '../../../src/node/known-blocks.ts'
import { Slots } from '../../../src/node/slots.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { SyncServer } from '../../../src/node/sync-server.ts'
import type { Telemetry } from '../../../src/ports/telemetry.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { recordId } from '../../../src/wire/sync.ts'
import { type Evidence, type Hash, type PublicRecord, publicRecord } from '../../../src/wire/types.ts'
import type { EpochChain } from './epoch-chain.ts'
import { FakeNetwork, type OpenChain, openChain, quiet } from './fixtures.ts'

const DEADLINE_MS = 20_000

/** What a node is made of that holds verifiers to what they sign, on a network that a test plays. */
export class Station {
  readonly of: EpochChain
  readonly own: OpenChain
  readonly network: FakeNetwork
  readonly telemetry: Telemetry
  readonly inputs: Input[] = []
  readonly told: string[] = []
  slot = 100
  /** Hears of evidence that is new. */
  onFound: (held: HeldEvidence) => void = () => {}
  #accountability: Accountability | undefined

  private constructor(of: EpochChain, own: OpenChain, network: FakeNetwork) {
    this.of = of
    this.own = own
    this.network = network
    this.telemetry = quiet()
  }

  static async open(of: EpochChain, peerId = 'self'): Promise<Station> {
    const station = new Station(of, await openChain(of), new FakeNetwork(peerId))
    const { own, network, telemetry } = station
    const client = new SyncClient(network)
    const { slotMs, choiceMs } = of.genesis.parameters
    const clock = { nowMs: () => of.genesis.timeMs + station.slot * slotMs, at: () => () => {} }
    const accountability = await openAccountability({
      ...{ chain: own.chain, store: own.store, network, client, signatures: nativeSignatures, telemetry },
      slots: new Slots(clock, of.genesis.timeMs, slotMs, choiceMs),
      nowMs: clock.nowMs,
      feed: (input) => void station.inputs.push(input),
      onFound: (held) => {
        station.told.push(`found ${held.id}`)
        station.onFound(held)
      },
      onPunished: ({ id, punishedAt }) => void station.told.push(`punished ${id} ${punishedAt}`),
      onFatal: (error) => {
        throw error
      },
    })
    station.#accountability = accountability
    new SyncServer({
      ...{ chain: own.chain, network, heard: accountability.heard, records: accountability.records },
      known: new KnownBlocks(() => false),
      snapshots: { offers: () => [], manifestBytes: () => undefined, chunk: () => undefined },
      ownStatus: () => {
        throw new Error('nobody greets it')
      },
      onStatus: () => {},
    })
    return station
  }
  async close(): Promise<void> {
    this.accountability.exchange.stop()
    await this.accountability.pool.written()
    await this.own.store.close()
  }

  get chain() {
    return this.own.chain
  }
  get accountability(): Accountability {
    if (this.#accountability === undefined) throw new Error('opened')
    return this.#accountability
  }

  async commit(final: FinalBlock): Promise<void> {
    await this.chain.commit(final)
    this.accountability.settle(final, null)
  }

  /** As if it had come by gossip. */
  validate(record: PublicRecord): string {
    const verdict = this.accountability.records.validate(encode(publicRecord, record))
    return verdict.kind === 'accept' ? 'accept' : `${verdict.kind} ${verdict.code}`
  }

  /** Ids of what is held. */
  evidence(): readonly Hash[] {
    return this.accountability.pool.list().map(({ id }) => id)
  }
  /** What it has told everybody. */
  published(): readonly PublicRecord[] {
    return this.network.published.filter(({ topic }) => topic === 'evidence').map(({ data }) => decode(publicRecord, data))
  }
  publishedEvidence(): readonly Evidence[] {
    return this.published().flatMap((record) => (record.kind === 'evidence' ? [record.evidence] : []))
  }

  /** Connects both, as each other's peers. */
  meet(other: Station): void {
    const serve = (from: Station, to: Station): void =>
      to.network.join(from.network.peerId, (protocol, data) => {
        const handler = from.network.handlers.get(protocol)
        if (handler === undefined) throw new Error(protocol)
        return handler(data, to.network.peerId, AbortSignal.timeout(DEADLINE_MS))
      })
    serve(this, other)
    serve(other, this)
  }
  counter(name: string): number {
    return this.telemetry.counters()[name] ?? 0
  }
}

export const idOf = (record: PublicRecord): Hash => recordId(record)
