import { styleText } from 'node:util'
import type { NodeStatus } from '../../api/types.ts'
import type { FinalityTracker } from './finality.ts'
import type { Load } from './load.ts'
import type { Member } from './member.ts'
import { rejectedInAll } from './report.ts'
import type { Swarm, SwarmSetup } from './swarm.ts'

/** What of a swarm is in the picture. */
type PicturedMember = Pick<Member, 'name' | 'place' | 'behaviour' | 'state' | 'status' | 'height' | 'lastBlock' | 'lastExit'>
export interface Pictured extends Pick<Swarm, 'recentBlocks' | 'committedRate' | 'startedAtMs' | 'slot'> {
  readonly options: Pick<SwarmSetup, 'nodes' | 'verifiers' | 'slotMs' | 'load'>
  readonly layout: { readonly genesis: { readonly timeMs: number } }
  readonly tracker: Pick<FinalityTracker, 'height' | 'conflicts'>
  readonly load: Pick<Load, 'counts' | 'finalityMs'>
  readonly crashed: readonly unknown[]
  readonly members: readonly PicturedMember[]
  /** Those that hold the chain and answer. */
  readonly up: readonly PicturedMember[]
}

type Colour = Parameters<typeof styleText>[0]
interface Span {
  readonly text: string
  readonly colour?: Colour
}
type Line = readonly Span[]

export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly colour: boolean
}
/** What the picture shows that is not the swarm's own. */
export interface Narration {
  /** What is going on, in a few words. */
  readonly phase: string
  /** Newest last. */
  readonly notes: readonly string[]
  /** Where a node serves its page; null before one runs. */
  readonly page: string | null
}

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
/** Where there is no room, and where there is. */
const [LEAST_NOTES, MAX_NOTES] = [3, 8]
/** Lines of the picture that are no nodes: heading, headings of columns, blocks, notes, footer. */
const OTHER_LINES = 10
const NODE_COLUMNS = [7, 9, 7, 7, 6, 6, 9, 7, 6] as const
const NODE_HEADINGS = ['node', 'role', 'height', 'slot', 'peers', 'pool', 'finality', 'blocks', 'MB']
/** Columns of text, not numbers. */
const LEFT_COLUMNS = 2

/** The swarm as lines that fit the screen, coloured or not. */
export function picture(swarm: Pictured, { phase, notes, page }: Narration, screen: Screen): readonly string[] {
  const told = notes.slice(-Math.min(MAX_NOTES, Math.max(LEAST_NOTES, screen.rows - OTHER_LINES - swarm.members.length)))
  const room = Math.max(1, screen.rows - OTHER_LINES - told.length)
  const shown = swarm.members.slice(0, swarm.members.length > room ? Math.max(1, room - 1) : room)
  const lines: Line[] = [
    ...heading(swarm, phase),
    [],
    [{ text: cells(NODE_HEADINGS), colour: 'dim' }],
    ...shown.map((member) => nodeLine(swarm, member)),
    ...rest(swarm.members.slice(shown.length)),
    [],
    blockLine(swarm, screen.columns),
    ...told.map((text): Line => [{ text: ` ${text}`, colour: 'yellow' }]),
    [
      ...(page === null ? [] : [{ text: ` ${page} is its page, ` } as const]),
      { text: `${page === null ? ' ' : ''}Ctrl-C ends it, a second one at once`, colour: 'dim' },
    ],
  ]
  return lines.map((line) => clip(line, screen))
}

