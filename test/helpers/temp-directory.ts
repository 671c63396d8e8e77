import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const created = new Set<string>()

/** An empty directory of its own, by absolute path, removed when the process ends, however the tests went. */
export function tempDirectory(purpose = 'test'): string {
  const directory = mkdtempSync(join(tmpdir(), `quorate-${purpose}-`))
  created.add(directory)
  return directory
}

process.on('exit', () => {
  for (const directory of created) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
})
