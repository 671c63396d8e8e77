import { QuorateError } from './errors.ts'

/** Smallest units of a coin, and micro coin-hours of a coin-hour: amounts are safe integers of these, never fractions. */
export const DROPLETS_PER_COIN = 1_000_000

const PLACES = 6
const AMOUNT = /^(\d{1,16})(?:\.(\d{1,6}))?$/

/** Droplets as coins, exactly, without trailing zeros: 12500000 is `12.5`. */
export function formatCoins(droplets: number): string {
  const whole = Math.floor(droplets / DROPLETS_PER_COIN)
  const rest = droplets % DROPLETS_PER_COIN
  return rest === 0 ? `${whole}` : `${whole}.${String(rest).padStart(PLACES, '0').replace(/0+$/, '')}`
}

/** Micro coin-hours as coin-hours, in the same form. */
export const formatCoinHours = (microHours: number): string => formatCoins(microHours)

/**
 * Coins as droplets, exactly: `12.5` is 12500000.
 * @throws QuorateError `bad-amount` for anything but digits with up to six decimal places, or for 2^53 droplets and more
 */
export function parseCoins(text: string): number {
  const match = AMOUNT.exec(text)
  if (match === null)
    throw new QuorateError('bad-amount', `"${text}" is no amount: write digits with up to ${PLACES} decimal places, as in 12.5`)
  const [, whole = '', fraction = ''] = match
  const droplets = BigInt(whole) * BigInt(DROPLETS_PER_COIN) + BigInt(fraction.padEnd(PLACES, '0'))
  if (droplets > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new QuorateError('bad-amount', `${text} is more than any amount can be (${formatCoins(Number.MAX_SAFE_INTEGER)})`)
  }
  return Number(droplets)
}

/** Coin-hours as micro coin-hours, in the same form and with the same errors. */
export const parseCoinHours = (text: string): number => parseCoins(text)
