import { createSystemClock } from '../adapters/clock.ts'
import { createSigner } from '../adapters/keys/signer.ts'
import { createLibp2pNetwork } from '../adapters/libp2p/index.ts'
import { openGuardFile } from '../adapters/store/guard-file.ts'
import { openLevelStore } from '../adapters/store/level-store.ts'
import type { NodeView } from '../api/types.ts'
import { QuorateError } from '../base/errors.ts'
import { ignore, reject, type Verdict } from '../base/verdict.ts'
import { emptyRecord, type GuardRecord, guardRecord } from '../consensus/guard.ts'
import { nativeSignatures } from '../crypto/native.ts'
import { Pool } from '../mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../mempool/types.ts'
import type { Topic } from '../ports/network.ts'
import type { GuardFile } from '../ports/store.ts'
import { decode, WireError } from '../wire/codec.ts'
import { chainLabel } from '../wire/ids.ts'
import { type PublicRecord, publicRecord, type Status } from '../wire/types.ts'
import { Bodies } from './bodies.ts'
import { CLOCK_TOLERANCE_SLOTS, REBROADCAST_MS } from './bounds.ts'
import { CandidateIntake } from './candidates.ts'
import { Chain, type FinalBlock } from './chain.ts'
import { type NodeDirectory, openDirectory } from './directory.ts'
import { HeadWaiters } from './head-waiters.ts'
import { Heard } from './heard.ts'
import { executeBlock, KnownBlocks } from './known-blocks.ts'
import type { NodeOptions } from './options.ts'
import { OwnSignatures } from './own-signatures.ts'
import { readPeersFile, writePeersFile } from './peers-file.ts'
import { QuorumSignatures } from './quorum-signatures.ts'
import { Runner, type Verifier } from './runner.ts'
import { SealedBlockIntake } from './sealed-blocks.ts'
import { SignService } from './sign-service.ts'
import { Slots } from './slots.ts'
import { Sync } from './sync.ts'
import { SyncClient } from './sync-client.ts'
import { SyncServer } from './sync-server.ts'
import { Transactions } from './transactions.ts'
import { VerifierLinks } from './verifier-links.ts'
import { AGENT, View } from './view.ts'

/** Version of the protocols in `protocols/`. */
const PROTOCOL_VERSION = 1
/** Peers in the mesh of a topic that gossip needs to work well; gossipsub's D_low. */
const MESH_PEERS = 4
const DISCOVERY_CHECK_MS = 100
const NO_PEERS_ALARM_MS = 10_000

export interface RunningNode {
  readonly view: NodeView
  stop(): Promise<void>
  /** Resolves with what the node cannot go on with (a full disk, a wrong checkpoint); it signs nothing any more and should be stopped. */
  readonly failure: Promise<QuorateError>
}

