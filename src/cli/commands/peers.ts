import type { Command } from 'commander'
import { findNode, type NodePlace } from '../client.ts'
import { apiOption, directoryOption, jsonOption } from '../options.ts'
import { print, printable, printJson, table } from '../text.ts'

export function addPeersCommand(program: Command): void {
  program
    .command('peers')
    .summary('who a running node is connected to')
    .description(
      'Lists the connected peers: verifiers by their index in the quorum, heights and clocks as they said them, gossip scores as this node keeps them.',
    )
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  quorate peers\n  quorate peers --dir v1 --json')
    .action(async (flags: NodePlace & { readonly json?: true }) => {
      const peers = await (await findNode(flags)).peers()
      if (flags.json) return printJson({ peers })
      if (peers.length === 0) return print('no peers; `quorate status` may say why')
      print(
        table(
          [
            { title: 'PEER' },
            { title: 'VERIFIER', align: 'right' },
            { title: 'HEIGHT', align: 'right' },
            { title: 'SCORE', align: 'right' },
            { title: 'CLOCK', align: 'right' },
            { title: 'WAY' },
            { title: 'AGENT' },
            { title: 'ADDRESS' },
          ],
          peers.map(({ peerId, verifier, height, score, clockOffsetMs, direction, agent, addresses }) => [
            peerId,
            verifier === null ? '-' : String(verifier.index),
            height === null ? '?' : String(height),
            score.toFixed(1),
            clockOffsetMs === null ? '?' : `${clockOffsetMs > 0 ? '+' : ''}${Math.round(clockOffsetMs)} ms`,
            direction === 'inbound' ? 'in' : 'out',
            printable(agent ?? '?'),
            printable(addresses[0]?.replace(/\/p2p\/.*$/, '') ?? ''),
          ]),
        ),
      )
    })
}
