import assert from 'node:assert/strict'
import { createTelemetry } from '../../../src/adapters/telemetry.ts'
import { QuorateError } from '../../../src/base/errors.ts'

describe('telemetry', () => {
  let text: string
  const stream = {
    write(chunk: string) {
      text += chunk
    },
  }
  beforeEach(() => {
    text = ''
  })

  it('writes one JSON object a line', () => {
    const telemetry = createTelemetry({ level: 'debug', format: 'json', stream })
    telemetry.log('info', 'block-sealed', { height: 12, level: 'mine', event: 'mine too' })
    telemetry.log('error', 'stopped')
    const [first = '', second = '', end] = text.split('\n')
    const { time, ...rest } = JSON.parse(first)
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.deepEqual(rest, { level: 'info', event: 'block-sealed', fields: { height: 12, level: 'mine', event: 'mine too' } })
    assert.equal(JSON.parse(second).event, 'stopped')
    assert.equal(end, '')
  })

  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  const values = [
    { description: 'a number', value: 12, expected: '12' },
    { description: 'a word', value: '/ip4/127.0.0.1/tcp/4001', expected: '/ip4/127.0.0.1/tcp/4001' },
    { description: 'words', value: 'too late', expected: '"too late"' },
    { description: 'nothing', value: '', expected: '""' },
    { description: 'a line break', value: 'a\nb', expected: '"a\\nb"' },
    { description: 'control characters of a terminal', value: '\u001b[2J\u009b1m\u007f', expected: '"\\u001b[2J\\u009b1m\\u007f"' },
    { description: 'text that runs backwards', value: 'a\u202eb', expected: '"a\\u202eb"' },
    { description: 'a list', value: [1, 'x'], expected: '[1,"x"]' },
    { description: 'a big integer', value: 5n, expected: '5' },
    { description: 'an expected error', value: new QuorateError('store-full', 'no room'), expected: '"store-full: no room"' },
    { description: 'a circle', value: circular, expected: '{"self":"[Circular]"}' },
  ]
  for (const { description, value, expected } of values) {
    it(`writes a line for people: ${description}`, () => {
      createTelemetry({ level: 'info', format: 'pretty', stream }).log('warn', 'happened', { value })
      assert.match(text, /^\d\d:\d\d:\d\d\.\d{3} warn {2}happened value=/)
      assert.equal(text.slice(text.indexOf('=') + 1), `${expected}\n`)
    })
  }

  it('writes where an unexpected error came from', () => {
    createTelemetry({ level: 'info', format: 'json', stream }).log('error', 'broken', { error: new Error('why') })
    assert.match(JSON.parse(text).fields.error, /^Error: why\n.*telemetry\.test/)
  })

  it('shortens what is too long', () => {
    createTelemetry({ level: 'info', format: 'json', stream }).log('info', 'long', { text: 'x'.repeat(1_000_000) })
    assert.ok(text.length < 3000)
  })

  const levels = [
    { level: 'debug', expected: ['debug', 'info', 'warn', 'error'] },
    { level: 'warn', expected: ['warn', 'error'] },
    { level: 'silent', expected: [] },
  ] as const
  for (const { level, expected } of levels) {
    it(`leaves out what is below the level ${level}`, () => {
      const telemetry = createTelemetry({ level, format: 'pretty', stream })
      for (const each of ['debug', 'info', 'warn', 'error'] as const) telemetry.log(each, each)
      assert.deepEqual(
        text
          .split('\n')
          .slice(0, -1)
          .map((line) => line.split(' ').at(-1)),
        expected,
      )
    })
  }

  it('counts', () => {
    const telemetry = createTelemetry({ level: 'silent', format: 'json', stream })
    telemetry.count('blocks')
    const before = telemetry.counters()
    telemetry.count('blocks')
    telemetry.count('bytes', 500)
    assert.deepEqual(telemetry.counters(), { blocks: 2, bytes: 500 })
    assert.deepEqual(before, { blocks: 1 })
    assert.equal(text, '')
  })
})
