import { invariant } from '../../src/base/errors.ts'
import type { Hex } from '../../src/base/hex.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { genesisState, stateRoot } from '../../src/ledger/state.ts'
import type { RunningNode } from '../../src/node/node.ts'
import { encode } from '../../src/wire/codec.ts'
import { blockHash, merkleRoot } from '../../src/wire/ids.ts'
import { statementMessage, ticketMessage } from '../../src/wire/signing.ts'
import {
  type AggregateSignature,
  type Candidate,
  type Certificate,
  candidate,
  type Hash,
  type Header,
  type Statement,
  type Transaction,
} from '../../src/wire/types.ts'
import type { TestChain } from './hostile-network.ts'

const { blsSign, blsAggregate } = nativeSignatures

/** What members of the quorum sign together; `chainId` of another network if told. */
export function aggregateOf(
  chain: TestChain,
  signers: readonly number[],
  statement: Statement,
  chainId = chain.chainId,
): AggregateSignature {
  const message = statementMessage(chainId, statement)
  return { signers, signature: blsAggregate(signers.map((signer) => blsSign(chain.verifiers[signer]?.blsSecret ?? '', message))) }
}

export const certificateOf = (
  chain: TestChain,
  signers: readonly number[],
  statement: Statement,
  chainId = chain.chainId,
): Certificate => ({ statement, aggregate: aggregateOf(chain, signers, statement, chainId) })

export const proofOf = (chain: TestChain, maker: number, slot: number): Hex =>
  blsSign(chain.verifiers[maker]?.blsSecret ?? '', ticketMessage(chain.chainId, chain.chainId, slot))

/** The header of an empty block on a node's head, right in everything. */
export function emptyHeader(chain: TestChain, node: RunningNode, maker: number, slot: number): Header {
  const { height } = node.view.status()
  const parent = height === 0 ? undefined : node.view.block(height)
  invariant(height === 0 || parent !== undefined, 'a node has its head')
  const before = parent?.block.header
  return {
    height: height + 1,
    slot,
    parent: parent?.hash ?? chain.chainId,
    parentSeal: parent?.block.seal ?? null,
    maker,
    proof: proofOf(chain, maker, slot),
    transactionsRoot: merkleRoot([]),
    stateRoot: before?.stateRoot ?? stateRoot(genesisState(chain.genesis, chain.chainId)),
    nextQuorum: chain.quorum.hash,
    burnedMicroHours: before?.burnedMicroHours ?? 0,
  }
}

export interface CandidateChanges {
  readonly header?: Partial<Header>
  readonly slot?: number
  readonly maker?: number
  readonly proof?: Hex
  readonly justification?: Certificate
  readonly shortIds?: readonly Hex[]
  readonly signature?: Hex
  /** Signs for another chain. */
  readonly chainId?: Hash
}

/** A candidate that is right, but for what is changed; signed after the change. */
export function candidateOf(chain: TestChain, node: RunningNode, maker: number, slot: number, changes: CandidateChanges = {}): Candidate {
  const header = { ...emptyHeader(chain, node, maker, slot), ...changes.header }
  const envelope = {
    slot: changes.slot ?? header.slot,
    maker: changes.maker ?? maker,
    proof: changes.proof ?? header.proof,
    justification: changes.justification ?? null,
  }
  const justified = envelope.justification?.statement
  const statement = {
    kind: 'candidate',
    height: header.height,
    slot: envelope.slot,
    block: blockHash(chain.chainId, header),
    validSlot: justified?.kind === 'vote' ? justified.slot : null,
  } as const
  const message = statementMessage(changes.chainId ?? chain.chainId, statement)
  const signature = changes.signature ?? blsSign(chain.verifiers[maker]?.blsSecret ?? '', message)
  return { ...envelope, header, shortIds: changes.shortIds ?? [], signature }
}

export const candidateBytes = (...args: Parameters<typeof candidateOf>): Uint8Array => encode(candidate, candidateOf(...args))

/** A transfer of one of the funded accounts. */
export function transferOf(
  chain: TestChain,
  from: number,
  nonce: number,
  changes: { feeDroplets?: number; expirySlot?: number; amountDroplets?: number; chainId?: Hash } = {},
): { readonly id: Hash; readonly transaction: Transaction; readonly hex: Hex } {
  const wallet = chain.wallets[from]
  const to = chain.wallets[(from + 1) % chain.wallets.length]
  invariant(wallet !== undefined && to !== undefined, 'a funded account')
  return wallet.sign(changes.chainId ?? chain.chainId, {
    nonce,
    feeDroplets: changes.feeDroplets ?? 100,
    expirySlot: changes.expirySlot ?? chain.slotNow() + 500,
    action: { kind: 'transfer', to: to.address, amountDroplets: changes.amountDroplets ?? 1, microHours: 0 },
  })
}
