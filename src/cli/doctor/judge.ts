import type { Diagnosis } from '../../api/diagnosis-types.ts'
import { formatCoins } from '../../base/amounts.ts'
import { bytes, duration, percent, plural, printable, short } from '../text.ts'
import { type Finding, finding, type Severity } from './findings.ts'
import { judgeNetwork } from './network.ts'

const MEGABYTE = 1_000_000
/** Less than a day's blocks of a busy chain; less than a database needs to tidy itself up. */
const LITTLE_DISK_BYTES = 2_000 * MEGABYTE
const NO_DISK_BYTES = 200 * MEGABYTE
/** Over less, growth says nothing. */
const GROWTH_SPAN_MS = 600_000
const SOON_FULL_DAYS = 14
const DAY_MS = 86_400_000
/** Timers this late, of a hundred the latest but one, are felt in a slot. */
const LATE_MS = 100
/** Slots without a final block after which something is wrong: an idle chain makes empty blocks sooner. */
const STALLED_SLOTS = 30
/** A clock off by a quarter of a slot costs candidates now and then, by half a slot it costs blocks. */
const CLOCK_WARNING = 0.25
const CLOCK_PROBLEM = 0.5

/** What a running node's diagnosis says of it, in the order in which a person would look. */
export function judge(diagnosis: Diagnosis): readonly Finding[] {
  return [
    ...(diagnosis.role === 'bootstrap' ? [] : [clock(diagnosis)]),
    ...judgeNetwork(diagnosis),
    ...quorum(diagnosis),
    ...sync(diagnosis),
    ...source(diagnosis),
    eventLoop(diagnosis),
    ...disk(diagnosis),
    ...strangers(diagnosis),
  ]
}

function clock({ clock: { offsets, slotMs } }: Diagnosis): Finding {
  const sorted = offsets.map(({ offsetMs }) => offsetMs).toSorted((left, right) => left - right)
  const median = sorted[sorted.length >> 1]
  if (median === undefined) return finding('clock-offset', 'notice', 'no peer has told its clock yet, so this one cannot be compared')
  const offMs = Math.round(Math.abs(median))
  const severity: Severity = offMs > slotMs * CLOCK_PROBLEM ? 'problem' : offMs > slotMs * CLOCK_WARNING ? 'warning' : 'ok'
  const numbers = { offsetMs: Math.round(median), peers: sorted.length, slotMs }
  const text = `this clock is ${offMs} ms ${median < 0 ? 'ahead of' : 'behind'} the middle of those of ${plural(sorted.length, 'peer')}; a slot has ${slotMs} ms`
  const todo =
    severity === 'ok' ? null : 'set the clock by NTP: `timedatectl set-ntp true`, or chrony; then restart the node if it is a verifier'
  return finding('clock-offset', severity, text, numbers, todo)
}

function quorum({ quorum: found, dials }: Diagnosis): readonly Finding[] {
  if (found === null) return []
  const { stakeDroplets, connectedStakeDroplets, enoughDroplets, members } = found
  const missing = members.filter(({ state }) => state === 'not-connected')
  const canSign = connectedStakeDroplets >= enoughDroplets
  const numbers = { members: members.length, missing: missing.length, stakeDroplets, connectedStakeDroplets, enoughDroplets }
  const reach = `${formatCoins(connectedStakeDroplets)} of ${formatCoins(stakeDroplets)} coins are in reach, ${formatCoins(enoughDroplets)} sign a block`
  if (missing.length === 0)
    return [finding('quorum', 'ok', `all ${plural(members.length, 'verifier')} of the quorum in reach: ${reach}`, numbers)]
  const listed = missing
    .toSorted((left, right) => right.stakeDroplets - left.stakeDroplets)
    .slice(0, 5)
    .map(({ index, peerId, stakeDroplets: stake }) => {
      const why = dials.find((dial) => dial.peerId === peerId)
      const cause = why === undefined ? 'not tried' : `${why.cause}: ${printable(why.detail)}`
      return `verifier ${index} with ${formatCoins(stake)} coins (${short(peerId)}, ${cause})`
    })
  const more = missing.length > listed.length ? `, and ${missing.length - listed.length} more` : ''
  const text = `${plural(missing.length, 'verifier')} of ${members.length} not connected: ${listed.join('; ')}${more}; ${reach}`
  // A full node needs none of them: blocks come from anybody.
  const isVerifier = members.some(({ state }) => state === 'self')
  const severity: Severity = canSign ? 'warning' : isVerifier ? 'problem' : 'notice'
  const todo = canSign
    ? 'wait, for enough stake is in reach; if it stays so, ask their operators, or look at the firewall between'
    : isVerifier
      ? 'ask the operators of the missing ones, and see `dials` for what keeps this node from them: until then no block can be signed with it'
      : null
  return [finding('quorum', severity, text, numbers, todo)]
}

