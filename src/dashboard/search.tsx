import { useState } from 'preact/hooks'
import type { SearchView } from '../api/search-types.ts'
import { ApiFailure, node } from './api.ts'
import { feed } from './feed.ts'
import { address } from './format.ts'
import { go } from './router.ts'

/** Goes to what the text names, or says in a sentence why there is nothing to go to. */
async function find(text: string): Promise<string | null> {
  const wanted = text.trim().replace(/^#/, '')
  if (wanted === '') return 'Type a height, a hash, a transaction id or an address.'
  const { status } = feed.live
  try {
    const { results } = await node.search(wanted)
    const [found] = results
    if (found !== undefined) return show(found)
  } catch (error) {
    if (error instanceof ApiFailure) return error.message
    throw error
  }
  const height = /^[\d,]{1,20}$/.test(wanted) ? Number(wanted.replaceAll(',', '')) : null
  if (height !== null && status !== null && height > status.height)
    return `There is no block ${height} yet: the newest here is ${status.height}.`
  if (height !== null && status !== null) return `Block ${height} is not here: the first is ${status.firstHeight}.`
  return 'This node knows nothing of that name. It looks for heights, hashes, transaction ids, addresses (quo1…) and peer ids.'
}

function show(found: SearchView['results'][number]): null {
  switch (found.kind) {
    case 'block':
      go('blocks', found.height)
      return null
    case 'transaction':
      go('transactions', found.id)
      return null
    case 'evidence':
      go('evidence', found.id)
      return null
    case 'account':
    case 'verifier':
      go('accounts', address(found.address))
      return null
    case 'peer':
      go('swarm', found.peerId)
      return null
  }
}

export function Search() {
  const [text, setText] = useState('')
  const [message, setMessage] = useState<string | null>(null)
  const search = async () => {
    const said = await find(text)
    setMessage(said)
    if (said === null) setText('')
  }
  return (
    <search class="search">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void search()
        }}
      >
        <label class="hidden" for="search">
          Search: height, hash, transaction id or address
        </label>
        <input
          id="search"
          type="search"
          placeholder="Height, hash, transaction or address"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={text}
          aria-describedby="search-message"
          onInput={({ currentTarget }) => {
            setText(currentTarget.value)
            setMessage(null)
          }}
        />
        <button type="submit">Find</button>
      </form>
      <p id="search-message" role="status" class={message === null ? 'hidden' : 'search-message'}>
        {message}
      </p>
    </search>
  )
}
