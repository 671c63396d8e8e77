import { QuorateError } from './errors.ts'

/** Smallest units of a coin, and micro coin-hours of a coin-hour: amounts are safe integers of these, never fractions. */
export const DROPLETS_PER_COIN = 1_000_000

const PLACES = 6
const AMOUNT = /^(\d+)(?:\.(\d{1,6}))?$/
/** More digits than the whole coins of any amount have. */
const MAX_WHOLE_DIGITS = 16

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
  const tooMuch = (): QuorateError =>
    new QuorateError('bad-amount', `${text} is too large: no amount is above ${formatCoins(Number.MAX_SAFE_INTEGER)}`)
  // A long text never becomes a long number.
  if (whole.replace(/^0+/, '').length > MAX_WHOLE_DIGITS) throw tooMuch()
  const droplets = BigInt(whole) * BigInt(DROPLETS_PER_COIN) + BigInt(fraction.padEnd(PLACES, '0'))
  if (droplets > BigInt(Number.MAX_SAFE_INTEGER)) throw tooMuch()
  return Number(droplets)
}

/** Coin-hours as micro coin-hours, in the same form and with the same errors. */
export const parseCoinHours = (text: string): number => parseCoins(text)
