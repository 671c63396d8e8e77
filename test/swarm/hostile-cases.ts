import { randomBytes } from 'node:crypto'
import { invariant } from '../../src/base/errors.ts'
import { evidenceOf } from '../../src/consensus/evidence.ts'
import type { RunningNode } from '../../src/node/running.ts'
import type { Topic } from '../../src/ports/network.ts'
import { encode } from '../../src/wire/codec.ts'
import { blockHash } from '../../src/wire/ids.ts'
import { type Certificate, compactBlock, type Header, publicRecord, type Statement, transactionBatch } from '../../src/wire/types.ts'
import { aggregateOf, candidateBytes, type candidateOf, certificateOf, emptyHeader, sealedBytes, transferOf } from './hostile-messages.ts'
import { FUNDED, heightOf, type TestChain } from './hostile-network.ts'

export const LARGEST = Number.MAX_SAFE_INTEGER
export const OTHER_CHAIN = 'ab'.repeat(32)
/** Index of the verifier whose keys the adversary has; the others run. */
export const ADVERSARY = 3

/** The chain and the node that the messages are for; a test sets them before it sends any. */
export let chain: TestChain
export let victim: RunningNode
export function setStage(of: TestChain, node: RunningNode): void {
  chain = of
  victim = node
}

export interface GossipCase {
  readonly description: string
  readonly topic: Topic
  readonly message: () => Uint8Array
  /** Of the node's counters, which name verdict and code. */
  readonly counter: string
}

export const vote = (header: Header, changes: Partial<{ height: number; slot: number; validSlot: number | null }> = {}): Statement => ({
  kind: 'vote',
  height: header.height,
  slot: header.slot,
  block: blockHash(chain.chainId, header),
  validSlot: null,
  ...changes,
})
export const nextHeader = (): Header => emptyHeader(chain, victim, ADVERSARY, chain.slotNow() + 1)
export const candidateNow = (
  ...rest: Parameters<typeof candidateOf> extends [unknown, unknown, unknown, unknown, ...infer R] ? R : never
): Uint8Array => candidateBytes(chain, victim, ADVERSARY, chain.slotNow() + 1, ...rest)
export const batch = (...transactions: readonly { transaction: Parameters<typeof transactionBatch.write>[1][number] }[]): Uint8Array =>
  encode(
    transactionBatch,
    transactions.map(({ transaction }) => transaction),
  )
export const record = (certificate: Certificate): Uint8Array => encode(publicRecord, { kind: 'certificate', certificate })
export const sealed = (header: Header, signers: readonly number[], chainId = chain.chainId): Uint8Array =>
  sealedBytes(chain, header, signers, { chainId })
/** Two votes of keys that nobody has registered, in one slot or in two. */
const strangersVotes = (slots: readonly [number, number]): Uint8Array => {
  const [first, second] = slots.map((slot, index) => ({
    statement: { kind: 'vote', height: 1, slot, block: `${index}${index}`.repeat(32), validSlot: null } as const,
    keys: ['ab'.repeat(48)],
    signature: junk96(),
  }))
  invariant(first !== undefined && second !== undefined, 'two votes')
  return encode(publicRecord, { kind: 'evidence', evidence: evidenceOf(first, second) })
}
/** The nonce is ahead, so that no block ever takes it. */
const pending = (changes: Parameters<typeof transferOf>[3] = {}) => transferOf(chain, 0, 500 + Math.floor(Math.random() * 400), changes)

const everyTopic = (['transactions', 'candidates', 'blocks', 'evidence'] as const).flatMap((topic): GossipCase[] => [
  { description: 'garbage', topic, message: () => randomBytes(1000), counter: `${topic}.reject.malformed` },
  { description: 'nothing at all', topic, message: () => new Uint8Array(), counter: `${topic}.reject.malformed` },
  { description: 'two and a half megabytes', topic, message: () => randomBytes(2_500_000), counter: `gossip.${topic}.reject` },
])
const truncated = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length - 1 - Math.floor(Math.random() * 20))
export const junk8 = (): string => randomBytes(8).toString('hex')
export const junk96 = (): string => randomBytes(96).toString('hex')

