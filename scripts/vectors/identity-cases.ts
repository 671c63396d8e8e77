import { bech32, bech32m } from '@scure/base'
import { utf8 } from '../../src/base/bytes.ts'
import { fromHex, type Hex, toHex } from '../../src/base/hex.ts'
import { formatAddress } from '../../src/crypto/address.ts'
import { nativeSignatures as crypto } from '../../src/crypto/native.ts'
import { encode } from '../../src/wire/codec.ts'
import { genesis } from '../../src/wire/genesis.ts'
import { blockHash, chainIdOf, chainLabel, merkleRoot, shortIdOf, ticketOf, transactionId } from '../../src/wire/ids.ts'
import { possessionMessage, statementMessage, ticketMessage, transactionMessage } from '../../src/wire/signing.ts'
import { header, type Statement, statement, transaction, transactionBody } from '../../src/wire/types.ts'
import { sampleHex } from './format.ts'
import {
  alice,
  bob,
  chainId,
  firstHeader,
  largestTransaction,
  laterHeader,
  sampleGenesis,
  sampleTransaction,
  verifiers,
} from './samples.ts'

const otherChainId = sampleHex('other chain', 32)

/** `protocols/vectors/identifiers.json`. */
export function identifierVectors(): object {
  return {
    chainLabels: [
      { name: sampleGenesis.name, chainId, label: chainLabel(sampleGenesis.name, chainId) },
      { name: 'a-1', chainId: otherChainId, label: chainLabel('a-1', otherChainId) },
    ],
    addresses: [alice, bob].map(({ publicKey, address }) => ({ publicKey, address, text: formatAddress(address) })),
    badAddresses: badAddresses(formatAddress(alice.address)),
    transactions: [sampleTransaction, largestTransaction].map((value) => {
      const id = transactionId(value)
      return { bytes: toHex(encode(transaction, value)), id, shortId: shortIdOf(id) }
    }),
    blocks: [chainId, otherChainId].flatMap((chain) =>
      [firstHeader, laterHeader].map((value) => ({ chainId: chain, header: toHex(encode(header, value)), hash: blockHash(chain, value) })),
    ),
    tickets: [0, 1].map((index) => {
      const proof = sampleHex(`ticket proof ${index}`, 96)
      return { proof, ticket: ticketOf(proof) }
    }),
    merkleRoots: [0, 1, 2, 3, 4, 5, 8, 9].map((count) => {
      const items = Array.from({ length: count }, (_, index) => sampleHex(`item ${index}`, 32))
      return { items, root: merkleRoot(items) }
    }),
  }
}

/** Texts near a good address that are none. */
function badAddresses(good: string): object[] {
  const words = bech32m.toWords(fromHex(alice.address))
  return [
    { description: 'a character changed', text: good.slice(0, -1) + (good.endsWith('q') ? 'p' : 'q') },
    { description: 'a character missing', text: good.slice(0, -1) },
    { description: 'upper and lower case mixed', text: `Quo${good.slice(3)}` },
    { description: 'bech32, not bech32m', text: bech32.encode('quo', words) },
    { description: 'another prefix', text: bech32m.encode('qua', words) },
    { description: '19 bytes', text: bech32m.encode('quo', bech32m.toWords(fromHex(alice.address.slice(2)))) },
    { description: '21 bytes', text: bech32m.encode('quo', bech32m.toWords(fromHex(`${alice.address}00`))) },
    { description: 'padding that is not zero', text: bech32m.encode('quo', [...words, 1]) },
    { description: 'empty', text: '' },
  ]
}

const statements: readonly Statement[] = [
  { kind: 'candidate', height: 12, slot: 40, block: sampleHex('block', 32), validSlot: null },
  { kind: 'candidate', height: 12, slot: 41, block: sampleHex('block', 32), validSlot: 40 },
  { kind: 'vote', height: 12, slot: 40, block: sampleHex('block', 32), validSlot: null },
  { kind: 'vote', height: 12, slot: 40, block: sampleHex('block', 32), validSlot: 0 },
  { kind: 'lock', height: 12, slot: 40, block: sampleHex('block', 32) },
  { kind: 'seal', height: 12, block: sampleHex('block', 32) },
]

