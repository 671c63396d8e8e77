import { isIPv4, isIPv6 } from 'node:net'
import type { Multiaddr } from '@multiformats/multiaddr'
import { isPrivateAddress } from './address.ts'

/** Whose an address is, as far as its digits tell. */
export interface Origin {
  /** One customer: an IPv4 address, or the /64 of an IPv6 address, of which a host has as many addresses as it likes. */
  readonly host: string
  /** His neighbourhood: /24, or /48. */
  readonly prefix: string
}

/** Null for what is not counted. */
export type Classify = (address: Multiaddr) => Origin | null

const IPV6_GROUPS = 8
const HOST_GROUPS = 4
const PREFIX_GROUPS = 3

/**
 * The origin of an address by IP. Names have none, and private addresses none either: no stranger comes from them, unless a proxy
 * hides who he is, and then it is for the proxy to bound him.
 */
export function publicOrigin(address: Multiaddr): Origin | null {
  return isPrivateAddress(address) ? null : originOf(address)
}

/**
 * As `publicOrigin`, of private addresses too.
 * @internal
 */
export function originOf(address: Multiaddr): Origin | null {
  const ip = ipOf(address)
  return ip === null ? null : originOfIp(ip)
}

/** The IP address that a multiaddr begins with; null if it begins with a name. */
export function ipOf(address: Multiaddr): string | null {
  const [first] = address.getComponents().filter(({ name }) => name !== 'ip6zone')
  return first !== undefined && (first.name === 'ip4' || first.name === 'ip6') ? (first.value ?? null) : null
}

function originOfIp(ip: string): Origin | null {
  if (isIPv4(ip)) return { host: ip, prefix: `${ip.split('.').slice(0, 3).join('.')}.0/24` }
  if (!isIPv6(ip)) return null
  const groups = groupsOf(ip)
  // An IPv4 address in IPv6 form is that IPv4 address.
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (mapped) return originOfIp([groups[6] ?? 0, groups[7] ?? 0].flatMap((group) => [group >> 8, group & 0xff]).join('.'))
  return { host: `${hexOf(groups, HOST_GROUPS)}::/64`, prefix: `${hexOf(groups, PREFIX_GROUPS)}::/48` }
}

const hexOf = (groups: readonly number[], count: number): string =>
  groups
    .slice(0, count)
    .map((group) => group.toString(16))
    .join(':')

/** The eight numbers of an IPv6 address that `isIPv6` takes. */
function groupsOf(ip: string): number[] {
  const [head = '', tail] = (ip.split('%')[0] ?? '').split('::')
  const left = partsOf(head)
  if (tail === undefined) return left
  const right = partsOf(tail)
  return [...left, ...Array.from({ length: IPV6_GROUPS - left.length - right.length }, () => 0), ...right]
}

function partsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)]
    const [first = 0, second = 0, third = 0, fourth = 0] = part.split('.').map(Number)
    return [(first << 8) | second, (third << 8) | fourth]
  })
}
