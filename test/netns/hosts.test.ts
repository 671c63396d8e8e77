import assert from 'node:assert/strict'
import { Hosts } from './hosts.ts'
import { CUT, type Link } from './links.ts'
import { obstacleHere } from './namespaces.ts'
import { Quorum, type Told } from './quorum.ts'

const HOSTS = 7
const SLOT_MS = 2000
/** In which candidates are heard: much on links of 40 ms, and too little where one is farther away than that. */
const CHOICE_MS = 300
/** What the slowest machine may need for one scenario; the waits in it are shorter. */
const TEST_DEADLINE_MS = 400_000
/** Blocks of a scenario in which the network is bad and blocks go on. */
const BLOCKS = 8
/** Slots of a partition that is over before anybody has given up a connection. */
const SHORT_CUT_SLOTS = 10
/** From the end of what kept a quorum from signing to the next block, at most: what takes longer is a defect. */
const MOST_SLOTS_TO_PROGRESS = 40
/** In which a node has noticed that nothing comes any more: a connection that is dead and kept is one that nobody dials anew. */
const MOST_SLOTS_TO_GIVE_UP = 40

/** 10 to 40 ms each way, another for each pair and direction. */
const base = (from: number, to: number): Link => ({ delayMs: 10 + ((from * 17 + to * 5) % 31), jitterMs: 3, lossPpm: 0 })

/** A part of the hosts that hears only itself. */
const parted = (...parts: readonly (readonly number[])[]) => {
  const partOf = (host: number): number => parts.findIndex((part) => part.includes(host))
  return (from: number, to: number): Link => (partOf(from) === partOf(to) ? base(from, to) : CUT)
}

const obstacle = obstacleHere()

