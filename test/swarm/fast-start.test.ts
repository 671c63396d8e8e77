import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Lab, type ScenarioOptions } from '../../scripts/scenarios/lab.ts'
import { addPlace } from '../../src/cli/swarm/layout.ts'
import type { Member } from '../../src/cli/swarm/member.ts'
import { NodeProcess } from '../../src/cli/swarm/node-process.ts'
import { chainLabel } from '../../src/wire/ids.ts'
import type { SyncRequest, SyncResponse } from '../../src/wire/sync.ts'
import { Gate, Relay } from './relay.ts'

const VERIFIER = fileURLToPath(new URL('../../examples/verify-account.mjs', import.meta.url))
/** A state of two to four MiB, in so many parts. */
const BALLAST = 50_000
const PARTS = 4
/** Short epochs, and yet long enough that a snapshot stays on offer while a busy machine fetches it. */
const OPTIONS: ScenarioOptions = {
  ...{ verifiers: 3, fullNodes: 0, slotMs: 300, load: 10, durationS: 0, blocks: 0, seed: 1, keep: null },
  ...{ epochSlots: 80, ballast: BALLAST },
}
/** Blocks that show that a node follows. */
const FOLLOWED_BLOCKS = 3

interface Checkpoint {
  readonly height: number
  readonly hash: string
}
type Fields = Readonly<Record<string, unknown>>

/** What nodes that begin with a snapshot do in a swarm. */
class Stage {
  readonly lab: Lab
  readonly label: string
  constructor(lab: Lab) {
    this.lab = lab
    const { genesis, chainId } = lab.swarm.layout
    this.label = chainLabel(genesis.name, chainId)
  }

  get first(): Member {
    return this.lab.swarm.verifiers[0] ?? assert.fail('a swarm has verifiers')
  }
  get bootstrap(): readonly string[] {
    return this.lab.swarm.members.find(({ place }) => place.role === 'bootstrap')?.status?.addresses ?? []
  }
  addressOf({ status }: Member): string {
    return status?.addresses[0] ?? assert.fail('it runs')
  }

  /** What a node says of its head just after it has taken a snapshot. */
  async freshCheckpoint(): Promise<Checkpoint> {
    const { lab, first } = this
    const before = lab.swarm.settled.size
    await lab.expect('an election is settled', () => lab.swarm.settled.size > before)
    const settled = Math.max(...[...lab.swarm.settled.values()].map(({ height }) => height))
    await lab.expect('and a block follows', () => first.height > settled)
    await first.refresh()
    const { height, head } = first.status ?? assert.fail('it runs')
    return { height, hash: head }
  }

  flags(directory: string, { height, hash }: Checkpoint, bootstrap: readonly string[], role = 'full'): readonly string[] {
    const addresses = ['--listen', '/ip4/127.0.0.1/tcp/0', '--api', '127.0.0.1:0', '--scope', 'local', '--log-format', 'json']
    const peers = bootstrap.flatMap((address) => ['--bootstrap', address])
    return ['start', '--dir', directory, '--role', role, ...addresses, ...peers, '--checkpoint', `${height}:${hash}`, '--parent-watch']
  }
  async start(member: Member, checkpoint: Checkpoint, bootstrap: readonly string[]): Promise<void> {
    await member.start(this.lab.swarm.options.program, this.flags(member.place.directory, checkpoint, bootstrap, member.place.role))
  }
  /** Fields of what a node has logged under a name. */
  logOf(path: string, event: string): readonly Fields[] {
    const lines = readFileSync(path, 'utf8').split('\n')
    const said = lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as { event: string; fields: Fields }] : []))
    return said.filter((one) => one.event === event).map(({ fields }) => fields)
  }

  /** It has begun with a snapshot at or below the checkpoint, has no block before it, the same state as the others, and follows. */
  async expectBegun(member: Member, checkpoint: Checkpoint): Promise<void> {
    const { lab, first } = this
    const { name, place } = member
    const firstHeight = (): number => member.status?.firstHeight ?? 1
    await lab.expect(
      `${name} begins with a snapshot`,
      () => firstHeight() > 1,
      () => `first height ${firstHeight()} for the checkpoint ${checkpoint.height}; ${JSON.stringify(member.status?.sync)}`,
    )
    lab.check(`${name}: the snapshot is at or below the checkpoint`, firstHeight() <= checkpoint.height, `${firstHeight()}`)
    const next = lab.swarm.tracker.height + FOLLOWED_BLOCKS
    await lab.expect(`${name} follows`, () => lab.swarm.tracker.watches(name) && member.height >= next && first.height >= next)
    const before = await member.client?.blocks(Math.max(1, firstHeight() - 5), 5)
    lab.check(`${name} has no blocks before`, before?.length === 0, `${before?.length} blocks below ${firstHeight()}`)
    const [own, theirs] = await Promise.all([member, first].map(async ({ client }) => (await client?.blocks(next, 1))?.[0]))
    const root = own?.header.stateRoot
    lab.check(`${name} has the same state`, root !== undefined && root === theirs?.header.stateRoot, `root ${root} at height ${next}`)
    const [adopted] = this.logOf(place.logPath, 'snapshot.adopted').slice(-1)
    lab.check(
      `${name}: the snapshot came in ${PARTS} parts`,
      adopted?.['parts'] === PARTS,
      `height ${adopted?.['height']}, ${adopted?.['parts']} parts, ${adopted?.['partsFetched']} fetched from ${adopted?.['peers']} peers in ${adopted?.['fetchMs']} ms, adopted in ${adopted?.['adoptMs']} ms`,
    )
  }
}

