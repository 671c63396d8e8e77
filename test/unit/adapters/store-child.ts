import { writeSync } from 'node:fs'
import { openGuardFile } from '../../../src/adapters/store/guard-file.ts'
import { openLevelStore } from '../../../src/adapters/store/level-store.ts'

/** Run by the tests as a process of its own: writes 0, 1, 2, ... and prints each number once it is on disk, until it is killed. */
const [kind = '', path = '', first = '0'] = process.argv.slice(2)

async function opener(): Promise<(number: number) => Promise<void>> {
  if (kind === 'guard') {
    const guard = await openGuardFile(path)
    // Records of many lengths, so that kills hit short and long writes.
    return (number) => guard.write(Buffer.from(`${number}:${'x'.repeat((number * 7919) % 60_000)}`))
  }
  const store = await openLevelStore(path)
  return (number) => {
    const key = Uint8Array.of(1, number >> 16, (number >> 8) & 0xff, number & 0xff)
    return store.write([{ kind: 'put', key, value: new Uint8Array((number * 7919) % 9000).fill(number) }], { durable: true })
  }
}

try {
  const write = await opener()
  for (let number = Number(first); ; number++) {
    await write(number)
    writeSync(1, `${number}\n`)
  }
} catch (error) {
  writeSync(1, `${error instanceof Error && 'code' in error ? error.code : error}\n`)
  process.exit(1)
}
