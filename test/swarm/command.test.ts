import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BUNDLE } from '../../scripts/scenarios/bundle.ts'
import type { SwarmReport } from '../../src/cli/swarm/report.ts'
import { tempDirectory } from '../helpers/temp-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** For what hangs; everything below takes a few seconds on an idle machine. */
const DEADLINE_MS = 120_000

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<number | NodeJS.Signals | null>
  readonly output: () => string
}

interface Launched extends Running {
  readonly keep: string
  readonly reportPath: string
}

const running = new Set<ChildProcess>()

function launch(...options: string[]): Launched {
  const directory = tempDirectory('swarm')
  const [keep, reportPath] = [join(directory, 'nodes'), join(directory, 'report.json')]
  return { ...ownProgram('swarm', '--keep', keep, '--report', reportPath, ...options), keep, reportPath }
}

function ownProgram(...command: string[]): Running {
  const child = spawn(process.execPath, [BUNDLE, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  running.add(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)))
  return { child, ended, output: () => text }
}

const readReport = ({ reportPath }: { readonly reportPath: string }): SwarmReport =>
  JSON.parse(readFileSync(reportPath, 'utf8')) as SwarmReport

/** Process ids of the nodes that have told where they answer. */
const nodePids = (keep: string): number[] =>
  (existsSync(keep) ? readdirSync(keep) : []).flatMap((name) => {
    const path = join(keep, name, 'api.json')
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid : []
  })

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function allNodesRun(swarm: Launched, count: number): Promise<number[]> {
  await waitFor(() => nodePids(swarm.keep).length === count, {
    deadlineMs: DEADLINE_MS,
    description: `${count} nodes to run; the launcher said: ${swarm.output()}`,
  })
  const pids = nodePids(swarm.keep)
  for (const pid of pids) assert.ok(isAlive(pid), `node ${pid} runs`)
  return pids
}

const allGone = (pids: readonly number[]): Promise<boolean> =>
  waitFor(() => pids.every((pid) => !isAlive(pid)), { deadlineMs: DEADLINE_MS, description: `processes ${pids} to be gone` })

