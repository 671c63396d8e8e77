import { createHmac } from 'node:crypto'
import { SecretKey } from '@chainsafe/blst'
import { concatBytes, utf8 } from '../base/bytes.ts'
import { type Hex, toHex } from '../base/hex.ts'

const HARDENED = 0x8000_0000

/**
 * An ed25519 seed (32 bytes) out of a master seed, by SLIP-0010.
 * @param path such as `m/44'/1'/0'/0'`; ed25519 has hardened steps only
 * @throws RangeError for another path
 */
export function deriveEd25519(seed: Uint8Array, path: string): Hex {
  let node = hmac(utf8('ed25519 seed'), seed)
  for (const step of steps(path, /^(\d{1,10})'$/, HARDENED)) {
    const index = new Uint8Array(4)
    new DataView(index.buffer).setUint32(0, HARDENED + step)
    node = hmac(node.subarray(32), concatBytes([Uint8Array.of(0), node.subarray(0, 32), index]))
  }
  return toHex(node.subarray(0, 32))
}

/**
 * A BLS secret key (32 bytes) out of a master seed of 32 bytes or more, by EIP-2333.
 * @param path such as `m/12381/1/0/0`
 * @throws RangeError for another path
 */
export function deriveBls(seed: Uint8Array, path: string): Hex {
  let key = SecretKey.deriveMasterEip2333(seed)
  for (const step of steps(path, /^(\d{1,10})$/, 2 ** 32)) key = key.deriveChildEip2333(step)
  return toHex(key.toBytes())
}

function steps(path: string, form: RegExp, below: number): readonly number[] {
  const [root, ...names] = path.split('/')
  const numbers = names.map((name) => Number(form.exec(name)?.[1]))
  if (root !== 'm' || !numbers.every((step) => step < below)) throw new RangeError(`${path} is no path of this kind of key`)
  return numbers
}

const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array => new Uint8Array(createHmac('sha512', key).update(data).digest())
