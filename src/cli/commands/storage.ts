import type { Command } from 'commander'
import type { NodePlace } from '../client.ts'
import { findNode } from '../client.ts'
import { apiOption, directoryOption, jsonOption } from '../options.ts'
import { bytes, facts, print, printJson } from '../text.ts'

export function addStorageCommand(program: Command): void {
  program
    .command('storage')
    .summary('what the disk of a node holds')
    .description(
      'Shows which blocks a running node keeps and what they take: all of them (archive), or the newest (start --prune). The sizes are estimates of ' +
        'the database; what was written last shows under "other" for a while.',
    )
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  quorate storage --dir node\n  quorate start --dir node --prune 100000      from then on keeps that many blocks',
    )
    .action(async (flags: NodePlace & { readonly json?: true }) => {
      const client = await findNode(flags)
      const view = await client.storage()
      if (flags.json) return printJson(view)
      const { total, other, ...kinds } = view.bytes
      print(
        facts([
          ['mode', view.mode === 'archive' ? 'archive: every block' : `pruned: the newest ${view.keepBlocks} blocks`],
          ['heights', `${view.firstHeight} to ${view.height}`],
          ...Object.entries(kinds).map(([kind, size]) => [kind, bytes(size)] as const),
          ['other', bytes(other)],
          ['all', bytes(total)],
          ['free', bytes(view.freeBytes)],
        ]),
      )
      if (Object.values(kinds).every((size) => size === 0))
        print('\nThe database tells what it holds only of what it has moved from its log to its tables: all of this is still in the log.')
    })
}
