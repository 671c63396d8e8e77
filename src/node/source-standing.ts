import type { RatificationView } from '../api/ledger-types.ts'

export interface SourceStanding {
  readonly state: 'ratified' | 'not-ratified' | 'none-ratified' | 'unknown'
  /** One sentence without its full stop, with the next step if there is one. */
  readonly text: string
}

/** Whether the source that a node was built from is the one that the coin holders ratified, in words for its operator. */
export function sourceStanding({ ratified, running }: Pick<RatificationView, 'ratified' | 'running'>): SourceStanding {
  const own = running === null ? 'not known: this node runs unbundled' : `${running.slice(0, 16)}…`
  if (ratified === null) return { state: 'none-ratified', text: `source ${own}; the network has ratified none yet` }
  const right = `${ratified.source.slice(0, 16)}… at height ${ratified.height}`
  const remedy = 'get the ratified source, `npm ci && npm run bundle` there, and start the node from it'
  if (running === null)
    return { state: 'unknown', text: `the network ratified source ${right}, and this node does not know its own: ${remedy}` }
  if (running === ratified.source)
    return { state: 'ratified', text: `source ${own} is the one that the network ratified at height ${ratified.height}` }
  return { state: 'not-ratified', text: `the network ratified source ${right}, this node runs ${own}: ${remedy}` }
}
