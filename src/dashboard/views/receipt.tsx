import type { ReceiptEvent } from '../../api/ledger-types.ts'
import { number, plural, words } from '../format.ts'
import { Address, BlockLink, Coins, Hash } from '../ui.tsx'

/** An event of a receipt, in words. */
export function receiptText(event: ReceiptEvent) {
  switch (event.kind) {
    case 'released':
      return (
        <>
          <Coins of={event.droplets} /> bonded to <Address of={event.verifier} /> went back to <Address of={event.account} />
        </>
      )
    case 'election-opened':
      return (
        <>
          Election {event.number} opened ({event.cause}), it closes with slot {number(event.closesSlot)}
        </>
      )
    case 'election-settled':
      return (
        <>
          Election {event.number} was settled by {event.by}: {plural(event.elected.length, 'verifier')} elected
        </>
      )
    case 'jailed':
      return (
        <>
          <Address of={event.verifier} /> is jailed until slot {number(event.untilSlot)}
        </>
      )
    case 'ratified':
      return (
        <>
          The source <Hash of={event.source} /> was ratified with <Coins of={event.weightDroplets} />
        </>
      )
    case 'slashed':
      return (
        <>
          <Address of={event.verifier} /> was slashed for {words(event.offence)} at height <BlockLink height={event.height} />:{' '}
          <Coins of={event.stakeDroplets + event.delegatedDroplets + event.unbondingDroplets} />
        </>
      )
  }
}
