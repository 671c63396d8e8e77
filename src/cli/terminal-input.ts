import { exitCodes } from './exit.ts'

/** Whether a person sits there: who is asked must see the question, and what is shown must not go to a file. */
export const onTerminal = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true && process.stderr.isTTY === true

/** Typed, and not read yet: what a person pastes may hold several lines. */
let typed = ''

/** Asks for a line that is not shown while it is typed. Ctrl-C ends the process as it does elsewhere. */
export async function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  try {
    return await new Promise((resolve, reject) => {
      let line = ''
      const take = (chunk: string): void => {
        typed += chunk
        for (let character = next(); character !== undefined; character = next()) {
          if (character === '\r' || character === '\n') return done(line)
          if (character === '\u0003' || (character === '\u0004' && line === '')) {
            finish()
            stdin.setRawMode(false)
            stderr.write('\n')
            process.exit(exitCodes.interrupted)
          }
          if (character === '\u007f' || character === '\b') line = [...line].slice(0, -1).join('')
          else if (character === '\u0015') line = ''
          else if (character >= ' ') line += character
        }
      }
      const finish = (): void => {
        stdin.off('data', take)
        stdin.off('error', reject)
      }
      const done = (answer: string): void => {
        finish()
        resolve(answer)
      }
      stdin.on('data', take)
      stdin.on('error', reject)
      // What was pasted with the last answer.
      take('')
    })
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

function next(): string | undefined {
  const [character] = typed
  if (character !== undefined) typed = typed.slice(character.length)
  return character
}
