import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationNodeDatum } from 'd3-force'

export interface Placed {
  readonly peerId: string
  readonly x: number
  readonly y: number
}

interface Body extends SimulationNodeDatum {
  readonly peerId: string
}

/** Enough for positions to come to rest; a few hundred nodes take some tens of milliseconds. */
const TICKS = 160
const TICKS_AGAIN = 60
const LINK_LENGTH = 90

/**
 * Places of nodes such that those which are connected lie together, around 0/0. Nodes that had a place move little. It is reckoned at once
 * and drawn once: nothing wobbles.
 */
export function place(
  peerIds: readonly string[],
  links: readonly { readonly from: string; readonly to: string }[],
  before: ReadonlyMap<string, Placed>,
): ReadonlyMap<string, Placed> {
  const bodies: Body[] = peerIds.map((peerId) => {
    const known = before.get(peerId)
    return known === undefined ? { peerId } : { peerId, x: known.x, y: known.y }
  })
  const known = new Set(peerIds)
  const isNew = bodies.some(({ x }) => x === undefined)
  if (!isNew && bodies.length === before.size) return before
  const simulation = forceSimulation(bodies)
    .force(
      'link',
      forceLink<Body, { source: string; target: string }>(
        links.filter(({ from, to }) => known.has(from) && known.has(to)).map(({ from, to }) => ({ source: from, target: to })),
      )
        .id(({ peerId }) => peerId)
        .distance(LINK_LENGTH)
        .strength(0.15),
    )
    .force('charge', forceManyBody().strength(-420))
    .force('collide', forceCollide(30))
    .force('x', forceX(0).strength(0.07))
    .force('y', forceY(0).strength(0.1))
    .stop()
  simulation.tick(before.size === 0 ? TICKS : TICKS_AGAIN)
  return new Map(bodies.map(({ peerId, x = 0, y = 0 }) => [peerId, { peerId, x, y }]))
}

export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

const MARGIN = 46

/** The smallest box around all places, with room for labels. */
export function boxOf(places: Iterable<Placed>): Box {
  let [left, right, top, bottom] = [-60, 60, -60, 60]
  for (const { x, y } of places) {
    left = Math.min(left, x)
    right = Math.max(right, x)
    top = Math.min(top, y)
    bottom = Math.max(bottom, y)
  }
  return { left: left - MARGIN, top: top - MARGIN, width: right - left + 2 * MARGIN, height: bottom - top + 2 * MARGIN }
}

const directions: Readonly<Record<string, readonly [number, number]>> = {
  ...{ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] },
}

/** The next node from one in the direction of an arrow key: near, and not far off to the side. Null for another key or if there is none. */
export function neighbour(from: Placed, key: string, places: Iterable<Placed>): Placed | null {
  const direction = directions[key]
  if (direction === undefined) return null
  let [best, bestCost]: [Placed | null, number] = [null, Number.POSITIVE_INFINITY]
  for (const one of places) {
    const [dx, dy] = [one.x - from.x, one.y - from.y]
    const along = dx * direction[0] + dy * direction[1]
    if (one.peerId === from.peerId || along <= 0) continue
    const aside = Math.abs(dx * direction[1] - dy * direction[0])
    const cost = Math.hypot(dx, dy) * (1 + aside / along)
    if (cost < bestCost) [best, bestCost] = [one, cost]
  }
  return best
}
