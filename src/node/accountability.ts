import { WITNESSED_HEIGHTS } from '../consensus/bounds.ts'
import type { Input } from '../consensus/types.ts'
import type { Signatures } from '../crypto/signatures.ts'
import type { Network } from '../ports/network.ts'
import type { Store } from '../ports/store.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { Evidence } from '../wire/types.ts'
import type { Chain, FinalBlock } from './chain.ts'
import { refOf } from './chain-store.ts'
import { EvidencePool, type HeldEvidence } from './evidence-pool.ts'
import { Exchange } from './exchange.ts'
import { Heard } from './heard.ts'
import { PublicRecords } from './public-records.ts'
import { QuorumSignatures } from './quorum-signatures.ts'
import type { Slots } from './slots.ts'
import type { SyncClient } from './sync-client.ts'

export interface AccountabilityOptions {
  readonly chain: Chain
  readonly store: Store
  readonly network: Network
  readonly client: SyncClient
  readonly slots: Slots
  readonly signatures: Signatures
  readonly telemetry: Telemetry
  readonly nowMs: () => number
  readonly feed: (input: Input) => void
  /** Hears of every statement whose signatures were checked. */
  readonly onNote?: Heard['note']
  readonly onFound: (held: HeldEvidence) => void
  readonly onPunished: (held: HeldEvidence) => void
  readonly onFatal: (error: unknown) => void
}

/** What holds verifiers to what they sign: all that was heard, what it proves, and the exchange of both with peers. */
export interface Accountability {
  readonly heard: Heard
  readonly quorumSignatures: QuorumSignatures
  readonly pool: EvidencePool
  readonly records: PublicRecords
  readonly exchange: Exchange
  /**
   * After a commit.
   * @param vouched its seal was vouched for by later blocks, not checked; `targetHeight` is the head of those that sync goes on to bring
   */
  settle(final: FinalBlock, vouched: { readonly targetHeight: number } | null): void
  /** After the chain has begun with a later block than the first. */
  begin(): void
}

export async function openAccountability(options: AccountabilityOptions): Promise<Accountability> {
  const { chain, slots, signatures, telemetry } = options
  const slotNow = (): number | null => slots.now()
  const pool = await EvidencePool.open({ ...options, slotNow })
  const onEvidence = (evidence: Evidence): void => {
    const verdict = records.report(evidence)
    telemetry.count(`witness.${verdict.kind === 'accept' ? 'accept' : verdict.code}`)
  }
  const heard = new Heard(onEvidence, options.onNote)
  const quorumSignatures = new QuorumSignatures(chain, signatures, heard)
  const records = new PublicRecords({ ...options, quorumSignatures, heard, pool, slotNow })
  const exchange = new Exchange({ ...options, records })
  const begin = (): void => {
    heard.settle(chain.head.height)
    records.settle(chain.head.height)
    noteNewest(chain, quorumSignatures)
  }
  begin()
  return {
    ...{ heard, quorumSignatures, pool, records, exchange, begin },
    settle(final, vouched) {
      const { height, hash } = final.ref
      const quorum = chain.quorumAt(height)
      const statement = { kind: 'seal', height, block: hash } as const
      if (quorum !== undefined) {
        if (vouched === null) heard.note(quorum, statement, final.block.seal)
        else if (height > vouched.targetHeight - WITNESSED_HEIGHTS) quorumSignatures.checkSigners(quorum, statement, final.block.seal)
      }
      pool.settle(final)
      heard.settle(height)
      records.settle(height)
    },
  }
}

/** The seals of the newest final blocks outlast a restart; those that sync brought were vouched for, not checked. */
function noteNewest(chain: Chain, quorumSignatures: QuorumSignatures): void {
  const { head } = chain
  for (let height = Math.max(1, head.height - WITNESSED_HEIGHTS + 1); height <= head.height; height++) {
    const block = chain.block(height)
    const quorum = chain.quorumAt(height)
    if (block === undefined || quorum === undefined) continue
    const statement = { kind: 'seal', height, block: refOf(chain.chainId, block).hash } as const
    quorumSignatures.checkSigners(quorum, statement, block.seal)
  }
}