/** A new node and three that have the chain. */
async function honest(stage: Stage, checkpoint: Checkpoint): Promise<void> {
  const { lab, first } = stage
  const member = await lab.swarm.addFullNode('fast')
  const startedAtMs = performance.now()
  await stage.start(member, checkpoint, [...stage.bootstrap, ...lab.swarm.verifiers.map((one) => stage.addressOf(one))])
  await lab.expect('it begins', () => (member.status?.firstHeight ?? 1) > 1)
  lab.figures.fastStartMs = Math.round(performance.now() - startedAtMs)
  await stage.expectBegun(member, checkpoint)
  const [adopted] = stage.logOf(member.place.logPath, 'snapshot.adopted')
  lab.check('several peers gave parts', Number(adopted?.['peers']) > 1, `${adopted?.['peers']} peers`)

  // What it says of an account convinces who knows the chain id and, from somebody else, the quorum.
  const [holder] = lab.swarm.layout.holders
  const { address = '' } = holder?.wallet ?? {}
  const url = `${member.client?.url}/v1/accounts/${address}/proof`
  const { height } = (await (await fetch(url)).json()) as { height: number }
  const quorumHash = (await first.client?.blocks(height - 1, 1))?.[0]?.header.nextQuorum ?? ''
  const args = [VERIFIER, url, address, lab.swarm.layout.chainId, quorumHash]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: '' } })
  const { account, height: proven } = JSON.parse(stdout)
  lab.check(
    'its proof of an account is right',
    account.droplets > 0 && proven >= height,
    `${account.droplets} droplets at height ${proven}`,
  )
}

const corrupt = (request: SyncRequest, response: SyncResponse): SyncResponse =>
  response.kind === 'snapshot-chunk' && request.kind === 'snapshot-chunk'
    ? { kind: 'snapshot-chunk', chunk: `${response.chunk.slice(0, 44)}ffff${response.chunk.slice(48)}` }
    : response

/** The first peer that it finds gives false parts. */
async function lied(stage: Stage, checkpoint: Checkpoint): Promise<void> {
  const { lab } = stage
  const relay = await Relay.start(stage.label, stage.addressOf(stage.first), corrupt)
  const gate = await Gate.start(stage.bootstrap[0] ?? '')
  try {
    const member = await lab.swarm.addFullNode('fooled')
    await stage.start(member, checkpoint, [relay.address, gate.address])
    const offences = (): number => member.status?.counters['network.offence.bad-answer'] ?? 0
    await lab.expect(
      'who gives a false part is blamed',
      () => offences() > 0,
      () => `${offences()} offences`,
    )
    let score: number | undefined
    await lab.expect(
      'and loses score',
      async () => {
        const { peers } = (await (await fetch(`${member.client?.url}/v1/peers`)).json()) as { peers: { peerId: string; score: number }[] }
        score = peers.find(({ peerId }) => peerId === relay.peerId)?.score
        return score === undefined || score < 0
      },
      () => `score ${score ?? 'none: it is cut off'}`,
    )
    lab.check(
      'nothing of it is taken',
      member.status?.firstHeight === 1 && member.height === 0,
      `first height ${member.status?.firstHeight}`,
    )
    gate.open()
    await stage.expectBegun(member, checkpoint)
    const blamed = stage.logOf(member.place.logPath, 'network.offence').map(({ peerId }) => peerId)
    lab.check(
      'nobody else is blamed',
      blamed.every((peerId) => peerId === relay.peerId),
      blamed.join(),
    )
  } finally {
    await relay.stop()
    await gate.stop()
  }
}

