import assert from 'node:assert/strict'
import type { Hex } from '../../../src/base/hex.ts'
import { emptyRecord } from '../../../src/consensus/guard.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { Bodies } from '../../../src/node/bodies.ts'
import { CandidateIntake } from '../../../src/node/candidates.ts'
import type { Chain } from '../../../src/node/chain.ts'
import { HeadWaiters } from '../../../src/node/head-waiters.ts'
import { Heard } from '../../../src/node/heard.ts'
import { KnownBlocks } from '../../../src/node/known-blocks.ts'
import { QuorumSignatures } from '../../../src/node/quorum-signatures.ts'
import { Runner } from '../../../src/node/runner.ts'
import { Seat } from '../../../src/node/seat.ts'
import { SignService } from '../../../src/node/sign-service.ts'
import { Slots } from '../../../src/node/slots.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { decode } from '../../../src/wire/codec.ts'
import { statementMessage, ticketMessage } from '../../../src/wire/signing.ts'
import { statement } from '../../../src/wire/types.ts'
import { FakeNetwork, quiet } from './fixtures.ts'

export interface RigOptions {
  readonly chain: Chain
  readonly blsSecret: Hex
  readonly peerId: string | undefined
  readonly clock: Clock
  /** What writing the guard's file takes. */
  readonly writeGuard?: () => Promise<void>
}

/** The runner of a verifier with all that it drives, on a network that the test plays; its guard and its signer note what is done, in order. */
export function runnerRig({ chain, blsSecret, peerId, clock, writeGuard = () => Promise.resolve() }: RigOptions) {
  const { chainId, genesis } = chain
  const log: string[] = []
  const written: Uint8Array[] = []
  const fatal: unknown[] = []
  const messageBytes = ticketMessage(chainId, chainId, 0).length
  const prefixBytes = statementMessage(chainId, { kind: 'seal', height: 0, block: chainId }).length - 41
  const signer = {
    publicKey: nativeSignatures.blsPublicKey(blsSecret),
    sign: (message: Uint8Array) => {
      log.push(message.length === messageBytes ? 'sign ticket' : `sign ${decode(statement, message.slice(prefixBytes)).kind}`)
      return Promise.resolve(nativeSignatures.blsSign(blsSecret, message))
    },
  }
  const guard = {
    read: () => Promise.reject(new Error('not read here')),
    write: async (record: Uint8Array) => {
      log.push('write')
      await writeGuard()
      written.push(record)
      log.push('written')
    },
    close: () => Promise.resolve(),
  }
  const guardBlock = chain.guardBlock.bind(chain)
  chain.guardBlock = async (...body) => {
    log.push('keep body')
    await guardBlock(...body)
    log.push('kept')
  }
  const network = new FakeNetwork(peerId)
  const client = new SyncClient(network)
  const nothing = (): void => {}
  const { slotMs, choiceMs } = genesis.parameters
  const waiters = new HeadWaiters()
  const heard = new Heard()
  const common = {
    ...{ chain, network, waiters },
    slots: new Slots(clock, genesis.timeMs, slotMs, choiceMs),
    signatures: nativeSignatures,
    telemetry: quiet(),
    known: new KnownBlocks((of) => runner.state.blocks.some(({ hash }) => hash === of)),
    heard,
    seat: new Seat(signer.publicKey),
    onBehind: nothing,
    quorumSignatures: new QuorumSignatures(chain, nativeSignatures, heard),
  }
  const pool = new Pool(DEFAULT_POOL_LIMITS)
  const bodies = new Bodies(chain, pool, client, nativeSignatures)
  const runner: Runner = new Runner({
    ...common,
    ...{ pool, bodies, client },
    evidence: { unpunished: () => [], sealedTwice: () => [], publishCertificate: nothing, publishTally: nothing },
    verifier: { signer, publicKey: signer.publicKey, guard },
    record: emptyRecord,
    doubtful: false,
    signService: () => service,
    onFinal: ({ ref }) => waiters.headReached(ref.height),
    onAlarm: (code, detail) => assert.fail(`${code}: ${detail}`),
    onProposed: nothing,
    onLead: nothing,
    onSealed: nothing,
    onFatal: (error) => void fatal.push(error),
  })
  const intake = new CandidateIntake({
    ...common,
    bodies,
    state: () => runner.state,
    onCandidate: (proposed) => runner.feed({ kind: 'candidate', candidate: proposed }, common.known.get(proposed.block.hash)),
  })
  const service = new SignService({
    ...common,
    ...{ intake, signer },
    feed: (input) => runner.feed(input),
    onRefused: nothing,
  })
  const idle = (): Promise<void> => runner.alone(() => Promise.resolve())
  const stop = async (): Promise<void> => {
    service.stop()
    await runner.stop()
  }
  return { chain, known: common.known, log, written, fatal, runner, network, intake, service, pool, idle, stop }
}
