import { Argument, type Command, InvalidArgumentError } from 'commander'
import type { LogLevels } from '../../api/observe-types.ts'
import { SUBSYSTEMS, type Subsystem } from '../../ports/telemetry.ts'
import { findNode, type NodePlace } from '../client.ts'
import { apiOption, directoryOption, jsonOption } from '../options.ts'
import { facts, print, printJson } from '../text.ts'

type Level = LogLevels['default']
const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error']

interface Change {
  /** Null for all that is not named. */
  readonly subsystem: Subsystem | null
  readonly level: Level
}

export function addLogLevelCommand(program: Command): void {
  program
    .command('log-level')
    .summary('change what a running node says')
    .description(
      "Shows, or changes until the next start, what a node writes to its log: for all, or for one subsystem, which is the part of an event's name " +
        `before the first dot (${SUBSYSTEMS.slice(0, -1).join(', ')}; node for the rest).`,
    )
    .addArgument(new Argument('[changes...]', 'LEVEL or SUBSYSTEM=LEVEL; levels are debug, info, warn, error').argParser(collectChanges))
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  quorate log-level --dir node\n  quorate log-level network=debug --dir node\n  quorate log-level warn sync=info --dir node',
    )
    .action(async (changes: readonly Change[], flags: NodePlace & { readonly json?: true }) => {
      const client = await findNode(flags)
      const before = await client.logLevels()
      const after = changes.length === 0 ? before : await client.setLogLevels(changed(before, changes))
      if (flags.json) return printJson(after)
      print(facts([['default', after.default], ...Object.entries(after.subsystems)]))
    })
}

function collectChanges(text: string, before: readonly Change[] = []): readonly Change[] {
  const [left = '', right, more] = text.split('=')
  const level = LEVELS.find((known) => known === (right ?? left))
  if (level === undefined || more !== undefined || (right !== undefined && left === ''))
    throw new InvalidArgumentError(`"${text}" is neither a level (${LEVELS.join(', ')}) nor SUBSYSTEM=LEVEL`)
  if (right === undefined) return [...before, { subsystem: null, level }]
  const subsystem = SUBSYSTEMS.find((known) => known === left)
  if (subsystem === undefined) throw new InvalidArgumentError(`there is no subsystem "${left}"; there are ${SUBSYSTEMS.join(', ')}`)
  return [...before, { subsystem, level }]
}

function changed(levels: LogLevels, changes: readonly Change[]): LogLevels {
  const subsystems: Partial<Record<Subsystem, Level>> = { ...levels.subsystems }
  let of = levels.default
  for (const { subsystem, level } of changes)
    if (subsystem === null) of = level
    else subsystems[subsystem] = level
  return { default: of, subsystems }
}