/** Its only peer gives two parts and then nothing; it is killed, and started again among others. */
async function killed(stage: Stage, checkpoint: Checkpoint): Promise<void> {
  const { lab } = stage
  let given = 0
  const relay = await Relay.start(stage.label, stage.addressOf(stage.first), (request, response) =>
    request.kind === 'snapshot-chunk' && ++given > PARTS / 2 ? null : response,
  )
  try {
    const member = await lab.swarm.addFullNode('killed')
    await stage.start(member, checkpoint, [relay.address])
    await lab.expect(
      'half of the parts are here',
      () => member.status?.sync.snapshot?.partsHere === PARTS / 2,
      () => JSON.stringify(member.status?.sync),
    )
    await member.kill()
    await stage.start(member, checkpoint, stage.bootstrap)
    await stage.expectBegun(member, checkpoint)
    const adopted = stage.logOf(member.place.logPath, 'snapshot.adopted')
    lab.check('killed with SIGKILL, it fetched the other half', adopted[0]?.['partsFetched'] === PARTS / 2, JSON.stringify(adopted))
  } finally {
    await relay.stop()
  }
}

/** A verifier without which there are no blocks has lost its store. */
async function restored(stage: Stage): Promise<void> {
  const { lab } = stage
  const member = lab.swarm.verifiers[2] ?? assert.fail('there are three')
  await lab.swarm.refresh()
  const { height, head } = stage.first.status ?? assert.fail('it runs')
  await member.stop()
  rmSync(join(member.place.directory, 'store'), { recursive: true })
  await stage.start(member, { height, hash: head }, stage.bootstrap)
  await stage.expectBegun(member, { height, hash: head })
  const sealed = (): number => member.status?.verifier?.sealed ?? 0
  await lab.expect(
    'a verifier that begins with a snapshot signs again',
    () => sealed() >= FOLLOWED_BLOCKS,
    () => `${sealed()} seals, silence ${member.status?.verifier?.silence}`,
  )
}

/** The operator mistyped. */
async function mistaken(stage: Stage, { height }: Checkpoint): Promise<void> {
  const { lab } = stage
  const { swarm } = lab
  const { directory, logPath } = await addPlace(swarm.layout, 'mistaken', 'full')
  const { program } = swarm.options
  const command = stage.flags(directory, { height, hash: 'ab'.repeat(32) }, stage.bootstrap)
  const node = new NodeProcess({ directory, logPath, program, command })
  try {
    await lab.expect('a node with a wrong checkpoint ends', () => node.exit !== null)
    const log = readFileSync(logPath, 'utf8')
    lab.check(
      'and says so',
      node.exit === 1 && /none of the \d peers .* check the checkpoint with whoever told it/.test(log),
      `exit ${node.exit}`,
    )
    lab.check('without blame', stage.logOf(logPath, 'network.offence').length === 0, 'no offences')
  } finally {
    node.kill()
    await node.exited
  }
}

describe('fast start in a swarm of processes', function () {
  this.timeout(900_000)
  this.slow(240_000)

  it('begins with a snapshot: from several peers, beside one that lies, over SIGKILL, and never with a wrong checkpoint', async () => {
    const said: string[] = []
    const say = (text: string): void => {
      said.push(text)
      if (process.env['FAST_START_VERBOSE'] !== undefined) console.log(text)
    }
    const play = async (lab: Lab): Promise<void> => {
      const stage = new Stage(lab)
      for (const steps of [
        [honest, mistaken],
        [lied, killed],
      ]) {
        const checkpoint = await stage.freshCheckpoint()
        await Promise.all(steps.map((step) => step(stage, checkpoint)))
      }
      await restored(stage)
    }
    const { checks } = await Lab.run('fast-start', play, OPTIONS, say)
    assert.ok(checks.length > 25, `${checks.length} checks`)
    assert.deepEqual(
      checks.filter(({ holds }) => !holds),
      [],
      said.join('\n'),
    )
  })
})