/** The swarm in one line, for what is no terminal. */
export function summaryLine(swarm: Pictured, phase: string): string {
  const { load, tracker } = swarm
  const { committed, submitted, waiting } = load.counts
  const heights = swarm.up.map(({ height }) => height)
  const parts = [
    elapsed(performance.now() - swarm.startedAtMs),
    phase,
    `up ${swarm.members.filter(({ place, state, status }) => (place.role === 'bootstrap' ? status !== null : state === 'up')).length}/${swarm.members.length}`,
    `height ${heights.length === 0 ? 0 : Math.min(...heights)}..${tracker.height}`,
    `slot ${Math.max(0, swarm.slot)}`,
    reign(swarm),
    `${rateOf(swarm).toFixed(1)} tx/s`,
    `finality p50 ${ms(load.finalityMs.percentile(0.5))} p95 ${ms(load.finalityMs.percentile(0.95))}`,
    `submitted ${submitted} final ${committed} refused ${rejectedInAll(load.counts)} waiting ${waiting}`,
    ...(tracker.conflicts.size > 0 ? [`CONFLICTS ${tracker.conflicts.size}`] : []),
  ]
  return parts.join('  ')
}

const rateOf = ({ committedRate, startedAtMs }: Pictured): number => committedRate.perSecond(performance.now(), startedAtMs)

/** Which quorum it is, and how many of the verifiers are in it. */
function reign({ up, options }: Pictured): string {
  const newest = up.reduce<NodeStatus | null>(
    (best, { status }) => (status !== null && status.height > (best?.height ?? -1) ? status : best),
    null,
  )
  if (newest === null) return 'epoch -'
  const { epoch, quorum, election } = newest
  return `epoch ${epoch}: ${quorum.verifiers} of ${options.verifiers}${election === null ? '' : ', election'}`
}

function heading(swarm: Pictured, phase: string): readonly Line[] {
  const { options, load, tracker, crashed } = swarm
  const { submitted, committed, waiting } = load.counts
  const refused = rejectedInAll(load.counts)
  const finality = load.finalityMs
  const full = options.nodes - options.verifiers - 1
  return [
    [
      { text: ' quorate swarm ', colour: ['bold', 'inverse'] },
      { text: ` ${options.verifiers} verify${full > 0 ? `, ${full} follow` : ''}, 1 bootstraps, slot ${options.slotMs} ms  ` },
      { text: elapsed(performance.now() - swarm.startedAtMs), colour: 'bold' },
      { text: `  ${phase}`, colour: 'dim' },
    ],
    [
      { text: ' height ' },
      { text: `${tracker.height}`.padEnd(8), colour: 'bold' },
      { text: `slot ${Math.max(0, swarm.slot)}`.padEnd(14) },
      { text: reign(swarm).padEnd(29) },
      { text: `${rateOf(swarm).toFixed(1)} tx/s`, colour: ['bold', 'green'] },
      { text: ` of ${options.load}` },
    ],
    [
      { text: ' final at all nodes: half in ' },
      { text: ms(finality.percentile(0.5)), colour: ['bold', 'cyan'] },
      { text: `, 95% in ${ms(finality.percentile(0.95))}, all in ${ms(finality.max)}` },
    ],
    [
      { text: ` transactions ${submitted}, final ` },
      { text: `${committed}`, colour: 'bold' },
      { text: `, refused ${refused}, waiting ${waiting}      ` },
      {
        text: `conflicts ${tracker.conflicts.size}`,
        colour: tracker.conflicts.size > 0 ? ['bold', 'red'] : 'green',
      },
      ...(crashed.length > 0 ? [{ text: `   crashes ${crashed.length}`, colour: ['bold', 'red'] as Colour }] : []),
    ],
  ]
}

function nodeLine(swarm: Pictured, member: PicturedMember): Line {
  const { name, place, status, state, height, lastBlock } = member
  if (status === null) {
    const how = state === 'starting' ? 'starting' : member.lastExit === null ? 'waiting' : `down (${member.lastExit})`
    return [{ text: `${cells([name, place.role])}   ${how}`, colour: 'dim' }]
  }
  const chain = place.role !== 'bootstrap'
  const slotStartMs = swarm.layout.genesis.timeMs + (lastBlock?.slot ?? 0) * swarm.options.slotMs
  const finality = lastBlock === null ? '-' : ms(lastBlock.finalAtMs - slotStartMs)
  const row = [
    name,
    place.role,
    chain ? `${height}` : '-',
    chain ? `${status.slot ?? '-'}` : '-',
    `${status.peers}`,
    chain ? `${status.pool.transactions}` : '-',
    chain ? finality : '-',
    `${status.verifier?.made ?? '-'}`,
    `${Math.round(status.process.rssBytes / 2 ** 20)}`,
  ]
  const behind = chain && height < swarm.tracker.height - 1
  return [{ text: cells(row), colour: behind ? 'yellow' : 'reset' }, { text: '  ' }, ...marks(swarm, member)]
}

