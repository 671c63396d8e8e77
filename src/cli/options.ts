import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseCoinHours, parseCoins } from '../base/amounts.ts'
import { QuorateError } from '../base/errors.ts'
import { isHex } from '../base/hex.ts'
import { isPeerMultiaddr } from '../base/multiaddr.ts'
import { usageError } from './exit.ts'

/** Parsers for commander: they throw InvalidArgumentError, which ends with the exit code of wrong usage. */

const defaultDirectory = (): string => join(homedir(), '.quorate')

export const directoryOption = (what = "the node's directory"): Option =>
  new Option('-d, --dir <directory>', what).env('QUORATE_DIR').default(defaultDirectory(), '~/.quorate')

export const jsonOption = (what = 'print JSON for programs'): Option => new Option('--json', what)

export const apiOption = (): Option =>
  new Option('--api <url>', 'where the node answers (default: what api.json in the directory says)').argParser(parseUrl)

/** Collects an option that may be given several times. */
export const collect =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[] | undefined): readonly T[] => [...(before ?? []), parse(text)]

const bad = (message: string): InvalidArgumentError => new InvalidArgumentError(message)

export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw bad(
        most === Number.MAX_SAFE_INTEGER
          ? `It must be a whole number from ${least}.`
          : `It must be a whole number from ${least} to ${most}.`,
      )
    }
    return value
  }
}

export const coins = (text: string): number => amount(text, parseCoins)
export const coinHours = (text: string): number => amount(text, parseCoinHours)

function amount(text: string, parse: (text: string) => number): number {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof QuorateError) throw bad(error.message)
    throw error
  }
}

/** `5%`, `2.5 %` or `5`, up to four decimal places, as parts per million. */
export function percentage(text: string): number {
  const match = /^(\d{1,3})(?:\.(\d{1,4}))? ?%?$/.exec(text)
  const ppm = Number(match?.[1]) * 10_000 + Number((match?.[2] ?? '').padEnd(4, '0'))
  if (match === null || ppm > 1_000_000) throw bad('It must be a percentage from 0% to 100%, such as 5% or 2.5%.')
  return ppm
}

/** A number of slots, or a time that they take. */
export type Span = { readonly slots: number } | { readonly ms: number }

/** `3600` (slots), or `30s`, `10m`, `1h`, `7d`. */
export function span(text: string): Span {
  const match = /^(\d{1,10})([smhd])?$/.exec(text)
  const [, count = '0', unit] = match ?? []
  if (match === null || Number(count) === 0) throw bad('It must be a number of slots, or a time such as 30s, 10m, 1h or 7d.')
  return unit === undefined ? { slots: Number(count) } : { ms: Number(count) * (UNIT_MS[unit] ?? 0) }
}

/** At least one slot. */
export const slotsOf = (of: Span, slotMs: number): number => ('slots' in of ? of.slots : Math.max(1, Math.round(of.ms / slotMs)))

/**
 * An option that a command cannot do without. Commander would complain of a missing option before it complains of one that is
 * spelt wrong, which is often why one is missing: so it is looked for once all options are known to be right.
 */
export function needs(command: Command, flags: string, what: string, parse: (text: string) => unknown): Command {
  const option = new Option(flags, `${what} (required)`).argParser(parse)
  return command.addOption(option).hook('preAction', () => {
    if (command.getOptionValue(option.attributeName()) === undefined) throw usageError(`option '${flags}' is missing: ${what}`)
  })
}

export function oneOf<N extends string>(...names: readonly N[]) {
  return (text: string): N => {
    const found = names.find((name) => name === text)
    if (found === undefined) throw bad(`It must be ${names.join(', ').replace(/, ([^,]*)$/, ' or $1')}.`)
    return found
  }
}

/** @internal */
export function parseUrl(text: string): string {
  try {
    const url = new URL(text.includes('://') ? text : `http://${text}`)
    if (url.protocol === 'http:' || url.protocol === 'https:') return url.href.replace(/\/+$/, '')
  } catch {
    // Said below.
  }
  throw bad('It must be an address such as http://127.0.0.1:4080.')
}

/** `host:port`, `[::1]:port`, or `off`. */
export function listenAddress(text: string): { readonly host: string; readonly port: number } | 'off' {
  if (text === 'off') return text
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) throw bad('It must be host:port, such as 127.0.0.1:4080 (port 0 for any free one), or off.')
  return { host: match[1] ?? match[2] ?? '', port }
}

/** Only the look of it: the network adapter reads it in full. */
export function multiaddr(text: string): string {
  if (!/^(\/[\w.:%-]+){2,}$/.test(text)) throw bad('It must be a multiaddr, such as /ip4/0.0.0.0/tcp/4001.')
  return text
}

export function peerMultiaddr(text: string): string {
  if (!isPeerMultiaddr(text)) {
    throw bad('It must be a multiaddr with a peer id at its end, such as /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW...')
  }
  return text
}

export function chainId(text: string): string {
  const id = text.toLowerCase()
  if (!isHex(id, 32)) throw bad('It must be a chain id: 64 hex digits.')
  return id
}

export function checkpoint(text: string): { readonly height: number; readonly hash: string } {
  const [height = '', hash = '', ...rest] = text.split(':')
  if (!/^[1-9]\d{0,14}$/.test(height) || !isHex(hash, 32) || rest.length > 0) {
    throw bad('It must be height:hash, with the 64 hex digits of the block hash.')
  }
  return { height: Number(height), hash }
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `now`, `now+30s` (m, h, d), `2026-01-31T12:00:00Z`, or ms since the epoch; what is relative is rounded up to a second. */
export function parseTime(text: string, nowMs = Date.now()): number {
  const relative = /^now(?:\+(\d{1,6})([smhd]))?$/.exec(text)
  if (relative !== null) {
    const [, count = '0', unit = 's'] = relative
    return Math.ceil((nowMs + Number(count) * (UNIT_MS[unit] ?? 0)) / 1000) * 1000
  }
  const absolute = /^\d{13}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(absolute)) throw bad('It must be now+30s, 2026-01-31T12:00:00Z, or milliseconds since 1970.')
  return absolute
}
