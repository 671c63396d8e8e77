import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import type { HistoryView } from '../../api/observe-types.ts'
import { node } from '../api.ts'
import { clock, duration, median, number, percent } from '../format.ts'
import { useLive, useQuery } from '../hooks.ts'
import { useTheme } from '../theme.ts'
import { Answer, Empty, Panel } from '../ui.tsx'

const ranges = [
  ['the newest 200', 200],
  ['the newest 2,000', 2000],
  ['all', Number.POSITIVE_INFINITY],
] as const
const POINTS = 240
/** Charts are for looking at, not for watching: they are drawn anew each so many blocks. */
const EACH_BLOCKS = 5

export function Charts() {
  const { status } = useLive()
  const [blocks, setBlocks] = useState<number>(ranges[0][1])
  const height = status?.height ?? 0
  const first = status?.firstHeight ?? 1
  const from = Math.max(first, height - blocks + 1)
  const query = useQuery(`history ${blocks} ${height === 0}`, Math.floor(height / EACH_BLOCKS), async (signal) =>
    height === 0 ? null : await node.history({ from, to: height, points: POINTS, signal }),
  )
  return (
    <>
      <div class="title-row">
        <h1>Charts</h1>
        <fieldset class="choices">
          <legend class="hidden">Blocks shown</legend>
          {ranges.map(([label, count]) => (
            <button key={label} type="button" aria-pressed={count === blocks} onClick={() => setBlocks(count)}>
              {label}
            </button>
          ))}
        </fieldset>
      </div>
      <Answer of={query} what="history">
        {(history) =>
          history === null || history.points.length < 2 ? <Empty>Too few blocks for a chart yet.</Empty> : <All history={history} />
        }
      </Answer>
    </>
  )
}

type Points = HistoryView['points']

/** How many heights a point stands for: those up to it from the one before. */
const heightsOf = (points: Points, index: number, from: number): number =>
  Math.max(1, (points[index]?.height ?? 0) - (points[index - 1]?.height ?? from - 1))

function All({ history: { points, from, to } }: { history: HistoryView }) {
  const seconds = points.map(({ timeMs }) => timeMs / 1000)
  // From one point to the next: of the first nobody knows since when.
  const perSecond = points.slice(1).map((point, index) => {
    const sinceMs = point.timeMs - (points[index]?.timeMs ?? point.timeMs)
    return sinceMs > 0 ? (point.transactions / sinceMs) * 1000 : null
  })
  const perBlock = points.map((point, index) => point.transactions / heightsOf(points, index, from))
  const heights = points.map(({ height }) => height)
  return (
    <>
      <p class="note">
        Heights {number(from)} to {number(to)}, {clock(points[0]?.timeMs ?? 0)} to {clock(points.at(-1)?.timeMs ?? 0)}
        {points.length < to - from + 1 ? '; a point stands for several blocks' : ''}
      </p>
      <div class="columns charts">
        <Chart
          title="Final after"
          what="ms from the start of the slot until a block was final here"
          color="--seal"
          {...{ seconds, heights }}
          values={points.map(({ finalMs }) => finalMs)}
          show={duration}
        />
        <Chart
          title="Throughput"
          what="transactions a second"
          color="--vote"
          seconds={seconds.slice(1)}
          heights={heights.slice(1)}
          values={perSecond}
          show={(value) => `${number(value)}/s`}
        />
        <Chart
          title="Transactions in a block"
          what="their number, the mean where a point stands for several"
          color="--vote"
          {...{ seconds, heights }}
          values={perBlock}
          show={number}
        />
        <Chart
          title="Participation"
          what="stake in the seal, of the stake of the quorum; two thirds are needed"
          color="--lock"
          {...{ seconds, heights }}
          values={points.map(({ sealedPpm }) => sealedPpm / 10_000)}
          show={(value) => percent(Math.round(value * 10_000))}
          range={[0, 100]}
        />
        <Chart
          title="Slots without a block"
          what="before each block, or those of a point together"
          color="--candidate"
          {...{ seconds, heights }}
          values={points.map(({ emptySlots }) => emptySlots)}
          show={number}
        />
      </div>
    </>
  )
}

interface ChartProps {
  readonly title: string
  readonly what: string
  /** A variable of the style sheet. */
  readonly color: string
  readonly seconds: readonly number[]
  readonly heights: readonly number[]
  readonly values: readonly (number | null)[]
  readonly show: (value: number) => string
  /** From nothing to the most unless given: the area under the line stands for the amount. */
  readonly range?: readonly [number, number]
}

const HEIGHT_PX = 190

/** Up to somewhat more than the most. */
const fromNothing = (_: uPlot, __: number | null, most: number | null): [number, number] => [0, most === null || most <= 0 ? 1 : most * 1.1]

function Chart({ title, what, color, seconds, heights, values, show, range }: ChartProps) {
  const known = values.filter((value) => value !== null)
  const middle = median(known)
  const last = values.findLast((value) => value !== null)
  const text =
    middle === null || last == null
      ? 'No point of this is known here.'
      : `Median ${show(middle)}, from ${show(Math.min(...known))} to ${show(Math.max(...known))}; newest ${show(last)}.${
          known.length < values.length ? ` ${values.length - known.length} of ${values.length} points are not known here.` : ''
        }`
  return (
    <Panel title={title} note={what}>
      {middle === null ? null : <Plot {...{ title, color, seconds, heights, values, show, range }} />}
      <p class="summary">{text}</p>
    </Panel>
  )
}

function Plot({ title, color, seconds, heights, values, show, range }: Omit<ChartProps, 'what'>) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const { isDark } = useTheme()
  const data = useRef<uPlot.AlignedData>([[], []])
  data.current = [[...seconds], [...values]]
  const shown = useRef({ show, heights })
  shown.current = { show, heights }
  const [low, high] = range ?? [null, null]

  useEffect(() => {
    const element = place.current
    if (element === null) return
    const style = getComputedStyle(document.documentElement)
    const [ink, line, stroke] = ['--soft', '--line', color].map((name) => style.getPropertyValue(name).trim())
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: '11px system-ui, sans-serif' }
    const made = new uPlot(
      {
        width: Math.max(200, element.clientWidth),
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { y: { range: low !== null && high !== null ? [low, high] : fromNothing } },
        axes: [
          { ...axis, values: (_, splits) => splits.map((split) => clock(split * 1000)), space: 80 },
          { ...axis, size: 58, values: (_, splits) => splits.map((split) => shown.current.show(split)) },
        ],
        series: [{}, { label: title, stroke, width: 1.5, fill: `${stroke}22`, spanGaps: false, points: { show: false } }],
        hooks: {
          setCursor: [
            ({ cursor: { idx } }) => {
              const value = idx == null ? null : data.current[1]?.[idx]
              const height = idx == null ? undefined : shown.current.heights[idx]
              element.dataset['at'] =
                value == null || height === undefined ? '' : `${shown.current.show(value)} at height ${number(height)}`
            },
          ],
        },
      },
      data.current,
      element,
    )
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(200, element.clientWidth), height: HEIGHT_PX }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [color, title, low, high, isDark])

  useEffect(() => plot.current?.setData(data.current), [seconds, values])
  return <div ref={place} class="plot" aria-hidden="true" data-at="" />
}
