import type { Command } from 'commander'
import type { NodePlace } from '../client.ts'
import { type Finding, isProblem, type Severity, severities } from '../doctor/findings.ts'
import { CliError, exitCodes } from '../exit.ts'
import { apiOption, directoryOption, jsonOption } from '../options.ts'
import { paint, plural, print, printJson } from '../text.ts'

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .summary('look for what is wrong with a node, and say what to do')
    .description(
      'Looks at the directory of a node and, if one runs, asks it: clock, reachability, peers and why dials failed, the mesh of each topic, the quorum, ' +
        'sync, disk, and whether the machine keeps up. It changes nothing. Each finding has a code that docs/doctor.md explains. ' +
        `It ends with ${exitCodes.failed} if there is a problem, else with ${exitCodes.ok}; warnings are no problems.`,
    )
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  quorate doctor\n  quorate doctor --dir v1 --json')
    .action(async (flags: NodePlace & { readonly json?: true }) => {
      const { examine } = await import('../doctor/examine.ts')
      const findings = await examine(flags)
      if (flags.json) printJson({ healthy: !findings.some(isProblem), findings })
      else print(findingsText(findings))
      const problems = findings.filter(isProblem)
      if (problems.length > 0)
        throw new CliError(
          exitCodes.failed,
          'problems',
          `${plural(problems.length, 'problem')} found: ${problems.map(({ code }) => code).join(', ')}`,
        )
    })
}

const marks: Readonly<Record<Severity, string>> = { ok: 'ok', notice: 'note', warning: 'warning', problem: 'PROBLEM' }
const colours = { ok: 'green', notice: 'cyan', warning: 'yellow', problem: 'red' } as const
const WIDTH = 8

/**
 * The worst last, where a person looks.
 * @internal
 */
export function findingsText(findings: readonly Finding[]): string {
  const lines = severities.flatMap((severity) => findings.filter((one) => one.severity === severity).map(lineOf))
  const counts = severities.map(
    (severity) => `${findings.filter((one) => one.severity === severity).length} ${marks[severity].toLowerCase()}`,
  )
  return `${lines.join('\n')}\n\n${counts.join(', ')}`
}

function lineOf({ code, severity, text, todo }: Finding): string {
  const indent = ' '.repeat(WIDTH + 2)
  const head = `${paint(colours[severity], marks[severity].padEnd(WIDTH))}  ${text.replaceAll('\n', `\n${indent}`)} ${paint('dim', `(${code})`)}`
  return todo === null ? head : `${head}\n${indent}${paint('bold', 'do')}  ${todo.replaceAll('\n', `\n${indent}    `)}`
}