describe('seven verifiers on seven hosts', function () {
  this.timeout(TEST_DEADLINE_MS)
  this.slow(200_000)
  if (obstacle !== null) {
    it(`is not run on this machine: ${obstacle}`, () => undefined)
    return
  }
  let hosts: Hosts | undefined
  let quorum: Quorum
  const measured: string[] = []

  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

  before(async () => {
    hosts = await Hosts.make(HOSTS)
    await hosts.connect(base)
    quorum = await Quorum.start(hosts, SLOT_MS, CHOICE_MS)
  })
  after(async function () {
    const hasFailed = this.test?.parent?.tests.some(({ state }) => state !== 'passed') === true
    await hosts?.stop()
    for (const line of measured) console.log(`    ${line}`)
    if (hasFailed) for (const line of hosts?.logs() ?? []) console.log(line)
  })
  afterEach(() => quorum.agrees())

  /** Sets the links, and gives the slot in which they were set. */
  async function connect(linkOf: (from: number, to: number) => Link): Promise<number> {
    await quorum.hosts.connect(linkOf)
    return quorum.slotNow()
  }

  /** Blocks go on at the first host from a slot on: by which hosts they are made, and how many slots had none. */
  async function goesOn(slot: number): Promise<{ readonly makers: readonly number[]; readonly lost: number }> {
    const since = (): readonly Told[] => quorum.told.get(1)?.filter((told) => told.slot > slot) ?? []
    await quorum.until(`${BLOCKS} blocks`, () => since().length >= BLOCKS)
    const blocks = since().slice(0, BLOCKS)
    return { makers: blocks.map(({ makerIndex }) => makerIndex + 1), lost: (blocks.at(-1)?.slot ?? slot) - slot - BLOCKS }
  }

  /** Joins all hosts again and waits until all is well; nobody's payment is lost. */
  async function heals(what: string, payments: readonly string[]): Promise<void> {
    const { highest } = quorum
    const atMs = Date.now()
    await connect(base)
    await quorum.heightReached(highest + 1)
    const first = [...quorum.told.values()].flatMap((told) => told.find(({ height }) => height > highest)?.finalAtMs ?? [])
    const slots = (Math.min(...first) - atMs) / SLOT_MS
    await quorum.oneHead()
    const headMs = Date.now() - atMs
    await quorum.until('all connections', async () => (await quorum.links(() => true)) === HOSTS * (HOSTS - 1))
    const linksMs = Date.now() - atMs
    for (const id of payments) await quorum.paid(id)
    measured.push(
      `${what}: a block at one host after ${slots.toFixed(1)} slots, at all after ${seconds(Math.max(...first) - atMs)}, one head after ` +
        `${seconds(headMs)}, all connections after ${seconds(linksMs)}, payments of all parts after ${seconds(Date.now() - atMs)}`,
    )
    assert.ok(slots <= MOST_SLOTS_TO_PROGRESS, `the first block came ${slots.toFixed(1)} slots after the network was whole`)
  }

  /** No part has made a block that its stake alone cannot make: all blocks were made before the cut. */
  function standsStill(cutSlot: number): void {
    for (const [host, told] of quorum.told) {
      const { slot = 0, height = 0 } = told.at(-1) ?? {}
      assert.ok(slot <= cutSlot, `host ${host} has block ${height} of slot ${slot}, after the cut in slot ${cutSlot}`)
    }
  }

  it('find each other and make blocks, though six know only the address of the first', async () => {
    await quorum.until('all connections', async () => (await quorum.links(() => true)) === HOSTS * (HOSTS - 1))
    await quorum.heightReached(5)
    await quorum.paid(await quorum.pay(4))
    await quorum.oneHead()
  })

  it('go on while one of them is 300 to 500 ms away from all others, and it follows', async () => {
    const far = 7
    const slot = await connect((from, to) => (from === far || to === far ? { delayMs: 300, jitterMs: 200, lossPpm: 0 } : base(from, to)))
    const payment = await quorum.pay(far)
    const { makers, lost } = await goesOn(slot)
    await quorum.paid(payment)
    const own = makers.filter((maker) => maker === far).length
    measured.push(`host ${far} 300 to 500 ms away: ${BLOCKS} blocks, ${own} of them its own, and ${lost} slots without one`)
    await quorum.heightReached(quorum.highest)
    await connect(base)
    await quorum.oneHead()
  })

  it('go on while one does not hear another, and a link of two more loses a quarter of what is sent', async () => {
    const [deaf, unheard, lossy, other] = [2, 3, 5, 6]
    const slot = await connect((from, to) => {
      if (from === unheard && to === deaf) return CUT
      const isLossy = (from === lossy && to === other) || (from === other && to === lossy)
      return isLossy ? { ...base(from, to), lossPpm: 250_000 } : base(from, to)
    })
    const payments = [await quorum.pay(deaf), await quorum.pay(unheard)]
    const { lost } = await goesOn(slot)
    for (const payment of payments) await quorum.paid(payment)
    measured.push(`one way cut, one link with a quarter lost: ${BLOCKS} blocks, and ${lost} slots without one`)
    await heals('after that', [])
  })

  it('stand still in two parts of four and three, neither of which has enough stake, and go on once they are joined', async () => {
    const cutSlot = await connect(parted([1, 2, 3, 4], [5, 6, 7]))
    const payments = [await quorum.pay(2), await quorum.pay(6)]
    await quorum.slotReached(cutSlot + SHORT_CUT_SLOTS)
    standsStill(cutSlot)
    await heals(`4 | 3 for ${SHORT_CUT_SLOTS} slots`, payments)
  })

  it('stand still in parts of three, three and one until nobody has a connection across, and go on once they are joined', async () => {
    const parts = [[1, 4, 7], [2, 3, 6], [5]]
    const cutSlot = await connect(parted(...parts))
    const atMs = Date.now()
    const payments = [await quorum.pay(4), await quorum.pay(3), await quorum.pay(5)]
    const isAcross = (from: number, to: number): boolean => !parts.some((part) => part.includes(from) && part.includes(to))
    await quorum.until('the end of all connections across', async () => (await quorum.links(isAcross)) === 0)
    const slots = (Date.now() - atMs) / SLOT_MS
    measured.push(`all connections across are given up ${slots.toFixed(1)} slots after the cut`)
    assert.ok(slots <= MOST_SLOTS_TO_GIVE_UP, `dead connections were kept for ${slots.toFixed(1)} slots`)
    standsStill(cutSlot)
    await heals(`3 | 3 | 1 until then`, payments)
  })
})