export const rejected: readonly GossipCase[] = [
  ...everyTopic,
  {
    description: 'a batch cut short',
    topic: 'transactions',
    message: () => truncated(batch(pending())),
    counter: 'transactions.reject.malformed',
  },
  { description: 'an empty batch', topic: 'transactions', message: () => batch(), counter: 'transactions.reject.empty-batch' },
  {
    description: 'a transaction of another network',
    topic: 'transactions',
    message: () => batch(pending({ chainId: OTHER_CHAIN })),
    counter: 'transactions.reject.bad-signature',
  },
  {
    description: 'one bad signature among good ones',
    topic: 'transactions',
    message: () => batch(pending(), pending({ chainId: OTHER_CHAIN }), pending()),
    counter: 'transactions.reject.bad-signature',
  },
  {
    description: 'no fee',
    topic: 'transactions',
    message: () => batch(pending({ feeDroplets: 0 })),
    counter: 'transactions.reject.fee-too-low',
  },
  { description: 'cut short', topic: 'candidates', message: () => truncated(candidateNow()), counter: 'candidates.reject.malformed' },
  {
    description: 'signed for another network',
    topic: 'candidates',
    message: () => candidateNow({ chainId: OTHER_CHAIN }),
    counter: 'candidates.reject.bad-signature',
  },
  {
    description: 'another verifier named as the maker',
    topic: 'candidates',
    message: () => candidateNow({ maker: 0, header: { maker: 0, height: heightOf(victim) + 1 } }),
    counter: 'candidates.reject.bad-signature',
  },
  {
    description: 'a maker that is no verifier',
    topic: 'candidates',
    message: () => candidateNow({ maker: 65_535, header: { maker: 65_535 } }),
    counter: 'candidates.reject.unknown-maker',
  },
  {
    description: 'a block of an old slot without a justification',
    topic: 'candidates',
    message: () => candidateNow({ slot: chain.slotNow() + 1, header: { slot: chain.slotNow() } }),
    counter: 'candidates.reject.justification-missing',
  },
  {
    description: 'the slot of its parent',
    topic: 'candidates',
    message: () => candidateNow({ slot: chain.slotNow(), header: { slot: 0 } }),
    counter: 'candidates.reject.slot-not-above-parent',
  },
  {
    description: 'another quorum to come',
    topic: 'candidates',
    message: () => candidateNow({ header: { nextQuorum: OTHER_CHAIN } }),
    counter: 'candidates.reject.wrong-next-quorum',
  },
  {
    description: 'a state that it does not give',
    topic: 'candidates',
    message: () => candidateNow({ header: { stateRoot: OTHER_CHAIN } }),
    counter: 'candidates.reject.wrong-state-root',
  },
  {
    description: 'more transactions than a block may have',
    topic: 'candidates',
    message: () => candidateNow({ shortIds: Array.from({ length: 101 }, (_, index) => index.toString(16).padStart(16, '0')) }),
    counter: 'candidates.reject.too-many-transactions',
  },
  {
    description: 'a parent seal of too few',
    topic: 'candidates',
    message: () => {
      const { parent, height } = nextHeader()
      const parentSeal = aggregateOf(chain, [ADVERSARY], { kind: 'seal', height: height - 1, block: parent })
      return candidateNow({ header: { parentSeal } })
    },
    counter: 'candidates.reject.bad-parent-seal',
  },
  {
    description: 'too little stake',
    topic: 'blocks',
    message: () => sealed(nextHeader(), [ADVERSARY]),
    counter: 'blocks.reject.not-enough-stake',
  },
  {
    description: 'sealed for another network',
    topic: 'blocks',
    message: () => sealed(nextHeader(), [0, 1, 2, 3], OTHER_CHAIN),
    counter: 'blocks.reject.bad-signature',
  },
  {
    description: 'signers beyond the quorum',
    topic: 'blocks',
    message: () =>
      encode(compactBlock, { header: nextHeader(), evidence: [], shortIds: [], seal: { signers: [0, 1, 2, 511], signature: junk96() } }),
    counter: 'blocks.reject.unknown-signer',
  },
  { description: 'cut short', topic: 'blocks', message: () => truncated(sealed(nextHeader(), [0])), counter: 'blocks.reject.malformed' },
  {
    description: 'a certificate of too little stake',
    topic: 'evidence',
    message: () => record(certificateOf(chain, [ADVERSARY], vote(nextHeader()))),
    counter: 'evidence.reject.not-enough-stake',
  },
  {
    description: 'a certificate of another network',
    topic: 'evidence',
    message: () => record(certificateOf(chain, [0, 1, 2, 3], vote(nextHeader()), OTHER_CHAIN)),
    counter: 'evidence.reject.bad-signature',
  },
  {
    description: 'a certificate of seals',
    topic: 'evidence',
    message: () => record(certificateOf(chain, [ADVERSARY], { kind: 'seal', height: heightOf(victim) + 1, block: OTHER_CHAIN })),
    counter: 'evidence.reject.wrong-kind',
  },
  {
    description: 'a tally of nothing',
    topic: 'evidence',
    message: () => encode(publicRecord, { kind: 'tally', certificates: [] }),
    counter: 'evidence.reject.empty-tally',
  },
  {
    description: 'evidence of what anybody may sign',
    topic: 'evidence',
    message: () => strangersVotes([0, 1]),
    counter: 'evidence.reject.no-offence',
  },
]

