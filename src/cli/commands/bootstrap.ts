import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { type ExitCode, report, usageError } from '../exit.ts'
import { chainId, collect, directoryOption, jsonOption, listenAddress, multiaddr, oneOf, peerMultiaddr } from '../options.ts'
import { DEFAULT_LISTEN, type StartFlags } from '../start-flags.ts'
import { print, printJson } from '../text.ts'

interface BootstrapFlags extends StartFlags {
  readonly network?: string
  readonly chainId?: string
  readonly genesis?: string
  readonly printAddress?: true
  readonly json?: true
}

export function addBootstrapCommand(program: Command): void {
  program
    .command('bootstrap')
    .summary('run a node that only helps others to find each other')
    .description(
      'Serves discovery and holds no chain: a network key and the name of the network are all that it needs, and a small machine with a lasting ' +
        'address will do. Its directory is made if it is missing. It prints the address that others put into bootstrap.json, and once a ' +
        'minute how it is doing. Keep network.key: the address ends in a peer id that is made of it.',
    )
    .addOption(directoryOption())
    .addOption(
      new Option('--network <file|url>', "the network's file, such as http://node.example.org:4080/v1/network-file").conflicts('genesis'),
    )
    .option('--chain-id <hex>', 'what the chain id must be: 64 hex digits, from somebody you trust', chainId)
    .option('--genesis <file>', "the network's genesis.json alone")
    .option('--listen <multiaddr>', `where peers reach it, may be given again (default: ${DEFAULT_LISTEN})`, collect(multiaddr))
    .option('--announce <multiaddr>', 'address to tell others, behind a router; may be given again', collect(multiaddr))
    .option('--bootstrap <multiaddr>', 'another bootstrap node to keep in touch with, may be given again', collect(peerMultiaddr))
    .option('--scope <scope>', 'public, or local: loopback and private addresses are fine', oneOf('public', 'local'), 'public')
    .addOption(new Option('--api <host:port>', 'where the HTTP API listens, or off').argParser(listenAddress).default('off', 'off'))
    .option('--print-address', 'print what others put into bootstrap.json, and end')
    .addOption(jsonOption('with --print-address: print JSON, as bootstrap.json has it'))
    .option('--log-level <level>', 'debug, info, warn or error', oneOf('debug', 'info', 'warn', 'error'), 'info')
    .option('--log-format <format>', 'text or json, a line each on standard error', oneOf('text', 'json'), 'text')
    .option('--parent-watch', 'stop when standard input ends: for launchers, so that nothing outlives them')
    .addHelpText(
      'after',
      `
Examples:
  quorate bootstrap --dir seed --network http://node.example.org:4080/v1/network-file
  quorate bootstrap --dir seed --genesis genesis.json --announce /dns4/seed.example.org/tcp/4001
  quorate bootstrap --dir seed --print-address --announce /dns4/seed.example.org/tcp/4001 --json > bootstrap.json`,
    )
    .action(async (flags: BootstrapFlags) => {
      if (flags.json && !flags.printAddress) throw usageError('--json goes with --print-address; a log for programs is --log-format json')
      if (flags.chainId !== undefined && flags.network === undefined) throw usageError('--chain-id goes with --network')
      if (flags.printAddress) return await printAddress(flags)
      // Either way: what a failed start may have left open must not keep the process.
      process.exit(await run(flags).catch(report))
    })
}

async function run(flags: BootstrapFlags): Promise<ExitCode> {
  const isNamed = flags.network !== undefined || flags.genesis !== undefined
  // A directory that has all that is needed is not looked into: that would load what a bootstrap node can do without.
  const isReady = !isNamed && existsSync(join(flags.dir, 'chain.json')) && existsSync(join(flags.dir, 'network.key'))
  if (!isReady) await prepare(flags)
  const { runBootstrap } = await import('../run-bootstrap.ts')
  return await runBootstrap({ ...flags, role: 'bootstrap' })
}

async function prepare({ dir, network, chainId: wanted, genesis }: BootstrapFlags): Promise<void> {
  const { prepareBootstrap } = await import('../../node/bootstrap-directory.ts')
  await prepareBootstrap(dir, { network: network ?? null, chainId: wanted ?? null, genesis: genesis ?? null })
}

/** The address goes by the key alone; a network that is named is noted for the start. */
async function printAddress(flags: BootstrapFlags): Promise<void> {
  const { dir, announce, listen = [DEFAULT_LISTEN], json, network, genesis } = flags
  if (network !== undefined || genesis !== undefined) await prepare(flags)
  const { bootstrapAddresses } = await import('../../node/bootstrap-directory.ts')
  const peers = await bootstrapAddresses(dir, announce ?? listen)
  if (json) return printJson({ peers })
  for (const peer of peers) print(peer)
}
