import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The `bootstrap.json` that came with the program; null if it was left out. */
export function shippedBootstrapFile(): string | null {
  // Beside dist/ in the bundle, above src/cli/ in the source.
  const places = ['../bootstrap.json', '../../bootstrap.json'].map((up) => fileURLToPath(new URL(up, import.meta.url)))
  return places.find((path) => existsSync(path)) ?? null
}
