import type { BootstrapStatus } from '../api/diagnosis-types.ts'
import type { NodeView } from '../api/types.ts'
import type { Happening } from './narrator.ts'
import { bytes, plural } from './text.ts'

const POLL_MS = 1000
/** Between two lines that say the same. */
const QUIET_MS = 60_000
/** Between two lines on a terminal, where there is one whenever something has changed. */
const BUSY_MS = 5_000

/** What a bootstrap node says when it has started: above all the address to hand out. */
export function bootstrapGreeting(view: NodeView, scope: 'local' | 'public', url: string | null): Happening {
  const { chain, chainId, peerId, addresses } = view.status()
  return {
    level: 'info',
    event: 'started',
    text: [
      `started  bootstrap node of ${chain}, ${scope === 'local' ? 'private addresses allowed' : 'public addresses only'}`,
      `         hand out: ${addresses.join(' ') || `no address (${peerId})`}`,
      `         API ${url ?? 'off'}`,
    ].join('\n'),
    fields: { role: 'bootstrap', chain, chainId, peerId, addresses, url },
  }
}

/** Tells how a bootstrap node is doing: each minute, and on a terminal when it has changed. Returns the undo. */
export function narrateBootstrap(view: NodeView, tell: (happening: Happening) => void, onTerminal: boolean): () => void {
  let told = { text: '', atMs: Number.NEGATIVE_INFINITY }
  const poll = (): void => {
    const { bootstrap, process: usage } = view.status()
    if (bootstrap === null) return
    const text = healthLine(bootstrap, onTerminal ? null : usage.rssBytes)
    const sinceMs = performance.now() - told.atMs
    if (sinceMs < (onTerminal && text !== told.text ? BUSY_MS : QUIET_MS)) return
    told = { text, atMs: performance.now() }
    tell({
      level: 'info',
      event: 'health',
      text: onTerminal ? healthLine(bootstrap, usage.rssBytes) : text,
      fields: { ...bootstrap, rssBytes: usage.rssBytes },
    })
  }
  const timer = setInterval(poll, POLL_MS)
  timer.unref()
  poll()
  return () => clearInterval(timer)
}

/**
 * @internal
 * @param rssBytes null leaves it out: it changes all the time
 */
export function healthLine(status: BootstrapStatus, rssBytes: number | null): string {
  const { connections, maxConnections, prefixes, prefixCount, routingTable, servedPerMinute, refusedPerMinute } = status
  const from = prefixes.slice(0, 3).map(({ prefix, connections: count }) => `${prefix} ${count}`)
  const more = prefixCount > from.length ? ', …' : ''
  const refused = Object.entries(refusedPerMinute).map(([reason, count]) => `${count} ${reason}`)
  return [
    `health   ${connections} of ${plural(maxConnections, 'connection')}`,
    ...(from.length === 0 ? [] : [`from ${plural(prefixCount, 'prefix', 'prefixes')} (${from.join(', ')}${more})`]),
    `${plural(routingTable, 'peer')} in the table`,
    `${servedPerMinute} answered a minute`,
    `refused ${refused.join(', ') || 'none'}`,
    ...(rssBytes === null ? [] : [bytes(rssBytes)]),
  ].join(', ')
}
