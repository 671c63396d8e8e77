import { invariant } from '../../../src/base/errors.ts'
import type { Hex } from '../../../src/base/hex.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import type { Chain } from '../../../src/node/chain.ts'
import type { ForkChain, ForkRecord } from '../../../src/node/fork-record.ts'
import { ForkWatch } from '../../../src/node/fork-watch.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { forkText } from '../../../src/node/views/fork.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { blockHash } from '../../../src/wire/ids.ts'
import { type Status, type SyncRequest, type SyncResponse, syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import type { Evidence, Header, SignedBlock } from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import type { EpochChain } from './epoch-chain.ts'
import { Station } from './station.ts'

const DEADLINE_MS = 20_000

/** What is asked of a chain, by its own name, so that a test can say otherwise. */
function chainView(chain: Chain, lastRecovery: () => number | null): ForkChain {
  return {
    chainId: chain.chainId,
    get head() {
      return chain.head
    },
    get firstHeight() {
      return chain.firstHeight
    },
    get ledger() {
      return chain.ledger
    },
    get lastRecoveryHeight() {
      return lastRecovery() ?? chain.lastRecoveryHeight
    },
    block: (height) => chain.block(height),
    heightOf: (hash) => chain.heightOf(hash),
    quorumAt: (height) => chain.quorumAt(height),
    signingIdAt: (height) => chain.signingIdAt(height),
  }
}

/** A node's side of a fork, on a network that a test plays. */
export class ForkRig {
  readonly station: Station
  readonly forked: ForkRecord[] = []
  readonly ready: (readonly Hex[])[] = []
  readonly submitted: Hex[] = []
  readonly alarms: (string | null)[] = []
  nowMs = 1_000_000
  lastRecovery: number | null = null
  #watch: ForkWatch | undefined

  private constructor(station: Station) {
    this.station = station
  }
  static async open(of: EpochChain, peerId = 'self'): Promise<ForkRig> {
    const rig = new ForkRig(await Station.open(of, peerId))
    await rig.openWatch()
    return rig
  }
  /** As at a start of the node. */
  async openWatch(): Promise<void> {
    const { own, network, telemetry, accountability } = this.station
    const chain = chainView(own.chain, () => this.lastRecovery)
    const watch = await ForkWatch.open({
      ...{ chain, store: own.store, network, client: new SyncClient(network), signatures: nativeSignatures, telemetry },
      nowMs: () => this.nowMs,
      evidence: accountability.pool,
      report: (evidence) => accountability.records.report(evidence),
      submit: (transactions) => Promise.resolve(void this.submitted.push(...transactions)),
      onForked: (record) => void this.forked.push(record),
      onReadyToRecover: (offenders) => void this.ready.push([...offenders]),
      onAlarm: (detail) => void this.alarms.push(detail),
      describe: (fork) => forkText(fork, own.chain, '/node'),
      onFatal: (error) => {
        throw error
      },
    })
    this.#watch = watch
    this.station.onFound = (held) => watch.found(held)
    watch.start()
  }
  async restart(): Promise<void> {
    await this.watch.stop()
    await this.station.accountability.pool.written()
    this.forked.length = 0
    await this.openWatch()
  }
  async close(): Promise<void> {
    await this.watch.stop()
    await this.station.close()
  }

  get watch(): ForkWatch {
    invariant(this.#watch !== undefined, 'opened')
    return this.#watch
  }
  get chain(): Chain {
    return this.station.chain
  }
  get record(): ForkRecord {
    const record = this.watch.fork?.record
    invariant(record !== undefined, 'a fork is known')
    return record
  }
  /** A block on the head, sealed by these members of the quorum. */
  async add({ slot, signers, evidence = [] }: { slot?: number; signers?: readonly number[]; evidence?: readonly Evidence[] } = {}) {
    const { of } = this.station
    const options = { evidence, ...(slot === undefined ? {} : { slot }), ...(signers === undefined ? {} : { signers }) }
    await this.station.commit(of.block(this.chain, options))
    this.watch.settle()
  }
  /** Waits until no peer is looked into, and all is on disk. */
  async settled(): Promise<void> {
    await waitFor(() => this.watch.isIdle, { deadlineMs: DEADLINE_MS, description: 'the end of all looks' })
    await this.watch.written()
  }
}

export const statusOf = (chain: Chain): Status => ({
  ...{ version: 1, chainId: chain.chainId, height: chain.head.height, firstHeight: chain.firstHeight },
  ...{ head: chain.head.hash, timeMs: 0, agent: 'test' },
})

type Change = (response: SyncResponse, request: SyncRequest) => SyncResponse

/** A peer that answers from a chain; some of what it says may be changed. Gives what it was asked. */
export function serve(rig: ForkRig, peerId: string, chain: Chain, change: Change = (response) => response): SyncRequest[] {
  const asked: SyncRequest[] = []
  rig.station.network.answers.set(peerId, (_, data) => {
    const request = decode(syncRequest, data)
    asked.push(request)
    return encode(syncResponse, change(answer(chain, request), request))
  })
  return asked
}

function answer(chain: Chain, request: SyncRequest): SyncResponse {
  if (request.kind !== 'headers' && request.kind !== 'blocks') return { kind: 'unavailable', code: 1 }
  const blocks: SignedBlock[] = []
  const last = Math.min(request.fromHeight + request.count - 1, chain.head.height)
  for (let height = request.fromHeight; height <= last; height++) {
    const block = chain.block(height)
    if (block !== undefined) blocks.push(block)
  }
  if (request.kind === 'blocks') return { kind: 'blocks', blocks }
  return { kind: 'headers', headers: blocks.map(({ header }): Header => header) }
}

export const hashOf = (chain: Chain, height: number): string => {
  const block = chain.block(height)
  invariant(block !== undefined, 'there is a block of that height')
  return blockHash(chain.chainId, block.header)
}
