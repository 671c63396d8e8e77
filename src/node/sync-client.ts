import { QuorateError } from '../base/errors.ts'
import type { Network } from '../ports/network.ts'
import { decode, encode, WireError } from '../wire/codec.ts'
import { type SyncRequest, type SyncResponse, syncRequest, syncResponse } from '../wire/sync.ts'

type Answer<K extends SyncRequest['kind']> = Extract<SyncResponse, { kind: K }>

/** Asks peers over the stream `sync`. */
export class SyncClient {
  readonly #network: Network

  constructor(network: Network) {
    this.#network = network
  }

  /** Null if the peer does not have it. Rejects with the network's QuorateErrors, or `bad-answer` after lowering the peer's score. */
  async ask<R extends SyncRequest>(peerId: string, request: R, signal: AbortSignal): Promise<Answer<R['kind']> | null> {
    const bytes = await this.#network.request('sync', peerId, encode(syncRequest, request), signal)
    try {
      const response = decode(syncResponse, bytes)
      if (response.kind === 'unavailable') return null
      if (response.kind === request.kind) return response as Answer<R['kind']>
      throw new WireError('kind', `a ${response.kind} in answer to a ${request.kind}`)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      throw this.blame(peerId, `${error.code}: ${error.message}`)
    }
  }

  /** Lowers the score of a peer whose answer was wrong. */
  blame(peerId: string, detail: string): QuorateError {
    this.#network.penalize(peerId, 'bad-answer')
    return new QuorateError('bad-answer', `peer ${peerId} answered wrongly: ${detail}`)
  }
}
