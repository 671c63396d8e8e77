/*
 * Checks what an account holds, without trust in the node that says so: protocols/snapshots.md A2 and A14.
 *   node examples/verify-account.mjs PROOF ADDRESS CHAIN-ID QUORUM-HASH
 * PROOF: a file with the answer of GET /v1/accounts/ADDRESS/proof, or the URL. ADDRESS: quo1..., or 40 hex digits.
 * Trusted, and to be had from somebody whom you trust: CHAIN-ID, the hash of genesis; QUORUM-HASH, of the quorum that signs the
 * block's height; and, as everybody on the chain does, that less than a third of that quorum's stake is dishonest. The quorum is
 * another after an election: each header that passes names the one of the next height, so who has one hash can follow them.
 * Checked: that this quorum sealed the header, and that the state behind the header holds the account, or does not know it.
 * Not checked: that there is no newer block. Compare the height with what you know.
 */
import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { bech32m } from '@scure/base'

const SIGNATURE_DOMAIN = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'
const [TREE_DEPTH, HASH_BYTES, ADDRESS_BYTES] = [16, 32, 20]

/** Throws an error with the code of a breach. */
function check(holds, code, detail) {
  if (!holds) throw Object.assign(new Error(detail), { code })
}

function hex(text, bytes) {
  check(typeof text === 'string' && /^([0-9a-f]{2})*$/.test(text), 'malformed', 'no lower-case hex')
  check(bytes === undefined || text.length === 2 * bytes, 'malformed', `${text.length / 2} bytes, ${bytes} needed`)
  return hexToBytes(text)
}

/** Reads little-endian integers and bytes, and never beyond the end. */
class Reader {
  constructor(bytes) {
    this.rest = bytes
  }
  take(count) {
    check(count <= this.rest.length, 'malformed', `ends ${count - this.rest.length} bytes early`)
    const taken = this.rest.subarray(0, count)
    this.rest = this.rest.subarray(count)
    return taken
  }
  integer(bytes) {
    const value = this.take(bytes).reduceRight((sum, byte) => sum * 256 + byte, 0)
    check(Number.isSafeInteger(value), 'malformed', 'a number above 2^53 - 1')
    return value
  }
  list(itemBytes) {
    return this.take(this.integer(4) * itemBytes)
  }
  option(read) {
    if (this.integer(1) !== 0) read()
  }
}

/** An account's plain fields. Its other parts (ballot, bonds, verifier, endorsements) are passed over. */
function readAccount(reader) {
  const parts = reader.integer(1)
  check(parts < 16, 'malformed', `parts ${parts}`)
  const [droplets, microHours, remainderDropletMs, hoursAtMs, nonce] = Array.from({ length: 5 }, () => reader.integer(8))
  if (parts & 1) {
    reader.take(4 * 8)
    reader.option(() => [reader.take(8), reader.list(ADDRESS_BYTES)])
    reader.list(HASH_BYTES + 8)
  }
  if (parts & 2) for (const numbers of [1, 2]) reader.list(ADDRESS_BYTES + numbers * 8)
  if (parts & 4) {
    reader.take(reader.integer(2) + 48 + 4 + 4 * 8)
    reader.option(() => reader.take(8))
    reader.take(2 * 8)
    reader.list(1 + 8)
  }
  if (parts & 8) reader.list(ADDRESS_BYTES)
  return { droplets, microHours, remainderDropletMs, hoursAtMs, nonce }
}

