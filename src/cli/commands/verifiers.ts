import type { Command } from 'commander'
import type { ListedVerifier } from '../../api/ledger-types.ts'
import { formatCoins } from '../../base/amounts.ts'
import type { QuorateClient } from '../../client/client.ts'
import { findNode, type NodePlace } from '../client.ts'
import { obstacleText } from '../ledger-text.ts'
import { apiOption, directoryOption, integer, jsonOption } from '../options.ts'
import { facts, percent, plural, print, printable, printJson, table } from '../text.ts'

interface VerifiersFlags extends NodePlace {
  readonly from: number
  readonly limit: number
  readonly quorum?: true
  readonly json?: true
}

export function addVerifiersCommand(program: Command): void {
  program
    .command('verifiers')
    .summary('who is registered as a verifier, and who signs now')
    .description(
      "Lists registered verifiers, those with the most stake first: what is bonded to them, what they keep of their delegators' rewards, their weight in the quorum that signs now, " +
        'and what keeps them from being elected. With --quorum it lists the quorum by index.',
    )
    .option('--limit <number>', 'how many', integer(1, 500), 100)
    .option('--from <place>', 'from which place on', integer(0), 0)
    .option('--quorum', 'the members of the quorum that signs the next block')
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  quorate verifiers\n  quorate verifiers --limit 10 --json\n  quorate verifiers --quorum')
    .action(async (flags: VerifiersFlags) => {
      const node = await findNode(flags)
      return flags.quorum ? showQuorum(node, flags) : showRegistered(node, flags)
    })
}

async function showRegistered(node: QuorateClient, { dir, from, limit, json }: VerifiersFlags): Promise<void> {
  const answer = await node.verifiers({ from, limit })
  if (json) return printJson(answer)
  const { formatAddress } = await import('../../node/wallet.ts')
  const { ownAddress } = await import('../address.ts')
  const own = await ownAddress(dir)
  const { registered, verifiers } = answer
  if (verifiers.length === 0) return print(`no verifier from place ${from} on; ${registered} are registered`)
  const state = ({ address, obstacle, jailedUntilSlot, offences }: ListedVerifier): string =>
    [
      ...(address === own ? ['yours'] : []),
      ...(obstacle === null ? [] : [obstacleText(obstacle, jailedUntilSlot)]),
      ...(offences.length === 0 ? [] : [`${plural(offences.length, 'offence')} on the chain`]),
    ].join('; ')
  print(
    table(
      [
        { title: 'VERIFIER' },
        { title: 'STAKE', align: 'right' },
        { title: 'DELEGATED', align: 'right' },
        { title: 'KEEPS', align: 'right' },
        { title: 'WEIGHT NOW', align: 'right' },
        { title: 'VOTES', align: 'right' },
        { title: 'TRUST', align: 'right' },
        { title: '' },
      ],
      verifiers.map((one) => [
        formatAddress(one.address),
        formatCoins(one.stakeDroplets),
        formatCoins(one.delegatedDroplets),
        percent(one.commissionPpm),
        one.inQuorum ? formatCoins(one.weightDroplets) : '-',
        formatCoins(one.votesDroplets),
        String(one.trust),
        state(one),
      ]),
    ),
  )
  const last = from + verifiers.length
  if (last < registered) print(`${last} of ${registered}; go on with --from ${last}`)
}

async function showQuorum(node: QuorateClient, { dir, json }: VerifiersFlags): Promise<void> {
  const quorum = await node.quorum()
  if (json) return printJson(quorum)
  const { formatAddress } = await import('../../node/wallet.ts')
  const { ownAddress } = await import('../address.ts')
  const own = await ownAddress(dir)
  const { height, epoch, hash, members, totalDroplets, enoughDroplets, valueLimitDroplets } = quorum
  print(
    facts([
      ['signs', `height ${height} and on, in epoch ${epoch}`],
      ['hash', hash],
      ['weight', `${formatCoins(totalDroplets)} coins; ${formatCoins(enoughDroplets)} make a certificate`],
      ['a block moves', `${formatCoins(valueLimitDroplets)} coins at most`],
    ]),
  )
  print('')
  print(
    table(
      [{ title: 'INDEX', align: 'right' }, { title: 'VERIFIER' }, { title: 'WEIGHT', align: 'right' }, { title: 'PEER' }, { title: '' }],
      members.map(({ address, weightDroplets, peerId }, index) => [
        String(index),
        formatAddress(address),
        formatCoins(weightDroplets),
        printable(peerId),
        address === own ? 'yours' : '',
      ]),
    ),
  )
}
