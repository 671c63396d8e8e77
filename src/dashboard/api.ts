import type { BlockSummary, NodeEvent } from '../api/types.ts'
import { QuorateClient } from '../client/client.ts'
import type { ApiClientError } from '../client/errors.ts'
import type { StreamedEvent } from '../client/events.ts'

export type { BlockSummary, BlockView, GenesisView } from '../api/types.ts'
export type Timeline = NonNullable<BlockSummary['timeline']>
export type Slot = Omit<Extract<NodeEvent, { kind: 'slot' }>, 'kind'>

/** What the node answered instead of what was asked; `code` is `unreachable` when it did not answer at all. */
export class ApiFailure extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** In the words of the page: who reads it has nothing to do with status and sockets. */
function explain(error: ApiClientError): ApiFailure {
  return error.status === null
    ? new ApiFailure('unreachable', 'The node does not answer.', { cause: error })
    : new ApiFailure(error.code, error.message, { cause: error })
}

/** The node that serves this page. */
export const node = new QuorateClient(location.origin, { explain })

/** Hands on each event until the stream ends, which it does by throwing, or the signal fires. */
export async function readEvents(listener: (event: StreamedEvent) => void, signal: AbortSignal): Promise<void> {
  for await (const event of node.events({ signal, reconnect: false })) listener(event)
  signal.throwIfAborted()
  throw new ApiFailure('unreachable', 'The node ended the stream of events.')
}
