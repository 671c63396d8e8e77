import type { Scheme } from './income.ts'
import type { Spread } from './measures.ts'
import type { Report, RulesName, Split } from './report.ts'
import { COLOUR, dot, line, type Point, path, svg, text } from './svg.ts'
import { PARTS } from './world.ts'

const MARGIN = 24
const PANEL = { width: 400, height: 352 }
const GAP = { x: 32, y: 32 }
const HEADING_HEIGHT = 44
/** Room for a note below the panels. */
const NOTE_HEIGHT = 20
const NOTE = '* Not a rule of the chain: what would be if tickets were compared as they are, whatever the stake.'
/** Inside a panel: the title, a line that says what is drawn, three of legend; then the plot with its axes. */
const PLOT = { left: 44, top: 100, width: 348, height: 208 }
const LINE_HEIGHT = 17
type Frame = Pick<typeof PLOT, 'left' | 'width'>
/** The labels of the rows stand to the left of it. */
const SPLIT_FRAME: Frame = { left: 148, width: 244 }

const RULE_COLOUR: Readonly<Record<RulesName, string>> = {
  stake: COLOUR.blue,
  uniform: COLOUR.amber,
  nodeId: COLOUR.red,
  raw: COLOUR.grey,
}

interface Axis {
  readonly scale: 'linear' | 'logarithmic'
  readonly least: number
  readonly most: number
  readonly ticks: readonly (readonly [value: number, label: string])[]
}

interface Series {
  readonly label: string
  readonly colour: string
  readonly isHollow: boolean
  readonly points: readonly Point[]
  /** Drawn as a line; it need not go through the points. */
  readonly curve: readonly Point[]
}

const plain = (...values: readonly number[]): Axis['ticks'] => values.map((value) => [value, String(value)] as const)

const STAKE_AXIS: Axis = { scale: 'logarithmic', least: 0.9, most: 111, ticks: plain(1, 2, 5, 10, 20, 50, 100) }
const RATIO_AXIS: Axis = { scale: 'logarithmic', least: 0.22, most: 7, ticks: [[0.25, '1/4'], [0.5, '1/2'], ...plain(1, 2, 4)] }
/** What is less than its lowest tick is drawn there. */
const STARVED_AXIS: Axis = {
  scale: 'logarithmic',
  least: 1 / 88,
  most: 12,
  ticks: [[1 / 64, '≤1/64'], [1 / 16, '1/16'], [1 / 4, '1/4'], ...plain(1, 4)],
}
const VARIATION_AXIS: Axis = { scale: 'logarithmic', least: 0.024, most: 4, ticks: plain(0.03, 0.1, 0.3, 1, 3) }
const FACTOR_AXIS: Axis = { scale: 'logarithmic', least: 0.6, most: 13, ticks: plain(1, 2, 5, 10) }

/** Four small pictures, two in a row. */
export function drawPicture(report: Report): string {
  const panels = [sortitionPanel(report), leaderPanel(report), rewardPanel(report), splitPanel(report)]
  const body = panels.map((panel, index) => {
    const x = MARGIN + (index % 2) * (PANEL.width + GAP.x)
    const y = MARGIN + HEADING_HEIGHT + Math.floor(index / 2) * (PANEL.height + GAP.y)
    return `<g transform="translate(${x} ${y})">\n${panel}</g>\n`
  })
  const heading =
    text(MARGIN, MARGIN + 12, 'Income against stake', { bold: true }) +
    text(
      MARGIN,
      MARGIN + 30,
      `${report.blocks} blocks, seed ${report.seed}, ${report.verifiers.length} verifiers. The dashed line is fair: income as stake.`,
      { dim: true },
    )
  const width = 2 * MARGIN + 2 * PANEL.width + GAP.x
  const height = 2 * MARGIN + HEADING_HEIGHT + 2 * PANEL.height + GAP.y + NOTE_HEIGHT
  return svg(
    `Income against stake in a simulation of ${report.blocks} blocks`,
    width,
    height,
    heading + body.join('') + text(MARGIN, height - MARGIN, NOTE, { dim: true }),
  )
}

