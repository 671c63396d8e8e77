import type { NodeView } from '../api/types.ts'
import { formatCoins } from '../base/amounts.ts'
import { formatAddress } from '../node/wallet.ts'
import type { Address } from '../wire/types.ts'

/** How long a node may look for peers before it is advised to look for a fault. */
const LONELY_AFTER_MS = 15_000

/** What a person should do next with a node; null as long as there is nothing, or nothing yet. */
export function adviceFor(
  view: Pick<NodeView, 'status' | 'account' | 'genesis'>,
  { directory, account, nowMs }: { readonly directory: string; readonly account: Address | null; readonly nowMs: number },
): string | null {
  const { sync, peers, verifier, role, startedAtMs } = view.status()
  if (peers === 0)
    return nowMs - startedAtMs < LONELY_AFTER_MS
      ? null
      : `no peers yet: \`quorate doctor --dir ${directory}\` says why, and what to do about it`
  if (role === 'bootstrap' || sync.state !== 'following') return null
  if (verifier?.obstacle === 'stake-below-minimum' && verifier.state === 'registered')
    return `\`quorate stake --dir ${directory} --amount COINS\`: an election asks for ${formatCoins(verifier.minStakeDroplets)} coins, and ${formatCoins(verifier.bondedDroplets)} are bonded`
  if (verifier?.state !== 'not-registered')
    return verifier === null
      ? `\`quorate status --dir ${directory}\` says how it is; to verify, \`quorate init --dir ${directory} --role verifier\``
      : null
  const { verifierFeeDroplets, minFeeDroplets, minStakeDroplets } = view.genesis.parameters
  const needsDroplets = verifierFeeDroplets + minFeeDroplets
  const hasDroplets = account === null ? 0 : view.account(account).droplets
  if (account !== null && hasDroplets < needsDroplets)
    return (
      `registering takes ${formatCoins(needsDroplets)} coins, and the account has ${formatCoins(hasDroplets)}. They come from the faucet of the network, if it has one, ` +
      `or from anybody who has some; the address is ${formatAddress(account)}. Then \`quorate register --dir ${directory}\``
    )
  return `\`quorate register --dir ${directory}\` makes it a verifier, \`quorate stake --dir ${directory} --amount COINS\` gives it the ${formatCoins(minStakeDroplets)} coins that an election asks for`
}
