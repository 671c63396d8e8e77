import { formatCoinHours, formatCoins } from '../base/amounts.ts'
import { unreachable } from '../base/errors.ts'
import type { Action, Address } from '../wire/types.ts'
import { percent } from './text.ts'

/** What a transaction does, as `name  value` lines. */
export function actionFacts(action: Action, show: (address: Address) => string): readonly (readonly [string, string])[] {
  const coins = (droplets: number | null): string => (droplets === null ? 'all of it' : `${formatCoins(droplets)} coins`)
  switch (action.kind) {
    case 'transfer':
      return [
        ['does', 'transfer'],
        ['to', show(action.to)],
        ['amount', coins(action.amountDroplets)],
        ...(action.microHours > 0 ? [['coin-hours', formatCoinHours(action.microHours)] as const] : []),
      ]
    case 'register':
      return [
        ['does', 'register as a verifier'],
        ['peer id', action.peerId],
        ['verifier key', action.blsKey],
        ['commission', percent(action.commissionPpm)],
      ]
    case 'stake':
    case 'unstake':
      return [
        ['does', action.kind],
        ['amount', coins(action.amountDroplets)],
      ]
    case 'delegate':
      return [
        ['does', 'delegate'],
        ['to', show(action.verifier)],
        ['amount', coins(action.amountDroplets)],
      ]
    case 'undelegate':
      return [
        ['does', 'undelegate'],
        ['from', show(action.verifier)],
        ['amount', coins(action.amountDroplets)],
      ]
    case 'slip':
      return [['does', 'vote'], ...action.choices.map((choice, index) => [index === 0 ? 'for' : '', show(choice)] as const)]
    case 'endorse':
      return [
        ['does', action.stance === 'vouch' ? 'endorse' : 'withdraw an endorsement'],
        ['of', show(action.verifier)],
      ]
    case 'ratify':
      return [
        ['does', 'ratify'],
        ['source', action.source],
      ]
    default:
      return unreachable(action)
  }
}