function sortitionPanel(report: Report): string {
  const series = (name: RulesName, label: string): Series => ({
    ...{ label, colour: RULE_COLOUR[name], isHollow: false },
    points: report.verifiers.map(({ stakeCoins }, index) => [stakeCoins, relativeIncome(report, name, index)] as const),
    curve: report.verifiers.map(({ stakeCoins }, index) => [stakeCoins, report.runs[name].expectedIncomes[index] ?? 0] as const),
  })
  const all = [
    series('raw', 'stake sortition, ticket as it is *'),
    series('uniform', 'uniform sortition, ticket for its stake'),
    series('stake', 'stake sortition, ticket for its stake'),
  ]
  return scatter(
    'a Who may propose',
    'winner takes all; income/stake share; lines: computed',
    'stake in coins',
    STAKE_AXIS,
    RATIO_AXIS,
    all,
    1,
  )
}

function leaderPanel(report: Report): string {
  const count = report.verifiers.length
  const axis: Axis = { scale: 'linear', least: 0, most: count + 1, ticks: plain(...[1, 5, 10, 15, 20].filter((place) => place <= count)) }
  const series = (name: RulesName, label: string, isHollow: boolean): Series => ({
    ...{ label, colour: RULE_COLOUR[name], isHollow, curve: [] },
    points: report.verifiers.map(({ idPlace }, index) => [idPlace, relativeIncome(report, name, index)] as const),
  })
  const all = [series('stake', 'stake sortition, ticket for its stake', true), series('nodeId', 'stake sortition, node id', false)]
  return scatter(
    'b Who leads',
    'winner takes all; income share / stake share',
    'place of the id, 1 is the lowest',
    axis,
    STARVED_AXIS,
    all,
    1,
  )
}

function rewardPanel(report: Report): string {
  const series = (scheme: Scheme, label: string, isHollow: boolean): Series => {
    const points = report.verifiers.flatMap(({ stakeCoins }, index) => {
      const variation = report.runs.stake.schemes[scheme].members[index]?.variation ?? null
      return variation === null ? [] : [[stakeCoins, variation] as const]
    })
    return { label, colour: RULE_COLOUR.stake, isHollow, points, curve: points }
  }
  const all = [series('winner', 'winner takes all', false), series('pooled', 'pooled: a fifth to the maker', true)]
  return scatter(
    'c How rewards are shared',
    "standard deviation / mean of 100 blocks' income",
    'stake in coins',
    STAKE_AXIS,
    VARIATION_AXIS,
    all,
    null,
  )
}

const relativeIncome = (report: Report, name: RulesName, index: number): number =>
  report.runs[name].schemes.winner.members[index]?.relativeIncome ?? 0

/** What is beyond an axis is drawn at its end. */
function along({ scale, least, most }: Axis, value: number): number {
  const inside = Math.min(most, Math.max(least, value))
  return scale === 'linear' ? (inside - least) / (most - least) : Math.log(inside / least) / Math.log(most / least)
}

const xOf = (axis: Axis, value: number, { left, width }: Frame = PLOT): number => left + width * along(axis, value)
const yOf = (axis: Axis, value: number): number => PLOT.top + PLOT.height * (1 - along(axis, value))

