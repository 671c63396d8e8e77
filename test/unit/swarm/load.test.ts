import assert from 'node:assert/strict'
import type { SubmitResult, TransactionView } from '../../../src/api/types.ts'
import { QuorateError } from '../../../src/base/errors.ts'
import { Load, type LoadTarget } from '../../../src/cli/swarm/load.ts'
import { seededWallets } from '../../../src/node/seeded-wallets.ts'
import { decode } from '../../../src/wire/codec.ts'
import { transactionId } from '../../../src/wire/ids.ts'
import { transaction } from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const deadline = (description: string) => ({ deadlineMs: 20_000, description })
const genesis = { timeMs: Date.now(), parameters: { slotMs: 1000, maxExpirySlots: 100, minFeeDroplets: 10 } }

/** A node of which only the API's answers are there. */
class FakeNode implements LoadTarget {
  readonly taken: { readonly id: string; readonly sender: string; readonly nonce: number }[] = []
  answer: (id: string) => SubmitResult = (id) => ({ id, accepted: true })
  view: TransactionView | undefined
  isDown = false
  readonly client = {
    submit: (items: readonly string[]): Promise<readonly SubmitResult[]> => {
      if (this.isDown) return Promise.reject(new QuorateError('unreachable', 'down'))
      return Promise.resolve(
        items.map((hex) => {
          const decoded = decode(transaction, Buffer.from(hex, 'hex'))
          const id = transactionId(decoded)
          this.taken.push({ id, sender: decoded.body.sender, nonce: decoded.body.nonce })
          return this.answer(id)
        }),
      )
    },
    transaction: () => Promise.resolve(this.view),
  }
}

function loadOn(nodes: readonly FakeNode[], accounts = 5): Load {
  const wallets = seededWallets(1, accounts)
  return new Load({ perSecond: 200, seed: 1, genesis, chainId: '00'.repeat(32), wallets, targets: () => nodes })
}

describe('load of a swarm', () => {
  let load: Load
  afterEach(() => load.end())

  it('has one transfer of each account under way, and the next nonce after it is final', async () => {
    const node = new FakeNode()
    load = loadOn([node])
    load.start()
    await waitFor(() => node.taken.length === 5, deadline('one transfer of each account'))
    assert.equal(new Set(node.taken.map(({ sender }) => sender)).size, 5)
    assert.deepEqual(load.counts, {
      submitted: 5,
      committed: 0,
      rejected: {},
      waiting: 5,
      resubmitted: 0,
      heldBack: load.counts.heldBack,
      untimed: 0,
    })
    const first = node.taken[0]
    assert.equal(load.final([first?.id ?? '', 'not ours'], Date.now() + 40), 1)
    await waitFor(() => node.taken.length === 6, deadline('the next transfer'))
    assert.deepEqual([node.taken[5]?.sender, node.taken[5]?.nonce], [first?.sender, 1])
    assert.equal(load.counts.committed, 1)
    assert.ok((load.finalityMs.max ?? 0) >= 40)
  })

  it('spreads over the nodes and goes to another one when one is down', async () => {
    const nodes = [new FakeNode(), new FakeNode()]
    const [first, second] = nodes
    load = loadOn(nodes, 50)
    load.start()
    await waitFor(() => nodes.every(({ taken }) => taken.length > 0), deadline('both nodes to be asked'))
    assert.ok(first !== undefined && second !== undefined)
    first.isDown = true
    const before = first.taken.length
    await waitFor(() => load.counts.resubmitted > 0 && load.counts.waiting === 50, deadline('all transfers to be sent'))
    await waitFor(() => first.taken.length + second.taken.length === 50, deadline('all transfers to be taken by the other node'))
    assert.equal(first.taken.length, before)
  })

  it('counts refusals by their code, and uses the nonce again', async () => {
    const node = new FakeNode()
    node.answer = (id) => ({ id, accepted: false, code: 'pool-full', detail: '' })
    load = loadOn([node], 1)
    load.start()
    await waitFor(() => (load.counts.rejected['pool-full'] ?? 0) > 1, deadline('two refusals'))
    assert.ok(node.taken.every(({ nonce }) => nonce === 0))
    assert.equal(load.counts.submitted, (load.counts.rejected['pool-full'] ?? 0) + load.counts.waiting)
  })

  it('asks what became of what it heard nothing of', async () => {
    const node = new FakeNode()
    load = loadOn([node], 1)
    load.start()
    await waitFor(() => node.taken.length === 1, deadline('a transfer'))
    load.pause()
    node.view = { state: 'dropped', code: 'evicted' }
    await load.settle()
    assert.equal(load.counts.waiting, 1, 'it may still become final')
    const { body, signature } = {
      body: { sender: '', nonce: 0, feeDroplets: 0, expirySlot: 0, action: { kind: 'transfer', to: '', amountDroplets: 0, microHours: 0 } },
      signature: '',
    } as const
    node.view = { state: 'final', transaction: { body, signature }, height: 1, block: '', index: 0 }
    await load.settle()
    assert.equal(load.counts.waiting, 1, 'the nodes may still tell when')
    await load.settle()
    assert.deepEqual([load.counts.waiting, load.counts.committed, load.counts.untimed], [0, 1, 1])
  })
})
