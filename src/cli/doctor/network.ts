import type { Diagnosis } from '../../api/diagnosis-types.ts'
import { isPrivateText } from '../address.ts'
import { plural, printable, short } from '../text.ts'
import { type Finding, finding, type Severity } from './findings.ts'

/** Peers that found the node, before it counts as reachable. */
const CONFIRMATIONS = 2
/** A node may look for peers so long before few of them are worth a word. */
const PATIENCE_MS = 30_000
/** Failures that are told of, one peer each. */
const SHOWN_DIALS = 8

type Cause = Diagnosis['dials'][number]['cause']

/**
 * What each cause of a failed dial asks for.
 * @internal
 */
export const remedies: Readonly<Record<Cause, string>> = {
  refused: 'see whether that node is up, and whether that is its port: nothing listens there',
  timeout: 'look for a firewall, a router without a forwarded port, or a machine that is off: nothing answers',
  'no-route': 'look at the network of this machine, and whether it has IPv6 at all: it has no way there',
  'unknown-name': 'look at the spelling of the host and at DNS: its name means nothing here',
  'wrong-peer': 'ask for its new address: another node answers there, so its network.key was replaced, or the address is of somebody else',
  'other-chain': 'compare genesis.json with its operator: that node is of another network',
  banned: 'look into its log and this one for why one of the two has cut the other off, for some minutes',
  limit: 'wait, or ask its operator: it took the connection and closed it, full or with too many connections from this address',
  'private-address':
    'use `--scope local` on one machine or a private network, or name the node with --bootstrap: it has a private address, and the scope is public',
  'unknown-peer': 'ask its operator whether it is up: nobody knows an address of it, or none of those whom this node asks reaches it',
  other: 'see the text of the error',
}

/** What is between the node and its peers. */
export function judgeNetwork(diagnosis: Diagnosis): readonly Finding[] {
  return [
    reachability(diagnosis),
    announced(diagnosis),
    peers(diagnosis),
    ...bootstrap(diagnosis),
    ...dials(diagnosis),
    ...mesh(diagnosis),
    ...otherChains(diagnosis),
    ...versions(diagnosis),
  ]
}

function reachability({ scope, reachability: found, role }: Diagnosis): Finding {
  const { confirmed, failed, inboundPublic } = found
  const numbers = { confirmed, failed, inboundPublic }
  if (scope === 'local')
    return finding(
      'reachability',
      'notice',
      'in scope local nobody from outside dials this node, and nobody is asked whether he could',
      numbers,
    )
  if (inboundPublic > 0)
    return finding('reachability', 'ok', `others reach this node: ${plural(inboundPublic, 'connection')} from public addresses`, numbers)
  if (confirmed >= CONFIRMATIONS)
    return finding('reachability', 'ok', `${plural(confirmed, 'peer')} dialled back and found this node`, numbers)
  const todo = 'forward the port of --listen to this machine, and say where it is with --announce /ip4/ADDRESS/tcp/PORT'
  const severity: Severity = role === 'full' ? 'warning' : 'problem'
  if (failed > confirmed) return finding('reachability', severity, `${plural(failed, 'peer')} dialled back in vain`, numbers, todo)
  return finding('reachability', 'notice', 'nobody has dialled this node from outside yet, so nobody knows whether that works', numbers)
}

function announced({ addresses: { listening, announced: told }, scope }: Diagnosis): Finding {
  const numbers = { listening: listening.length, announced: told.length }
  if (listening.length === 0)
    return finding(
      'announced',
      'problem',
      'the node listens nowhere',
      numbers,
      'give an address with --listen, such as /ip4/0.0.0.0/tcp/4001',
    )
  const text = `listens on ${listening.map(printable).join(' ')}, and tells others ${told.map(printable).join(' ') || 'nothing'}`
  if (scope === 'public' && told.every(isPrivateText))
    return finding(
      'announced',
      'warning',
      `${text}: that is of no use outside`,
      numbers,
      'say where others find it: --announce /ip4/ADDRESS/tcp/4001',
    )
  return finding('announced', 'ok', text, numbers)
}

function peers({ peers: found, role, atMs, startedAtMs }: Diagnosis): Finding {
  const { inbound, outbound, target, max, candidates } = found
  const count = inbound + outbound
  const numbers = { inbound, outbound, target, max, candidates }
  const text = `${plural(count, 'connection')} (${inbound} in, ${outbound} out), ${candidates} more peers known`
  if (role === 'bootstrap') return finding('peers', 'ok', text, numbers)
  if (count === 0)
    return finding(
      'peers',
      atMs - startedAtMs > PATIENCE_MS ? 'problem' : 'notice',
      `no peers; ${candidates} known`,
      numbers,
      'see `bootstrap` and `dials` here: without an address of somebody who is up a node finds nobody (--bootstrap)',
    )
  if (count < Math.min(3, target) && candidates > 0)
    return finding('peers', 'warning', text, numbers, 'see `dials` here for why the others are not connected')
  return finding('peers', 'ok', text, numbers)
}

