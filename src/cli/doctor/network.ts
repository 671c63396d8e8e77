import type { Diagnosis } from '../../api/diagnosis-types.ts'
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
  refused: 'nothing listens there: is that node up, and the port the one that it listens on?',
  timeout: 'nothing answers: a firewall, a router without a forwarded port, or a machine that is off',
  'no-route': 'this machine has no way there: look at its network, and whether it has IPv6 at all',
  'unknown-name': 'the name of the host means nothing here: look at the spelling and at DNS',
  'wrong-peer': 'another node answers there: its network.key was replaced, or the address is of somebody else; ask for the new address',
  'other-chain': 'that node is of another network: compare genesis.json with its operator',
  banned: 'one of the two has cut the other off, for some minutes: its log and this one say for what',
  limit: 'it took the connection and closed it: full, or too many connections from this address',
  'private-address':
    'a private address in scope public: on one machine or a private network use `--scope local`, or name it with --bootstrap',
  'unknown-peer': 'nobody knows an address of it: it is down, or not reachable for those whom this node asks',
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

const isPrivateText = (address: string): boolean =>
  /^\/ip4\/(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\.|^\/ip6\/(::1|fe80|f[cd])|\/dns[46]?\/localhost\//.test(address)

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

function bootstrap({ peers: { bootstrap: nodes, inbound, outbound }, dials: failures }: Diagnosis): readonly Finding[] {
  if (nodes.length === 0) return []
  const down = nodes.filter(({ isConnected }) => !isConnected)
  const numbers = { named: nodes.length, connected: nodes.length - down.length }
  if (down.length === 0) return [finding('bootstrap', 'ok', `${plural(nodes.length, 'bootstrap node')} connected`, numbers)]
  const listed = down.map(({ peerId, address }) => {
    const why = failures.find((failure) => failure.peerId === peerId)
    return why === undefined ? `${printable(address)} (not tried yet)` : `${printable(address)} (${why.cause}: ${printable(why.detail)})`
  })
  const cause = failures.find(({ peerId }) => peerId === down[0]?.peerId)?.cause
  const severity: Severity = down.length < nodes.length ? 'notice' : inbound + outbound > 0 ? 'warning' : 'problem'
  const todo =
    cause === undefined
      ? 'wait a moment, and ask again'
      : `${remedies[cause]}. Bootstrap nodes are named in bootstrap.json or with --bootstrap`
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

function dials({ dials: failures, atMs }: Diagnosis): readonly Finding[] {
  if (failures.length === 0) return [finding('dials', 'ok', 'no dial has failed that was not made good since')]
  const byCause = new Map<Cause, number>()
  for (const { cause } of failures) byCause.set(cause, (byCause.get(cause) ?? 0) + 1)
  const causes = [...byCause].toSorted(([, left], [, right]) => right - left)
  const listed = failures.slice(-SHOWN_DIALS).map(({ peerId, address, cause, detail, failures: times, atMs: failedAtMs }) => {
    const where = address === '' ? '' : ` at ${printable(address.replace(/\/p2p\/\S*/g, ''))}`
    return `${short(peerId)}${where}: ${cause}, ${printable(detail)} (${times} times, last ${Math.max(0, Math.round((atMs - failedAtMs) / 1000))} s ago)`
  })
  const [first] = causes
  const text = `${plural(failures.length, 'peer')} could not be connected to, ${causes.map(([cause, count]) => `${count} ${cause}`).join(', ')}\n${listed.join('\n')}`
  return [finding('dials', 'notice', text, Object.fromEntries(causes), first === undefined ? null : `${first[0]}: ${remedies[first[0]]}`)]
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
        'low scores keep peers out: `quorate peers` shows them',
      ),
    ]
  return [finding('mesh', 'ok', `in the mesh: ${text}`, numbers)]
}

function otherChains({ peers: { otherChains: met } }: Diagnosis): readonly Finding[] {
  if (met === 0) return []
  const todo = 'if they are nodes of your network, one of you has another genesis.json: compare the chain ids that `quorate status` prints'
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
