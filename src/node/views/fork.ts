import type { BranchView, ForkSummary, ForkView, OffenderView } from '../../api/fork-types.ts'
import { formatCoinHours, formatCoins } from '../../base/amounts.ts'
import type { Chain } from '../chain.ts'
import { isOn, pinsOf, type StandingBranch } from '../fork-record.ts'
import type { Fork } from '../fork-watch.ts'

type Ledger = Pick<Chain, 'quorumAt' | 'ledger' | 'chainId' | 'head' | 'block'>

const PPM = 1_000_000

/** Null unless the fork halts this node. */
export function forkSummary(fork: Fork, chain: Ledger, directory: string): ForkSummary | null {
  const { height, isHalted, branches, command } = forkView(fork, chain, directory)
  return isHalted ? { height, branches: branches.length, command } : null
}

/** @param directory that of the node, for the command */
export function forkView(fork: Fork, chain: Ledger, directory: string): ForkView {
  const { record, branches } = fork
  const { height, seenAtMs, resolvedAt, follow, proofs } = record
  const offenders = offenderViews(fork, chain)
  return {
    ...{ height, isHalted: resolvedAt === null, seenAtMs, resolvedAt },
    follows: follow?.first ?? null,
    branches: branches.map((branch) => branchView(fork, branch)),
    offenders,
    offendersDroplets: offenders.reduce((sum, { stakeDroplets }) => sum + stakeDroplets, 0),
    quorumDroplets: chain.quorumAt(height)?.totalStakeDroplets ?? 0,
    proofs,
    command: mustChoose(fork, chain) ? `quorate recover --dir ${directory}` : null,
  }
}

/** Nobody has chosen yet; or the branch that goes on by now is not the chosen one, or not the chain that is here. */
function mustChoose({ record, goesOn }: Fork, chain: Ledger): boolean {
  if (record.resolvedAt !== null || goesOn === null) return false
  return record.follow?.first !== goesOn.first || !isOn(chain, pinsOf(record, goesOn))
}

function branchView({ record, goesOn }: Fork, branch: StandingBranch): BranchView {
  const { isOwn, first, head, burnedMicroHours, seen, recoveredAt } = branch
  return {
    ...{ isOwn, goesOn: goesOn?.first === first, first, head },
    blocks: head.height - record.height + 1,
    burnedMicroHours: seen === 'blocks' ? burnedMicroHours : null,
    recoveredAt,
  }
}

function offenderViews({ record, offenders }: Fork, chain: Ledger): readonly OffenderView[] {
  const { ledger } = chain
  const quorum = chain.quorumAt(record.height)
  const total = quorum?.totalStakeDroplets ?? 0
  return offenders.map((blsKey) => {
    const address = ledger.indexes.blsKeys.get(blsKey) ?? ''
    const stakeDroplets = quorum?.members.find((member) => member.blsKey === blsKey)?.stakeDroplets ?? 0
    const sharePpm = total === 0 ? 0 : Number((BigInt(stakeDroplets) * BigInt(PPM)) / BigInt(total))
    return { address, blsKey, peerId: ledger.accounts.get(address)?.verifier?.peerId ?? '', stakeDroplets, sharePpm }
  })
}

/** What an operator should know of it in one line, and what to do. */
export function forkText(fork: Fork, chain: Ledger, directory: string): string {
  const { height, follows, branches, offenders, offendersDroplets, quorumDroplets, command } = forkView(fork, chain, directory)
  const percent = quorumDroplets === 0 ? 0 : Math.floor((100 * offendersDroplets) / quorumDroplets)
  const who = `${offenders.length} ${offenders.length === 1 ? 'verifier' : 'verifiers'} with ${formatCoins(offendersDroplets)} coins, ${percent} % of the stake, signed two blocks`
  const what = `two chains are sealed from height ${height} on: ${who}. Nobody honest signs any more`
  const standing = branches.map(branchText).join('; ')
  if (command !== null)
    return `${what}. ${standing}. Stop this node and run \`${command}\`: it shows the branches, and goes on with one of them without the offenders`
  const chosen = branches.find(({ first }) => first === follows)
  const reached = chosen === undefined ? '' : `, known up to height ${chosen.head.height}, this node is at ${chain.head.height}`
  return `${what}. This node follows branch ${follows?.slice(0, 8)}${reached}, and goes on without the offenders with whoever does the same`
}

function branchText({ isOwn, goesOn, first, head, blocks, burnedMicroHours }: BranchView): string {
  const paid = burnedMicroHours === null ? 'its blocks were not seen yet' : `${formatCoinHours(burnedMicroHours)} coin-hours burned`
  const whose = isOwn ? 'the own branch' : 'branch'
  return `${whose} ${first.slice(0, 8)}${goesOn ? ' (goes on)' : ''}: ${blocks} blocks up to ${head.height}, ${paid}`
}
