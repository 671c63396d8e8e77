import { concatBytes, utf8 } from '../base/bytes.ts'
import { fromHex, toHex } from '../base/hex.ts'
import type { Address, Hash } from '../wire/types.ts'

/** Where things lie in the store: a letter for the kind, then what names it. Heights are big-endian, so that they sort. */
const prefix = (letter: string): Uint8Array => utf8(letter)

function heightBytes(height: number): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, Math.floor(height / 0x1_0000_0000))
  view.setUint32(4, height % 0x1_0000_0000)
  return bytes
}

function indexBytes(index: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, index)
  return bytes
}

export const keys = {
  /** Version of this layout, and the chain it is for. */
  chain: utf8('mchain'),
  /** Height of the newest final block. */
  head: utf8('mhead'),
  /** All of the state that belongs to no account. */
  globals: utf8('mglobals'),
  /** Height of the first block that is here; none if that is 1. */
  first: utf8('mfirst'),
  /** A snapshot that is being written. */
  snapshotDraft: utf8('mdraft'),
  /** The manifest of a snapshot that is being fetched. */
  download: utf8('mdownload'),
  /** Height of the snapshot whose state is being made that of the chain. */
  installing: utf8('minstalling'),
  /** What this node knows of a fork: the newest one. */
  fork: utf8('mfork'),
  /** Evidence that came from a store that was put aside, until the chain is far enough for it. */
  carriedEvidence: (id: Hash): Uint8Array => concatBytes([prefix('f'), fromHex(id)]),
  /** Transactions from there, in their order, until they can be offered again. */
  carriedTransaction: (index: number): Uint8Array => concatBytes([prefix('o'), indexBytes(index)]),
  /** The manifest of a whole snapshot. */
  snapshot: (height: number): Uint8Array => concatBytes([prefix('s'), heightBytes(height)]),
  snapshotChunk: (height: number, index: number): Uint8Array => concatBytes([prefix('c'), heightBytes(height), indexBytes(index)]),
  /** Members of the quorum that signs from a height on. */
  term: (fromHeight: number): Uint8Array => concatBytes([prefix('q'), heightBytes(fromHeight)]),
  receipt: (height: number): Uint8Array => concatBytes([prefix('r'), heightBytes(height)]),
  block: (height: number): Uint8Array => concatBytes([prefix('b'), heightBytes(height)]),
  blockHeight: (block: Hash): Uint8Array => concatBytes([prefix('h'), fromHex(block)]),
  transaction: (id: Hash): Uint8Array => concatBytes([prefix('t'), fromHex(id)]),
  account: (address: Address): Uint8Array => concatBytes([prefix('a'), fromHex(address)]),
  /** A transaction that this node's API accepted and that is not final yet. */
  pending: (id: Hash): Uint8Array => concatBytes([prefix('p'), fromHex(id)]),
  /** Evidence that this node has seen, and when. */
  evidence: (id: Hash): Uint8Array => concatBytes([prefix('e'), fromHex(id)]),
  /** That the block of a height holds a piece of evidence. */
  punished: (height: number, id: Hash): Uint8Array => concatBytes([prefix('x'), heightBytes(height), fromHex(id)]),
  /** What this node saw of the making of a final block. */
  note: (height: number): Uint8Array => concatBytes([prefix('n'), heightBytes(height)]),
  /** That a transaction concerns an account: the newest of an account come first. */
  concerns: (address: Address, height: number, index: number): Uint8Array =>
    concatBytes([prefix('i'), fromHex(address), heightBytes(Number.MAX_SAFE_INTEGER - height), indexBytes(0xffff_ffff - index)]),
  /** Behind all of an account. */
  concernsEnd: (address: Address): Uint8Array => concatBytes([prefix('i'), fromHex(address), new Uint8Array(13).fill(0xff)]),
  /** The body of a block that this verifier locked or sealed: without it a height could not go on after a power cut. */
  guarded: (height: number, block: Hash): Uint8Array => concatBytes([prefix('g'), heightBytes(height), fromHex(block)]),
} as const

/** The height in a key that ends in one. */
export function heightIn(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset + key.length - 8)
  return view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4)
}

/** The number of the part in the key of one. */
export const indexIn = (key: Uint8Array): number => new DataView(key.buffer, key.byteOffset + key.length - 4).getUint32(0)
/** What a key of `punished` says. */
export const punishedIn = (key: Uint8Array): { readonly height: number; readonly id: Hash } => ({
  height: heightIn(key.subarray(0, 9)),
  id: toHex(key.subarray(9)),
})

/** What the end of a key of `concerns` says. */
export const concernedIn = (key: Uint8Array): { readonly height: number; readonly index: number } => ({
  height: Number.MAX_SAFE_INTEGER - heightIn(key.subarray(0, key.length - 4)),
  index: 0xffff_ffff - indexIn(key),
})

/** First key of a kind, and the first one after it. */
export const rangeOf = (letter: string): readonly [Uint8Array, Uint8Array] => [
  prefix(letter),
  new Uint8Array([(prefix(letter)[0] ?? 0) + 1]),
]