function sync({ sync: found, slot, clock: { slotMs } }: Diagnosis): readonly Finding[] {
  if (found === null) return []
  const { state, height, targetHeight, headAgeMs, silence } = found
  const numbers = { state, height, targetHeight, headAgeMs: headAgeMs === null ? null : Math.round(headAgeMs) }
  const isStalled = slot !== null && headAgeMs !== null && headAgeMs > STALLED_SLOTS * slotMs
  const age = headAgeMs === null ? '' : `, nothing new for ${duration(headAgeMs)}`
  const stuck =
    'see `peers`, `dials` and `quorum` here, and what `quorate status` says of alarms; `quorate log-level sync=debug --dir DIR` says more in its log'
  const head: Finding = (() => {
    switch (state) {
      case 'none':
        return finding('sync', 'ok', 'this node keeps no chain', numbers)
      case 'waiting-for-peers':
        return finding('sync', 'problem', `waiting for peers at height ${height}`, numbers, stuck)
      case 'syncing':
        return isStalled
          ? finding('sync', 'problem', `stuck at height ${height} of ${targetHeight}${age}`, numbers, stuck)
          : finding('sync', 'notice', `catching up, height ${height} of ${targetHeight}`, numbers)
      case 'following':
        return isStalled
          ? finding(
              'sync',
              'problem',
              `no block after height ${height}${age}: the chain stands still, or this node does not hear of it`,
              numbers,
              stuck,
            )
          : finding('sync', 'ok', slot === null ? 'the first slot has not begun' : `follows the chain at height ${height}`, numbers)
    }
  })()
  const signing =
    silence === null
      ? []
      : [
          finding(
            'signing',
            silence === 'clock-behind-record' || silence === 'forked' ? 'problem' : 'warning',
            `the verifier is elected and does not sign: ${printable(silence)}`,
            { silence },
            'see docs/operating.md for what each reason means; `quorate status` shows when it ends',
          ),
        ]
  return [head, ...signing]
}

function source({ source: { running, ratified }, role }: Diagnosis): readonly Finding[] {
  if (role === 'bootstrap' || ratified === null) return []
  const numbers = { running, ratified }
  if (running === ratified) return [finding('source', 'ok', `the source ${ratified.slice(0, 16)}… is the ratified one`, numbers)]
  const text = `the network has ratified the source ${ratified.slice(0, 16)}…, this node was built from ${running === null ? 'one that it does not know' : `${running.slice(0, 16)}…`}`
  return [finding('source', 'warning', text, numbers, 'build the ratified source and restart; `quorate verify-source` compares the two')]
}

function eventLoop({ eventLoop: { meanMs, p99Ms, maxMs, sinceMs }, clock: { slotMs }, atMs }: Diagnosis): Finding {
  const numbers = { meanMs, p99Ms, maxMs }
  const since = duration(Math.max(0, atMs - sinceMs))
  const text = `timers come ${p99Ms} ms late at most in 99 of 100 cases, once ${maxMs} ms, in ${since}`
  if (p99Ms <= LATE_MS) return finding('event-loop', 'ok', text, numbers)
  const todo =
    'give the node more processor: stop other programs on the machine, or move it; `nice` and memory that is swapped out look the same'
  return finding('event-loop', p99Ms > slotMs / 2 ? 'problem' : 'warning', text, numbers, todo)
}

function disk({ disk: found, atMs }: Diagnosis): readonly Finding[] {
  const { path, freeBytes, totalBytes, storeBytes, grownBytes, sinceMs } = found
  const room = freeBytes === null ? [] : [space(path, freeBytes, totalBytes)]
  const spanMs = atMs - sinceMs
  if (storeBytes === null || grownBytes === null || spanMs < GROWTH_SPAN_MS) return room
  const perDay = Math.max(0, Math.round((grownBytes * DAY_MS) / spanMs))
  const daysLeft = perDay === 0 || freeBytes === null ? null : Math.floor(freeBytes / perDay)
  const isSoon = daysLeft !== null && daysLeft < SOON_FULL_DAYS
  const text = `the store has ${bytes(storeBytes)} and grows by ${bytes(perDay)} a day${daysLeft === null ? '' : `: the disk is full in ${plural(daysLeft, 'day')}`}`
  const todo = isSoon ? 'get a larger disk, or keep fewer blocks: `quorate start --prune 100000`' : null
  return [...room, finding('disk-growth', isSoon ? 'warning' : 'ok', text, { storeBytes, perDayBytes: perDay, daysLeft }, todo)]
}

/** Also for a directory without a node. */
export function space(path: string, freeBytes: number, totalBytes: number | null): Finding {
  const severity: Severity = freeBytes < NO_DISK_BYTES ? 'problem' : freeBytes < LITTLE_DISK_BYTES ? 'warning' : 'ok'
  const share = totalBytes === null || totalBytes === 0 ? '' : ` (${percent(Math.round((1000 * freeBytes) / totalBytes) * 1000)})`
  const todo = severity === 'ok' ? null : 'make room: a node that cannot write stops, and a verifier signs nothing'
  return finding('disk-space', severity, `${bytes(freeBytes)} free${share} for ${printable(path)}`, { freeBytes, totalBytes }, todo)
}

function strangers({ refused }: Diagnosis): readonly Finding[] {
  const reasons = Object.entries(refused).toSorted(([, left], [, right]) => right - left)
  if (reasons.length === 0) return []
  const text = `strangers were refused: ${reasons.map(([reason, count]) => `${reason} ${count}`).join(', ')}`
  return [finding('strangers', 'notice', text, Object.fromEntries(reasons))]
}
