import { join } from 'node:path'
import type { NodeView } from '../api/types.ts'
import { directoryPaths, exists, ownRole } from '../node/directory.ts'
import { readBootstrapList, readCheckpointFile } from '../node/network-file.ts'
import type { NodeOptions } from '../node/options.ts'
import { runWithApi } from '../node/run.ts'
import { sourceStanding } from '../node/source-standing.ts'
import { formatAddress, walletAddress } from '../node/wallet.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { Address } from '../wire/types.ts'
import { adviceFor } from './advice.ts'
import { type ExitCode, exitCodes } from './exit.ts'
import { createLog } from './log.ts'
import { type Happening, narrate } from './narrator.ts'
import { unlockWith } from './passwords.ts'
import { shippedBootstrapFile } from './shipped.ts'
import { DEFAULT_LISTEN, type StartFlags } from './start-flags.ts'
import { plural } from './text.ts'
import { untilTold } from './until-told.ts'

/** What a program may give a node besides its flags. */
interface Parts extends Pick<NodeOptions, 'createNetwork'> {
  /** Hears of the node once it runs. */
  readonly onStarted?: (view: NodeView) => void
}

/** Runs a node until it is told to stop, and gives the exit code. Rejects with what kept it from starting. */
export async function runNode(flags: StartFlags, { onStarted, createNetwork }: Parts = {}): Promise<ExitCode> {
  const ending = untilTold(flags.parentWatch === true)
  const log = createLog(flags)
  const options = { ...(await nodeOptions(flags, log.telemetry)), ...(createNetwork === undefined ? {} : { createNetwork }) }
  const { directory } = options
  // Without its keys there is nothing to open, and one error to say.
  if (await exists(join(directory, 'network.key')))
    log.tell({ level: 'info', event: 'opening', text: `opening  ${directory}`, fields: { role: options.role, directory } })
  const node = await runWithApi(options, flags.api === 'off' ? null : flags.api)
  onStarted?.(node.view)
  try {
    const account = await accountOf(directory)
    log.tell(greeting(node.view, options, node.url, account))
    const hush = narrate(node.view, log.tell, {
      ...(log.lastLine === null ? {} : { showProgress: (text) => log.lastLine?.set(text) }),
      advise: () => adviceFor(node.view, { directory: flags.dir, account, nowMs: Date.now() }),
    })
    const why = await Promise.race([
      ending,
      node.failure.then((error) => {
        throw error
      }),
    ])
    hush()
    log.tell({ level: 'info', event: 'stopping', text: `stopping (${why})`, fields: { why } })
  } catch (error) {
    // What the node cannot go on with is what there is to say.
    await node.stop().catch(() => undefined)
    throw error
  }
  await node.stop()
  log.tell({ level: 'info', event: 'stopped', text: 'stopped', fields: {} })
  return exitCodes.ok
}

async function nodeOptions(flags: StartFlags, telemetry: Telemetry): Promise<NodeOptions> {
  const { directory } = directoryPaths(flags.dir)
  return {
    directory,
    role: flags.role ?? (await ownRole(directory)),
    listen: flags.listen ?? [DEFAULT_LISTEN],
    announce: flags.announce ?? [],
    bootstrap: await bootstrapPeers(flags, directory),
    scope: flags.scope,
    checkpoint: flags.checkpoint ?? (await readCheckpointFile(directory)),
    fullHistory: flags.fullHistory === true,
    neighbours: flags.neighbours !== false,
    ...(flags.prune === undefined ? {} : { keepBlocks: flags.prune }),
    unlock: unlockWith(flags),
    telemetry,
  }
}

/** What was named on the command line; else what the directory has; else what came with the program. */
async function bootstrapPeers({ bootstrap, bootstrapFile }: StartFlags, directory: string): Promise<readonly string[]> {
  if (bootstrap !== undefined || bootstrapFile !== undefined) {
    return [...(bootstrap ?? []), ...(bootstrapFile === undefined ? [] : (await readBootstrapList(bootstrapFile)).peers)]
  }
  const own = join(directory, 'bootstrap.json')
  if (await exists(own)) return (await readBootstrapList(own)).peers
  const shipped = shippedBootstrapFile()
  return shipped === null ? [] : (await readBootstrapList(shipped)).peers
}

/** Null where the key has been taken away: a node runs without it. */
const accountOf = (directory: string): Promise<Address | null> => walletAddress(join(directory, 'account.key')).catch(() => null)

function greeting(view: NodeView, options: NodeOptions, url: string | null, account: Address | null): Happening {
  const { role, directory, bootstrap, checkpoint, fullHistory } = options
  const { chain, peerId, addresses, height, quorum } = view.status()
  const source = sourceStanding(view.ratification())
  const address = account === null ? null : formatAddress(account)
  return {
    level: 'info',
    event: 'started',
    text: [
      `started  ${role} of ${chain}, height ${height}, ${plural(quorum.verifiers, 'verifier')} in the quorum, in ${directory}`,
      `         peer id ${peerId}${address === null ? '' : `, account ${address}`}`,
      `         peers reach it at ${addresses.join(' ') || 'no address'}`,
      `         bootstrap peers: ${bootstrap.join(' ') || 'none, so others must dial this node'}`,
      ...(checkpoint === null || fullHistory === true ? [] : [`         trusts block ${checkpoint.hash} at height ${checkpoint.height}`]),
      `         API ${url ?? 'off'}`,
      // Where it is another source, the alarm says so.
      ...(source.state === 'none-ratified' || source.state === 'ratified' ? [`         ${source.text}`] : []),
    ].join('\n'),
    fields: { role, chain, chainId: view.chainId, peerId, account: address, addresses, height, url, source: source.state },
  }
}
