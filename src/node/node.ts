import { createSystemClock } from '../adapters/clock.ts'
import { createLibp2pNetwork } from '../adapters/libp2p/index.ts'
import { openLevelStore } from '../adapters/store/level-store.ts'
import type { QuorateError } from '../base/errors.ts'
import { nativeSignatures } from '../crypto/native.ts'
import { Pool } from '../mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../mempool/types.ts'
import { chainLabel } from '../wire/ids.ts'
import type { Status } from '../wire/sync.ts'
import { openAccountability } from './accountability.ts'
import { AGENT } from './agent.ts'
import { Bodies } from './bodies.ts'
import { REBROADCAST_MS } from './bounds.ts'
import { CandidateIntake } from './candidates.ts'
import { Chain, type FinalBlock } from './chain.ts'
import { openDirectory } from './directory.ts'
import { ForkWatch } from './fork-watch.ts'
import { restoreGuarded } from './guarded-blocks.ts'
import { HeadWaiters } from './head-waiters.ts'
import { Journal } from './journal.ts'
import { invalidSealed, KnownBlocks } from './known-blocks.ts'
import { Neighbours } from './neighbours.ts'
import type { NodeOptions } from './options.ts'
import { OwnSignatures, watchForOthers } from './own-signatures.ts'
import { openPeersFile } from './peers-file.ts'
import { prunerOf } from './pruner.ts'
import { Runner } from './runner.ts'
import { asFailure, type Closers, closeAll, type RunningNode } from './running.ts'
import { isFullerSeal, SealedBlockIntake } from './sealed-blocks.ts'
import { Seat } from './seat.ts'
import { SignService } from './sign-service.ts'
import { Slots } from './slots.ts'
import { SnapshotStart } from './snapshot-start.ts'
import { SnapshotStore } from './snapshot-store.ts'
import { SnapshotTaker } from './snapshot-taker.ts'
import { subscribe } from './subscribe.ts'
import { gapText, Sync, wrongCheckpoint } from './sync.ts'
import { SyncClient } from './sync-client.ts'
import { SyncServer } from './sync-server.ts'
import { Transactions } from './transactions.ts'
import { checkCheckpoint, openVerifier } from './verifier-files.ts'
import { VerifierLinks } from './verifier-links.ts'
import { View } from './view.ts'
import { forkText } from './views/fork.ts'
import { Watch } from './watch.ts'

/** Version of the protocols in `protocols/`. */
const PROTOCOL_VERSION = 1

