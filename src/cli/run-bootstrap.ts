import { access, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { NodeOptions } from '../node/options.ts'
import type { NodeWithApi } from '../node/run.ts'
import { bootstrapGreeting, narrateBootstrap } from './bootstrap-lines.ts'
import { type ExitCode, exitCodes } from './exit.ts'
import { createLog } from './log.ts'
import { unlockWith } from './passwords.ts'
import { shippedBootstrapFile } from './shipped.ts'
import { DEFAULT_LISTEN, type StartFlags } from './start-flags.ts'
import { untilTold } from './until-told.ts'

/**
 * Runs a bootstrap node until it is told to stop. What is imported only where it is needed is not in memory elsewhere: the ledger, the
 * database, the signature libraries, and the HTTP server if there is no API. Rejects with what kept it from starting.
 */
export async function runBootstrap(flags: StartFlags): Promise<ExitCode> {
  const ending = untilTold(flags.parentWatch === true)
  const log = createLog(flags)
  const directory = resolve(flags.dir)
  const options: NodeOptions = {
    directory,
    role: 'bootstrap',
    listen: flags.listen ?? [DEFAULT_LISTEN],
    announce: flags.announce ?? [],
    bootstrap: await peersOf(flags, directory),
    scope: flags.scope,
    checkpoint: null,
    telemetry: log.telemetry,
    unlock: unlockWith(flags),
  }
  const { view, url, stop } = await startWith(options, flags.api)
  log.tell(bootstrapGreeting(view, flags.scope, url))
  const hush = narrateBootstrap(view, log.tell, process.stderr.isTTY === true)
  const why = await ending
  hush()
  log.tell({ level: 'info', event: 'stopping', text: `stopping (${why})`, fields: { why } })
  await stop()
  log.tell({ level: 'info', event: 'stopped', text: 'stopped', fields: {} })
  return exitCodes.ok
}

/** With the API or, without loading what that takes, alone. */
async function startWith(options: NodeOptions, api: StartFlags['api']): Promise<Pick<NodeWithApi, 'view' | 'url' | 'stop'>> {
  if (api !== 'off') return await (await import('../node/run.ts')).runWithApi(options, api)
  const { view, stop } = await (await import('../node/bootstrap.ts')).startBootstrap(options)
  return { view, url: null, stop }
}

/** What was named; else what the directory has; else what came with the program. An empty list is read without what checks a network file. */
async function peersOf({ bootstrap, bootstrapFile }: StartFlags, directory: string): Promise<readonly string[]> {
  const isThere = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    )
  if (bootstrap !== undefined || bootstrapFile !== undefined)
    return [...(bootstrap ?? []), ...(bootstrapFile === undefined ? [] : await readPeers(bootstrapFile))]
  const own = join(directory, 'bootstrap.json')
  const path = (await isThere(own)) ? own : shippedBootstrapFile()
  return path === null ? [] : await readPeers(path)
}

async function readPeers(path: string): Promise<readonly string[]> {
  if (/^\s*\{\s*"peers"\s*:\s*\[\s*\]\s*\}\s*$/.test(await readFile(path, 'utf8').catch(() => ''))) return []
  const { readBootstrapList } = await import('../node/network-file.ts')
  return (await readBootstrapList(path)).peers
}
