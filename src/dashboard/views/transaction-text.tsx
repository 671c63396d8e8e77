import type { Action } from '../../wire/types.ts'
import { coins, percent, plural } from '../format.ts'
import { Address, Coins, Hash } from '../ui.tsx'

/** What a transaction does, in words. */
export function transactionText(action: Action) {
  switch (action.kind) {
    case 'transfer':
      return (
        <>
          sends <Coins of={action.amountDroplets} />
          {action.microHours > 0 ? ` and ${coins(action.microHours)} coin-hours` : ''} to <Address of={action.to} />
        </>
      )
    case 'register':
      return <>registers as a verifier, commission {percent(action.commissionPpm)}</>
    case 'stake':
      return (
        <>
          stakes <Coins of={action.amountDroplets} />
        </>
      )
    case 'unstake':
      return action.amountDroplets === null ? (
        <>takes back all of its stake</>
      ) : (
        <>
          takes back <Coins of={action.amountDroplets} /> of its stake
        </>
      )
    case 'delegate':
      return (
        <>
          delegates <Coins of={action.amountDroplets} /> to <Address of={action.verifier} />
        </>
      )
    case 'undelegate':
      return (
        <>
          takes back {action.amountDroplets === null ? 'all' : <Coins of={action.amountDroplets} />} from <Address of={action.verifier} />
        </>
      )
    case 'slip':
      return <>votes for {plural(action.choices.length, 'verifier')}</>
    case 'endorse':
      return (
        <>
          {action.stance === 'vouch' ? 'vouches for' : 'no longer vouches for'} <Address of={action.verifier} />
        </>
      )
    case 'ratify':
      return (
        <>
          supports the source <Hash of={action.source} />
        </>
      )
  }
}
