import { writeSync } from 'node:fs'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { EvidencePool } from '../../../src/node/evidence-pool.ts'
import { readGenesisFile } from '../../../src/node/genesis-file.ts'
import { EpochChain } from './epoch-chain.ts'
import { openChain } from './fixtures.ts'

/** Run by the tests as a process of its own, until it is killed: takes evidence, and says what is on disk. */
const [directory = '', genesisFile = ''] = process.argv.slice(2)
const of = new EpochChain()
const { chain, store } = await openChain({ genesis: await readGenesisFile(genesisFile) }, directory)
const nothing = (): void => {}
const pool = await EvidencePool.open({
  ...{ chain, store, signatures: nativeSignatures, nowMs: () => Date.now(), slotNow: () => null },
  ...{ onFound: nothing, onPunished: nothing, onFatal: nothing },
})
for (const height of [0, 1])
  for (let number = 0; number < 8; number++) {
    const added = pool.add(of.doubleVote([number], height))
    if (added.kind !== 'accept') continue
    await pool.written()
    writeSync(1, `${added.value.id}\n`)
  }
setInterval(nothing, 1000)
