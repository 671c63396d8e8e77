import { open, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { formatCoins } from '../../base/amounts.ts'
import { QuorateError } from '../../base/errors.ts'
import { type ExitCode, exitCodes } from '../exit.ts'
import { duration, printJson } from '../text.ts'
import { planOf } from './adversaries.ts'
import { createDisplay, type Display } from './display.ts'
import { evidenceWords } from './evidence.ts'
import { type SwarmCommandFlags, swarmOptions } from './options.ts'
import { type ElectionReport, faults, type SwarmReport } from './report.ts'
import { Swarm } from './swarm.ts'

/** All nodes connected, on a machine with two cores and more nodes than it likes. */
const CONNECT_DEADLINE_MS = 120_000
/** After the load: what is under way becomes final, or it is lost. */
const DRAIN_DEADLINE_MS = 60_000
const DRAIN_SLOTS = 30
/** For adversaries that get no chance, or of whom nothing comes because blocks have stopped. */
const SEEN_DEADLINE_MS = 240_000
const SEEN_SLOTS = 240

/** Runs a swarm until its time is over or it is told to end, and gives the exit code. Rejects with QuorateError. */
export async function runSwarm(flags: SwarmCommandFlags): Promise<ExitCode> {
  const options = swarmOptions(flags)
  if (flags.report !== undefined) await checkWritable(flags.report)
  const display = createDisplay(flags.json === true ? process.stderr : process.stdout)
  const told = untilTold()
  let swarm: Swarm | undefined
  const abandon = (): void => swarm?.killNow()
  process.once('exit', abandon)
  try {
    display.phase('making keys')
    for (const line of planOf(options.adversaries ?? [], options.verifiers)) display.note(line)
    swarm = await Swarm.create({ ...options, program: ownProgram(), note: (text) => display.note(text) })
    display.follow(swarm)
    try {
      await drive(swarm, display, told)
    } finally {
      // The last picture is of nodes that run.
      display.end()
    }
    const report = await swarm.finish()
    process.off('exit', abandon)
    return await tell(report, flags)
  } catch (error) {
    swarm?.killNow()
    // Told to end while it was starting: nothing is wrong.
    if (told.signal.aborted && error instanceof QuorateError && error.code === 'node-failed') return exitCodes.interrupted
    throw error
  }
}

async function drive(swarm: Swarm, display: Display, told: Told): Promise<void> {
  const { durationS, load, slotMs, adversaries = [] } = swarm.options
  display.phase('starting')
  await swarm.start()
  const page = swarm.up[0]?.client?.url
  if (page !== undefined) display.page(page)
  display.phase('finding each other')
  const isConnected = await swarm.connected(CONNECT_DEADLINE_MS, told.signal)
  if (!isConnected && !told.signal.aborted) display.note(`not all nodes were connected after ${duration(CONNECT_DEADLINE_MS)}; going on`)
  await swarm.startLoad()
  display.phase(load > 0 ? 'under load' : 'running')
  if (durationS === null && adversaries.length > 0) await untilSeen(swarm, told)
  else await told.orAfter(durationS === null ? null : durationS * 1000)
  display.phase('ending')
  await swarm.drain(Math.max(DRAIN_DEADLINE_MS, DRAIN_SLOTS * slotMs))
  display.phase('done')
}

/** Until all has come of what the adversaries do that can come of it. */
async function untilSeen(swarm: Swarm, told: Told): Promise<void> {
  const from = performance.now()
  const isSeen = (): boolean => swarm.evidence.isComplete(performance.now() - from)
  await swarm.until(isSeen, Math.max(SEEN_DEADLINE_MS, SEEN_SLOTS * swarm.options.slotMs), told.signal)
}

/** A run must not end with a report that there is no room for. */
async function checkWritable(file: string): Promise<void> {
  try {
    await (await open(file, 'a')).close()
  } catch (error) {
    throw new QuorateError(
      'report-failed',
      `the report ${file} cannot be written (${String(error)}): name a file in a directory that exists`,
    )
  }
}

async function tell(report: SwarmReport, { report: file, json, keep }: SwarmCommandFlags): Promise<ExitCode> {
  if (file !== undefined) await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`)
  if (json === true) printJson(report)
  else process.stdout.write(closingWords(report))
  const found = faults(report)
  for (const { node, log } of report.crashed) process.stderr.write(`the end of ${node}'s log:\n${log}\n`)
  for (const fault of found) process.stderr.write(`error: ${fault}\n`)
  if (keep !== undefined) process.stderr.write(`directories and logs are in ${resolve(keep)}\n`)
  return found.length === 0 ? exitCodes.ok : exitCodes.failed
}

function closingWords(report: SwarmReport): string {
  const { submitted, committed, rejected, lost, tps, finalityMs, heights, blocks, conflicts, cpuMsPerTx, rssMb } = report
  const { p50, p95, p99 } = finalityMs
  return [
    `${blocks} blocks, heights ${heights.min} to ${heights.max}, ${conflicts} conflicts`,
    `${submitted} transactions: ${committed} final, ${rejected} refused, ${lost} lost; ${tps} a second`,
    `final at every node after ${p50 ?? '-'} ms (half), ${p95 ?? '-'} ms (95%), ${p99 ?? '-'} ms (99%)`,
    ...electionWords(report),
    ...evidenceWords(report.adversaries, report.evidence),
    ...supplyWords(report),
    `${cpuMsPerTx ?? '-'} ms of processor time a transaction, ${Math.round(rssMb.p50 ?? 0)} MB a node\n`,
  ].join('\n')
}

function electionWords({ elections }: SwarmReport): readonly string[] {
  if (elections.length === 0) return []
  const count = (holds: (one: ElectionReport) => boolean): number => elections.filter(holds).length
  const lost = elections.reduce((sum, { slotsLost }) => sum + (slotsLost ?? 0), 0)
  return [
    `${counted(elections.length, 'election')}, ${count(({ by }) => by === 'slips')} by slips; the quorum changed ` +
      `${counted(
        count(({ changed }) => changed),
        'time',
      )}; ${counted(lost, 'slot')} without a block around that`,
  ]
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

function supplyWords({ supply, rewards }: SwarmReport): readonly string[] {
  if (supply === null || rewards === null) return []
  const { supplyDroplets, burnedDroplets, holds, isSame, comparedNodes } = supply
  const paid = `${formatCoins(rewards.mintedDroplets)} minted and ${formatCoins(rewards.feesDroplets)} of fees paid as rewards`
  const agreed = holds && isSame ? `${comparedNodes} nodes agree to the droplet` : 'the nodes do not agree'
  return [`${formatCoins(supplyDroplets)} coins: ${paid}, ${formatCoins(burnedDroplets)} burned; ${agreed}`]
}

interface Told {
  readonly signal: AbortSignal
  /** Resolves at the first signal, or after a time. */
  orAfter(delayMs: number | null): Promise<void>
}

/** Hears SIGINT, SIGTERM and SIGHUP: the first asks for an end in good order, the second ends the process. */
function untilTold(): Told {
  const first = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (first.signal.aborted) process.exit(exitCodes.interrupted)
      first.abort()
    })
  }
  return {
    signal: first.signal,
    orAfter: (delayMs) =>
      new Promise((done) => {
        if (first.signal.aborted) return done()
        const timer = delayMs === null ? undefined : setTimeout(done, delayMs)
        first.signal.addEventListener('abort', () => {
          clearTimeout(timer)
          done()
        })
      }),
  }
}

/** How to start this program again as a node: with the options of Node that it was started with itself. */
const ownProgram = (): readonly string[] => [...process.execArgv, process.argv[1] ?? '']
