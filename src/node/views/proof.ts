import type { AccountProofView } from '../../api/ledger-types.ts'
import { toHex } from '../../base/hex.ts'
import type { Account } from '../../ledger/account.ts'
import { proveAccount } from '../../ledger/account-proof.ts'
import { encode } from '../../wire/codec.ts'
import { quorumMembers } from '../../wire/quorum.ts'
import { type Address, header } from '../../wire/types.ts'
import type { Chain } from '../chain.ts'

/** Null while there is no block to hold it against: at genesis, and for a moment while blocks are imported. */
export function accountProofView(chain: Chain, address: Address): AccountProofView | null {
  const { chainId, head, headSeal, headQuorum, ledger } = chain
  const block = chain.block(head.height)
  if (block === undefined || headSeal === null) return null
  return {
    ...{ chainId, address, height: head.height, block: head.hash },
    account: plainOf(ledger.accounts.get(address)),
    proof: proveAccount(ledger, address),
    header: toHex(encode(header, block.header)),
    seal: headSeal,
    quorum: toHex(encode(quorumMembers, headQuorum.members)),
  }
}

function plainOf(account: Account | undefined): AccountProofView['account'] {
  if (account === undefined) return null
  const { droplets, microHours, remainderDropletMs, hoursAtMs, nonce } = account
  return { droplets, microHours, remainderDropletMs, hoursAtMs, nonce }
}
