import { bls12_381 } from '@noble/curves/bls12-381.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8 } from '../../src/base/bytes.ts'
import { fromHex, type Hex, toHex } from '../../src/base/hex.ts'
import { nativeSignatures as crypto } from '../../src/crypto/native.ts'
import { sha256Hex } from '../../src/crypto/sha256.ts'
import { littleEndian, sampleBytes, sampleHex } from './format.ts'

/** RFC 8032, section 7.1, tests 1 to 3: seed, public key, message, signature. */
const rfc8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const

interface Check {
  readonly description: string
  readonly publicKey: Hex
  readonly message: Hex
  readonly signature: Hex
  readonly valid: boolean
}

function agreed<T extends { readonly description: string }>(item: T, expected: boolean, said: boolean): T {
  if (said !== expected) throw new Error(`${item.description}: claims ${expected}, the code says ${said}`)
  return item
}

/** Points and scalars that no honest signer makes, made by the arithmetic that an attacker has. */
function ed25519Checks(): Check[] {
  const { Point } = ed25519
  const seed = sampleHex('ed25519 seed', 32)
  const { scalar } = ed25519.utils.getExtendedPublicKey(fromHex(seed))
  const publicKey = crypto.accountPublicKey(seed)
  const message = toHex(utf8('quorate'))
  const signature = crypto.accountSign(seed, fromHex(message))
  const [r, s] = [signature.slice(0, 64), signature.slice(64)]
  /** A point of order eight. */
  const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
  const challenge = (R: Hex, key: Hex, data: Hex): bigint =>
    bytesToNumberLE(sha512(concatBytes([fromHex(R), fromHex(key), fromHex(data)]))) % Point.Fn.ORDER
  /** A signature by `scalar` with the commitment `commitment · B + added`. */
  const forge = (commitment: bigint, added: InstanceType<typeof Point>, key: Hex, data: Hex): Hex => {
    const R = Point.BASE.multiplyUnsafe(commitment).add(added).toHex()
    return R + littleEndian((commitment + challenge(R, key, data) * scalar) % Point.Fn.ORDER, 32)
  }
  const mixedKey = Point.BASE.multiply(scalar).add(torsion).toHex()
  const messageWhere = (wanted: boolean, key: Hex): Hex => {
    for (let counter = 0; ; counter++) {
      const data = littleEndian(counter, 4)
      const R = forge(777n, Point.ZERO, key, data).slice(0, 64)
      if ((challenge(R, key, data) % 8n === 0n) === wanted) return data
    }
  }
  const [divisible, other] = [messageWhere(true, mixedKey), messageWhere(false, mixedKey)]
  const cases: Check[] = [
    ...rfc8032.map(([, key, data, good], index) => ({
      description: `RFC 8032 test ${index + 1}`,
      publicKey: key,
      message: data,
      signature: good,
      valid: true,
    })),
    { description: 'another message', publicKey, message: toHex(utf8('quorates')), signature, valid: false },
    { description: 'another key', publicKey: crypto.accountPublicKey(sampleHex('another seed', 32)), message, signature, valid: false },
    { description: 'one bit of R changed', publicKey, message, signature: flipBit(signature, 0), valid: false },
    { description: 'one bit of S changed', publicKey, message, signature: flipBit(signature, 32), valid: false },
    {
      description: 'S plus the order of the group: malleated',
      publicKey,
      message,
      signature: r + littleEndian(bytesToNumberLE(fromHex(s)) + Point.Fn.ORDER, 32),
      valid: false,
    },
    { description: 'R is the neutral point', publicKey, message, signature: forge(0n, Point.ZERO, publicKey, message), valid: false },
    { description: 'R of small order', publicKey, message, signature: forge(0n, torsion, publicKey, message), valid: false },
    {
      description: 'R of mixed order: only a cofactored check takes it',
      publicKey,
      message,
      signature: forge(777n, torsion, publicKey, message),
      valid: false,
    },
    {
      description: 'a key of small order',
      publicKey: torsion.toHex(),
      message,
      signature: Point.ZERO.toHex() + '00'.repeat(32),
      valid: false,
    },
    {
      description: 'the neutral point as key',
      publicKey: Point.ZERO.toHex(),
      message,
      signature: Point.ZERO.toHex() + '00'.repeat(32),
      valid: false,
    },
    {
      description: 'a key that is not canonical (y = p + 1)',
      publicKey: `ee${'ff'.repeat(30)}7f`,
      message,
      signature: Point.ZERO.toHex() + '00'.repeat(32),
      valid: false,
    },
    {
      description: 'a key of mixed order where the cofactor-free equation fails',
      publicKey: mixedKey,
      message: other,
      signature: forge(777n, Point.ZERO, mixedKey, other),
      valid: false,
    },
    {
      description: 'a key of mixed order where the cofactor-free equation holds',
      publicKey: mixedKey,
      message: divisible,
      signature: forge(777n, Point.ZERO, mixedKey, divisible),
      valid: true,
    },
    { description: 'a key that is no point', publicKey: `02${'00'.repeat(31)}`, message, signature, valid: false },
    { description: 'a signature of 63 bytes', publicKey, message, signature: signature.slice(0, -2), valid: false },
    { description: 'a key of 33 bytes', publicKey: `${publicKey}00`, message, signature, valid: false },
  ]
  return cases.map((item) => agreed(item, item.valid, crypto.accountVerify(item.publicKey, fromHex(item.message), item.signature)))
}

