import type { Command } from 'commander'
import type { InitResult } from '../../node/setup.ts'
import { collect, directoryOption, jsonOption, oneOf, peerMultiaddr } from '../options.ts'
import { facts, print, printJson } from '../text.ts'

interface InitFlags {
  readonly dir: string
  readonly role: 'full' | 'verifier' | 'bootstrap'
  readonly genesis?: string
  readonly bootstrap?: readonly string[]
  readonly json?: true
}

export function addInitCommand(program: Command): void {
  program
    .command('init')
    .summary('make the directory of a node: keys, and the genesis of its network')
    .description(
      'Makes what the directory of a node lacks and never overwrites what it has: the network key (who the node is to its peers), ' +
        'the account key (whose coins it can send) and, for a verifier, the key that signs blocks with its signing guard. ' +
        "With --genesis it checks a network's genesis file and copies it. Running it again is safe.",
    )
    .addOption(directoryOption('the directory to make'))
    .option('--role <role>', 'full, verifier or bootstrap', oneOf('full', 'verifier', 'bootstrap'), 'full')
    .option('--genesis <file>', "the network's genesis.json")
    .option('--bootstrap <multiaddr>', 'a peer to find the network by, may be given again', collect(peerMultiaddr))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate init --genesis genesis.json --bootstrap /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW...
      a full node that joins a network
  quorate init --dir v1 --role verifier
      a verifier's keys, before there is a genesis; hand "quorate keys --dir v1 --json" to who makes it
  quorate init --dir v1 --genesis genesis.json
      later: adds the genesis, keeps the keys
  quorate init --dir node --role verifier
      in a running network: adds a verifier key; the account is a client until "quorate register" makes it a verifier`,
    )
    .action(async (flags: InitFlags) => {
      const { initDirectory } = await import('../../node/setup.ts')
      const { dir: directory, role, genesis = null, bootstrap = [] } = flags
      const result = await initDirectory({ directory, role, genesisFile: genesis, bootstrap })
      if (flags.json) {
        const { created, kept, parts } = result
        return printJson({ directory: result.directory, created, kept, ...parts, next: nextStep(flags, result) })
      }
      print(
        facts([
          ['directory', result.directory],
          ['created', result.created.join(', ') || 'nothing'],
          ...(result.kept.length > 0 ? [['kept', result.kept.join(', ')] as const] : []),
          ['peer id', result.parts.peerId],
          ['address', result.parts.address],
        ]),
      )
      print(`\nNext: ${nextStep(flags, result)}`)
    })
}

function nextStep({ dir, role }: InitFlags, { genesis, parts }: InitResult): string {
  if (genesis !== null) {
    const start = `quorate start --dir ${dir}${role === 'bootstrap' ? ' --role bootstrap' : ''}`
    const { verifier } = parts
    if (role === 'bootstrap' || verifier === null || genesis.verifiers.some(({ blsKey }) => blsKey === verifier.blsKey)) return start
    return `${start}   then, unless its account is a verifier of ${genesis.name} already, \`quorate register --dir ${dir}\` makes it one (\`quorate account --dir ${dir}\` says which)`
  }
  const add = `quorate init --dir ${dir} --genesis FILE`
  return role === 'verifier'
    ? `quorate genesis --verifier ${dir} --out genesis.json   makes a network with this verifier; then ${add}`
    : `${add}   with the genesis file of the network to join`
}
