import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { fromHex, type Hex, toHex } from '../../src/base/hex.ts'
import { formatAddress, parseAddress } from '../../src/crypto/address.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { portableSignatures } from '../../src/crypto/portable.ts'
import { decode, encode } from '../../src/wire/codec.ts'
import { type Genesis, genesis } from '../../src/wire/genesis.ts'
import { addressOf, blockHash, chainIdOf, chainLabel, merkleRoot, shortIdOf, ticketOf, transactionId } from '../../src/wire/ids.ts'
import { possessionMessage, statementMessage, ticketMessage, transactionMessage } from '../../src/wire/signing.ts'
import { header, type Statement, statement, transaction, transactionBody } from '../../src/wire/types.ts'
import { readVectors } from './read-vectors.ts'

/** sha256 over hex parts by Node's own hash: the page's formula and none of our code. */
const hashOf = (...parts: readonly Hex[]): Hex =>
  createHash('sha256')
    .update(Buffer.from(parts.join(''), 'hex'))
    .digest('hex')
const domain = (name: string): Hex => `${Buffer.from(name).toString('hex')}00`

describe('vectors/identifiers.json', () => {
  const vectors = readVectors<{
    readonly chainLabels: readonly { readonly name: string; readonly chainId: Hex; readonly label: string }[]
    readonly addresses: readonly { readonly publicKey: Hex; readonly address: Hex; readonly text: string }[]
    readonly badAddresses: readonly { readonly description: string; readonly text: string }[]
    readonly transactions: readonly { readonly bytes: Hex; readonly id: Hex; readonly shortId: Hex }[]
    readonly blocks: readonly { readonly chainId: Hex; readonly header: Hex; readonly hash: Hex }[]
    readonly tickets: readonly { readonly proof: Hex; readonly ticket: Hex }[]
    readonly merkleRoots: readonly { readonly items: readonly Hex[]; readonly root: Hex }[]
  }>('identifiers')

  it('chain labels', () => {
    for (const { name, chainId, label } of vectors.chainLabels) assert.equal(chainLabel(name, chainId), label)
  })
  it('addresses and their text', () => {
    for (const { publicKey, address, text } of vectors.addresses) {
      assert.equal(addressOf(publicKey), address)
      assert.equal(hashOf(publicKey).slice(0, 40), address)
      assert.equal(formatAddress(address), text)
      assert.equal(parseAddress(text), address)
    }
  })
  for (const { description, text } of vectors.badAddresses)
    it(`refuses an address: ${description}`, () => {
      assert.throws(() => parseAddress(text), { code: 'bad-address' })
    })
  it('transaction ids', () => {
    for (const { bytes, id, shortId } of vectors.transactions) {
      assert.equal(transactionId(decode(transaction, fromHex(bytes))), id)
      assert.equal(hashOf(bytes), id)
      assert.equal(shortIdOf(id), shortId)
      assert.equal(id.slice(0, 16), shortId)
    }
  })
  it('block hashes', () => {
    for (const { chainId, header: bytes, hash } of vectors.blocks) {
      assert.equal(blockHash(chainId, decode(header, fromHex(bytes))), hash)
      assert.equal(hashOf(domain('quorate/header'), chainId, bytes), hash)
    }
  })
  it('tickets', () => {
    for (const { proof, ticket } of vectors.tickets) {
      assert.equal(ticketOf(proof), ticket)
      assert.equal(hashOf(proof), ticket)
    }
  })
  it('Merkle roots', () => {
    for (const { items, root } of vectors.merkleRoots) {
      assert.equal(merkleRoot(items), root)
      assert.equal(recursiveRoot(items), root)
    }
  })
})

/** The root told the other way round: the left part is the largest power of two that is smaller than the whole. */
function recursiveRoot(leaves: readonly Hex[]): Hex {
  if (leaves.length === 0) return '00'.repeat(32)
  if (leaves.length === 1) return leaves[0] as Hex
  let left = 1
  while (left * 2 < leaves.length) left *= 2
  return hashOf(recursiveRoot(leaves.slice(0, left)), recursiveRoot(leaves.slice(left)))
}

interface Signed {
  readonly chainId: Hex
  readonly message: Hex
  readonly signature: Hex
}