function marks(swarm: Pictured, { status, behaviour }: PicturedMember): Line {
  if (status === null) return []
  const found: Span[] = behaviour === null ? [] : [{ text: `${behaviour} `, colour: 'red' }]
  const index = status.verifier?.index
  const newest = swarm.recentBlocks.at(-1)
  if (index !== undefined && index === leaderIndex(swarm)) found.push({ text: '▶ leads ', colour: ['bold', 'magenta'] })
  else if (index !== undefined && index === newest?.makerIndex) found.push({ text: '● last ', colour: 'green' })
  if (status.role !== 'bootstrap' && status.sync.state !== 'following') found.push({ text: `${status.sync.state} `, colour: 'yellow' })
  if (status.verifier !== null && status.verifier.index === null) found.push({ text: 'no seat ', colour: 'dim' })
  const silence = status.verifier?.silence ?? null
  if (silence !== null) found.push({ text: silence === 'starting' ? 'starting ' : `silent: ${silence} `, colour: 'yellow' })
  return found
}

/** Who leads the newest slot that any node has spoken of. */
function leaderIndex(swarm: Pictured): number | undefined {
  const leaders = swarm.up.flatMap(({ status }) => status?.leader ?? [])
  const newest = Math.max(...leaders.map(({ slot }) => slot))
  return leaders.find(({ slot }) => slot === newest)?.index
}

function rest(members: readonly PicturedMember[]): readonly Line[] {
  if (members.length === 0) return []
  const heights = members.filter(({ status }) => status !== null).map(({ height }) => height)
  const range = heights.length === 0 ? '' : `, heights ${Math.min(...heights)} to ${Math.max(...heights)}`
  return [[{ text: ` … and ${members.length} more, ${heights.length} up${range}`, colour: 'dim' }]]
}

/** A bar for each of the newest blocks, as high as its transactions are many. */
function blockLine({ recentBlocks }: Pictured, columns: number): Line {
  const title = ' transactions a block '
  const blocks = recentBlocks.slice(-Math.max(1, columns - title.length - 8))
  const counts = blocks.map(({ transactionIds }) => transactionIds.length)
  const most = Math.max(1, ...counts)
  const bars = counts.map((count) => (count === 0 ? '·' : (BARS[Math.ceil((count / most) * BARS.length) - 1] ?? '')))
  return [{ text: title, colour: 'dim' }, { text: bars.join(''), colour: 'cyan' }, { text: ` ${counts.at(-1) ?? ''}` }]
}

const cells = (values: readonly string[]): string =>
  values
    .map((value, index) => {
      const width = NODE_COLUMNS[index] ?? 0
      return index < LEFT_COLUMNS ? ` ${value}`.padEnd(width + 1) : value.padStart(width)
    })
    .join('')

function clip(line: Line, { columns, colour }: Screen): string {
  let left = columns
  let text = ''
  for (const span of line) {
    const cut = [...span.text].slice(0, left).join('')
    left -= [...cut].length
    text += colour && span.colour !== undefined && cut !== '' ? styleText(span.colour, cut, { validateStream: false }) : cut
  }
  return text.trimEnd()
}

const ms = (value: number | null): string =>
  value === null ? '-' : value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`

function elapsed(value: number): string {
  const seconds = Math.floor(value / 1000)
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`
}
