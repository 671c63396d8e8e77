import { writeSync } from 'node:fs'
import { openLevelStore } from '../../../src/adapters/store/level-store.ts'
import { invariant } from '../../../src/base/errors.ts'
import { fromHex } from '../../../src/base/hex.ts'
import { genesisState } from '../../../src/ledger/state.ts'
import { Chain } from '../../../src/node/chain.ts'
import { readGenesisFile } from '../../../src/node/genesis-file.ts'
import { SnapshotStore } from '../../../src/node/snapshot-store.ts'
import { SnapshotTaker } from '../../../src/node/snapshot-taker.ts'
import type { Store } from '../../../src/ports/store.ts'
import { decode } from '../../../src/wire/codec.ts'
import { chainIdOf } from '../../../src/wire/ids.ts'
import { signedBlock } from '../../../src/wire/types.ts'
import { quiet } from './fixtures.ts'
import { manyAccounts, treeOf } from './snapshot-fixtures.ts'

/** Run by the tests as a process of its own, until it is killed; says when it writes, and when it has written. */
const [mode = '', directory = '', genesisFile = '', blockHex = ''] = process.argv.slice(2)
const say = (text: string): void => void writeSync(1, `${text}\n`)
const genesis = await readGenesisFile(genesisFile)
const inner = await openLevelStore(directory)
const store: Store = {
  get: (key) => inner.get(key),
  range: (...of) => inner.range(...of),
  sizeOf: (...of) => inner.sizeOf(...of),
  compact: (...of) => inner.compact(...of),
  close: () => inner.close(),
  async write(writes, options) {
    say('writing')
    await inner.write(writes, options)
    say('written')
  },
}

if (mode === 'take') {
  const snapshots = await SnapshotStore.open(store, Number.MAX_SAFE_INTEGER)
  const taker = new SnapshotTaker({ snapshots, telemetry: quiet(), onFatal: (error) => say(`failed ${error}`) })
  const state = genesisState(genesis, chainIdOf(genesis))
  const accounts = treeOf(manyAccounts(30_000, 0))
  const first = (snapshots.offers().at(-1)?.height ?? 0) + 1
  for (let height = first; ; height++) {
    accounts.commit(accounts.update(manyAccounts(1, height)))
    const ref = { height, hash: chainIdOf(genesis), slot: height, parent: chainIdOf(genesis) }
    taker.take(ref, { ...state, accounts, globals: { ...state.globals, height } })
    await taker.settled()
    say(`taken ${height}`)
  }
} else {
  const chain = await Chain.open(genesis, store)
  const { download } = await SnapshotStore.open(store, 0)
  invariant(download !== null, 'the store has what was fetched')
  await chain.adopt(decode(signedBlock, fromHex(blockHex)), download.manifest)
  say(`adopted ${chain.head.height}`)
}
