import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { QuorateError } from '../../../src/base/errors.ts'

export const hasCode = (code: string) => (error: unknown) => error instanceof QuorateError && error.code === code

/** Starts `store-child.ts`, kills it with SIGKILL once it has printed `lineCount` lines, and gives all lines it printed. */
export async function runChild(args: readonly string[], lineCount: number): Promise<string[]> {
  const script = fileURLToPath(new URL('store-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: dirname(script),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const text = await collect(child, lineCount)
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)
}

async function collect(child: ChildProcess, lineCount: number): Promise<string> {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (text.split('\n').length > lineCount) child.kill('SIGKILL')
  })
  await once(child, 'close')
  return text
}

/** Inverts one byte. */
export async function flip(path: string, position: number): Promise<void> {
  const bytes = await readFile(path)
  bytes.writeUInt8(bytes.readUInt8(position) ^ 0xff, position)
  await writeFile(path, bytes)
}

/** Mounts a file system of a few pages; undefined where that is not allowed. */
export function mountTiny(sizeKib: number): { readonly directory: string; unmount(): void } | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'quorate-tiny-'))
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k`, 'tmpfs', directory]).status !== 0) {
    rmSync(directory, { recursive: true })
    return undefined
  }
  return {
    directory,
    unmount() {
      spawnSync('umount', [directory])
      rmSync(directory, { recursive: true })
    },
  }
}

export function canMount(): boolean {
  const tiny = mountTiny(64)
  tiny?.unmount()
  return tiny !== undefined
}
