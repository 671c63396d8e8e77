import { invariant } from '../../src/base/errors.ts'
import type { Hex } from '../../src/base/hex.ts'
import { checkEvidence } from '../../src/consensus/evidence.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { apply } from '../../src/ledger/apply.ts'
import { advance, genesisState, type LedgerState, type Transition } from '../../src/ledger/state.ts'
import { type PreparedTransaction, prepare } from '../../src/ledger/transaction.ts'
import type { RunningNode } from '../../src/node/running.ts'
import { encode } from '../../src/wire/codec.ts'
import type { ProvenEvidence } from '../../src/wire/evidence.ts'
import { blockHash, merkleRoot, ticketOf } from '../../src/wire/ids.ts'
import { statementMessage, ticketMessage } from '../../src/wire/signing.ts'
import {
  type AggregateSignature,
  type Candidate,
  type Certificate,
  candidate,
  compactBlock,
  type Evidence,
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

/** No test lives to see the second epoch: the seed is that of the first. */
export const proofOf = (chain: TestChain, maker: number, slot: number): Hex =>
  blsSign(chain.verifiers[maker]?.blsSecret ?? '', ticketMessage(chain.chainId, chain.chainId, slot))

/** The ledger after the head of each node that was asked for it, from the node's blocks. */
const ledgers = new WeakMap<RunningNode, LedgerState>()

function ledgerOf(chain: TestChain, node: RunningNode): LedgerState {
  const ledger = ledgers.get(node) ?? genesisState(chain.genesis, chain.chainId)
  ledgers.set(node, ledger)
  const { height } = node.view.status()
  while (ledger.globals.height < height) {
    const block = node.view.block(ledger.globals.height + 1)?.block
    invariant(block !== undefined, 'a node has the blocks below its head')
    const transactions = block.transactions.map((transaction) => prepare(transaction))
    advance(
      ledger,
      transitionOf(
        ledger,
        block.header,
        transactions,
        block.evidence.map((evidence) => proven(chain, evidence)),
      ),
    )
  }
  return ledger
}

function proven(chain: TestChain, evidence: Evidence): ProvenEvidence {
  const checked = checkEvidence(chain.chainId, evidence, null)
  invariant(checked.kind === 'accept', 'a block holds evidence')
  return checked.value
}

function transitionOf(
  ledger: LedgerState,
  { slot, maker, proof, parentSeal }: Pick<Header, 'slot' | 'maker' | 'proof' | 'parentSeal'>,
  transactions: readonly PreparedTransaction[],
  evidence: readonly ProvenEvidence[],
): Transition {
  const context = { slot, maker, ticket: ticketOf(proof), evidence, parentSigners: parentSeal?.signers ?? null }
  const verdict = apply(ledger, context, transactions)
  invariant(verdict.kind === 'accept', `the block executes: ${verdict.kind === 'accept' ? '' : verdict.detail}`)
  return verdict.value
}

/** The header of an empty block on a node's head, right in everything. `parentSeal`: instead of the one that the node has. */
export function emptyHeader(chain: TestChain, node: RunningNode, maker: number, slot: number, parentSeal?: AggregateSignature): Header {
  const ledger = ledgerOf(chain, node)
  const { height } = ledger.globals
  const parent = height === 0 ? undefined : node.view.block(height)
  invariant(height === 0 || parent !== undefined, 'a node has its head')
  const place = { slot, maker, proof: proofOf(chain, maker, slot), parentSeal: parentSeal ?? parent?.block.seal ?? null }
  const { stateRoot, quorum, globals } = transitionOf(ledger, place, [], [])
  return {
    ...place,
    height: height + 1,
    parent: parent?.hash ?? chain.chainId,
    transactionsRoot: merkleRoot([]),
    evidenceRoot: merkleRoot([]),
    stateRoot,
    nextQuorum: quorum.hash,
    burnedMicroHours: globals.burnedMicroHours,
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
  return { ...envelope, header, evidence: [], shortIds: changes.shortIds ?? [], signature }
}

export const candidateBytes = (...args: Parameters<typeof candidateOf>): Uint8Array => encode(candidate, candidateOf(...args))

/** A block as it goes to everybody when it is sealed; signed for another chain if told. */
export function sealedBytes(
  chain: TestChain,
  header: Header,
  signers: readonly number[],
  { chainId = chain.chainId, shortIds = [] }: { readonly chainId?: Hash; readonly shortIds?: readonly Hex[] } = {},
): Uint8Array {
  const statement = { kind: 'seal', height: header.height, block: blockHash(chain.chainId, header) } as const
  return encode(compactBlock, { header, evidence: [], shortIds, seal: aggregateOf(chain, signers, statement, chainId) })
}

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
