import type { AccountView, ElectionsView, QuorumView, RatificationView, SupplyView, VerifiersView } from '../../api/ledger-types.ts'
import type { NodeStatus } from '../../api/types.ts'
import type { Hex } from '../../base/hex.ts'
import { blockTimeMs } from '../../ledger/state.ts'
import { supplyOf } from '../../ledger/supply.ts'
import type { Address } from '../../wire/types.ts'
import type { Chain } from '../chain.ts'
import { runningSource } from '../source-hash.ts'
import { accountView } from './account.ts'
import { handoverView, nextElectionSlot, openElectionView, ratificationView } from './elections.ts'
import { SettledElections } from './settled-elections.ts'
import { quorumView, registrantOf, type Trust, trustOf, verifierStatus, verifiersView } from './verifiers.ts'

/** The ledger after the newest block as the API shows it; what looks at all accounts is reckoned once a block, when somebody asks. */
export class LedgerViews {
  readonly #chain: Pick<Chain, 'head' | 'ledger' | 'receipt'>
  readonly #settled: SettledElections
  #trust: { readonly height: number; readonly value: Trust } | undefined
  #supply: SupplyView | undefined
  /** Of this node's key; an account stays a verifier, so it is looked for until it is found. */
  #registrant: Address | null = null

  constructor(chain: Pick<Chain, 'head' | 'ledger' | 'receipt'>) {
    this.#chain = chain
    this.#settled = new SettledElections(chain)
  }

  account(address: Address, nextNonce: number | undefined): AccountView {
    return accountView(this.#chain.ledger, address, this.#slot, nextNonce, this.#trustNow())
  }

  verifiers(from: number, count: number): VerifiersView {
    return verifiersView(this.#chain.ledger, this.#slot, this.#trustNow(), from, count)
  }

  quorum(): QuorumView {
    return quorumView(this.#chain.ledger)
  }

  /** @param nowSlot of the clock; null before the first */
  async elections(nowSlot: number | null): Promise<ElectionsView> {
    const settled = await this.#settled.newest()
    const { ledger } = this.#chain
    const opensSlot = nextElectionSlot(ledger)
    return {
      height: ledger.globals.height,
      epoch: ledger.globals.epoch,
      nextElectionSlot: opensSlot,
      nextElectionTimeMs: opensSlot === null ? null : blockTimeMs(ledger, opensSlot),
      handover: handoverView(ledger, nowSlot),
      open: openElectionView(ledger, this.#slot, nowSlot, this.#trustNow()),
      settled,
    }
  }

  ratification(): RatificationView {
    return ratificationView(this.#chain.ledger, runningSource())
  }

  supply(): SupplyView {
    const { ledger } = this.#chain
    const { height } = ledger.globals
    if (this.#supply?.height !== height) this.#supply = { height, ...supplyOf(ledger) }
    return this.#supply
  }

  /** The part of the status that the ledger knows. */
  status(nowSlot: number | null): Pick<NodeStatus, 'epoch' | 'election' | 'nextElectionSlot' | 'handover'> {
    const { ledger } = this.#chain
    const { epoch, election } = ledger.globals
    return {
      epoch,
      election: election === null ? null : { number: election.number, cause: election.cause, closesSlot: election.closesSlot },
      nextElectionSlot: nextElectionSlot(ledger),
      handover: handoverView(ledger, nowSlot),
    }
  }

  /** What the holder of this node's key is. @param index its place in the quorum; null if it has none */
  verifier(blsKey: Hex, index: number | null): ReturnType<typeof verifierStatus> {
    const { ledger } = this.#chain
    this.#registrant ??= registrantOf(ledger, blsKey)
    return verifierStatus(ledger, { blsKey, address: this.#registrant, index }, this.#slot, () => this.#trustNow())
  }

  /** Of the newest block; before the first, its own. */
  get #slot(): number {
    return Math.max(0, this.#chain.head.slot)
  }

  #trustNow(): Trust {
    const { ledger } = this.#chain
    const { height } = ledger.globals
    if (this.#trust?.height !== height) this.#trust = { height, value: trustOf(ledger) }
    return this.#trust.value
  }
}
