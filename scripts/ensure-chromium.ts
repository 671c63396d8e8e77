import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Programs that speak the protocol of Chromium's developer tools, as they are called on various systems. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const FOLDERS = ['/usr/bin', '/usr/local/bin', '/snap/bin']
const APT_GET = '/usr/bin/apt-get'
/** A hundred megabytes on a slow line. */
const APT_DEADLINE_MS = 600_000

export type Chromium = { readonly path: string } | { readonly obstacle: string }

/**
 * Finds a Chromium: what CHROMIUM_PATH names, or one that is installed. For root on Debian it is installed if it is missing; for anybody else
 * the obstacle says in a line what to do.
 */
export function ensureChromium(): Chromium {
  const named = process.env['CHROMIUM_PATH']
  if (named !== undefined && named !== '')
    return isProgram(named) ? { path: named } : { obstacle: `CHROMIUM_PATH is ${named}, and that is no program` }
  const found = find()
  if (found !== undefined) return { path: found }
  if (process.getuid?.() !== 0 || !isProgram(APT_GET))
    return { obstacle: 'there is no Chromium: install one (on Debian: apt-get install chromium), or name its program in CHROMIUM_PATH' }
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const parts of [['update'], ['install', '--yes', '--no-install-recommends', 'chromium']])
      execFileSync(APT_GET, parts, { env, stdio: 'ignore', timeout: APT_DEADLINE_MS })
  } catch {
    return { obstacle: 'there is no Chromium, and apt-get could not install it: install one, or name its program in CHROMIUM_PATH' }
  }
  const installed = find()
  return installed === undefined ? { obstacle: 'apt-get installed a Chromium, and it is in none of the usual places' } : { path: installed }
}

function find(): string | undefined {
  const folders = [...FOLDERS, ...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')]
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const result = ensureChromium()
  if ('path' in result) console.log(result.path)
  else {
    console.error(result.obstacle)
    process.exitCode = 1
  }
}
