import type { NodeView } from '../api/types.ts'
import { QuorateError } from '../base/errors.ts'
import type { Telemetry } from '../ports/telemetry.ts'

export interface RunningNode {
  readonly view: NodeView
  stop(): Promise<void>
  /** Resolves with what the node cannot go on with (a full disk, a wrong checkpoint); it signs nothing any more and should be stopped. */
  readonly failure: Promise<QuorateError>
}

/** What must be closed, the last first. */
export type Closers = (() => Promise<void> | void)[]

/** Closes all, the last first; what fails to close does not keep the rest open. */
export async function closeAll(closers: Closers, telemetry: Telemetry): Promise<void> {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
    try {
      await close()
    } catch (error) {
      telemetry.log('error', 'node.stop-failed', { error: String(error) })
    }
  }
}

/** Any error as one that says what it is. */
export const asFailure = (error: unknown): QuorateError =>
  error instanceof QuorateError ? error : new QuorateError('internal', String((error as Error)?.stack ?? error), { cause: error })
