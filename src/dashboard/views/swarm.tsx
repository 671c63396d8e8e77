import { useMemo, useRef, useState } from 'preact/hooks'
import type { SwarmGraph } from '../../api/observe-types.ts'
import { node } from '../api.ts'
import { number, plural, shortPeer } from '../format.ts'
import { boxOf, neighbour, type Placed, place } from '../graph.ts'
import { useLive, useNow, useQuery } from '../hooks.ts'
import { Address, Answer, Badge, Empty, Facts, Panel, Peer, Table, Unknown } from '../ui.tsx'

type Graph = View<SwarmGraph>
type View<T> = { readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? readonly View<Item>[] : T[K] }
type GraphNode = Graph['nodes'][number]

/** How often it is asked for: connections come and go without an event. */
const REFRESH_MS = 5000
const ALL = 'all connections'

export function Swarm({ argument }: { argument: string }) {
  const { version } = useLive()
  const beat = Math.floor(useNow(REFRESH_MS) / REFRESH_MS)
  const query = useQuery('swarm', version + beat, (signal) => node.swarm({ signal }))
  return (
    <>
      <h1>Swarm</h1>
      <Answer of={query} what="who is connected to whom">
        {(graph) => <Shown graph={graph} first={argument === '' ? null : argument} />}
      </Answer>
    </>
  )
}

/** `/quorate/net-0123abcd/blocks/1` reads as `blocks`. */
function topicName(topic: string): string {
  const parts = topic.split('/').filter((part) => part !== '')
  return parts.length >= 3 ? parts.slice(2).join('/') : topic
}

function Shown({ graph, first }: { graph: Graph; first: string | null }) {
  const { status } = useLive()
  const [topic, setTopic] = useState(ALL)
  const [selected, select] = useState<string | null>(first)
  const topics = [...new Set(graph.links.flatMap(({ mesh }) => mesh))].toSorted()
  const isShown = (mesh: readonly string[]): boolean => topic === ALL || mesh.includes(topic)
  const links = graph.links.filter(({ mesh }) => isShown(mesh))
  const leader = status?.leader?.index ?? null
  const leads = (node: GraphNode): boolean => (leader === null ? node.isLeader : node.verifier?.index === leader)
  if (graph.nodes.length === 0) return <Empty>This node knows no peers yet.</Empty>
  const self = graph.nodes.find(({ isSelf }) => isSelf)
  return (
    <>
      <Panel
        title="Who is connected to whom"
        note={`${plural(graph.nodes.length, 'node')}, ${plural(graph.links.length, 'connection')}, as far as this node knows`}
      >
        <div class="tools">
          <label>
            Show
            <select value={topic} onChange={({ currentTarget }) => setTopic(currentTarget.value)}>
              <option value={ALL}>{ALL}</option>
              {topics.map((one) => (
                <option key={one} value={one}>
                  mesh of {topicName(one)}
                </option>
              ))}
            </select>
          </label>
          <ul class="legend" aria-label="Marks in the graph">
            <li>
              <span class="peer-key self" aria-hidden="true" /> this node
            </li>
            <li>
              <span class="peer-key verifier" aria-hidden="true" /> verifier
            </li>
            <li>
              <span class="peer-key" aria-hidden="true" /> other
            </li>
            <li>
              <span class="peer-key leads" aria-hidden="true" /> leads now
            </li>
            <li>
              <span class="line-key mesh" aria-hidden="true" /> in a mesh
            </li>
            <li>
              <span class="line-key" aria-hidden="true" /> connected
            </li>
          </ul>
        </div>
        <Picture graph={graph} links={links} selected={selected ?? self?.peerId ?? null} onSelect={select} leads={leads} />
        <Selected node={graph.nodes.find(({ peerId }) => peerId === (selected ?? self?.peerId))} graph={graph} />
      </Panel>
      <Panel title="The same as a table">
        <Table
          caption="Nodes and their connections"
          rows={graph.nodes.toSorted((left, right) => orderOf(left) - orderOf(right))}
          keyOf={({ peerId }) => peerId}
          columns={[
            { title: 'Peer', cell: ({ peerId }) => <Peer of={peerId} /> },
            { title: 'Is', cell: (node) => <Kind node={node} leads={leads(node)} /> },
            { title: 'Verifier', cell: ({ verifier }) => (verifier === null ? '–' : <Who verifier={verifier} />) },
            { title: 'Height', isNumber: true, cell: ({ height }) => (height === null ? <Unknown what="–" /> : number(height)) },
            { title: 'Connections', isNumber: true, cell: ({ peerId }) => linksOf(graph, peerId).length },
            {
              title: 'In a mesh with',
              isNumber: true,
              cell: ({ peerId }) => linksOf({ ...graph, links }, peerId).filter(({ mesh }) => mesh.length > 0).length,
            },
            { title: 'Program', cell: ({ agent }) => agent ?? <Unknown what="–" /> },
          ]}
        />
      </Panel>
    </>
  )
}