/**
 * Puts a node together from its directory and starts it. Rejects with a QuorateError that says the next step; then
 * nothing is left running.
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const closers: (() => Promise<void> | void)[] = []
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
      try {
        await close()
      } catch (error) {
        // What failed to close must not keep the rest open.
        options.telemetry.log('error', 'stop-failed', { error: String(error) })
      }
    }
  }
  try {
    return await assemble(options, closers, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function assemble(options: NodeOptions, closers: (() => Promise<void> | void)[], stop: () => Promise<void>): Promise<RunningNode> {
  const { telemetry, role } = options
  let fail: (error: unknown) => void = () => {}
  const failure = new Promise<QuorateError>((resolve) => {
    fail = (error) =>
      resolve(
        error instanceof QuorateError ? error : new QuorateError('internal', String((error as Error)?.stack ?? error), { cause: error }),
      )
  })

  const directory = await openDirectory(options.directory, role)
  closers.push(() => directory.release())
  for (const warning of directory.warnings) telemetry.log('warn', 'key-warning', { warning })
  const { genesis } = directory
  const store = await openLevelStore(directory.paths.store)
  closers.push(() => store.close())
  const chain = await Chain.open(genesis, store)
  closers.push(() => chain.flush())
  const { verifier, record, doubtful } = await openVerifier(directory, chain, closers)

  const signatures = nativeSignatures
  const clock = createSystemClock()
  const { slotMs, choiceMs } = genesis.parameters
  const slots = new Slots(clock, genesis.timeMs, slotMs, choiceMs)
  const network = await createLibp2pNetwork({
    chainName: chainLabel(genesis.name, chain.chainId),
    privateKey: directory.networkKey,
    listen: options.listen,
    announce: options.announce,
    bootstrap: options.bootstrap,
    role,
    scope: options.scope,
    rememberedPeers: await readPeersFile(directory.paths.peers),
    onRememberPeers: (addresses) => {
      writePeersFile(directory.paths.peers, addresses).catch((error: unknown) =>
        telemetry.log('warn', 'peers-file-failed', { error: String(error) }),
      )
    },
    telemetry,
  })
  network.protect(chain.quorum.members.map(({ peerId }) => peerId))

  const pool = new Pool(DEFAULT_POOL_LIMITS)
  const known = new KnownBlocks()
  const heard = new Heard()
  const waiters = new HeadWaiters()
  const client = new SyncClient(network)
  const bodies = new Bodies(chain, pool, client, signatures)
  const quorumSignatures = new QuorumSignatures(chain.chainId, signatures)
  const ownStatus = (): Status => ({
    version: PROTOCOL_VERSION,
    chainId: chain.chainId,
    height: chain.head.height,
    head: chain.head.hash,
    timeMs: clock.nowMs(),
    agent: AGENT,
  })
  const transactions = new Transactions({
    chain,
    pool,
    network,
    slots,
    signatures,
    telemetry,
    onDropped: (id, code) => view.emit({ kind: 'dropped', id, code }),
  })
  const onBehind = (height: number): void => sync.kick(height)
  const settle = (final: FinalBlock): void => {
    const { ref, block } = final
    heard.note(chain.quorum, { kind: 'seal', height: ref.height, block: ref.hash }, block.seal)
    transactions.settle(final)
    waiters.headReached(ref.height)
    view.noteFinal(
      ref.height,
      block,
      ref.hash,
      final.transactions.map(({ id }) => id),
    )
  }

  const runner: Runner = new Runner({
    chain,
    pool,
    known,
    bodies,
    network,
    client,
    slots,
    heard,
    signatures,
    telemetry,
    verifier,
    record,
    doubtful,
    signService: () => signService,
    onFinal: (block, seal) => settle({ ...block, block: { ...block.block, seal } }),
    onAlarm: (code, detail) => view.alarm(code, detail),
    onBehind,
    onProposed: () => view.noteProposed(),
    onLead: () => view.noteLead(),
    onSealed: (height) => view.noteSealed(height),
    onFatal: (error) => fail(error),
  })
  const feed: Runner['feed'] = (input) => runner.feed(input)
  const intake = new CandidateIntake({
    chain,
    known,
    bodies,
    slots,
    waiters,
    signatures,
    quorumSignatures,
    onBehind,
    state: () => runner.state,
    onCandidate: (candidate, { signature }) => {
      const { block, slot, maker, justification } = candidate
      const statement = {
        kind: 'candidate',
        height: block.height,
        slot,
        block: block.hash,
        validSlot: justification?.statement.slot ?? null,
      } as const
      heard.note(chain.quorum, statement, { signers: [maker], signature })
      feed({ kind: 'candidate', candidate })
    },
  })
  const sealedBlocks = new SealedBlockIntake({
    chain,
    known,
    bodies,
    quorumSignatures,
    onBehind,
    onSealed: (block, seal) => feed({ kind: 'sealed-block', block, seal }),
    onFullerSeal: (ref, seal) => {
      runner
        .alone(async () => {
          if (chain.head.hash === ref.hash && seal.signers.length > (chain.headSeal?.signers.length ?? 0)) await chain.improveSeal(seal)
        })
        .catch(fail)
    },
    onInvalidSealed: (ref, detail) =>
      fail(
        new QuorateError(
          'invalid-sealed',
          `a quorum sealed block ${ref.hash} at height ${ref.height}, which this node finds wrong (${detail}): a third of the stake is faulty, or the programs differ; compare versions with other operators before you go on`,
        ),
      ),
  })
  const signService: SignService = new SignService({
    chain,
    network,
    slots,
    signatures,
    quorumSignatures,
    heard,
    intake,
    telemetry,
    feed,
    signer: verifier?.signer ?? null,
    self: verifier?.self ?? null,
    onRefused: (by, { reason }) => {
      telemetry.count(`refused.${reason}`)
      view.emit({ kind: 'refused', slot: slots.now() ?? 0, by, reason })
    },
  })
  const sync: Sync = new Sync({
    chain,
    network,
    client,
    quorumSignatures,
    telemetry,
    ownStatus,
    checkpoint: options.checkpoint,
    nowMs: () => clock.nowMs(),
    alone: (job) => runner.alone(job),
    onImported: settle,
    onPeerStatus: (peerId, { clockOffsetMs }) => checkClock(peerId, clockOffsetMs),
    onFatal: fail,
  })
  const view: View = new View({ role, chain, pool, network, slots, sync, runner, transactions, telemetry, self: verifier?.self ?? null })
  const checkClock = (peerId: string, offsetMs: number): void => {
    const offsets = network
      .peers()
      .map((peer) => sync.statusOf(peer.peerId)?.clockOffsetMs)
      .filter((offset) => offset !== undefined)
    const median = offsets.toSorted((left, right) => left - right)[offsets.length >> 1] ?? 0
    if (Math.abs(offsetMs) <= slotMs * CLOCK_TOLERANCE_SLOTS || Math.abs(median) <= slotMs * CLOCK_TOLERANCE_SLOTS) return
    view.alarm(
      'clock-off',
      `this clock is ${Math.round(Math.abs(median))} ms ${median < 0 ? 'ahead of' : 'behind'} those of ${offsets.length} peers (${peerId.slice(-6)} and others); set it by NTP, or candidates come too late`,
    )
  }

  checkCheckpoint(chain, options.checkpoint)
  if (role !== 'bootstrap') {
    const listen = (topic: Topic, validate: (data: Uint8Array, from: string) => Promise<Verdict<unknown>> | Verdict<unknown>): void =>
      network.subscribe(topic, async (data, from) => {
        const verdict = await validate(data, from)
        telemetry.count(`${topic}.${verdict.kind === 'accept' ? 'accept' : `${verdict.kind}.${verdict.code}`}`)
        return verdict
      })
    listen('transactions', (data) => transactions.validate(data))
    listen('candidates', (data, from) => intake.validate(data, from))
    listen('blocks', (data, from) => sealedBlocks.validate(data, from))
    listen('evidence', (data) => validateRecord(data, chain, quorumSignatures, heard, feed))
    new SyncServer({ chain, network, known, heard, ownStatus, onStatus: (peerId, status) => sync.heard(peerId, status) })
  }
  await network.start()
  closers.push(() => network.stop())
  closers.push(() => runner.stop())
  if (role !== 'bootstrap') {
    await startFollowing()
  }
  watchDiscovery()
  return { view, stop, failure }

  async function startFollowing(): Promise<void> {
    for (const body of await chain.guardedBlocks()) {
      const checked = await bodies.check(body.transactions)
      const executed = checked.kind === 'accept' ? executeBlock(chain, body, checked.value) : checked
      if (executed.kind !== 'accept') continue
      known.add(executed.value)
      feed({ kind: 'block-known', block: executed.value.ref })
    }
    slots.start(
      (slot) => {
        transactions.expire(slot)
        intake.forget(slot)
        feed({ kind: 'slot-started', slot })
      },
      (slot) => feed({ kind: 'choice-due', slot }),
    )
    closers.push(() => {
      slots.stop()
      transactions.stop()
      signService.stop()
      waiters.end()
    })
    sync.start()
    closers.push(() => sync.stop())
    if (verifier !== null) {
      const links = new VerifierLinks(chain, network)
      links.start()
      const own = new OwnSignatures({ chain, self: verifier.self, network, client, quorumSignatures, telemetry, feed })
      own.start()
      closers.push(() => {
        links.stop()
        own.stop()
      })
    }
    await transactions.restore()
    const rebroadcast = setInterval(() => transactions.rebroadcast(), REBROADCAST_MS)
    closers.push(() => clearInterval(rebroadcast))
  }

  function watchDiscovery(): void {
    const others = chain.quorum.members.length - (verifier === null ? 0 : 1)
    const enough = view.status().quorum.enoughDroplets
    const timer = setInterval(() => {
      const peers = network.peers()
      const meshed = role === 'bootstrap' ? peers.length : peers.filter(({ mesh }) => mesh.length > 0).length
      const reaches = verifier === null || view.connectedStake() >= enough
      if (meshed < (role === 'bootstrap' ? 1 : Math.min(MESH_PEERS, others)) || !reaches) return
      view.noteDiscovery()
      clearInterval(timer)
    }, DISCOVERY_CHECK_MS)
    const lonely = setTimeout(() => {
      if (network.peers().length > 0 || options.bootstrap.length === 0) return
      const tried = network
        .dialAttempts()
        .slice(-4)
        .map(({ target, outcome }) => `${target}: ${outcome}`)
      view.alarm('no-peers', `no peers after ${NO_PEERS_ALARM_MS / 1000} s; tried ${tried.join('; ') || 'nothing yet'}`)
    }, NO_PEERS_ALARM_MS)
    closers.push(() => {
      clearInterval(timer)
      clearTimeout(lonely)
    })
  }
}

/** The verifier's key, place and guard; none for other roles, or if the key is not in the quorum. */
async function openVerifier(
  directory: NodeDirectory,
  chain: Chain,
  closers: (() => Promise<void> | void)[],
): Promise<{ readonly verifier: Verifier | null; readonly record: GuardRecord; readonly doubtful: boolean }> {
  const key = directory.verifierKey
  const self = key === null ? -1 : chain.quorum.members.findIndex((member) => member.blsKey === key.publicKey)
  if (key === null || self < 0) return { verifier: null, record: emptyRecord, doubtful: false }
  const guard: GuardFile = await openGuardFile(directory.paths.guard)
  closers.push(() => guard.close())
  const read = await guard.read()
  if (read.state === 'missing')
    throw new QuorateError(
      'guard-missing',
      `${directory.paths.guard} is missing: without the record of what this key has signed it must not sign. Put the file back from where it was lost; if the key was never used, make a new directory with \`quorate init --role verifier\``,
    )
  const record = read.record.length === 0 ? emptyRecord : decodeRecord(read.record, directory.paths.guard)
  return { verifier: { signer: createSigner(key.secretKey), self, guard }, record, doubtful: read.state === 'doubtful' }
}

