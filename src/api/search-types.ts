import { Type } from 'typebox'
import { address, count, flag, hash, list, named, object, oneOf, text, type View } from './schema.ts'

/** What a text of a person stands for. */

export const SearchResult = Type.Union(
  [
    object({ kind: Type.Literal('block'), height: count(), hash: hash() }),
    object({ kind: Type.Literal('transaction'), id: hash(), state: oneOf(['pending', 'final', 'dropped']) }),
    object({ kind: Type.Literal('evidence'), id: hash() }),
    object({ kind: Type.Literal('account'), address: address(), isVerifier: flag() }),
    object({ kind: Type.Literal('verifier'), address: address(), peerId: text() }),
    object({ kind: Type.Literal('peer'), peerId: text() }),
  ],
  { title: 'SearchResult' },
)
export type SearchResult = View<typeof SearchResult>

export const SearchView = named('SearchView', {
  q: text('What was looked for.'),
  results: list(SearchResult, 'What it stands for, all of it: none if nothing here is called so.'),
})
export type SearchView = View<typeof SearchView>
