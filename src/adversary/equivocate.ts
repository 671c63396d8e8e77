import { setTimeout as pause } from 'node:timers/promises'
import type { Network } from '../ports/network.ts'
import { encode } from '../wire/codec.ts'
import { blockHash } from '../wire/ids.ts'
import {
  candidate,
  type Hash,
  type LockStatement,
  publicRecord,
  type SealStatement,
  type SignRequest,
  type Statement,
  signRequest,
  signResponse,
  type VoteStatement,
} from '../wire/types.ts'
import type { Actor } from './actor.ts'
import { Headers, variantOf } from './headers.ts'
import { readable, through } from './through.ts'

/** From a candidate to its rival: whoever heard the first has checked it by then. */
const RIVAL_DELAY_MS = 20
/** Slots after which it repeats its first statement: by then whoever asked for it has shown it, or never got it. */
const REPEAT_SLOTS = 2
/** Slots that it waits for a height to be final at most. */
const MAX_WAIT_SLOTS = 30

type Offence = 'double-vote' | 'double-lock' | 'double-seal' | 'amnesia'
type Signed = VoteStatement | LockStatement | SealStatement

/**
 * Answers leaders as an honest verifier does, and tells everybody else that it has signed another block: with its word alone, in a
 * tally, as if it had led that block itself.
 */
export function contradict(actor: Actor, offence: Offence, network: Network): Network {
  const headers = new Headers(actor.chainId)
  const show = async (statement: Statement): Promise<void> => {
    const word = await actor.wordFor(statement)
    if (word !== null) await network.publish('evidence', encode(publicRecord, { kind: 'tally', certificates: [word] }))
  }
  const onSigned = async (signed: Signed): Promise<void> => {
    const kind = offence === 'amnesia' ? 'lock' : offence.slice('double-'.length)
    if (signed.kind !== kind || !actor.isDue(signed.height)) return
    const block = headers.otherThan(signed.height, signed.block)
    if (block === null) return
    const firstAtMs = Date.now()
    if (offence === 'amnesia' && !(await isFinal(signed.height))) return
    const { slot } = actor
    const rival: Statement =
      offence === 'amnesia' ? { kind: 'vote', height: signed.height, slot, block, validSlot: null } : rivalOf(signed, block)
    actor.note({ height: signed.height, slot, firstAtMs })
    await show(rival)
    await pause(REPEAT_SLOTS * actor.genesis.parameters.slotMs)
    // A leader that gave up on the answer knows nothing of it, and then nobody does.
    await show(signed)
  }
  /**
   * At the time of a later slot at which verifiers vote, the height is final: its lock is forgotten there, and nothing else, since its
   * node votes no more at that height.
   */
  const isFinal = async (height: number): Promise<boolean> => {
    for (let waited = 0; waited < MAX_WAIT_SLOTS; waited++) {
      await pause(actor.untilChoiceMs(actor.slot + 1))
      if (actor.height >= height) return true
    }
    return false
  }
  return {
    ...through(network),
    subscribe: (topic, validator) =>
      network.subscribe(topic, (data, from) => {
        const proposed = topic === 'candidates' ? readable(candidate, data) : null
        if (proposed !== null) headers.add(proposed.header)
        return validator(data, from)
      }),
    handle: (protocol, handler) =>
      network.handle(protocol, async (data, from, signal) => {
        const answer = await handler(data, from, signal)
        if (protocol !== 'sign' || readable(signResponse, answer)?.kind !== 'signature') return answer
        const request = readable(signRequest, data)
        const signed = request === null ? null : signedBy(request)
        // The network may have been stopped meanwhile.
        if (signed !== null) onSigned(signed).catch(() => {})
        return answer
      }),
  }
}

/** Proposes two blocks in a slot: its own, and one that differs. */
export function proposeTwice(actor: Actor, network: Network): Network {
  const rival = async (data: Uint8Array, firstAtMs: number): Promise<void> => {
    const proposed = readable(candidate, data)
    // A block that is proposed again comes with a certificate, which another one cannot have.
    if (proposed === null || proposed.justification !== null || !actor.isDue(proposed.header.height)) return
    const { slot } = proposed
    const header = variantOf(proposed.header)
    const { height } = header
    const signature = await actor.sign({ kind: 'candidate', height, slot, block: blockHash(actor.chainId, header), validSlot: null })
    await pause(RIVAL_DELAY_MS)
    actor.note({ height, slot, firstAtMs })
    await network.publish('candidates', encode(candidate, { ...proposed, header, signature }))
  }
  return {
    ...through(network),
    publish: async (topic, data) => {
      const firstAtMs = Date.now()
      const peers = await network.publish(topic, data)
      if (topic === 'candidates') rival(data, firstAtMs).catch(() => {})
      return peers
    },
  }
}

/** What a request asks to have signed: `sign.md` Q1. */
function signedBy(request: SignRequest): Signed | null {
  if (request.kind === 'vote') return request.statement.kind === 'vote' ? request.statement : null
  const { statement } = request.certificate
  const { height, block } = statement
  if (request.kind === 'seal') return { kind: 'seal', height, block }
  return statement.kind === 'vote' ? { kind: 'lock', height, slot: statement.slot, block } : null
}

/** The same for another block. */
const rivalOf = (signed: Signed, block: Hash): Signed =>
  signed.kind === 'vote' ? { ...signed, block, validSlot: null } : { ...signed, block }
