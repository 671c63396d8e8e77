import type { AccountHistory } from '../../api/observe-types.ts'
import { QuorateError } from '../../base/errors.ts'
import { blockTimeMs } from '../../ledger/state.ts'
import type { Store } from '../../ports/store.ts'
import { decode } from '../../wire/codec.ts'
import type { Address } from '../../wire/types.ts'
import { MAX_ACCOUNT_HISTORY } from '../bounds.ts'
import type { Chain } from '../chain.ts'
import { concernedIn, keys } from '../keyspace.ts'
import { concern, decodeStored } from '../stored.ts'

/**
 * At most `count` transactions that concern an account, the newest first, from behind a cursor, `<height>.<index>`.
 * Rejects with QuorateError `bad-cursor`.
 */
export async function accountHistory(
  chain: Pick<Chain, 'ledger'>,
  store: Pick<Store, 'range'>,
  { address, before, count }: { readonly address: Address; readonly before: string | null; readonly count: number },
): Promise<AccountHistory> {
  const limit = Math.min(count, MAX_ACCOUNT_HISTORY)
  const from = before === null ? keys.concerns(address, Number.MAX_SAFE_INTEGER, 0xffff_ffff) : behind(address, before)
  const transactions: AccountHistory['transactions'][number][] = []
  let isMore = false
  for await (const [key, value] of store.range(from, keys.concernsEnd(address), { limit: limit + 1 })) {
    if (transactions.length === limit) {
      isMore = true
      break
    }
    const { id, slot, sender, action } = decodeStored('a transaction of an account', () => decode(concern, value))
    transactions.push({ id, ...concernedIn(key), timeMs: blockTimeMs(chain.ledger, slot), sender, action })
  }
  const last = transactions.at(-1)
  return { address, transactions, next: isMore && last !== undefined ? `${last.height}.${last.index}` : null }
}

/** The first key behind that of a place: older ones have higher keys. @throws QuorateError `bad-cursor` */
function behind(address: Address, cursor: string): Uint8Array {
  const [, height, index] = /^(\d{1,15})\.(\d{1,9})$/.exec(cursor) ?? []
  if (height === undefined || index === undefined)
    throw new QuorateError('bad-cursor', `"${cursor.slice(0, 40)}" is not what an answer gave as "next"`)
  const key = keys.concerns(address, Number(height), Number(index))
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
