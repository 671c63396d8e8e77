import { Command, Option } from 'commander'
import { type ExitCode, report } from '../exit.ts'
import { checkpoint, collect, directoryOption, integer, listenAddress, multiaddr, oneOf, peerMultiaddr } from '../options.ts'
import { passwordOption } from '../passwords.ts'
import { DEFAULT_LISTEN, type StartFlags } from '../start-flags.ts'

const DEFAULT_API = '127.0.0.1:4080'

type Run = (flags: StartFlags) => Promise<ExitCode>

const runNode: Run = async (flags) =>
  flags.role === 'bootstrap' ? (await import('../run-bootstrap.ts')).runBootstrap(flags) : (await import('../run-node.ts')).runNode(flags)

/** A program that has this command alone, and does something else with its flags. */
export function startProgram(name: string, run: Run): Command {
  const program = new Command(name).exitOverride()
  addStartCommand(program, run)
  return program
}

export function addStartCommand(program: Command, run = runNode): void {
  program
    .command('start')
    .summary('run a node until it is stopped')
    .description(
      'Runs the node of a directory and its HTTP API until SIGINT (Ctrl-C) or SIGTERM; a second signal ends it at once. It may also be killed: ' +
        'what is final is on disk, and so is what a verifier has signed. While it runs, api.json in the directory says where its API is.',
    )
    .addOption(directoryOption())
    .option(
      '--role <role>',
      'full, verifier or bootstrap (default: verifier if the directory has a verifier key, else full)',
      oneOf('full', 'verifier', 'bootstrap'),
    )
    .option('--listen <multiaddr>', `where peers reach it, may be given again (default: ${DEFAULT_LISTEN})`, collect(multiaddr))
    .option('--announce <multiaddr>', 'address to tell others, behind a router; may be given again', collect(multiaddr))
    .option('--bootstrap <multiaddr>', 'peer to find the network by, may be given again', collect(peerMultiaddr))
    .option('--bootstrap-file <file>', 'more of them (default: bootstrap.json in the directory)')
    .option('--scope <scope>', 'public, or local: loopback and private addresses are fine', oneOf('public', 'local'), 'public')
    .addOption(
      new Option('--api <host:port>', 'where the HTTP API listens, or off')
        .argParser(listenAddress)
        .default(listenAddress(DEFAULT_API), DEFAULT_API),
    )
    .option(
      '--checkpoint <height:hash>',
      'a block that you trust: a chain without it is refused, and an empty directory begins with a snapshot instead of every block (default: checkpoint.json in the directory)',
      checkpoint,
    )
    .addOption(passwordOption())
    .option('--full-history', 'fetch every block from the first, although a checkpoint is given')
    .option('--prune <blocks>', 'keep only so many of the newest blocks, at least 1024 (default: every block)', integer(1024))
    .option('--no-neighbours', 'tell nobody whom this node is connected to; it is shown to those who look at the network')
    .option('--log-level <level>', 'debug, info, warn or error', oneOf('debug', 'info', 'warn', 'error'), 'info')
    .option('--log-format <format>', 'text or json, a line each on standard error', oneOf('text', 'json'), 'text')
    .option('--parent-watch', 'stop when standard input ends: for launchers, so that nothing outlives them')
    .addHelpText(
      'after',
      `
Examples:
  quorate start                                    a full node of the public scope
  quorate start --dir v1 --role verifier --listen /ip4/0.0.0.0/tcp/4101 --api 127.0.0.1:4181
  quorate start --dir seed --role bootstrap --announce /dns4/seed.example.org/tcp/4001
  quorate start --dir n2 --scope local --listen /ip4/127.0.0.1/tcp/0 --api 127.0.0.1:0 \\
    --bootstrap /ip4/127.0.0.1/tcp/4101/p2p/12D3KooW...      a second node on one machine
  quorate start --checkpoint 81034:5f0c...         fast start: a new node of a chain that is long`,
    )
    .action(async (flags: StartFlags) => {
      // Either way: what a failed start may have left open must not keep the process.
      process.exit(await run(flags).catch(report))
    })
}
