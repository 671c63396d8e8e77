import type { TransactionView } from '../../api/types.ts'
import { addressOf } from '../../wire/ids.ts'
import { node } from '../api.ts'
import { number, words } from '../format.ts'
import { useLive, useQuery } from '../hooks.ts'
import { Address, Answer, Badge, BlockLink, Coins, Copy, Empty, Facts, Hash, Panel } from '../ui.tsx'
import { transactionText } from './transaction-text.tsx'

export function TransactionPage({ argument }: { argument: string }) {
  const { status } = useLive()
  // What waits may be in the next block: it is asked for again with each.
  const query = useQuery(`transaction ${argument}`, status?.height ?? 0, (signal) => node.transaction(argument, { signal }))
  if (argument === '') return <Empty>Name a transaction by its id in the search box.</Empty>
  return (
    <>
      <h1>Transaction</h1>
      <Answer of={query} what="transaction">
        {(found) => <Shown found={found} id={argument} />}
      </Answer>
    </>
  )
}

function Shown({ found, id }: { found: TransactionView; id: string }) {
  return (
    <Panel title="Transaction" note={<State of={found} />}>
      <p>
        <Hash of={id} full /> <Copy text={id} what="the id" />
      </p>
      {found.state === 'dropped' ? (
        <p>It left the pool without being final, for: {words(found.code)}.</p>
      ) : (
        <>
          <p class="deed">
            <Address of={addressOf(found.transaction.body.sender)} /> {transactionText(found.transaction.body.action)}
          </p>
          <Facts
            rows={[
              [
                'Block',
                found.state === 'final' ? (
                  <>
                    <BlockLink height={found.height} />, number {number(found.index)} in it
                  </>
                ) : (
                  'none yet'
                ),
              ],
              ['Nonce', number(found.transaction.body.nonce)],
              ['Fee', <Coins key="fee" of={found.transaction.body.feeDroplets} />],
              ['Expires after slot', number(found.transaction.body.expirySlot)],
              ['Public key of the sender', <Hash key="sender" of={found.transaction.body.sender} />],
              ['Signature', <Hash key="signature" of={found.transaction.signature} />],
            ]}
          />
        </>
      )}
    </Panel>
  )
}

function State({ of }: { of: TransactionView }) {
  switch (of.state) {
    case 'final':
      return <Badge tone="good">final</Badge>
    case 'pending':
      return <Badge tone="warn">waits in the pool</Badge>
    case 'dropped':
      return <Badge tone="bad">dropped: {words(of.code)}</Badge>
  }
}
