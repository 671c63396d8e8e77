import assert from 'node:assert/strict'
import type { FrozenAccounts } from '../../../src/ledger/account-tree.ts'
import { type SnapshotManifest, snapshotManifest } from '../../../src/ledger/snapshot.ts'
import { encodeSubtree } from '../../../src/ledger/subtree.ts'
import type { Chain, FinalBlock } from '../../../src/node/chain.ts'
import { Heard } from '../../../src/node/heard.ts'
import { inTurns } from '../../../src/node/in-turns.ts'
import { KnownBlocks } from '../../../src/node/known-blocks.ts'
import { SyncServer } from '../../../src/node/sync-server.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { type SnapshotOffer, type Status, type SyncRequest, type SyncResponse, syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import type { EpochChain } from './epoch-chain.ts'
import { FakeNetwork } from './fixtures.ts'

/** More parts than the state is large: whoever takes a snapshot finds any depth right that gives the state root. */
const DEPTH = 3
export const PARTS = 1 << DEPTH

interface Snapshot {
  readonly offer: SnapshotOffer
  readonly manifest: SnapshotManifest
  readonly parts: readonly Uint8Array[]
}

/** A peer's answer to a request, or the bytes of one; a throw is what the network says instead. */
export type Answer = SyncResponse | Uint8Array
export type Peer = (request: SyncRequest) => Answer | Promise<Answer>

/** A chain with snapshots of the blocks that settled its newest two elections, and nodes that have it. */
export class SnapshotSource {
  readonly chain: Chain
  readonly blocks: readonly FinalBlock[]
  /** Ascending. */
  readonly snapshots: readonly Snapshot[]
  readonly #serve: (request: Uint8Array) => Promise<Uint8Array>

  private constructor(chain: Chain, blocks: readonly FinalBlock[], snapshots: readonly Snapshot[]) {
    this.chain = chain
    this.blocks = blocks
    this.snapshots = snapshots
    const network = new FakeNetwork()
    const at = (height: number): Snapshot | undefined => snapshots.find(({ offer }) => offer.height === height)
    new SyncServer({
      chain,
      network,
      known: new KnownBlocks(() => false),
      heard: new Heard(),
      records: { inventory: () => [], records: () => [] },
      snapshots: {
        offers: () => snapshots.map(({ offer }) => offer),
        manifestBytes: (height) => {
          const found = at(height)
          return found === undefined ? undefined : encode(snapshotManifest, found.manifest)
        },
        chunk: (height, index) => at(height)?.parts[index],
      },
      ownStatus: () => this.status(),
      onStatus: () => {},
    })
    const handler = network.handlers.get('sync') ?? assert.fail('it serves sync')
    this.#serve = (request) => handler(request, 'asker', new AbortController().signal)
  }

  static async grow(of: EpochChain, chain: Chain): Promise<SnapshotSource> {
    const taken: { readonly height: number; readonly block: string; readonly accounts: FrozenAccounts; readonly rest: Chain['ledger'] }[] =
      []
    chain.onElectionSettled(({ height, hash }) => {
      taken.push({ height, block: hash, accounts: chain.ledger.accounts.freeze(), rest: { ...chain.ledger } })
    })
    const blocks = await of.grow(chain, 3, 5)
    const snapshots = await Promise.all(
      taken.slice(-2).map(async ({ height, block, accounts, rest: { globals, quorum, headQuorum } }): Promise<Snapshot> => {
        const offer = { height, block, depth: DEPTH }
        const roots = accounts.subtreeRoots(DEPTH)
        const parts = await Promise.all(roots.map(async (_, index) => (await inTurns(encodeSubtree(accounts, DEPTH, index))).bytes))
        return { offer, parts, manifest: { ...offer, roots, globals, quorum: quorum.members, headQuorum: headQuorum.members } }
      }),
    )
    return new SnapshotSource(chain, blocks, snapshots)
  }

  status(changes: Partial<Status> = {}): Status {
    const { chainId, head } = this.chain
    return { version: 1, chainId, height: head.height, firstHeight: 1, head: head.hash, timeMs: Date.now(), agent: 'test', ...changes }
  }
  /** Height and hash of a block. */
  checkpoint(height: number): { readonly height: number; readonly hash: string } {
    return { height, hash: this.blocks[height - 1]?.ref.hash ?? assert.fail(`there is no block ${height}`) }
  }
  get newest(): Snapshot {
    return this.snapshots.at(-1) ?? assert.fail('there is a snapshot')
  }

  /** Answers as a node does. */
  readonly honest: Peer = async (request) => decode(syncResponse, await this.#serve(encode(syncRequest, request)))
}
