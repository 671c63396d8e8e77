// Node 20 has no Promise.withResolvers and libp2p calls it: this comes before any other module.
import 'core-js/actual/promise/with-resolvers.js'
import { createLibp2pNetwork } from '../adapters/libp2p/index.ts'
import { startProgram } from '../cli/commands/start.ts'
import { ended, usageError } from '../cli/exit.ts'
import { runNode } from '../cli/run-node.ts'
import { behaviours } from '../cli/swarm/adversaries.ts'
import { Actor } from './actor.ts'
import { corrupt } from './behaviours.ts'

/** Says what this file is; no other program has this sentence. */
const WARNING = 'This verifier breaks the rules of the protocol on purpose, and will be slashed. It is for swarms on one machine.'

/** `node dist/adversary.js BEHAVIOUR` and the flags of `quorate start`: that node, which besides does what it must not. */
try {
  const [name, ...flags] = process.argv.slice(2)
  const behaviour = behaviours.find((known) => known === name)
  if (behaviour === undefined) throw usageError(`say first what it does: ${behaviours.join(', ')}`)
  process.stderr.write(`${WARNING}\n`)
  const program = startProgram('adversary', async (given) => {
    const actor = await Actor.open(given.dir, behaviour)
    return await runNode(given, {
      createNetwork: async (options) => corrupt(actor, await createLibp2pNetwork(options)),
      onStarted: (view) => actor.follow(view),
    })
  })
  await program.parseAsync(['start', ...flags], { from: 'user' })
} catch (error) {
  process.exitCode = ended(error)
}
