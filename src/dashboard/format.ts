import { formatCoins } from '../base/amounts.ts'
import { formatAddress } from '../crypto/address.ts'

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })

export const number = (value: number): string => grouped.format(value)

/** Exact, with groups of digits before the point. */
export function coins(droplets: number): string {
  const [whole = '0', fraction] = formatCoins(droplets).split('.')
  const digits = grouped.format(BigInt(whole))
  return fraction === undefined ? digits : `${digits}.${fraction}`
}

const PPM_PER_PERCENT = 10_000

export const percent = (ppm: number): string => `${(ppm / PPM_PER_PERCENT).toFixed(ppm % PPM_PER_PERCENT === 0 ? 0 : 1)} %`

export const share = (part: number, whole: number): string => (whole === 0 ? '–' : percent((part / whole) * 1_000_000))

export const shortHash = (hash: string): string => (hash.length <= 14 ? hash : `${hash.slice(0, 8)}…${hash.slice(-4)}`)

export function address(hex: string): string {
  return /^[0-9a-f]{40}$/.test(hex) ? formatAddress(hex) : hex
}

export function shortAddress(hex: string): string {
  const full = address(hex)
  return `${full.slice(0, 9)}…${full.slice(-4)}`
}

/** Peer ids begin alike: their ends tell them apart. */
export const shortPeer = (peerId: string): string => (peerId.length <= 12 ? peerId : `…${peerId.slice(-8)}`)

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export function duration(ms: number): string {
  const size = Math.abs(ms)
  if (size < SECOND) return `${Math.round(ms)} ms`
  if (size < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`
  if (size < MINUTE) return `${Math.round(ms / SECOND)} s`
  if (size < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.floor((size % MINUTE) / SECOND)} s`
  if (size < DAY) return `${Math.floor(ms / HOUR)} h ${Math.floor((size % HOUR) / MINUTE)} min`
  return `${Math.floor(ms / DAY)} d ${Math.floor((size % DAY) / HOUR)} h`
}

/** Coarse, so that it does not change with each frame. */
export function ago(ms: number, nowMs: number): string {
  const age = nowMs - ms
  if (age < SECOND) return 'now'
  if (age < MINUTE) return `${Math.floor(age / SECOND)} s`
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`
  if (age < DAY) return `${Math.floor(age / HOUR)} h`
  return `${Math.floor(age / DAY)} d`
}

const two = (value: number): string => String(value).padStart(2, '0')

/** In the time zone of the reader. */
export function dateTime(ms: number): string {
  const date = new Date(ms)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(ms)}`
}

export function clock(ms: number): string {
  const date = new Date(ms)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

export function bytes(count: number): string {
  let [value, unit] = [count, 0]
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${UNITS[unit]}`
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${number(count)} ${count === 1 ? one : many}`

export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}

/** What the log calls `double-seal` reads better as words. */
export const words = (code: string): string => code.replaceAll('-', ' ')

/** Messages of the API begin small and end without a stop. */
export const sentence = (message: string): string =>
  `${message.slice(0, 1).toUpperCase()}${message.slice(1)}${/[.?!]$/.test(message) ? '' : '.'}`
