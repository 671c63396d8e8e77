import type { Signatures } from '../crypto/signatures.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { Bodies } from './bodies.ts'
import type { Chain } from './chain.ts'
import { executeBlock, type KnownBlock, type KnownBlocks } from './known-blocks.ts'

interface Restoring {
  readonly chain: Chain
  readonly bodies: Bodies
  readonly known: KnownBlocks
  readonly signatures: Signatures
  readonly telemetry: Telemetry
}

/** Takes up the blocks that this verifier locked or sealed before this start: without them their height might not go on. */
export async function restoreGuarded(
  { chain, bodies, known, signatures, telemetry }: Restoring,
  onBlock: (block: KnownBlock) => void,
): Promise<void> {
  for (const body of await chain.guardedBlocks()) {
    const checked = await bodies.check(body.transactions)
    const executed = checked.kind === 'accept' ? executeBlock(chain, body, checked.value, signatures) : checked
    if (executed.kind !== 'accept') {
      telemetry.log('warn', 'store.kept-block-wrong', { height: body.header.height, code: executed.code, detail: executed.detail })
      continue
    }
    known.add(executed.value)
    onBlock(executed.value)
  }
}