/** `protocols/vectors/signatures.json`: what each key signs for each purpose, and the signature. */
export function signatureVectors(): object {
  const [verifier] = verifiers
  if (verifier === undefined) throw new Error('no verifier')
  const blsSigned = (message: Uint8Array): { message: Hex; signature: Hex } => ({
    message: toHex(message),
    signature: crypto.blsSign(verifier.secretKey, message),
  })
  const body = { ...sampleTransaction.body, sender: alice.publicKey }
  const epochSeed = sampleHex('epoch seed', 32)
  return {
    domains: ['quorate/transaction', 'quorate/statement', 'quorate/ticket', 'quorate/header', 'quorate/genesis', 'quorate/possession'].map(
      (domain) => ({
        domain,
        prefix: `${toHex(utf8(domain))}00`,
      }),
    ),
    accountKey: { seed: alice.seed, publicKey: alice.publicKey },
    blsKey: { secretKey: verifier.secretKey, publicKey: verifier.publicKey },
    transactions: [chainId, otherChainId].map((chain) => {
      const message = transactionMessage(chain, body)
      return {
        chainId: chain,
        body: toHex(encode(transactionBody, body)),
        message: toHex(message),
        signature: crypto.accountSign(alice.seed, message),
      }
    }),
    statements: [
      ...statements.map((value) => ({
        chainId,
        value,
        bytes: toHex(encode(statement, value)),
        ...blsSigned(statementMessage(chainId, value)),
      })),
      ...statements.slice(-1).map((value) => ({
        chainId: otherChainId,
        value,
        bytes: toHex(encode(statement, value)),
        ...blsSigned(statementMessage(otherChainId, value)),
      })),
    ],
    tickets: [0, 1, 70_000].map((slot) => {
      const signed = blsSigned(ticketMessage(chainId, epochSeed, slot))
      return { chainId, epochSeed, slot, ...signed, ticket: ticketOf(signed.signature) }
    }),
    possession: possessionVectors(),
    certificates: certificateVectors(),
  }
}

function possessionVectors(): object[] {
  const [first, second] = verifiers
  if (first === undefined || second === undefined) throw new Error('too few verifiers')
  const check = (description: string, blsKey: Hex, account: Hex, possession: Hex): object => {
    const message = possessionMessage(blsKey, account)
    return { description, blsKey, account, message: toHex(message), possession, valid: crypto.blsVerify(blsKey, message, possession) }
  }
  return [
    check('good', first.publicKey, first.account.address, first.possession),
    check('good, another key', second.publicKey, second.account.address, second.possession),
    check("somebody else's key and proof under the own account", first.publicKey, second.account.address, first.possession),
    check("somebody else's proof", second.publicKey, second.account.address, first.possession),
  ]
}

function certificateVectors(): object {
  const value: Statement = { kind: 'vote', height: 12, slot: 40, block: sampleHex('block', 32), validSlot: null }
  const signature = (signers: readonly number[], of: Statement, chain = chainId): Hex =>
    crypto.blsAggregate(signers.map((signer) => crypto.blsSign(verifiers[signer]?.secretKey ?? '', statementMessage(chain, of))))
  const members = verifiers.map(({ publicKey }) => publicKey)
  const cases = [
    { description: 'three of four', statement: value, signers: [0, 1, 3], signature: signature([0, 1, 3], value), valid: true },
    { description: 'one alone', statement: value, signers: [2], signature: signature([2], value), valid: true },
    {
      description: 'a signer named who did not sign',
      statement: value,
      signers: [0, 1, 2, 3],
      signature: signature([0, 1, 3], value),
      valid: false,
    },
    { description: 'a signer not named who did', statement: value, signers: [0, 1], signature: signature([0, 1, 3], value), valid: false },
    {
      description: 'signed in another slot',
      statement: value,
      signers: [0, 1, 3],
      signature: signature([0, 1, 3], { ...value, slot: 41 }),
      valid: false,
    },
    {
      description: 'signed with another validSlot',
      statement: value,
      signers: [0, 1, 3],
      signature: signature([0, 1, 3], { ...value, validSlot: 0 }),
      valid: false,
    },
    {
      description: 'signed on another chain',
      statement: value,
      signers: [0, 1, 3],
      signature: signature([0, 1, 3], value, otherChainId),
      valid: false,
    },
    { description: 'nobody', statement: value, signers: [], signature: `c0${'00'.repeat(95)}`, valid: false },
    {
      description: 'a signer beyond the quorum',
      statement: value,
      signers: [0, 1, 3, 4],
      signature: signature([0, 1, 3], value),
      valid: false,
    },
  ]
  for (const item of cases) {
    const keys = item.signers.map((signer) => members[signer])
    const said =
      keys.every((key) => key !== undefined) && crypto.blsVerifyAggregate(keys, statementMessage(chainId, item.statement), item.signature)
    if (said !== item.valid) throw new Error(`${item.description}: claims ${item.valid}, the code says ${said}`)
  }
  return { chainId, members, cases }
}

/** `protocols/vectors/genesis.json`. */
export function genesisVectors(): object {
  const renamed = { ...sampleGenesis, name: 'vectors-2' }
  const later = { ...sampleGenesis, timeMs: sampleGenesis.timeMs + 1 }
  return {
    chains: [
      { description: 'the sample chain', document: sampleGenesis },
      { description: 'another name', document: renamed },
      { description: 'a millisecond later', document: later },
    ].map(({ description, document }) => {
      const id = chainIdOf(document)
      return { description, document, bytes: toHex(encode(genesis, document)), chainId: id, label: chainLabel(document.name, id) }
    }),
  }
}
