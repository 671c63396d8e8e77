import { CommanderError } from 'commander'
import { QuorateError } from '../base/errors.ts'
import { printable } from './text.ts'

/** What the process ends with. Scripts rely on these numbers; `quorate --help` prints them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  notFound: 5,
  interrupted: 6,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export const exitCodeHelp = `Exit codes:
  0  done
  1  failed: the message says why and what to do next
  2  wrong usage: an option, an argument or a value is not as it must be
  3  no node could be reached
  4  the node or the ledger refused, or another source is ratified
  5  there is no such block, transaction or account, or nothing is ratified
  6  interrupted, or not done in time`

/** An error that ends the command with a certain code. */
export class CliError extends QuorateError {
  readonly exitCode: ExitCode
  constructor(exitCode: ExitCode, code: string, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.exitCode = exitCode
  }
}

export const usageError = (message: string): CliError => new CliError(exitCodes.usage, 'usage', message)

/** The exit code of what a command line ended with, said already by commander or said now. */
export function ended(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  return report(error)
}

/** What a message quotes (a file, a peer) must not steer a terminal, nor look like a message of its own. Lines that are set in are the log of a node. */
const onTerminal = (message: string): string =>
  message
    .split(/\n(?= {4})/)
    .map(printable)
    .join('\n')

/** Prints an error as one message, with the stack only for what nobody expected, and gives the exit code. */
export function report(error: unknown): ExitCode {
  if (error instanceof QuorateError) {
    process.stderr.write(`error: ${onTerminal(error.message)}${error.code === 'usage' ? '' : ` [${error.code}]`}\n`)
    return error instanceof CliError ? error.exitCode : exitCodes.failed
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`error: this is a mistake in quorate itself; please report it with these lines:\n${stack}\n`)
  return exitCodes.failed
}
