import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config'

export interface LayerReport {
  /** One line each: the rule, who imports, what. */
  readonly violations: readonly string[]
  /** TypeScript files under src, test and scripts that the cruiser parsed. */
  readonly modulesRead: number
  /** TypeScript files that are there. */
  readonly modulesPresent: number
}

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)

/**
 * Holds `src`, `test` and `scripts` of a folder against the import law in .dependency-cruiser.cjs.
 * @param folder absolute path; the house itself unless a test has planted something elsewhere
 */
export async function checkLayers(folder: string = root): Promise<LayerReport> {
  const { forbidden, options } = require(join(root, '.dependency-cruiser.cjs'))
  const present = typescriptFiles(folder)
  const rooms = ['src', 'test', 'scripts'].filter((room) => present.some((file) => file.startsWith(`${room}/`)))
  const tsConfig = extractTsConfig(join(root, 'tsconfig.json'))
  const { output } = await cruise(rooms, { ...options, ruleSet: { forbidden }, validate: true, baseDir: folder }, undefined, { tsConfig })
  if (typeof output === 'string') throw new Error('dependency-cruiser answered with text where a result was asked for')
  return report(output, present)
}

/** What a report has to complain of, one line each; empty when the law is kept. */
export function complaints({ violations, modulesRead, modulesPresent }: LayerReport): string[] {
  // With a TypeScript that it does not support, dependency-cruiser reads nothing, finds nothing and is content.
  if (modulesPresent === 0) return ['there is no TypeScript file to read']
  if (modulesRead < modulesPresent) return [...violations, `only ${modulesRead} of ${modulesPresent} TypeScript files were read`]
  return [...violations]
}

function report(result: ICruiseResult, present: readonly string[]): LayerReport {
  const read = new Set(result.modules.map((module) => module.source))
  return {
    violations: result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
    modulesRead: present.filter((file) => read.has(file)).length,
    modulesPresent: present.length,
  }
}

function typescriptFiles(folder: string): string[] {
  return ['src', 'test', 'scripts'].flatMap((room) => {
    try {
      const names = readdirSync(join(folder, room), { recursive: true, encoding: 'utf8' })
      return names.filter((name) => /\.tsx?$/.test(name)).map((name) => `${room}/${name}`)
    } catch {
      return []
    }
  })
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const result = await checkLayers()
  const found = complaints(result)
  for (const complaint of found) console.error(complaint)
  if (found.length > 0) process.exitCode = 1
  else console.log(`layers: ${result.modulesRead} files keep the import law`)
}
