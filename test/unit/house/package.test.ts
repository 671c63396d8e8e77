import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const root = fileURLToPath(new URL('../../..', import.meta.url))
const lock: { packages: Record<string, LockedPackage> & { '': LockedPackage } } = JSON.parse(
  readFileSync(`${root}package-lock.json`, 'utf8'),
)

describe('package-lock.json', () => {
  // `npm install` leaves out an optional package that the registry at hand does not carry, and then `npm ci` refuses
  // the lock file everywhere. Whoever adds a package finds that out here rather than in a fresh clone.
  it('has every optional package that a locked package names', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(path, name)),
    )
    assert.deepEqual(missing, [])
  })

  it('locks the versions that package.json asks for', () => {
    const asked = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
    const { dependencies, devDependencies } = lock.packages['']
    assert.deepEqual({ dependencies, devDependencies }, { dependencies: asked.dependencies, devDependencies: asked.devDependencies })
  })
})

/** Looks where Node would: beside the package, then further up. */
function isLocked(path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    if (lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true
    if (folder === '') return false
  }
}
