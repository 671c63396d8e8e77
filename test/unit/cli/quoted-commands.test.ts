import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Command, CommanderError } from 'commander'
import { createProgram } from '../../../src/cli/program.ts'

const source = fileURLToPath(new URL('../../../src/', import.meta.url))
/** What stands for a value, with one that parses. */
const placeholders: Readonly<Record<string, string>> = {
  COINS: '10',
  HOURS: '1',
  'FILE|URL': 'file',
  MULTIADDR: '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWGC8Bqt5mTTjpLxMLW5TtQ1nxgFFhPUqaLjXtNRw2E5ZT',
}
/** A command may be named without all that it needs. */
const namesOnly = new Set(['commander.missingArgument', 'commander.missingMandatoryOptionValue', 'commander.optionMissingArgument'])

/** Every command in backticks of a source, as a person reads it: in messages, advice and comments. */
const quoted = (text: string): readonly string[] =>
  [...text.replaceAll(/\$\{[^{}`]*\}/g, 'VALUE').matchAll(/`quorate ([^`\\\n]+)\\?`/g)]
    .map(([, command = '']) => (command.split('   ')[0] ?? '').trim())
    .filter((command) => !command.startsWith('VALUE'))

function inert(command: Command): Command {
  command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
  if (command.commands.length === 0) command.action(() => undefined)
  for (const sub of command.commands) inert(sub)
  return command
}

function wrongWith(command: string): string | null {
  const words = command.split(' ').map((word) => placeholders[word] ?? word)
  const before = process.umask()
  try {
    inert(createProgram()).parse(words, { from: 'user' })
    return null
  } catch (error) {
    if (error instanceof CommanderError) return namesOnly.has(error.code) || /^commander\.help/.test(error.code) ? null : error.message
    // What a command asks for before it does anything.
    return error instanceof Error && /^(option .* is missing|say how many)/.test(error.message) ? null : String(error)
  } finally {
    process.umask(before)
  }
}

describe('commands that messages and advice name', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name))
  const commands = files.flatMap((file) => quoted(readFileSync(join(source, file), 'utf8')).map((command) => ({ file, command })))

  it('finds a wrong option, a wrong argument and a command that there is not', () => {
    for (const command of ['status --verbose', 'log-level debug sync', 'log-level sync=loud', 'restart'])
      assert.notEqual(wrongWith(command), null, command)
  })

  it('are all commands of the program', () => {
    assert.ok(commands.length > 80, `only ${commands.length} were found`)
    const wrong = commands.flatMap(({ file, command }) => {
      const why = wrongWith(command)
      return why === null ? [] : [`${file}: quorate ${command}: ${why}`]
    })
    assert.deepEqual(wrong, [])
  })
})
