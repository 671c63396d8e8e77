import { writeSync } from 'node:fs'
import { createTelemetry } from '../../../src/adapters/telemetry.ts'
import { startNode } from '../../../src/node/node.ts'

/** Run by the tests as a process of its own: a verifier that prints what is final and what it accepted, until it is killed. */
const [directory = '', ...transactions] = process.argv.slice(2)
const say = (word: string, value: unknown): void => void writeSync(1, `${word} ${value}\n`)

const node = await startNode({
  directory,
  role: 'verifier',
  listen: ['/ip4/127.0.0.1/tcp/0'],
  announce: [],
  bootstrap: [],
  scope: 'local',
  checkpoint: null,
  telemetry: createTelemetry({ level: 'silent', format: 'json' }),
})
node.view.onEvent((event) => {
  if (event.kind === 'block') say('final', `${event.height}:${event.hash}`)
})
for (const result of await node.view.submit(transactions)) if (result.accepted) say('accepted', result.id)
say('failed', (await node.failure).code)
