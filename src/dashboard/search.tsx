import { useState } from 'preact/hooks'
import { ApiFailure, api } from './api.ts'
import { feed } from './feed.ts'
import { go } from './router.ts'

const HASH = /^[0-9a-f]{64}$/
const ADDRESS = /^(quo1[02-9ac-hj-np-z]{6,}|[0-9a-f]{40})$/

/** Goes to what the text names, or says in a sentence why there is nothing to go to. */
async function find(text: string): Promise<string | null> {
  const wanted = text.trim().toLowerCase().replace(/^#/, '')
  if (wanted === '') return 'Type a height, a hash, a transaction id or an address.'
  if (/^[\d,]{1,20}$/.test(wanted)) return toHeight(Number(wanted.replaceAll(',', '')))
  if (ADDRESS.test(wanted)) {
    go('accounts', wanted)
    return null
  }
  if (!HASH.test(wanted)) return 'That is no height, no hash of 64 hex digits, and no address (quo1… or 40 hex digits).'
  return toHash(wanted)
}

function toHeight(height: number): string | null {
  const { status } = feed.live
  if (status !== null && height > status.height) return `There is no block ${height} yet: the newest here is ${status.height}.`
  if (status !== null && height < status.firstHeight) return `Block ${height} is not here: the first is ${status.firstHeight}.`
  go('blocks', height)
  return null
}

async function toHash(hash: string): Promise<string | null> {
  const places: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['transactions', () => api.transaction(hash)],
    ['blocks', () => api.block(hash)],
    ['evidence', () => api.evidenceOf(hash)],
  ]
  for (const [view, ask] of places) {
    try {
      await ask()
      go(view, hash)
      return null
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error
      if (error.code === 'unreachable') return error.message
    }
  }
  return 'This node knows no block, transaction or evidence with this hash.'
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