/** What the state behind a root holds of an address: its account, or null. A2. */
function checkProof({ bucket, siblings, globalsHash }, address, stateRoot) {
  const [bytes, prefix] = [hex(bucket), address.slice(0, TREE_DEPTH / 4)]
  check(siblings.length === TREE_DEPTH, 'malformed', `${siblings.length} siblings`)
  const reader = new Reader(bytes)
  let [found, last] = [null, '']
  while (reader.rest.length > 0) {
    const of = bytesToHex(reader.take(ADDRESS_BYTES))
    check(of > last, 'wrong-order', `account ${of} after ${last}`)
    check(of.startsWith(prefix), 'wrong-bucket', `account ${of} in the bucket of ${address}`)
    const account = readAccount(reader)
    if (of === address) found = account
    last = of
  }
  let node = bytes.length === 0 ? new Uint8Array(HASH_BYTES) : sha256(bytes)
  for (const [level, text] of siblings.entries()) {
    const sibling = hex(text, HASH_BYTES)
    node = sha256((Number.parseInt(prefix, 16) >> level) & 1 ? concatBytes(sibling, node) : concatBytes(node, sibling))
  }
  const root = bytesToHex(sha256(concatBytes(node, hex(globalsHash, HASH_BYTES))))
  check(root === stateRoot, 'wrong-root', `the proof gives state root ${root}, the header says ${stateRoot}`)
  return found
}

/** Members with enough stake of the quorum with this hash have sealed the block. A14. */
function checkSeal({ signers, signature }, quorumBytes, quorumHash, message) {
  check(bytesToHex(sha256(quorumBytes)) === quorumHash, 'wrong-quorum', `the quorum is not the one with hash ${quorumHash}`)
  const reader = new Reader(quorumBytes)
  const members = Array.from({ length: reader.integer(4) }, () => {
    reader.take(ADDRESS_BYTES)
    reader.take(reader.integer(2))
    return { blsKey: reader.take(48), stake: BigInt(reader.integer(8)) }
  })
  const isAscending = signers.every((one, index) => one > (signers[index - 1] ?? -1))
  check(isAscending, 'malformed', 'signers do not ascend')
  const isKnown = signers.every((one) => members[one] !== undefined)
  check(isKnown, 'unknown-signer', `a signer beyond the quorum of ${members.length}`)
  const [total, signed] = [members, signers.map((one) => members[one])].map((all) => all.reduce((sum, { stake }) => sum + stake, 0n))
  check(signed > (2n * total) / 3n, 'not-enough-stake', `${signed} of ${total} droplets of stake have signed`)
  const { G1, longSignatures: scheme } = bls12_381
  const key = scheme.aggregatePublicKeys(signers.map((one) => G1.Point.fromBytes(members[one].blsKey)))
  const isRight = scheme.verify(hex(signature, 96), scheme.hash(message, SIGNATURE_DOMAIN), key)
  check(isRight, 'bad-signature', 'the seal is no signature of its signers')
}

/** What is proven. */
export function verifyAccount({ header, seal, quorum, proof }, { address, chainId, quorumHash }) {
  const bytes = hex(header)
  hex(address, ADDRESS_BYTES)
  check(bytes.length >= 283 && bytes.length <= 445, 'malformed', `a header of ${bytes.length} bytes`)
  const block = sha256(concatBytes(utf8ToBytes('quorate/header\0'), hex(chainId, HASH_BYTES), bytes))
  const statement = concatBytes(new Uint8Array([4]), bytes.subarray(0, 8), block)
  const message = concatBytes(utf8ToBytes('quorate/statement\0'), hex(chainId, HASH_BYTES), statement)
  checkSeal(seal, hex(quorum), quorumHash, message)
  const account = checkProof(proof, address, bytesToHex(bytes.slice(-72, -40)))
  const [height, nextQuorum] = [new Reader(bytes).integer(8), bytesToHex(bytes.slice(-40, -8))]
  return { address, account, height, block: bytesToHex(block), nextQuorum }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [place = '', of = '', chainId = '', quorumHash = ''] = process.argv.slice(2)
  try {
    const text = /^https?:/.test(place) ? await (await fetch(place)).text() : await readFile(place, 'utf8')
    const address = of.startsWith('quo1') ? bytesToHex(bech32m.decodeToBytes(of).bytes) : of
    console.log(JSON.stringify(verifyAccount(JSON.parse(text), { address, chainId, quorumHash }), undefined, 2))
  } catch (error) {
    console.error(`${error.code ?? 'failed'}: ${error.message}`)
    process.exitCode = 1
  }
}
