import { account } from '../../src/ledger/account.ts'
import { globals } from '../../src/ledger/globals.ts'
import { snapshotManifest } from '../../src/ledger/snapshot.ts'
import type { Codec } from '../../src/wire/codec.ts'
import { bitmap, blob, enumeration, list, option, struct, text, u8, u16, u32, u64, union } from '../../src/wire/codec.ts'
import { genesis, genesisVerifier } from '../../src/wire/genesis.ts'
import { neighbour, neighbours } from '../../src/wire/neighbours.ts'
import { quorumMembers } from '../../src/wire/quorum.ts'
import { snapshotOffer, syncRequest, syncResponse } from '../../src/wire/sync.ts'
import * as types from '../../src/wire/types.ts'

type Shape = { readonly kind: 'dot' } | { readonly kind: 'line'; readonly length: number }

/** Small codecs that show each rule of `protocols/encoding.md` alone. Their names are those of the vectors. */
export const primitiveCodecs: Readonly<Record<string, Codec<unknown>>> = {
  u8,
  u16,
  u32,
  u64,
  'text(8)': text(8),
  'list(u16, 3)': list(u16, 3),
  'list(text(2), 2)': list(text(2), 2),
  'option(u16)': option(u16),
  'enumeration(red 1, blue 7)': enumeration({ red: 1, blue: 7 }),
  'union(dot 1 {}, line 2 {length: u8})': union<Shape>({ dot: [1, struct({})], line: [2, struct({ length: u8 })] }),
  'bitmap(20)': bitmap(20),
  'blob(4)': blob(4),
}

/** Every type of the wire, and those that are only hashed, by the names that the pages use. */
export const wireCodecs: Readonly<Record<string, Codec<unknown>>> = {
  action: types.action,
  transactionBody: types.transactionBody,
  transaction: types.transaction,
  transactionBatch: types.transactionBatch,
  statement: types.statement,
  aggregateSignature: types.aggregateSignature,
  certificate: types.certificate,
  header: types.header,
  block: types.block,
  signedBlock: types.signedBlock,
  candidate: types.candidate,
  compactBlock: types.compactBlock,
  signedStatement: types.signedStatement,
  evidence: types.evidence,
  publicRecord: types.publicRecord,
  signRequest: types.signRequest,
  signResponse: types.signResponse,
  syncRequest,
  syncResponse,
  snapshotOffer,
  neighbour,
  neighbours,
  genesisVerifier,
  genesis,
  quorumMembers,
  account,
  globals,
  snapshotManifest,
}
