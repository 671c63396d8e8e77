import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/**
 * Hosts are network namespaces. Each has one interface, a VXLAN whose frames the kernel wraps in UDP and hands to the switch, an
 * ordinary program (switch.ts), which delays and loses them as it is told. The kernel could do that itself (netem) where it has the module, but
 * many machines do not, and a tap or a raw socket cannot be read by Node; a UDP socket can. Everything is inside of namespaces: no
 * interface, address, route or port of the machine itself is touched.
 *
 *   host 1 … host n    `net0`: the VXLAN of the host; 11.7.0.<number>
 *   wires              the kernel's side of all VXLANs: wrapped frames go to the switch on a veth
 *   switch             the switch, and `net0` of the operator, from where the test reaches all APIs
 */

/** The operator's number among the hosts. */
const OPERATOR = 254
export const VXLAN_PORT = 4789
export const [WIRES_ADDRESS, SWITCH_ADDRESS] = ['10.0.0.1', '10.0.0.2']
/** Room for what is wrapped around, in the 1500 bytes of the veth. */
const MTU_BYTES = 1400

/** Looks public, so that nodes run as on the Internet: what is private they would not tell each other. Nothing leaves the namespaces. */
export const addressOf = (host: number): string => `11.7.0.${host}`
const hardwareAddressOf = (host: number): string => `02:00:00:00:00:${host.toString(16).padStart(2, '0')}`

export interface Namespaces {
  readonly hosts: ReadonlyMap<number, string>
  readonly wires: string
  readonly switch: string
}

/** Names with the pid in them: those of another run are others. */
export function namesFor(hosts: readonly number[]): Namespaces {
  const name = (what: string): string => `quorate-${process.pid}-${what}`
  return { hosts: new Map(hosts.map((host) => [host, name(`host${host}`)])), wires: name('wires'), switch: name('switch') }
}

/** @throws Error with what `ip` said */
export function createNamespaces(names: Namespaces): void {
  deleteNamespaces(namesOf(names))
  const numbers = [...names.hosts.keys()]
  batch(
    [],
    namesOf(names).map((name) => `netns add ${name}`),
  )
  batch(
    ['-n', names.wires],
    [
      `link add under type veth peer name under netns ${names.switch}`,
      `addr add ${WIRES_ADDRESS}/30 dev under`,
      'link set under up',
      ...[...names.hosts, [OPERATOR, names.switch] as const].flatMap(([host, name]) => [
        `link add host${host} type vxlan id ${host} dstport ${VXLAN_PORT} nolearning local ${WIRES_ADDRESS} remote ${SWITCH_ADDRESS}`,
        `link set host${host} netns ${name} name net0`,
      ]),
    ],
  )
  batch(['-n', names.switch], [`addr add ${SWITCH_ADDRESS}/30 dev under`, 'link set under up', ...interfaceOf(OPERATOR, numbers)])
  for (const [host, name] of names.hosts) batch(['-n', name], interfaceOf(host, [...numbers, OPERATOR]))
}

/** Those that are there; processes in them keep what they use until they end. */
export function deleteNamespaces(names: readonly string[]): void {
  for (const name of names) spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' })
}

export const namesOf = (names: Namespaces): readonly string[] => [...names.hosts.values(), names.wires, names.switch]

/** Neighbours are known beforehand: between real hosts are routers, and who is cut off is silent rather than `unreachable`. */
const interfaceOf = (host: number, all: readonly number[]): readonly string[] => [
  'link set lo up',
  // One packet a frame, so that losing one is what it is elsewhere.
  `link set net0 address ${hardwareAddressOf(host)} mtu ${MTU_BYTES} addrgenmode none gso_max_segs 1`,
  `addr add ${addressOf(host)}/24 dev net0`,
  'link set net0 up',
  ...all
    .filter((other) => other !== host)
    .map((other) => `neigh add ${addressOf(other)} lladdr ${hardwareAddressOf(other)} dev net0 nud permanent`),
]

const batch = (options: readonly string[], lines: readonly string[]): void => ip([...options, '-batch', '-'], `${lines.join('\n')}\n`)

function ip(parts: readonly string[], input = ''): void {
  const { status, stderr, error } = spawnSync('ip', parts, { input, encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(stderr.trim().split('\n', 1)[0] || `ip ended with ${status}`)
}

/** What this machine lacks for hosts of its own, in a few words; null if it can have them. */
export function obstacleHere(): string | null {
  if (process.platform !== 'linux') return `network namespaces are Linux's, and this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'only root can make network namespaces'
  if (!hasIp() && !installIp()) return 'there is no command `ip` (on Debian: apt-get install iproute2)'
  const names = namesFor([1])
  try {
    createNamespaces(names)
    ip(['netns', 'exec', names.switch, process.execPath, '--version'])
    return null
  } catch (error) {
    return `no network namespaces with VXLAN can be made: ${(error as Error).message}`
  } finally {
    deleteNamespaces(namesOf(names))
  }
}

const hasIp = (): boolean => spawnSync('ip', ['-V'], { stdio: 'ignore' }).status === 0

/** In CI alone, where the machine is nobody's: elsewhere the message says what to install. */
function installIp(): boolean {
  if (process.env.CI === undefined || !existsSync('/usr/bin/apt-get')) return false
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const aptGet = (...parts: readonly string[]): unknown =>
    execFileSync('apt-get', parts, { env, stdio: 'ignore', timeout: APT_DEADLINE_MS })
  try {
    aptGet('update')
    aptGet('install', '--yes', '--no-install-recommends', 'iproute2')
  } catch {
    return false
  }
  return hasIp()
}

const APT_DEADLINE_MS = 120_000
