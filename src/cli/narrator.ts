import type { EvidenceEvent } from '../api/evidence-types.ts'
import type { NodeEvent, NodeStatus, NodeView, VerifierStatus } from '../api/types.ts'
import { formatCoins } from '../base/amounts.ts'
import { formatAddress } from '../node/wallet.ts'
import type { LogLevel } from '../ports/telemetry.ts'
import { forkText, punishmentText, settledText } from './ledger-text.ts'
import { SyncPace } from './progress.ts'
import { duration, paint, plural, printable, short } from './text.ts'

/** One thing that happened: `text` for people, `event` and `fields` for programs. */
export interface Happening {
  readonly level: LogLevel
  readonly event: string
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
}

const POLL_MS = 1000
/** Block lines a second: a node that catches up makes hundreds of blocks final in one. */
const MAX_BLOCK_LINES = 4
/** Peer lines since the start. */
const MAX_PEER_LINES = 8

export interface NarratorOptions {
  /** Shows how far the node is with what it fetches, over and over in one place; else there is a line for it now and then. */
  readonly showProgress?: (text: string | null) => void
  /** What a person should do next, told as often as it is another thing. */
  readonly advise?: () => string | null
}

/** Tells what a node does, as it does it; alarms go to the telemetry by themselves. Returns the undo. */
export function narrate(view: NodeView, tell: (happening: Happening) => void, { showProgress, advise }: NarratorOptions = {}): () => void {
  const pace = new SyncPace()
  const met = new Set<string>()
  let advice: string | null = null
  let before: NodeStatus | undefined
  let lines = 0
  let untold = 0

  const onEvent = (event: NodeEvent): void => {
    switch (event.kind) {
      case 'block':
        lines++
        if (lines > MAX_BLOCK_LINES) untold++
        else tell(blockLine(event, view))
        return
      case 'dropped': {
        const { id, code } = event
        return tell({ level: 'debug', event: 'dropped', text: `dropped  transaction ${short(id)}: ${code}`, fields: { id, code } })
      }
      case 'refused': {
        const { slot, by, reason } = event
        const text = `refused  verifier ${by} did not sign in slot ${slot}: ${reason}`
        return tell({ level: 'debug', event: 'refused', text, fields: { slot, by, reason } })
      }
      case 'election':
      case 'quorum':
      case 'ratified': {
        const { kind, ...fields } = event
        return tell({ level: 'info', event: kind, text: ledgerText(event), fields })
      }
      case 'evidence': {
        const { kind, ...fields } = event
        return tell({ level: 'warn', event: kind, text: evidenceText(event), fields })
      }
      case 'alarm':
        return
    }
  }

  const poll = (): void => {
    const status = view.status()
    if (untold > 0) {
      const { height } = status
      tell({
        level: 'info',
        event: 'blocks',
        text: `block    … and ${plural(untold, 'more block')}, now at ${height}`,
        fields: { blocks: untold, height },
      })
    }
    lines = 0
    untold = 0
    for (const happening of newPeers(view, met)) tell(happening)
    for (const happening of changes(before, status)) tell(happening)
    tellProgress(status)
    before = status
    const next = advise?.() ?? null
    if (next !== null && next !== advice) tell({ level: 'info', event: 'next', text: `next     ${next}`, fields: { advice: next } })
    advice = next ?? advice
  }

  const tellProgress = (status: NodeStatus): void => {
    const progress = pace.note(status, performance.now())
    if (showProgress !== undefined) return showProgress(progress?.bar ?? null)
    if (progress === null || !progress.isDue) return
    const { height, sync } = status
    const { state, targetHeight, snapshot } = sync
    tell({
      level: 'info',
      event: 'sync',
      text: `sync     ${progress.text}`,
      fields: { state, height, targetHeight, snapshot, ...progress.fields },
    })
  }

  const unsubscribe = view.onEvent(onEvent)
  const timer = setInterval(poll, POLL_MS)
  timer.unref()
  poll()
  return () => {
    clearInterval(timer)
    unsubscribe()
    showProgress?.(null)
  }
}

/** The first few by name, so that a newcomer sees whom he has found; the number of all is told besides. */
function newPeers(view: NodeView, met: Set<string>): readonly Happening[] {
  const found: Happening[] = []
  for (const { peerId, addresses, direction, verifier } of view.peers()) {
    if (met.size >= MAX_PEER_LINES) break
    if (met.has(peerId)) continue
    met.add(peerId)
    const who = verifier === null ? '' : `verifier ${verifier.index}, `
    const how = direction === 'inbound' ? 'it came to us from' : 'found at'
    const where = printable(addresses[0]?.replace(/\/p2p\/.*/, '') ?? 'an unknown address')
    found.push({
      level: 'info',
      event: 'peer',
      text: `peer     ${short(peerId)}, ${who}${how} ${where}`,
      fields: { peerId, addresses, direction, verifier: verifier?.index ?? null },
    })
  }
  return found
}