/**
 * Puts a node together from its directory and starts it. Rejects with a QuorateError that says the next step; then
 * nothing is left running.
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  if (options.role === 'bootstrap') return (await import('./bootstrap.ts')).startBootstrap(options)
  const closers: Closers = []
  const stop = (): Promise<void> => closeAll(closers, options.telemetry)
  try {
    return await assemble(options, closers, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function assemble(options: NodeOptions, closers: Closers, stop: () => Promise<void>): Promise<RunningNode> {
  const { telemetry, role } = options
  let fail: (error: unknown) => void = () => {}
  const failure = new Promise<QuorateError>((resolve) => {
    fail = (error) => resolve(asFailure(error))
  })

  const directory = await openDirectory(options.directory, role, { unlock: options.unlock })
  closers.push(() => directory.release())
  for (const warning of directory.warnings) telemetry.log('warn', 'keys.warning', { warning })
  const { genesis } = directory
  const store = await openLevelStore(directory.paths.store)
  closers.push(() => store.close())
  const chain = await Chain.open(genesis, store)
  closers.push(() => chain.flush())
  const snapshots = await SnapshotStore.open(store, chain.head.height)
  const taker = new SnapshotTaker({ snapshots, telemetry, onFatal: (error) => fail(error) })
  closers.push(() => taker.stop())
  const beginsWithSnapshot = options.checkpoint !== null && options.fullHistory !== true && chain.head.height === 0
  if (!beginsWithSnapshot) await snapshots.dropDownload()
  chain.onElectionSettled((ref) => taker.take(ref, chain.ledger))
  const pruner = prunerOf({ chain, store, snapshots, onFatal: (error) => fail(error) }, options.keepBlocks)
  closers.push(() => pruner?.stop())
  const { verifier, record, doubtful } = await openVerifier(directory, closers)
  const seat = new Seat(verifier?.publicKey ?? null)

  const signatures = nativeSignatures
  const clock = options.clock ?? createSystemClock()
  const { slotMs, choiceMs } = genesis.parameters
  const slots = new Slots(clock, genesis.timeMs, slotMs, choiceMs)
  const network = await (options.createNetwork ?? createLibp2pNetwork)({
    chainName: chainLabel(genesis.name, chain.chainId),
    privateKey: directory.networkKey,
    listen: options.listen,
    announce: options.announce,
    bootstrap: options.bootstrap,
    role,
    scope: options.scope,
    ...(await openPeersFile(directory.paths.peers, telemetry)),
    telemetry,
  })
  const protectQuorum = (): void => network.protect(chain.quorum.members.map(({ peerId }) => peerId))
  protectQuorum()

  const pool = new Pool(DEFAULT_POOL_LIMITS)
  const known = new KnownBlocks((of) => runner.state.blocks.some(({ hash }) => hash === of))
  const waiters = new HeadWaiters()
  let own: OwnSignatures | null = null
  const client = new SyncClient(network)
  const bodies = new Bodies(chain, pool, client, signatures)
  const nowMs = (): number => clock.nowMs()
  const journal = new Journal({
    ...{ chain, store, slots, nowMs },
    isFollowing: () => view.isFollowing,
    onSlot: (slot) => view.emit({ kind: 'slot', ...slot }),
    onFatal: (error) => fail(error),
  })
  closers.push(() => journal.write())
  const accountability = await openAccountability({
    ...{ chain, store, network, client, slots, signatures, telemetry, nowMs },
    onNote: (...noted) => journal.noteStatement(...noted),
    feed: (input) => runner.feed(input),
    onFound: (held) => {
      view.noteEvidence(held)
      forks.found(held)
    },
    onPunished: (held) => view.noteEvidence(held),
    onFatal: (error) => fail(error),
  })
  const { heard, quorumSignatures, pool: evidence, records } = accountability
  closers.push(() => evidence.written())
  const ownStatus = (): Status => ({
    version: PROTOCOL_VERSION,
    chainId: chain.chainId,
    height: chain.head.height,
    firstHeight: chain.firstHeight,
    head: chain.head.hash,
    timeMs: clock.nowMs(),
    agent: AGENT,
  })
  const transactions = new Transactions({
    ...{ chain, pool, network, slots, signatures, telemetry },
    onPending: (ids) => view.emit({ kind: 'pending', ids }),
    onDropped: (id, code) => view.emit({ kind: 'dropped', id, code }),
  })
  const forks = await ForkWatch.open({
    ...{ chain, store, network, client, signatures, telemetry, evidence, nowMs },
    report: (found) => records.report(found),
    submit: (encoded) => transactions.submit(encoded),
    onForked: () => {
      chain.fork()
      runner.feed({ kind: 'forked' })
    },
    // The runner has said what is fatal; that it stops is not.
    onReadyToRecover: (offenders) => void runner.recover(offenders).catch(() => {}),
    onAlarm: (detail) => (detail === null ? view.endAlarm('forked') : view.alarm('forked', detail)),
    describe: (fork) => forkText(fork, chain, directory.paths.directory),
    onFatal: (error) => fail(error),
  })
  closers.push(() => forks.stop())
  const onBehind = (height: number): void => sync.kick(height)
  const settle = (final: FinalBlock, isVouched: boolean): void => {
    const { ref, block } = final
    const { checkpoint } = options
    if (checkpoint?.height === ref.height && checkpoint.hash !== ref.hash) fail(wrongCheckpoint(ref, checkpoint.hash))
    if (block.header.nextQuorum !== chain.quorumAt(ref.height)?.hash) protectQuorum()
    transactions.settle(final)
    own?.look()
    waiters.headReached(ref.height)
    journal.noteFinal(final, isVouched)
    pruner?.settle()
    view.noteFinal(final, isVouched)
    accountability.settle(final, isVouched ? sync : null)
    forks.settle()
    if (final.transition.receipt.events.some(({ kind }) => kind === 'ratified')) watch.checkSource()
  }
  /** The chain has begun with a later block than the first: whoever looks at blocks one after the other has not seen it. */
  const beginAtHead = (): void => {
    accountability.begin()
    forks.settle()
    protectQuorum()
    transactions.followState()
    own?.look()
    waiters.headReached(chain.head.height)
  }

  const runner: Runner = new Runner({
    ...{ chain, pool, known, bodies, network, client, slots, heard, signatures, telemetry, verifier, seat, record, doubtful },
    evidence: {
      unpunished: () => evidence.unpunished(),
      sealedTwice: () => evidence.sealedTwice(),
      publishCertificate: (certificate) => records.publishCertificate(certificate),
      publishTally: (certificates) => records.publishTally(certificates),
    },
    signService: () => signService,
    onFinal: (block, seal) => settle({ ...block, block: { ...block.block, seal } }, false),
    onAlarm: (code, detail) => view.alarm(code, detail),
    onBehind,
    onProposed: () => view.noteProposed(),
    onLead: () => view.noteLead(),
    onSealed: (height) => view.noteSealed(height),
    onFatal: (error) => fail(error),
  })
  const feed: Runner['feed'] = (input, body) => runner.feed(input, body)
  const intake = new CandidateIntake({
    chain,
    known,
    bodies,
    slots,
    waiters,
    signatures,
    quorumSignatures,
    heard,
    onBehind,
    state: () => runner.state,
    onCandidate: (candidate) => feed({ kind: 'candidate', candidate }, known.get(candidate.block.hash)),
  })
  const sealedBlocks = new SealedBlockIntake({
    chain,
    known,
    bodies,
    signatures,
    quorumSignatures,
    heard,
    onBehind,
    onSealed: (block, seal) => {
      if (!forks.refuses(block)) feed({ kind: 'sealed-block', block, seal }, known.get(block.hash))
    },
    onFullerSeal: (ref, seal) => {
      runner
        .alone(async () => {
          if (isFullerSeal(chain, ref.hash, seal)) await chain.improveSeal(seal)
        })
        // The runner has said what is fatal; that it stops is not.
        .catch(() => {})
    },
    onInvalidSealed: (ref, detail) => fail(invalidSealed(ref, detail)),
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
    seat,
    waiters,
    onBehind,
    onRefused: (by, { reason }) => {
      telemetry.count(`refused.${reason}`)
      view.emit({ kind: 'refused', slot: slots.now() ?? 0, by, reason })
    },
  })
  const sync: Sync = new Sync({
    chain,
    network,
    client,
    signatures,
    quorumSignatures,
    telemetry,
    ownStatus,
    checkpoint: options.checkpoint,
    nowMs,
    alone: (job) => runner.alone(job),
    onImported: (final) => settle(final, true),
    onPeerStatus: (peerId, { status }) => {
      watch.checkClock()
      own?.look()
      snapshotStart?.heard(peerId, status)
      forks.heard(peerId, status)
    },
    refuses: (ref) => forks.refuses(ref),
    onOffBranch: (peerId, status) => forks.offBranch(peerId, status),
    onGap: (firstHeight) => view.alarm('no-early-blocks', gapText(chain.head.height + 1, firstHeight)),
    isHeld: beginsWithSnapshot,
    onFatal: fail,
  })
  const snapshotStart =
    options.checkpoint === null || !beginsWithSnapshot
      ? null
      : new SnapshotStart({
          chain,
          snapshots,
          client,
          quorumSignatures,
          telemetry,
          checkpoint: options.checkpoint,
          statuses: () => sync.statuses(),
          alone: (job) => runner.alone(job),
          onEnd: () => {
            if (chain.head.height > 0) beginAtHead()
            sync.release()
          },
          onAlarm: (code, detail) => view.alarm(code, detail),
          onFatal: (error) => fail(error),
        })
  const neighbours = new Neighbours({ network, telemetry, nowMs, isServing: options.neighbours !== false })
  closers.push(() => neighbours.stop())
  const snapshotProgress = () => snapshotStart?.progress ?? null
  const view: View = new View({
    ...{ role, chain, store, journal, pool, network, slots, sync, snapshotProgress, runner },
    ...{ transactions, telemetry, seat, evidence, records, neighbours },
    fork: () => forks.fork,
    paths: directory.paths,
    keepBlocks: options.keepBlocks ?? null,
  })
  const watch: Watch = new Watch({
    chain,
    network,
    sync,
    view,
    seat,
    hasBootstrap: options.bootstrap.length > 0,
    obstacle: () => own?.obstacle ?? null,
  })
  checkCheckpoint(chain, options.checkpoint, telemetry)
  subscribe(network, telemetry, {
    transactions: (data) => transactions.validate(data),
    candidates: (data, from) => intake.validate(data, from),
    blocks: (data, from) => sealedBlocks.validate(data, from),
    evidence: (data) => records.validate(data),
  })
  const onStatus = (peerId: string, status: Status): void => sync.heard(peerId, status)
  new SyncServer({ chain, network, known, heard, records, snapshots, ownStatus, onStatus })
  await network.start()
  closers.push(() => network.stop())
  closers.push(() => runner.stop())
  await startFollowing()
  watch.start()
  closers.push(() => watch.stop())
  return { view, stop, failure }

  async function startFollowing(): Promise<void> {
    forks.start()
    await restoreGuarded({ chain, bodies, known, signatures, telemetry }, (block) => feed({ kind: 'block-known', block: block.ref }, block))
    slots.start(
      (slot) => {
        journal.noteLeader(runner.leader())
        journal.startSlot(slot)
        transactions.expire(slot)
        intake.forget(slot)
        feed({ kind: 'slot-started', slot })
      },
      (slot) => {
        journal.noteLeader(runner.leader())
        feed({ kind: 'choice-due', slot })
      },
    )
    closers.push(() => {
      slots.stop()
      transactions.stop()
      signService.stop()
      waiters.end()
    })
    sync.start()
    closers.push(() => sync.stop())
    snapshotStart?.start()
    closers.push(() => snapshotStart?.stop())
    accountability.exchange.start()
    closers.push(() => accountability.exchange.stop())
    if (verifier !== null) {
      const links = new VerifierLinks(chain, network)
      links.start()
      const heightOf = (peerId: string): number | null => sync.statusOf(peerId)?.status.height ?? null
      const asked = { chain, blsKey: verifier.publicKey, seat, network, client, quorumSignatures, telemetry, heightOf, feed }
      const asking = new OwnSignatures({ ...asked, watch: watchForOthers(slots, slotMs, record) })
      own = asking
      asking.start()
      closers.push(() => {
        links.stop()
        asking.stop()
      })
    }
    await transactions.restore()
    const rebroadcast = setInterval(() => transactions.rebroadcast(), REBROADCAST_MS)
    closers.push(() => clearInterval(rebroadcast))
  }
}
