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

type Offence = 'double-vote' | 'double-lock' | 'double-seal' | 'amnesia'
type Signed = VoteStatement | LockStatement | SealStatement

/**
 * Answers leaders as an honest verifier does, and tells everybody else that it has signed another block: with its word alone, in a
 * tally, as if it had led that block itself.
 */
export function contradict(actor: Actor, offence: Offence, network: Network): Network {
  const headers = new Headers(actor.chainId)
  const tell = async (statement: Statement, slot: number, firstAtMs: number): Promise<void> => {
    const word = await actor.wordFor(statement)
    if (word === null) return
    actor.note({ height: statement.height, slot, firstAtMs })
    await network.publish('evidence', encode(publicRecord, { kind: 'tally', certificates: [word] }))
  }
  const onSigned = async (signed: Signed): Promise<void> => {
    const kind = offence === 'amnesia' ? 'lock' : offence.slice('double-'.length)
    if (signed.kind !== kind || !actor.isDue(signed.height)) return
    const block = headers.otherThan(signed.height, signed.block)
    if (block === null) return
    const firstAtMs = Date.now()
    const slot = signed.kind === 'seal' ? actor.slot : signed.slot
    if (offence !== 'amnesia') return tell(rivalOf(signed, block), slot, firstAtMs)
    // The lock binds from the next slot on: there it votes for the other block, and shows nothing that would allow it.
    await new Promise((resolve) => setTimeout(resolve, actor.untilChoiceMs(slot + 1)))
    await tell({ kind: 'vote', height: signed.height, slot: slot + 1, block, validSlot: null }, slot + 1, firstAtMs)
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
    await new Promise((resolve) => setTimeout(resolve, RIVAL_DELAY_MS))
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
