import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { vectorFiles, vectorsFolder } from '../../scripts/vectors.ts'

describe('vector generator', () => {
  let files: ReadonlyMap<string, string>
  before(() => {
    files = vectorFiles()
  })

  it('makes the files of protocols/vectors and no others', () => {
    assert.deepEqual(readdirSync(vectorsFolder).sort(), [...files.keys()].sort())
  })

  it('makes each of them byte for byte (run `npm run vectors` after a change that is meant)', () => {
    for (const [name, text] of files)
      assert.ok(readFileSync(vectorsFolder + name, 'utf8') === text, `${name} is not what the generator writes`)
  })
})