export const ignored: readonly GossipCase[] = [
  {
    description: 'a transaction of an account with nothing',
    topic: 'transactions',
    message: () => batch(transferOf(chain, FUNDED, Math.floor(Math.random() * 500))),
    counter: 'transactions.ignore.insufficient-coins',
  },
  {
    description: 'more than the stake secures',
    topic: 'transactions',
    message: () => batch(pending({ amountDroplets: LARGEST - 1_000 })),
    counter: 'transactions.ignore.value-above-stake',
  },
  {
    description: 'an expiry at the end of time',
    topic: 'transactions',
    message: () => batch(pending({ expirySlot: LARGEST })),
    counter: 'transactions.ignore.expiry-too-far',
  },
  {
    description: 'a nonce at the end of time',
    topic: 'transactions',
    message: () => batch(transferOf(chain, 0, LARGEST)),
    counter: 'transactions.ignore.nonce-too-far',
  },
  {
    description: 'a slot at the end of time',
    topic: 'candidates',
    message: () => candidateNow({ slot: LARGEST, signature: junk96() }),
    counter: 'candidates.ignore.future-slot',
  },
  {
    description: 'a height at the end of time',
    topic: 'candidates',
    message: () => candidateNow({ header: { height: LARGEST }, signature: junk96() }),
    counter: 'candidates.ignore.unknown-parent',
  },
  {
    description: 'a parent that nobody has',
    topic: 'candidates',
    message: () => candidateNow({ header: { parent: randomBytes(32).toString('hex') } }),
    counter: 'candidates.ignore.unknown-parent',
  },
  {
    description: 'transactions that nobody has',
    topic: 'candidates',
    message: () => candidateNow({ shortIds: [junk8()] }),
    counter: 'candidates.ignore.missing-transactions',
  },
  {
    description: 'a height at the end of time',
    topic: 'blocks',
    message: () => sealed({ ...nextHeader(), height: LARGEST, proof: junk96() }, [0]),
    counter: 'blocks.ignore.unknown-parent',
  },
  {
    description: 'genesis',
    topic: 'blocks',
    message: () => sealed({ ...nextHeader(), height: 0 }, [0]),
    counter: 'blocks.ignore.old-height',
  },
  {
    description: 'a height at the end of time',
    topic: 'evidence',
    message: () => record({ statement: vote(nextHeader(), { height: LARGEST }), aggregate: { signers: [0, 1, 2], signature: junk96() } }),
    counter: 'evidence.ignore.future-height',
  },
  {
    description: 'evidence of a key that nobody has registered',
    topic: 'evidence',
    message: () => strangersVotes([0, 0]),
    counter: 'evidence.ignore.unknown-signer',
  },
]
