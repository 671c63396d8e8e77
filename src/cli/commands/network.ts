import { type Command, Option } from 'commander'
import type { FoundNetwork } from '../../node/network-file.ts'
import { checkpoint, collect, directoryOption, jsonOption, peerMultiaddr } from '../options.ts'
import { facts, plural, print, printJson } from '../text.ts'

interface NetworkFlags {
  readonly dir: string
  readonly check?: string
  readonly out?: string
  readonly bootstrap?: readonly string[]
  readonly checkpoint?: { readonly height: number; readonly hash: string }
  readonly json?: true
}

export function addNetworkCommand(program: Command): void {
  program
    .command('network')
    .summary('make the file with which others join a network, or look at one')
    .description(
      'Writes a network file: the genesis of the directory, the peers to find the network by, and perhaps a checkpoint. `quorate init --network` reads it, from a ' +
        'file or an address. A running node gives its own at /v1/network-file.',
    )
    .addOption(directoryOption())
    .addOption(
      new Option('--check <file|url>', 'check and show this one instead of making one').conflicts(['out', 'bootstrap', 'checkpoint']),
    )
    .option('--out <file>', 'where to write it, if there is none; - for standard output', '-')
    .option(
      '--bootstrap <multiaddr>',
      'a peer to find the network by, may be given again (default: bootstrap.json in the directory)',
      collect(peerMultiaddr),
    )
    .option('--checkpoint <height:hash>', 'a final block that who joins shall trust, as `quorate status` shows one', checkpoint)
    .addOption(jsonOption('print the chain id and the rest as JSON, without the genesis'))
    .addHelpText(
      'after',
      `
Examples:
  quorate network --dir v1 --bootstrap /dns4/seed.example.org/tcp/4001/p2p/12D3KooW... --out network.json
  quorate network --check network.json
  quorate network --check http://seed.example.org:4080/v1/network-file`,
    )
    .action(network)
}

async function network(flags: NetworkFlags): Promise<void> {
  const { readNetwork } = await import('../../node/network-file.ts')
  if (flags.check !== undefined) return show(await readNetwork(flags.check), flags)
  const { directoryNetwork, formatNetwork, writeNetworkFile } = await import('../../node/network-file.ts')
  const found = await directoryNetwork(flags.dir, { bootstrap: flags.bootstrap ?? null, checkpoint: flags.checkpoint ?? null })
  const { out = '-' } = flags
  if (found.bootstrap.length === 0)
    process.stderr.write('warning: it names no peer: give --bootstrap for each, or who joins must know one\n')
  if (out === '-') {
    if (flags.json) return show({ ...found, source: flags.dir }, flags)
    return void process.stdout.write(formatNetwork(found))
  }
  await writeNetworkFile(out, found)
  show({ ...found, source: out }, flags)
  if (!flags.json) print(`\nNext: who joins runs quorate init --network ${out}   (or the address under which you publish the file)`)
}

function show({ genesis, chainId, bootstrap, checkpoint: trusted, source }: FoundNetwork, { json }: NetworkFlags): void {
  if (json) return printJson({ source, name: genesis.name, chainId, timeMs: genesis.timeMs, bootstrap, checkpoint: trusted })
  print(
    facts([
      ['network', genesis.name],
      ['chain id', chainId],
      ['from', source],
      ['slot 0', new Date(genesis.timeMs).toISOString()],
      ['verifiers', `${plural(genesis.verifiers.length, 'verifier')} in its genesis`],
      ...(bootstrap.length === 0
        ? [['peers', 'none'] as const]
        : bootstrap.map((peer, index) => [index === 0 ? 'peers' : '', peer] as const)),
      ['checkpoint', trusted === null ? 'none' : `${trusted.height}:${trusted.hash}`],
    ]),
  )
}
