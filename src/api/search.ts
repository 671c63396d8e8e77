import { QuorateError } from '../base/errors.ts'
import { isHex } from '../base/hex.ts'
import type { Address } from '../wire/types.ts'
import { MAX_VERIFIERS } from './bounds.ts'
import { badParameter, type Desk, readAddress } from './route.ts'
import type { SearchResult, SearchView } from './search-types.ts'

/** Verifiers that are looked through for a peer id: more than a chain of many years has. */
const MAX_SEARCHED_VERIFIERS = 20 * MAX_VERIFIERS

/** What a text of a person stands for. @throws ApiError 400 */
export function search(desk: Desk, q: string): SearchView {
  const wanted = q.trim()
  if (wanted === '') throw badParameter('q: a height, a hash, an id, an address or a peer id')
  const text = /^[0-9a-f]+$/i.test(wanted) || /^quo1/i.test(wanted) ? wanted.toLowerCase() : wanted
  return { q: wanted, results: [...byHeight(desk, text), ...byHash(desk, text), ...byAddress(desk, text), ...byPeerId(desk, text)] }
}

function byHeight({ view }: Desk, text: string): readonly SearchResult[] {
  // Thousands are often written apart.
  const digits = text.replace(/[,_' ]/g, '')
  if (!/^\d{1,15}$/.test(digits)) return []
  const found = view.block(Number(digits))
  return found === undefined ? [] : [{ kind: 'block', height: found.block.header.height, hash: found.hash }]
}

function byHash({ view }: Desk, text: string): readonly SearchResult[] {
  if (!isHex(text, 32)) return []
  const block = view.block(text)
  const transaction = view.transaction(text)
  return [
    ...(block === undefined ? [] : [{ kind: 'block', height: block.block.header.height, hash: block.hash } as const]),
    ...(transaction === undefined ? [] : [{ kind: 'transaction', id: text, state: transaction.state } as const]),
    ...(view.evidenceOf(text) === undefined ? [] : [{ kind: 'evidence', id: text } as const]),
  ]
}

function byAddress(desk: Desk, text: string): readonly SearchResult[] {
  let found: Address
  try {
    found = readAddress(desk, text)
  } catch (error) {
    if (error instanceof QuorateError) return []
    throw error
  }
  const { verifier } = desk.view.account(found)
  return [
    { kind: 'account', address: found, isVerifier: verifier !== null },
    ...(verifier === null ? [] : [{ kind: 'verifier', address: found, peerId: verifier.peerId } as const]),
  ]
}

function byPeerId({ view }: Desk, text: string): readonly SearchResult[] {
  if (!/^[1-9A-HJ-NP-Za-km-z]{20,}$/.test(text)) return []
  const found: SearchResult[] = []
  for (let from = 0; from < MAX_SEARCHED_VERIFIERS && found.length === 0; from += MAX_VERIFIERS) {
    const { verifiers, registered } = view.verifiers(from, MAX_VERIFIERS)
    for (const { address, peerId } of verifiers) if (peerId === text) found.push({ kind: 'verifier', address, peerId })
    if (from + MAX_VERIFIERS >= registered) break
  }
  if (view.peers().some(({ peerId }) => peerId === text)) found.push({ kind: 'peer', peerId: text })
  return found
}