function blockLine(event: Extract<NodeEvent, { kind: 'block' }>, { genesis }: NodeView): Happening {
  const { height, hash, slot, finalAtMs, makerIndex, signers, transactionIds } = event
  const transactions = transactionIds.length
  const { timeMs, parameters } = genesis
  const afterMs = Math.max(0, finalAtMs - timeMs - slot * parameters.slotMs)
  return {
    level: 'info',
    event: 'block',
    text:
      `block    ${paint('green', String(height), process.stderr)}  ${hash.slice(0, 8)}  slot ${slot}  ${plural(transactions, 'transaction')}, ` +
      `led by verifier ${makerIndex}, signed by ${signers}, final ${duration(afterMs)} after its slot began`,
    fields: { height, hash, slot, makerIndex, signers, transactions, afterMs },
  }
}

function ledgerText(event: Extract<NodeEvent, { kind: 'election' | 'quorum' | 'ratified' }>): string {
  switch (event.kind) {
    case 'election':
      return event.state === 'settled'
        ? settledText(event)
        : `election ${event.number} is open${event.cause === 'forced' ? ' after an offence' : ''}, until slot ${event.closesSlot}`
    case 'quorum':
      return `quorum   ${plural(event.members, 'verifier')} with ${formatCoins(event.totalDroplets)} coins sign from height ${event.height} on`
    case 'ratified':
      return `ratified source ${event.source} by ${formatCoins(event.droplets)} coins`
  }
}

function evidenceText({ state, id, offence, height, offenders, punished }: EvidenceEvent): string {
  const who = offenders.map(({ address }) => formatAddress(address)).join(', ')
  const what = `${offence} by ${printable(who)} at height ${height}`
  return state === 'found' || punished === null
    ? `evidence ${what}: both statements are public, \`quorate evidence show ${id}\``
    : `evidence ${what}: ${punishmentText(punished)}`
}

function changes(before: NodeStatus | undefined, now: NodeStatus): Happening[] {
  const found: Happening[] = []
  const { peers, quorum, sync, height, firstHeight, verifier } = now
  if (before?.peers !== peers) {
    const reach = quorum.stakeDroplets === 0 ? 0 : Math.floor((100 * quorum.connectedStakeDroplets) / quorum.stakeDroplets)
    found.push({
      level: 'info',
      event: 'peers',
      text: `peers    ${peers} connected, ${reach} % of the stake in reach`,
      fields: { peers, connectedStakeDroplets: quorum.connectedStakeDroplets },
    })
  }
  // How far it is while it fetches is told by its pace.
  if (before?.sync.state !== sync.state && sync.state !== 'syncing') {
    const { state, targetHeight, snapshot } = sync
    found.push({ level: 'info', event: 'sync', text: `sync     ${syncText(now)}`, fields: { state, height, targetHeight, snapshot } })
  }
  if (before !== undefined && before.firstHeight !== firstHeight) {
    const text = `begins with the snapshot of height ${firstHeight}: of what was before, this node has the state and no blocks`
    found.push({ level: 'info', event: 'snapshot', text: `sync     ${text}`, fields: { firstHeight } })
  }
  found.push(...forkChange(before?.fork ?? null, now.fork))
  const state = verifier?.state ?? null
  if (verifier !== null && state !== (before?.verifier?.state ?? null)) {
    found.push({ level: 'info', event: 'verifier', text: `verifier ${standing(verifier)}`, fields: { state, index: verifier.index } })
  }
  const silence = silenceOf(verifier)
  // Also when it signs from the first look on: a start is often quicker than that.
  if (state === 'elected' && (before?.verifier?.state !== 'elected' || silence !== silenceOf(before.verifier))) {
    const text = silence === null ? 'signs' : `does not sign: ${printable(silence)}`
    found.push({ level: silence === null ? 'info' : 'warn', event: 'silence', text: `verifier ${text}`, fields: { silence } })
  }
  return found
}

function forkChange(before: NodeStatus['fork'], now: NodeStatus['fork']): Happening[] {
  if (now !== null) {
    if (before?.height === now.height && before.command === now.command) return []
    return [{ level: 'warn', event: 'fork', text: `fork     ${forkText(now)}`, fields: { ...now } }]
  }
  if (before === null) return []
  const { height } = before
  return [{ level: 'info', event: 'fork', text: `fork     that of height ${height} is over: the chain goes on`, fields: { height } }]
}

/** Who is not elected has nothing to sign, and is not silent. */
const silenceOf = (verifier: VerifierStatus | null): string | null => (verifier?.state === 'elected' ? verifier.silence : null)

function standing({ state, index }: VerifierStatus): string {
  switch (state) {
    case 'not-registered':
      return 'key is not registered, so this node follows and signs nothing: `quorate register`'
    case 'registered':
      return 'is registered and not in the quorum: it signs nothing until it is elected'
    case 'elected':
      return `${index} of the quorum`
  }
}

function syncText({ sync, height, slot }: NodeStatus): string {
  switch (sync.state) {
    case 'none':
      return 'none: a bootstrap node helps others find each other and keeps no chain'
    case 'waiting-for-peers':
      return 'waiting for peers'
    case 'syncing':
      return `catching up: ${height} of ${sync.targetHeight}`
    case 'following':
      return `following the chain at height ${height}${slot === null ? ': its first slot has not begun' : ''}`
  }
}
