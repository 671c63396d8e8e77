/** Times loading a ledger and executing blocks of transfers. `npx tsx scripts/bench-ledger.ts [accounts] [transfers]` */
import { performance } from 'node:perf_hooks'
import { sha256Hex } from '../src/crypto/sha256.ts'
import { apply, assemble, type BlockContext } from '../src/ledger/apply.ts'
import { advance, restoreState } from '../src/ledger/state.ts'
import { type PreparedTransaction, prepare } from '../src/ledger/transaction.ts'
import type { Genesis } from '../src/wire/genesis.ts'
import { addressOf } from '../src/wire/ids.ts'

const [accountCount = 100_000, transferCount = 1_000] = process.argv.slice(2).map(Number)
const BLOCKS = 30

const genesis: Genesis = {
  version: 1,
  name: 'bench',
  timeMs: 1_700_000_000_000,
  parameters: {
    slotMs: 1000,
    choiceMs: 300,
    sortition: 'stake',
    expectedCandidates: 5,
    uniformPpm: 500_000,
    leaderRule: 'ticket',
    idleSlots: 10,
    coinHourSeconds: 1,
    microHoursPerByte: 1,
    minFeeDroplets: 1,
    maxBlockTransactions: 10_000,
    maxBlockBytes: 2 * 1024 * 1024,
    maxExpirySlots: 1000,
  },
  verifiers: [],
  accounts: [],
}
const seed = (text: string): string => sha256Hex(new TextEncoder().encode(text))
const keys = Array.from({ length: accountCount }, (_, index) => seed(`key ${index}`))
const addresses = keys.map(addressOf)
const nonces = new Map<string, number>()

function transfers(block: number): PreparedTransaction[] {
  return Array.from({ length: transferCount }, (_, index) => {
    const place = (block * transferCount + index * 7919) % accountCount
    const sender = keys[place] ?? ''
    const nonce = nonces.get(sender) ?? 0
    nonces.set(sender, nonce + 1)
    // One in ten goes to an address that nobody has used.
    const to = index % 10 === 0 ? seed(`new ${block} ${index}`).slice(0, 40) : (addresses[(place * 31 + 17) % accountCount] ?? '')
    const action = { kind: 'transfer' as const, to, amountDroplets: 1000 + index, microHours: 0 }
    return prepare({ body: { sender, nonce, feeDroplets: 10, expirySlot: 500, action }, signature: '00'.repeat(64) })
  })
}

const medianOf = (values: readonly number[]): string => ([...values].sort((a, b) => a - b)[values.length >> 1] ?? 0).toFixed(2)
const worstOf = (values: readonly number[]): string => Math.max(...values).toFixed(2)
function timed<T>(into: number[], run: () => T): T {
  const start = performance.now()
  const result = run()
  into.push(performance.now() - start)
  return result
}

const loadMs: number[] = []
const account = { droplets: 1_000_000_000, microHours: 1_000_000, remainderDropletMs: 0, hoursAtMs: genesis.timeMs, nonce: 0 }
const before = process.memoryUsage()
const state = timed(loadMs, () =>
  restoreState(
    genesis,
    seed('chain'),
    addresses.map((address) => [address, account] as const),
    0,
  ),
)
const after = process.memoryUsage()
const memoryMiB = (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / 2 ** 20

const prepareMs: number[] = []
const applyMs: number[] = []
const assembleMs: number[] = []
const advanceMs: number[] = []
for (let block = 0; block < BLOCKS; block++) {
  const context: BlockContext = { slot: block + 1, maker: addresses[block] ?? '', valueLimitDroplets: Number.MAX_SAFE_INTEGER }
  const items = timed(prepareMs, () => transfers(block))
  const verdict = timed(applyMs, () => apply(state, context, items))
  if (verdict.kind !== 'accept') throw new Error(verdict.detail)
  const assembled = timed(assembleMs, () => assemble(state, context, items))
  if (assembled.transition.stateRoot !== verdict.value.stateRoot) throw new Error('assemble and apply differ')
  timed(advanceMs, () => advance(state, verdict.value))
}
const show = (values: readonly number[]): string => `${medianOf(values)} ms (worst ${worstOf(values)})`
console.log(`${accountCount} accounts, blocks of ${transferCount} transfers, median of ${BLOCKS}, node ${process.version}`)
console.log(`load state       ${show(loadMs)}, about ${memoryMiB.toFixed(0)} MiB`)
console.log(`prepare          ${show(prepareMs)}`)
console.log(`apply with root  ${show(applyMs)}`)
console.log(`assemble         ${show(assembleMs)}`)
console.log(`advance          ${show(advanceMs)}`)
