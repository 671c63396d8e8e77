import { readFile, stat } from 'node:fs/promises'
import { Option } from 'commander'
import { QuorateError } from '../base/errors.ts'
import type { NodeOptions } from '../node/options.ts'
import { CliError, exitCodes } from './exit.ts'
import { askHidden, onTerminal } from './terminal-input.ts'

/** Where a password comes from; the variables of the environment are the default. */
export interface PasswordFlags {
  readonly passwordFile?: string
}

type Unlock = NonNullable<NodeOptions['unlock']>

const MAX_FILE_BYTES = 4096
/** Of new ones: the encryption makes guessing slow, not short ones good. */
const MIN_LENGTH = 8
const ATTEMPTS = 3

export const passwordOption = (): Option =>
  new Option(
    '--password-file <file>',
    'password of encrypted keys, in the first line of a file; QUORATE_PASSWORD does too, and on a terminal it is asked for',
  ).env('QUORATE_PASSWORD_FILE')

/** What opens encrypted keys. A password that a person typed is tried on the next key before he is asked again. */
export function unlockWith(flags: PasswordFlags): Unlock {
  let typed: string | null = null
  let read: Promise<string | null> | undefined
  return async (file, attempt) => {
    read ??= givenPassword(flags)
    const given = await read
    if (given !== null) return attempt === 0 ? given : null
    if (!onTerminal()) return null
    if (attempt === 0 && typed !== null) return typed
    if (attempt >= ATTEMPTS) return null
    typed = await askHidden(`${attempt === 0 ? '' : 'That is not it. '}Password of ${file}: `)
    return typed
  }
}

/** A password for keys that are made: of flag or environment, else of a person, who may leave it empty; null for none. */
export async function newPassword(flags: PasswordFlags, what: string): Promise<string | null> {
  const given = await givenPassword(flags)
  return given === null ? await typedPassword(what) : checked(given)
}

/** A new password of a person, twice; null if there is none, or he leaves it empty. */
export async function typedPassword(what: string): Promise<string | null> {
  if (!onTerminal()) return null
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = await askHidden(`New password for ${what} (empty: not encrypted): `)
    if (first === '') return null
    if (first.length < MIN_LENGTH) process.stderr.write(`It needs ${MIN_LENGTH} characters at least.\n`)
    else if ((await askHidden('Once more: ')) === first) return first
    else process.stderr.write('These were two different ones.\n')
  }
  throw new CliError(exitCodes.failed, 'no-password', `no password was given in ${ATTEMPTS} attempts; nothing was made`)
}

/** A password in a file that was named for it. */
export const readPasswordFile = async (path: string): Promise<string> => checked(await firstLine(path))

function checked(password: string): string {
  if (password.length >= MIN_LENGTH) return password
  throw new CliError(
    exitCodes.failed,
    'weak-password',
    `the password has ${password.length} characters; a new one needs ${MIN_LENGTH} at least`,
  )
}

async function givenPassword({ passwordFile }: PasswordFlags): Promise<string | null> {
  if (passwordFile !== undefined && passwordFile !== '') return await firstLine(passwordFile)
  const { QUORATE_PASSWORD: password = '' } = process.env
  return password === '' ? null : password
}

async function firstLine(path: string): Promise<string> {
  try {
    const { size, mode } = await stat(path)
    if (size > MAX_FILE_BYTES) throw new CliError(exitCodes.failed, 'bad-password-file', `${path} has ${size} bytes: that is no password`)
    if ((mode & 0o077) !== 0)
      process.stderr.write(
        `warning: others on this machine may be able to read ${path} (mode ${(mode & 0o777).toString(8)}): run chmod 600 on it\n`,
      )
    const [line = ''] = (await readFile(path, 'utf8')).split(/\r?\n/)
    if (line === '') throw new CliError(exitCodes.failed, 'bad-password-file', `${path} has no password in its first line`)
    return line
  } catch (error) {
    if (error instanceof QuorateError) throw error
    throw new CliError(exitCodes.failed, 'bad-password-file', `the password file ${path} could not be read: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