function flipBit(bytes: Hex, offset: number): Hex {
  const changed = fromHex(bytes)
  changed[offset] = (changed[offset] ?? 0) ^ 1
  return toHex(changed)
}

const { Fp, Fp2 } = bls12_381.fields
const [G1, G2] = [bls12_381.G1.Point, bls12_381.G2.Point]
const INFINITY_KEY = `c0${'00'.repeat(47)}`
const INFINITY_SIGNATURE = `c0${'00'.repeat(95)}`

const coordinate = (value: bigint): Hex => value.toString(16).padStart(96, '0')
/** Sets the bits that say "compressed" and "the larger y". */
const flagged = (bytes: Hex, larger: boolean): Hex =>
  (Number.parseInt(bytes.slice(0, 2), 16) | (larger ? 0xa0 : 0x80)).toString(16) + bytes.slice(2)
const half = (Fp.ORDER - 1n) / 2n

/** The compressed form, also of points outside the group, which noble will not write. */
function compressKey(point: InstanceType<typeof G1>): Hex {
  const { x, y } = point.toAffine()
  return flagged(coordinate(x), y > half)
}
function compressSignature(point: InstanceType<typeof G2>): Hex {
  const { x, y } = point.toAffine()
  return flagged(coordinate(x.c1) + coordinate(x.c0), (y.c1 === 0n ? y.c0 : y.c1) > half)
}
/** The first points of the curves by x that are not in the groups. */
function strayKey(): InstanceType<typeof G1> {
  for (let x = 1n; ; x++) {
    const square = Fp.add(Fp.pow(x, 3n), 4n)
    if (!isSquare(() => Fp.sqrt(square))) continue
    const point = G1.fromAffine({ x, y: Fp.sqrt(square) })
    if (!point.isTorsionFree()) return point
  }
}
function straySignature(): InstanceType<typeof G2> {
  for (let c0 = 1n; ; c0++) {
    const x = Fp2.fromBigTuple([c0, 0n])
    const square = Fp2.add(Fp2.pow(x, 3n), Fp2.fromBigTuple([4n, 4n]))
    if (!isSquare(() => Fp2.sqrt(square))) continue
    const point = G2.fromAffine({ x, y: Fp2.sqrt(square) })
    if (!point.isTorsionFree()) return point
  }
}
function isSquare(root: () => unknown): boolean {
  try {
    root()
    return true
  } catch {
    return false
  }
}

