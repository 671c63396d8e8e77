import { unreachable } from '../base/errors.ts'
import type { Network } from '../ports/network.ts'
import type { Actor } from './actor.ts'
import { contradict, proposeTwice } from './equivocate.ts'
import { Spammer } from './spam.ts'
import { deny } from './through.ts'
import { hideLock, withhold } from './withhold.ts'

/** The network as this adversary's node sees it, and as others see that node through it. */
export function corrupt(actor: Actor, network: Network): Network {
  const { behaviour } = actor
  switch (behaviour) {
    case 'double-vote':
    case 'double-lock':
    case 'double-seal':
    case 'amnesia':
      return deny(contradict(actor, behaviour, network), 'evidence')
    case 'double-candidate':
      return deny(proposeTwice(actor, network), 'evidence')
    case 'hide-lock':
      return deny(hideLock(actor, network), 'all-records')
    case 'withhold':
      return withhold(actor, network)
    case 'spam':
      return new Spammer(actor, network).network
    default:
      return unreachable(behaviour)
  }
}