describe('quorate swarm', function () {
  this.timeout(2 * DEADLINE_MS)
  this.slow(60_000)

  afterEach(() => {
    for (const child of running) child.kill('SIGKILL')
    running.clear()
  })

  it('finalises its load at every node and reports it', async () => {
    const swarm = launch('--verifiers', '4', '--slot', '500', '--load', '20', '--duration', '6', '--seed', '7')
    const pids = await allNodesRun(swarm, 5)
    assert.equal(await swarm.ended, 0, swarm.output())
    await allGone(pids)
    const report = readReport(swarm)
    const { nodes, verifiers, slotMs, seed, submitted, committed, conflicts, lost, rejected } = report
    assert.deepEqual(
      { nodes, verifiers, slotMs, seed, conflicts, lost, rejected },
      { nodes: 5, verifiers: 4, slotMs: 500, seed: 7, conflicts: 0, lost: 0, rejected: 0 },
    )
    assert.ok(submitted > 0)
    assert.equal(committed, submitted)
    assert.ok(report.blocks > 0 && report.heights.max === report.blocks && report.heights.min > 0, JSON.stringify(report.heights))
    assert.deepEqual(report.exitCodes, { boot: 0, v1: 0, v2: 0, v3: 0, v4: 0 })
    const { finalityMs, discoveryMs, rssMb, cpuMsPerTx, bytesPerTx, tps } = report
    for (const [name, value] of Object.entries({ ...finalityMs, ...discoveryMs, ...rssMb, cpuMsPerTx, bytesPerTx, tps })) {
      assert.ok(typeof value === 'number' && value > 0, `${name} is ${value}`)
    }
    assert.match(swarm.output(), /^\d\d:\d\d {2}.*height \d+\.\.\d+.* tx\/s/m, 'a line now and then, without a terminal')
  })

  it('ends in good order on SIGINT: waits for what is under way, reports, leaves no process', async () => {
    const swarm = launch('--nodes', '4', '--verifiers', '2', '--slot', '500', '--load', '20')
    const pids = await allNodesRun(swarm, 4)
    await waitFor(() => /under load/.test(swarm.output()), { deadlineMs: DEADLINE_MS, description: 'the load to begin' })
    swarm.child.kill('SIGINT')
    assert.equal(await swarm.ended, 0, swarm.output())
    await allGone(pids)
    const { nodes, verifiers, lost, conflicts, exitCodes } = readReport(swarm)
    assert.deepEqual({ nodes, verifiers, lost, conflicts }, { nodes: 4, verifiers: 2, lost: 0, conflicts: 0 })
    assert.deepEqual(exitCodes, { boot: 0, v1: 0, v2: 0, full1: 0 })
  })

  it('takes a node of your own, with the genesis and the bootstrap addresses that it keeps', async () => {
    const swarm = launch('--verifiers', '2', '--slot', '500', '--load', '0')
    const pids = await allNodesRun(swarm, 3)
    const directory = join(tempDirectory('own'), 'node')
    const options = ['--bootstrap-file', join(swarm.keep, 'bootstrap.json'), '--scope', 'local', '--listen', '/ip4/127.0.0.1/tcp/0']
    await ownProgram('init', '--dir', directory, '--genesis', join(swarm.keep, 'genesis.json')).ended
    const own = ownProgram('start', '--dir', directory, ...options, '--api', '127.0.0.1:0')
    await waitFor(() => / block +\d+ /.test(own.output()), {
      deadlineMs: DEADLINE_MS,
      description: `a block at the node that joined; it said: ${own.output()}`,
    })
    own.child.kill('SIGTERM')
    assert.equal(await own.ended, 0, own.output())
    swarm.child.kill('SIGINT')
    assert.equal(await swarm.ended, 0, swarm.output())
    await allGone(pids)
  })

  it('ends at once on a second SIGINT, and leaves no process', async () => {
    const swarm = launch('--verifiers', '2', '--slot', '500')
    const pids = await allNodesRun(swarm, 3)
    swarm.child.kill('SIGINT')
    swarm.child.kill('SIGINT')
    // Two signals that arrive together count as one, so it is asked again until it hears.
    const again = setInterval(() => swarm.child.kill('SIGINT'), 50)
    assert.notEqual(await swarm.ended, null)
    clearInterval(again)
    await allGone(pids)
  })

  it('leaves no process when it is killed itself', async () => {
    const swarm = launch('--verifiers', '2', '--slot', '500')
    const pids = await allNodesRun(swarm, 3)
    swarm.child.kill('SIGKILL')
    assert.equal(await swarm.ended, 'SIGKILL')
    await allGone(pids)
  })

  it('fails when a node crashes, and says which', async () => {
    const swarm = launch('--verifiers', '4', '--slot', '500', '--load', '5')
    await allNodesRun(swarm, 5)
    await waitFor(() => /under load/.test(swarm.output()), { deadlineMs: DEADLINE_MS, description: 'the load to begin' })
    const { pid } = JSON.parse(readFileSync(join(swarm.keep, 'v2', 'api.json'), 'utf8')) as { pid: number }
    process.kill(pid, 'SIGKILL')
    await waitFor(() => /v2 crashed/.test(swarm.output()), { deadlineMs: DEADLINE_MS, description: 'the launcher to notice' })
    swarm.child.kill('SIGINT')
    assert.equal(await swarm.ended, 1)
    assert.match(swarm.output(), /error: v2 crashed \(SIGKILL\)/)
    const [crash, ...more] = readReport(swarm).crashed
    assert.deepEqual({ node: crash?.node, exit: crash?.exit, more }, { node: 'v2', exit: 'SIGKILL', more: [] })
    const [last] = readFileSync(join(swarm.keep, 'v2.log'), 'utf8').trimEnd().split('\n').slice(-1)
    assert.ok(crash?.log.endsWith(`    ${last}`), `with the end of its log: ${crash?.log}`)
  })

  for (const { description, options, code, message } of [
    {
      description: 'more verifiers than nodes beside the bootstrap node',
      options: ['--nodes', '4', '--verifiers', '4'],
      code: 2,
      message: /--verifiers 4 needs --nodes 5/,
    },
    { description: 'a load that is no number', options: ['--load', 'much'], code: 2, message: /--load/ },
    { description: 'a slot that no network can keep', options: ['--slot', '1'], code: 2, message: /--slot/ },
  ]) {
    it(`refuses ${description}`, async () => {
      const swarm = launch(...options)
      assert.equal(await swarm.ended, code)
      assert.match(swarm.output(), message)
      assert.deepEqual(nodePids(swarm.keep), [])
    })
  }
})