function blsVectors(): object {
  const message = toHex(utf8('quorate'))
  const data = fromHex(message)
  const secretKeys = [0, 1, 2, 3].map((index) => crypto.blsSecretKey(sampleBytes(`bls key ${index}`, 32)))
  const publicKeys = secretKeys.map((secretKey) => crypto.blsPublicKey(secretKey))
  const signatures = secretKeys.map((secretKey) => crypto.blsSign(secretKey, data))
  const [publicKey = '', secondKey = ''] = publicKeys
  const [signature = '', secondSignature = ''] = signatures
  const [badKey, badSignature] = [strayKey(), straySignature()]
  const verify: Check[] = [
    { description: 'good', publicKey, message, signature, valid: true },
    {
      description: 'good, of no bytes',
      publicKey,
      message: '',
      signature: crypto.blsSign(secretKeys[0] ?? '', new Uint8Array()),
      valid: true,
    },
    { description: 'another message', publicKey, message: toHex(utf8('quorates')), signature, valid: false },
    { description: 'another key', publicKey: secondKey, message, signature, valid: false },
    { description: 'the negated signature', publicKey, message, signature: G2.fromHex(signature).negate().toHex(true), valid: false },
    { description: 'infinity as signature', publicKey, message, signature: INFINITY_SIGNATURE, valid: false },
    { description: 'infinity as key and signature', publicKey: INFINITY_KEY, message, signature: INFINITY_SIGNATURE, valid: false },
    { description: 'a key outside the group', publicKey: compressKey(badKey), message, signature, valid: false },
    { description: 'a signature outside the group', publicKey, message, signature: compressSignature(badSignature), valid: false },
    {
      description: 'the good signature plus a point outside the group',
      publicKey,
      message,
      signature: compressSignature(G2.fromHex(signature).add(badSignature)),
      valid: false,
    },
    { description: 'the uncompressed key', publicKey: G1.fromHex(publicKey).toHex(false), message, signature, valid: false },
    { description: 'the uncompressed signature', publicKey, message, signature: G2.fromHex(signature).toHex(false), valid: false },
    { description: 'x above the field', publicKey, message, signature: `9f${'ff'.repeat(95)}`, valid: false },
    { description: 'zero bytes', publicKey, message, signature: '00'.repeat(96), valid: false },
    { description: 'a signature of 95 bytes', publicKey, message, signature: signature.slice(0, -2), valid: false },
  ]
  const aggregates = [
    { description: 'four', signatures, aggregate: crypto.blsAggregate(signatures) },
    { description: 'the order does not matter', signatures: [...signatures].reverse(), aggregate: crypto.blsAggregate(signatures) },
    { description: 'one is itself', signatures: [signature], aggregate: signature },
    { description: 'none', signatures: [], aggregate: null },
    { description: 'one outside the group', signatures: [signature, compressSignature(badSignature)], aggregate: null },
    {
      description: 'two outside the group whose sum is in it',
      signatures: [
        compressSignature(G2.fromHex(signature).add(badSignature)),
        compressSignature(G2.fromHex(secondSignature).subtract(badSignature)),
      ],
      aggregate: null,
    },
    { description: 'two that cancel out', signatures: [signature, G2.fromHex(signature).negate().toHex(true)], aggregate: null },
    { description: 'an uncompressed one', signatures: [G2.fromHex(signature).toHex(false)], aggregate: null },
  ]
  const three = crypto.blsAggregate(signatures.slice(0, 3))
  const negatedKey = G1.fromHex(publicKey).negate().toHex(true)
  const verifyAggregate = [
    { description: 'three', publicKeys: publicKeys.slice(0, 3), message, signature: three, valid: true },
    { description: 'one', publicKeys: [publicKey], message, signature, valid: true },
    {
      description: 'a key twice and its signature twice',
      publicKeys: [publicKey, publicKey],
      message,
      signature: crypto.blsAggregate([signature, signature]),
      valid: true,
    },
    { description: 'a key too many', publicKeys, message, signature: three, valid: false },
    { description: 'a key too few', publicKeys: publicKeys.slice(0, 2), message, signature: three, valid: false },
    { description: 'another message', publicKeys: publicKeys.slice(0, 3), message: '00', signature: three, valid: false },
    { description: 'no keys', publicKeys: [], message, signature: INFINITY_SIGNATURE, valid: false },
    {
      description: 'keys that cancel out, infinity as signature',
      publicKeys: [publicKey, negatedKey],
      message,
      signature: INFINITY_SIGNATURE,
      valid: false,
    },
    { description: 'infinity among the keys', publicKeys: [publicKey, INFINITY_KEY], message, signature, valid: false },
    {
      description: 'two keys outside the group whose sum is in it',
      publicKeys: [compressKey(G1.fromHex(publicKey).add(badKey)), compressKey(G1.fromHex(secondKey).subtract(badKey))],
      message,
      signature: crypto.blsAggregate([signature, secondSignature]),
      valid: false,
    },
  ]
  const items = signatures.slice(0, 3).map((own, index) => ({ publicKey: publicKeys[index] ?? '', message, signature: own }))
  const [first, second] = items
  if (first === undefined || second === undefined) throw new Error('too few items')
  const verifyMany = [
    { description: 'three', items, valid: true },
    { description: 'none', items: [], valid: true },
    { description: 'one is bad', items: [first, { ...second, signature }], valid: false },
    {
      description: 'two bad ones whose sum is right: each must be right alone',
      items: [
        { ...first, signature: secondSignature },
        { ...second, signature },
      ],
      valid: false,
    },
  ]
  const bytes = (item: { readonly message: Hex }): Uint8Array => fromHex(item.message)
  for (const { description, signatures: parts, aggregate } of aggregates) {
    if (aggregateOrNull(parts) !== aggregate) throw new Error(`${description}: the code aggregates otherwise`)
  }
  return {
    ciphersuite: 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_',
    keys: secretKeys.map((secretKey, index) => ({ entropy: sampleHex(`bls key ${index}`, 32), secretKey, publicKey: publicKeys[index] })),
    sign: secretKeys.map((secretKey, index) => ({ secretKey, message, signature: signatures[index] })),
    verify: verify.map((item) => agreed(item, item.valid, crypto.blsVerify(item.publicKey, bytes(item), item.signature))),
    aggregate: aggregates,
    verifyAggregate: verifyAggregate.map((item) =>
      agreed(item, item.valid, crypto.blsVerifyAggregate(item.publicKeys, bytes(item), item.signature)),
    ),
    verifyMany: verifyMany.map((item) =>
      agreed(item, item.valid, crypto.blsVerifyMany(item.items.map((each) => ({ ...each, message: fromHex(each.message) })))),
    ),
  }
}

function aggregateOrNull(signatures: readonly Hex[]): Hex | null {
  try {
    return crypto.blsAggregate(signatures)
  } catch {
    return null
  }
}

/** `protocols/vectors/crypto.json`. `aggregate: null` means that there is none: the code refuses with `bad-signature`. */
export function cryptoVectors(): object {
  return {
    sha256: ['', '616263', '00'.repeat(64)].map((message) => ({ message, hash: sha256Hex(fromHex(message)) })),
    ed25519: {
      sign: rfc8032.map(([seed, publicKey, message, signature]) => ({ seed, publicKey, message, signature })),
      verify: ed25519Checks(),
    },
    bls: blsVectors(),
  }
}
