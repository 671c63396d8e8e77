import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const self = 'test/unit/house/text.test.ts'

describe('source text', () => {
  const unwanted = [
    { description: 'silences the compiler', pattern: /@ts-(ignore|expect-error|nocheck)/ },
    { description: 'silences the linter', pattern: /biome-ignore|eslint-disable/ },
    { description: 'hides code from coverage', pattern: /(c8|v8|istanbul) ignore/ },
    { description: 'postpones work', pattern: /\b(TODO|FIXME|XXX)\b/ },
    { description: 'runs or leaves out single tests', pattern: /\b(describe|it)\.(only|skip)\(|\bthis\.(skip|retries)\(/ },
  ]
  const files = ['src', 'test', 'scripts'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .map((name) => `${room}/${name}`)
      .filter((name) => /\.(tsx?|mjs|cjs)$/.test(name) && name !== self),
  )

  for (const { description, pattern } of unwanted)
    it(`nowhere ${description}`, () => {
      assert.ok(files.length > 0)
      const found = files.filter((name) => pattern.test(readFileSync(join(root, name), 'utf8')))
      assert.deepEqual(found, [])
    })
})