function decodeRecord(bytes: Uint8Array, path: string): GuardRecord {
  try {
    return decode(guardRecord, bytes)
  } catch (error) {
    throw new QuorateError(
      'guard-corrupt',
      `${path} holds no signing record of this version: this key signs nothing until the file is put back`,
      { cause: error },
    )
  }
}

function checkCheckpoint(chain: Chain, checkpoint: NodeOptions['checkpoint']): void {
  if (checkpoint === null || checkpoint.height > chain.head.height) return
  if (chain.heightOf(checkpoint.hash) === checkpoint.height) return
  throw new QuorateError(
    'wrong-checkpoint',
    `this directory has another block than ${checkpoint.hash} at height ${checkpoint.height}: check the checkpoint, or move store/ away and sync again`,
  )
}

/** Validates a message of the topic `evidence`; the checks are those of `protocols/evidence.md`. */
function validateRecord(
  data: Uint8Array,
  chain: Chain,
  quorumSignatures: QuorumSignatures,
  heard: Heard,
  feed: Runner['feed'],
): Verdict<unknown> {
  let record: PublicRecord
  try {
    record = decode(publicRecord, data)
  } catch (error) {
    // [REJECT] malformed: no canonical bytes within the bounds.
    if (error instanceof WireError) return reject('malformed', error.message)
    throw error
  }
  const { certificate } = record
  const { statement } = certificate
  // [REJECT] wrong-kind: only votes and locks leave certificates behind that a height still needs.
  if (statement.kind !== 'vote' && statement.kind !== 'lock') return reject('wrong-kind', statement.kind)
  // [IGNORE] old-height, future-height: another height than the one that is being worked on.
  const height = chain.head.height + 1
  if (statement.height !== height)
    return ignore(statement.height < height ? 'old-height' : 'future-height', `height ${statement.height}, working on ${height}`)
  // [REJECT] not-enough-stake, unknown-signer, no-signers, bad-signature.
  const checked = quorumSignatures.checkCertificate(chain.quorum, certificate)
  if (checked.kind !== 'accept') return checked
  heard.note(chain.quorum, statement, certificate.aggregate)
  feed({ kind: 'certificate', certificate })
  return checked
}
