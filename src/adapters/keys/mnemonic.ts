import { generateMnemonic, mnemonicToSeed, validateMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { QuorateError } from '../../base/errors.ts'
import type { Hex } from '../../base/hex.ts'
import { deriveBls, deriveEd25519 } from '../../crypto/derive.ts'

/** Of entropy: 24 words. */
const ENTROPY_BITS = 256
const WORD_COUNTS: ReadonlySet<number> = new Set([12, 15, 18, 21, 24])

/**
 * 1 is the coin type that SLIP-0044 has for test networks of any kind.
 * @internal
 */
export const ACCOUNT_PATH = "m/44'/1'/0'/0'"
/** @internal */
export const verifierPath = (index: number): string => `m/12381/1/${index}/0`

/** A key that words give, and by which way. */
export interface DerivedKey {
  readonly secretKey: Hex
  readonly path: string
}

/** 24 new words of BIP-39, with spaces between. */
export const newMnemonic = (): string => generateMnemonic(wordlist, ENTROPY_BITS)

/**
 * The words as BIP-39 has them, of a text that a person wrote: capitals, numbers of the words, and white space of any kind aside.
 * @throws QuorateError `bad-mnemonic`, which names no word by itself but its place
 */
export function readMnemonic(text: string): string {
  const words = text
    .normalize('NFKD')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '' && !/^\d+[.:)]?$/.test(word))
  const bad = (why: string): QuorateError => new QuorateError('bad-mnemonic', `these are not the words of a mnemonic: ${why}`)
  if (!WORD_COUNTS.has(words.length)) throw bad(`there are ${words.length} of them; it has 24 (or 12, 15, 18 or 21)`)
  const unknown = words.findIndex((word) => !wordlist.includes(word))
  if (unknown >= 0) throw bad(`number ${unknown + 1} is none of the English words of BIP-39`)
  const mnemonic = words.join(' ')
  if (!validateMnemonic(mnemonic, wordlist)) throw bad('the checksum does not fit, so a word is wrong or in another place')
  return mnemonic
}

/** The keys of a mnemonic without a passphrase. @param verifierIndex which of its verifier keys; the first is 0 */
export async function keysOfMnemonic(
  mnemonic: string,
  verifierIndex: number,
): Promise<{ readonly account: DerivedKey; readonly verifier: DerivedKey }> {
  const seed = await mnemonicToSeed(mnemonic)
  const path = verifierPath(verifierIndex)
  return {
    account: { secretKey: deriveEd25519(seed, ACCOUNT_PATH), path: ACCOUNT_PATH },
    verifier: { secretKey: deriveBls(seed, path), path },
  }
}
