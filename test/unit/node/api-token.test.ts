import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownApiToken, readApiToken } from '../../../src/node/api-token.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'

describe('token of the API', () => {
  it('is made once, for nobody else to read', async () => {
    const directory = tempDirectory('api-token')
    assert.equal(await readApiToken(directory), undefined)
    const token = await ownApiToken(directory)
    assert.match(token, /^[0-9a-f]{64}$/)
    const path = join(directory, 'api.token')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(readFileSync(path, 'utf8'), `${token}\n`)
    assert.deepEqual([await ownApiToken(directory), await readApiToken(directory)], [token, token])
    assert.deepEqual(readdirSync(directory), ['api.token'])
    assert.notEqual(await ownApiToken(tempDirectory('api-token-other')), token)
  })

  it('is not used when others can read it', async () => {
    const directory = tempDirectory('api-token-open')
    const token = await ownApiToken(directory)
    chmodSync(join(directory, 'api.token'), 0o644)
    await assert.rejects(ownApiToken(directory), (error: Error & { code?: string }) => {
      assert.deepEqual([error.code, error.message.includes(token)], ['api-token-open', false])
      return true
    })
  })

  it('is not made over what is no token', async () => {
    const directory = tempDirectory('api-token-damaged')
    writeFileSync(join(directory, 'api.token'), 'half', { mode: 0o600 })
    await assert.rejects(ownApiToken(directory), { code: 'api-token-failed', message: /delete it/ })
    assert.equal(readFileSync(join(directory, 'api.token'), 'utf8'), 'half')
  })
})
