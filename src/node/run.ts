import { type ApiOptions, startApi } from '../api/server.ts'
import type { NodeView } from '../api/types.ts'
import { QuorateError } from '../base/errors.ts'
import { removeApiFile, writeApiFile } from './api-file.ts'
import { ownApiToken } from './api-token.ts'
import { directoryPaths, exists } from './directory.ts'
import { readGenesisFile } from './genesis-file.ts'
import { networkFile } from './network-file.ts'
import { startNode } from './node.ts'
import type { NodeOptions } from './options.ts'
import type { RunningNode } from './running.ts'
import { parseAddress } from './wallet.ts'

/** People wait for less than five seconds, and supervisors such as systemd or Docker kill after ten or more. */
const STOP_DEADLINE_MS = 4500

export interface NodeWithApi {
  readonly view: NodeView
  /** Of the API, without a slash at its end; null without one. */
  readonly url: string | null
  readonly failure: RunningNode['failure']
  /** All calls are one. Rejects with QuorateError `stop-timeout`. */
  stop(): Promise<void>
}

/**
 * Starts the node of a directory, then its API, and notes in the directory where that is. Rejects as `startNode` and `startApi` do;
 * then nothing is left running.
 * @param api where the API listens; null for none
 */
export async function runWithApi(options: NodeOptions, api: { readonly host: string; readonly port: number } | null): Promise<NodeWithApi> {
  const { directory } = directoryPaths(options.directory)
  const node = await startNode(options)
  const parts: (() => Promise<void>)[] = [() => node.stop()]
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= inTime(async () => {
      for (const end of parts.toReversed()) await end()
    })
    return stopped
  }
  try {
    let url: string | null = null
    if (api !== null) {
      const onError = (error: unknown): void => options.telemetry.log('error', 'api.failed', { error })
      const served = await startApi(node.view, {
        ...api,
        parseAddress,
        onError,
        token: await ownApiToken(directory),
        ...(await networkFileOf(options, node.view)),
      })
      parts.push(() => served.close())
      url = served.url
      await writeApiFile(directory, { url, pid: process.pid })
      parts.push(() => removeApiFile(directory))
    }
    return { view: node.view, url, failure: node.failure, stop }
  } catch (error) {
    // What kept it from starting is what there is to say.
    await stop().catch(() => undefined)
    throw error
  }
}

/** A bootstrap node has no ledger, and gives the genesis that is in its directory, if one is. */
async function networkFileOf({ directory, role, bootstrap }: NodeOptions, view: NodeView): Promise<Pick<ApiOptions, 'networkFile'>> {
  if (role !== 'bootstrap') return { networkFile: () => networkFile(view.genesis, view.status(), bootstrap) }
  const path = directoryPaths(directory).genesis
  if (!(await exists(path))) return {}
  return { networkFile: async () => networkFile(await readGenesisFile(path), view.status(), bootstrap) }
}

async function inTime(stop: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const text = `the node did not stop within ${STOP_DEADLINE_MS} ms and is ended; nothing final is lost`
    timer = setTimeout(() => reject(new QuorateError('stop-timeout', text)), STOP_DEADLINE_MS)
  })
  try {
    await Promise.race([stop(), late])
  } finally {
    clearTimeout(timer)
  }
}