function scatter(
  title: string,
  about: string,
  xLabel: string,
  xAxis: Axis,
  yAxis: Axis,
  all: readonly Series[],
  fair: number | null,
): string {
  const floor = yAxis.ticks[0]?.[0] ?? yAxis.least
  const grid = yAxis.ticks.map(([value, label]) => {
    const y = yOf(yAxis, value)
    const isFair = value === fair
    return (
      line([PLOT.left, y], [PLOT.left + PLOT.width, y], isFair ? COLOUR.text : COLOUR.grid, { dashed: isFair }) +
      text(PLOT.left - 6, y + 4, label, { anchor: 'end', bold: isFair, dim: !isFair })
    )
  })
  const placed = ([x, y]: Point): Point => [xOf(xAxis, x), yOf(yAxis, Math.max(y, floor))]
  const marks = all.map(({ colour, isHollow, points, curve }) => {
    const drawn = curve.length === 0 ? '' : path(curve.map(placed), colour)
    return drawn + points.map((point) => dot(placed(point), colour, isHollow)).join('')
  })
  return header(title, about, all) + grid.join('') + xTicks(xAxis, xLabel) + marks.join('')
}

function header(title: string, about: string, legend: readonly Pick<Series, 'label' | 'colour' | 'isHollow'>[]): string {
  const entries = legend.map(({ label, colour, isHollow }, index) => {
    const y = 12 + (index + 2) * LINE_HEIGHT
    return dot([8, y - 4], colour, isHollow) + text(20, y, label)
  })
  return text(0, 12, title, { bold: true }) + text(0, 12 + LINE_HEIGHT, about, { dim: true }) + entries.join('')
}

function xTicks(axis: Axis, label: string, frame: Frame = PLOT): string {
  const bottom = PLOT.top + PLOT.height
  const ticks = axis.ticks.map(([value, tick]) => {
    const x = xOf(axis, value, frame)
    return line([x, bottom], [x, bottom + 4], COLOUR.text) + text(x, bottom + 18, tick, { anchor: 'middle', dim: true })
  })
  const axisLine = line([frame.left, bottom], [frame.left + frame.width, bottom], COLOUR.text)
  return axisLine + ticks.join('') + text(frame.left + frame.width / 2, bottom + 36, label, { anchor: 'middle', dim: true })
}

/** A row for each measurement, with the span of the seeds; the stakes one below the other. */
function splitPanel({ splits }: Report): string {
  const legend = [
    { label: 'winner takes all, and the span of the seeds', colour: COLOUR.blue, isHollow: false },
    { label: 'pooled, and the span of the seeds', colour: COLOUR.blue, isHollow: true },
  ]
  const stakes = [...new Set(splits.map(({ stakeCoins }) => stakeCoins))]
  const rowHeight = PLOT.height / (stakes.length + splits.length)
  const fairX = xOf(FACTOR_AXIS, 1, SPLIT_FRAME)
  const fair = line([fairX, PLOT.top], [fairX, PLOT.top + PLOT.height], COLOUR.text, { dashed: true })
  let body = ''
  let y = PLOT.top + rowHeight / 2
  for (const stake of stakes) {
    body += text(0, y + 4, `${stake} coins`, { bold: true })
    y += rowHeight
    for (const split of splits.filter(({ stakeCoins }) => stakeCoins === stake)) {
      body += splitRow(split, y)
      y += rowHeight
    }
  }
  const title = header('d A stake split in ten', `income of ${PARTS} parts together / income of one`, legend)
  return title + fair + xTicks(FACTOR_AXIS, 'times as much', SPLIT_FRAME) + body
}

const SPLIT_LABELS: Readonly<Record<RulesName, string>> = {
  stake: 'stake, ticket',
  uniform: 'uniform, ticket',
  nodeId: 'stake, node id',
  raw: 'stake, as it is *',
}

function splitRow({ name, winner, pooled }: Split, y: number): string {
  const colour = RULE_COLOUR[name]
  const mark = ({ ratio, least, most }: Spread, above: number, isHollow: boolean): string => {
    const placed = (value: number): Point => [xOf(FACTOR_AXIS, value, SPLIT_FRAME), y + above]
    return line(placed(least), placed(most), colour, { width: 2 }) + dot(placed(ratio), colour, isHollow)
  }
  return text(12, y + 4, SPLIT_LABELS[name]) + mark(winner, -4, false) + mark(pooled, 5, true)
}