function bootstrap(diagnosis: Diagnosis): readonly Finding[] {
  const { bootstrap: nodes, inbound, outbound } = diagnosis.peers
  const failures = diagnosis.dials
  if (nodes.length === 0) return noBootstrap(diagnosis)
  const down = nodes.filter(({ isConnected }) => !isConnected)
  const numbers = { named: nodes.length, connected: nodes.length - down.length }
  if (down.length === 0) return [finding('bootstrap', 'ok', `${plural(nodes.length, 'bootstrap node')} connected`, numbers)]
  const listed = down.map(({ peerId, address }) => {
    const why = failures.find((failure) => failure.peerId === peerId)
    return why === undefined ? `${printable(address)} (not tried yet)` : `${printable(address)} (${why.cause}: ${printable(why.detail)})`
  })
  const causes = new Set(down.flatMap(({ peerId }) => failures.filter((failure) => failure.peerId === peerId).map(({ cause }) => cause)))
  const severity: Severity = down.length < nodes.length ? 'notice' : inbound + outbound > 0 ? 'warning' : 'problem'
  const todo =
    causes.size === 0
      ? 'wait a moment, and ask again'
      : `${adviceFor([...causes])}\nBootstrap nodes are named in bootstrap.json of the directory, or with --bootstrap`
  return [
    finding(
      'bootstrap',
      severity,
      `${down.length} of ${plural(nodes.length, 'bootstrap node')} not connected: ${listed.join('; ')}`,
      numbers,
      todo,
    ),
  ]
}

/** One line for each. */
const adviceFor = (causes: readonly Cause[]): string => causes.map((cause) => `${cause}: ${remedies[cause]}`).join('\n')

/** Who has nobody to ask can only wait to be dialled, or dial whom it met before. */
function noBootstrap({ peers: { inbound, outbound, candidates }, role, atMs, startedAtMs }: Diagnosis): readonly Finding[] {
  if (role === 'bootstrap' || inbound + outbound > 0) return []
  const isHopeless = candidates === 0 || atMs - startedAtMs > PATIENCE_MS
  return [
    finding(
      'bootstrap',
      isHopeless ? 'problem' : 'notice',
      'no bootstrap node is named, and no peer is connected',
      { named: 0, connected: 0 },
      'name one with `quorate start --bootstrap MULTIADDR`, or take those of the network: `quorate init --dir DIR --network FILE|URL`',
    ),
  ]
}

function dials({ dials: failures, atMs }: Diagnosis): readonly Finding[] {
  if (failures.length === 0) return [finding('dials', 'ok', 'no dial has failed that was not made good since')]
  const byCause = new Map<Cause, number>()
  for (const { cause } of failures) byCause.set(cause, (byCause.get(cause) ?? 0) + 1)
  const causes = [...byCause].toSorted(([, left], [, right]) => right - left)
  const listed = failures.slice(-SHOWN_DIALS).map(({ peerId, address, cause, detail, failures: times, atMs: failedAtMs }) => {
    const where = address === '' ? '' : ` at ${printable(address.replace(/\/p2p\/\S*/g, ''))}`
    return `${short(peerId)}${where}: ${cause}, ${printable(detail)} (${times} times, last ${Math.max(0, Math.round((atMs - failedAtMs) / 1000))} s ago)`
  })
  const text = `${plural(failures.length, 'peer')} could not be connected to, ${causes.map(([cause, count]) => `${count} ${cause}`).join(', ')}\n${listed.join('\n')}`
  return [finding('dials', 'notice', text, Object.fromEntries(causes), adviceFor(causes.map(([cause]) => cause)))]
}

function mesh({ topics, atMs, startedAtMs }: Diagnosis): readonly Finding[] {
  if (topics.length === 0) return []
  const thin = topics.filter(({ mesh: count, peers: subscribers, low }) => count < Math.min(low, subscribers))
  const alone = topics.filter(({ peers: subscribers }) => subscribers === 0)
  const numbers = Object.fromEntries(topics.map(({ topic, mesh: count }) => [topic, count]))
  const text = topics
    .map(({ topic, peers: subscribers, mesh: count, low, high }) => `${topic} ${count} of ${subscribers} (${low} to ${high})`)
    .join(', ')
  if (atMs - startedAtMs < PATIENCE_MS && thin.length + alone.length > 0)
    return [finding('mesh', 'notice', `still forming: ${text}`, numbers)]
  if (alone.length > 0)
    return [
      finding(
        'mesh',
        'problem',
        `nobody to exchange ${alone.map(({ topic }) => topic).join(', ')} with: ${text}`,
        numbers,
        'see `peers` here',
      ),
    ]
  if (thin.length > 0)
    return [
      finding(
        'mesh',
        'warning',
        `too few in the mesh of ${thin.map(({ topic }) => topic).join(', ')}: ${text}`,
        numbers,
        'look at their scores with `quorate peers`: low ones keep peers out',
      ),
    ]
  return [finding('mesh', 'ok', `in the mesh: ${text}`, numbers)]
}

function otherChains({ peers: { otherChains: met } }: Diagnosis): readonly Finding[] {
  if (met === 0) return []
  const todo =
    'compare the chain ids that `quorate status` prints if they are nodes of your network: then one of you has another genesis.json'
  return [finding('other-chain', 'warning', `${plural(met, 'peer')} of other chains met`, { peers: met }, todo)]
}

function versions({ peers: { agents }, agent }: Diagnosis): readonly Finding[] {
  const others = agents.filter((found) => found.agent !== agent)
  if (others.length === 0) return []
  const listed = agents.map((found) => `${printable(found.agent)} ${found.peers}`).join(', ')
  return [
    finding(
      'versions',
      'notice',
      `this is ${printable(agent)}; its peers run ${listed}`,
      Object.fromEntries(agents.map((found) => [found.agent, found.peers])),
    ),
  ]
}
