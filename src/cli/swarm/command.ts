import { type Command, Option } from 'commander'
import { integer } from '../options.ts'
import { behaviours, parseAdversaries } from './adversaries.ts'
import { MAX_NODES, type SwarmCommandFlags } from './options.ts'

const MIN_SLOT_MS = 50
const MAX_SLOT_MS = 600_000
/** An election of one slot, and no time for slips: `--elections` asks for more. */
const MIN_EPOCH_SLOTS = 4
const MAX_EPOCH_SLOTS = 1_000_000
const MAX_LOAD = 100_000
const MAX_DURATION_S = 86_400 * 365

export function addSwarmCommand(program: Command): void {
  program
    .command('swarm')
    .summary('run a whole network of processes on this machine')
    .description(
      'Starts separate node processes on this machine and shows them: one only bootstraps, the others know nothing but its address and find each other. ' +
        'Signed transfers are sent to them and followed until they are final at every node. Without --duration it runs until Ctrl-C, which lets it end in ' +
        'good order; a second Ctrl-C ends it at once. No process is left behind, even if this one is killed.',
    )
    .option('--nodes <count>', 'processes in all, one of which bootstraps (default: verifiers + 1)', integer(2, MAX_NODES))
    .option('--verifiers <count>', 'how many of them verify; the rest are full nodes (default: 7, or nodes - 1)', integer(1, MAX_NODES - 1))
    .option('--slot <ms>', 'length of a slot', integer(MIN_SLOT_MS, MAX_SLOT_MS), 1000)
    .option(
      '--seats <count>',
      'most members of the quorum (default: all verifiers; with --elections two thirds of them)',
      integer(1, MAX_NODES - 1),
    )
    .option(
      '--epoch <slots>',
      'slots from one quorum to the next (default: 120; with --elections 30)',
      integer(MIN_EPOCH_SLOTS, MAX_EPOCH_SLOTS),
    )
    .option(
      '--elections',
      'holders move coins and name verifiers in each election, so that the quorum changes; without it the stake elects',
    )
    .option('--load <tx/s>', 'transfers a second, 0 for none', integer(0, MAX_LOAD), 20)
    .option('--duration <s>', 'end after this much time under load', integer(1, MAX_DURATION_S))
    .option('--seed <number>', 'of the transfers and their accounts (default: random)', integer(0, 2 ** 32 - 1))
    .option(
      '--adversary <kinds>',
      `verifiers that break the rules, such as double-seal=1,spam=2; kinds: ${behaviours.join(', ')}. Ends by itself when all is seen of them, unless --duration is given`,
      parseAdversaries,
    )
    .option('--report <file>', 'write what happened as JSON')
    .option('--keep <directory>', "keep the nodes' directories and logs there, and genesis.json and bootstrap.json for nodes of your own")
    .addOption(new Option('--json', 'print the report on standard output, and progress on standard error'))
    .addHelpText(
      'after',
      `
Ends with 0 if all nodes hold one chain and the same coins, none crashed, and every transaction became final or was refused;
with 1 otherwise. With --adversary this is said of the honest nodes; besides, each offence must be proven at all of them, and nobody
honest may be named.

Examples:
  quorate swarm
  quorate swarm --nodes 8 --verifiers 7 --slot 1000 --load 50 --duration 60 --report swarm.json --keep DIR
  quorate swarm --elections                                the quorum changes every half minute
  quorate swarm --verifiers 9 --seats 5 --epoch 60 --elections
  quorate swarm --adversary double-seal=1                  a verifier cheats: found out, slashed, replaced
  quorate swarm --verifiers 4 --slot 500 --load 100 --duration 30 --json`,
    )
    .action(async (flags: SwarmCommandFlags) => {
      const { runSwarm } = await import('./run.ts')
      process.exit(await runSwarm(flags))
    })
}
