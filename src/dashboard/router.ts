import { useEffect, useState } from 'preact/hooks'

/** What the hash of the address names: `#/blocks/12` is the view `blocks` with the argument `12`. */
export interface Route {
  readonly view: string
  readonly argument: string
}

function parseRoute(hash: string): Route {
  const [view = '', ...rest] = hash.replace(/^#\/?/, '').split('/')
  return { view: view === '' ? 'overview' : decode(view), argument: decode(rest.join('/')) }
}

/** A stray per cent sign is no reason to show nothing. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export const hrefOf = (view: string, argument?: string | number): string =>
  argument === undefined ? `#/${view}` : `#/${view}/${encodeURIComponent(argument)}`

export function go(view: string, argument?: string | number): void {
  location.hash = hrefOf(view, argument)
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash))
  useEffect(() => {
    const onChange = () => setRoute(parseRoute(location.hash))
    addEventListener('hashchange', onChange)
    return () => removeEventListener('hashchange', onChange)
  }, [])
  return route
}