const orderOf = ({ isSelf, verifier }: GraphNode): number => (isSelf ? -1 : (verifier?.index ?? Number.MAX_SAFE_INTEGER))

const linksOf = ({ links }: Graph, peerId: string) => links.filter(({ from, to }) => from === peerId || to === peerId)

const Who = ({ verifier }: { verifier: NonNullable<GraphNode['verifier']> }) => (
  <>
    <b>{verifier.index}</b> <Address of={verifier.address} />
  </>
)

const Kind = ({ node, leads }: { node: GraphNode; leads: boolean }) => (
  <>
    {node.isSelf ? <Badge tone="info">this node</Badge> : node.isConnected ? <Badge tone="good">connected</Badge> : <Badge>known</Badge>}{' '}
    {leads ? <Badge tone="warn">leads</Badge> : null}
  </>
)

interface PictureProps {
  readonly graph: Graph
  readonly links: Graph['links']
  readonly selected: string | null
  readonly onSelect: (peerId: string) => void
  readonly leads: (node: GraphNode) => boolean
}

function Picture({ graph, links, selected, onSelect, leads }: PictureProps) {
  const known = useRef<ReadonlyMap<string, Placed>>(new Map())
  const places = useMemo(() => {
    known.current = place(
      graph.nodes.map(({ peerId }) => peerId),
      graph.links,
      known.current,
    )
    return known.current
  }, [graph])
  const area = useRef<HTMLFieldSetElement>(null)
  const box = boxOf(places.values())
  const at = ({ x, y }: Placed) => ({ left: `${((x - box.left) / box.width) * 100}%`, top: `${((y - box.top) / box.height) * 100}%` })
  const onKeyDown = (event: KeyboardEvent) => {
    const from = selected === null ? undefined : places.get(selected)
    const next = from === undefined ? null : neighbour(from, event.key, places.values())
    if (next === null) return
    event.preventDefault()
    onSelect(next.peerId)
    area.current?.querySelector<HTMLElement>(`[data-peer="${CSS.escape(next.peerId)}"]`)?.focus()
  }
  return (
    <fieldset ref={area} class="graph">
      <legend class="hidden">Graph of the nodes. Arrow keys go from one to the next.</legend>
      <svg viewBox={`${box.left} ${box.top} ${box.width} ${box.height}`} preserveAspectRatio="none" aria-hidden="true">
        {links.map(({ from, to, mesh }) => {
          const [a, b] = [places.get(from), places.get(to)]
          if (a === undefined || b === undefined) return null
          const isSelected = from === selected || to === selected
          return (
            <line
              key={`${from} ${to}`}
              class={`${mesh.length > 0 ? 'link mesh' : 'link'}${isSelected ? ' selected' : ''}`}
              x1={a.x}
              y1={a.y}
              x2={b.x}
              y2={b.y}
            />
          )
        })}
      </svg>
      {graph.nodes.map((node) => {
        const spot = places.get(node.peerId)
        if (spot === undefined) return null
        const isSelected = node.peerId === selected
        const kind = `${node.isSelf ? ' self' : node.verifier === null ? '' : ' verifier'}${leads(node) ? ' leads' : ''}`
        return (
          <button
            key={node.peerId}
            type="button"
            class={`peer${kind}`}
            data-peer={node.peerId}
            aria-pressed={isSelected}
            tabIndex={isSelected || (selected === null && node === graph.nodes[0]) ? 0 : -1}
            style={at(spot)}
            onClick={() => onSelect(node.peerId)}
            onKeyDown={onKeyDown}
          >
            {node.verifier === null ? (
              <span class="hidden">Node </span>
            ) : (
              <>
                <span class="hidden">Verifier </span>
                {node.verifier.index}
              </>
            )}
            <small>{shortPeer(node.peerId).slice(0, 5)}</small>
            <span class="hidden">{stateOf(node, leads(node))}</span>
          </button>
        )
      })}
    </fieldset>
  )
}

const stateOf = ({ isSelf, isConnected }: GraphNode, leads: boolean): string =>
  `, ${isSelf ? 'this node' : isConnected ? 'connected' : 'not connected'}${leads ? ', leads now' : ''}`

function Selected({ node, graph }: { node: GraphNode | undefined; graph: Graph }) {
  if (node === undefined) return null
  const links = linksOf(graph, node.peerId)
  const meshes = [...new Set(links.flatMap(({ mesh }) => mesh))].toSorted()
  return (
    <div class="selected" role="status">
      <h3 class="mono breaks">{node.peerId}</h3>
      <Facts
        rows={[
          ['Verifier', node.verifier === null ? 'no' : <Who key="who" verifier={node.verifier} />],
          ['Height', node.height === null ? <Unknown key="height" /> : number(node.height)],
          ['Program', node.agent ?? <Unknown key="agent" />],
          ['Connections known', number(links.length)],
          ['In the mesh of', meshes.length === 0 ? <Unknown key="mesh" what="none that is known" /> : meshes.map(topicName).join(', ')],
        ]}
      />
    </div>
  )
}
