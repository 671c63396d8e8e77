/**
 * A node in a program of one's own: makes a network with a single verifier in a directory, runs it, waits for a block, and stops.
 *
 *   npm run bundle && node examples/embedded-node.mjs
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNetwork, createNode, formatAddress, openWallet } from 'quorate'

const directory = await mkdtemp(join(tmpdir(), 'embedded-node-'))
try {
  const { chainId, addresses } = await createNetwork({ directories: [directory], name: 'example', parameters: { slotMs: 500 } })
  console.log(`network ${chainId}`)

  const node = await createNode({
    directory,
    scope: 'local',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    onEvent: (event) => {
      if (event.kind === 'alarm') console.error(`${event.code}: ${event.detail}`)
    },
  })
  try {
    console.log(`its API is at ${node.url}`)

    // A transfer to oneself, so that there is something to put into a block.
    const [address] = addresses
    const wallet = await openWallet(join(directory, 'account.key'))
    const { nextNonce } = await node.client.account(address)
    const action = { kind: 'transfer', to: address, amountDroplets: 1_000_000, microHours: 0 }
    const signed = wallet.sign(chainId, { nonce: nextNonce, feeDroplets: 1000, expirySlot: 600, action })
    const outcome = await node.client.settle(signed)
    if (outcome.state !== 'final') throw new Error(`it is ${outcome.state}`)
    console.log(`${formatAddress(address)} paid itself: final in block ${outcome.height}`)
  } finally {
    await node.stop()
  }
} finally {
  await rm(directory, { recursive: true, force: true })
}