describe('vectors/signatures.json', () => {
  const vectors = readVectors<{
    readonly domains: readonly { readonly domain: string; readonly prefix: Hex }[]
    readonly accountKey: { readonly seed: Hex; readonly publicKey: Hex }
    readonly blsKey: { readonly secretKey: Hex; readonly publicKey: Hex }
    readonly transactions: readonly (Signed & { readonly body: Hex })[]
    readonly statements: readonly (Signed & { readonly value: Statement; readonly bytes: Hex })[]
    readonly tickets: readonly (Signed & { readonly epochSeed: Hex; readonly slot: number; readonly ticket: Hex })[]
    readonly possession: readonly {
      readonly description: string
      readonly blsKey: Hex
      readonly account: Hex
      readonly message: Hex
      readonly possession: Hex
      readonly valid: boolean
    }[]
    readonly certificates: {
      readonly chainId: Hex
      readonly members: readonly Hex[]
      readonly cases: readonly {
        readonly description: string
        readonly statement: Statement
        readonly signers: readonly number[]
        readonly signature: Hex
        readonly valid: boolean
      }[]
    }
  }>('signatures')

  it('domain prefixes', () => {
    for (const { domain: name, prefix } of vectors.domains) assert.equal(domain(name), prefix)
  })
  it('transactions', () => {
    for (const { chainId, body, message, signature } of vectors.transactions) {
      assert.equal(toHex(transactionMessage(chainId, decode(transactionBody, fromHex(body)))), message)
      assert.equal(domain('quorate/transaction') + chainId + body, message)
      for (const crypto of [nativeSignatures, portableSignatures])
        assert.equal(crypto.accountSign(vectors.accountKey.seed, fromHex(message)), signature)
    }
  })
  it('statements', () => {
    for (const { chainId, value, bytes, message, signature } of vectors.statements) {
      assert.equal(toHex(encode(statement, value)), bytes)
      assert.equal(toHex(statementMessage(chainId, value)), message)
      assert.equal(domain('quorate/statement') + chainId + bytes, message)
      for (const crypto of [nativeSignatures, portableSignatures])
        assert.equal(crypto.blsSign(vectors.blsKey.secretKey, fromHex(message)), signature)
    }
  })
  it('tickets', () => {
    for (const { chainId, epochSeed, slot, message, signature, ticket } of vectors.tickets) {
      assert.equal(toHex(ticketMessage(chainId, epochSeed, slot)), message)
      assert.ok(message.startsWith(domain('quorate/ticket') + chainId + epochSeed))
      assert.equal(nativeSignatures.blsSign(vectors.blsKey.secretKey, fromHex(message)), signature)
      assert.equal(ticketOf(signature), ticket)
    }
  })
  for (const { description, blsKey, account, message, possession, valid } of vectors.possession)
    it(`possession ${valid ? 'proven' : 'not proven'}: ${description}`, () => {
      assert.equal(toHex(possessionMessage(blsKey, account)), message)
      assert.equal(domain('quorate/possession') + blsKey + account, message)
      for (const crypto of [nativeSignatures, portableSignatures])
        assert.equal(crypto.blsVerify(blsKey, fromHex(message), possession), valid)
    })
  for (const { description, statement: value, signers, signature, valid } of vectors.certificates.cases)
    it(`certificate ${valid ? 'good' : 'bad'}: ${description}`, () => {
      const { chainId, members } = vectors.certificates
      const keys = signers.map((signer) => members[signer] ?? '')
      for (const crypto of [nativeSignatures, portableSignatures])
        assert.equal(crypto.blsVerifyAggregate(keys, statementMessage(chainId, value), signature), valid)
    })
})

describe('vectors/genesis.json', () => {
  const { chains } = readVectors<{
    readonly chains: readonly {
      readonly description: string
      readonly document: Genesis
      readonly bytes: Hex
      readonly chainId: Hex
      readonly label: string
    }[]
  }>('genesis')

  for (const { description, document, bytes, chainId, label } of chains)
    it(`chain id and label: ${description}`, () => {
      assert.equal(toHex(encode(genesis, document)), bytes)
      assert.equal(chainIdOf(document), chainId)
      assert.equal(hashOf(domain('quorate/genesis'), bytes), chainId)
      assert.equal(`${document.name}-${chainId.slice(0, 8)}`, label)
    })
  it('gives each chain an id of its own', () => {
    assert.equal(new Set(chains.map(({ chainId }) => chainId)).size, chains.length)
  })
})
