import type { Slot } from '../api.ts'
import { shortAddress } from '../format.ts'
import { useLive } from '../hooks.ts'
import { hrefOf } from '../router.ts'
import { Empty } from '../ui.tsx'

const SHOWN = 40

/** One square a slot, the newest first, and in words what became of them. */
export function Slots() {
  const { slots } = useLive()
  if (slots === null) return <Empty>Not known here: this node does not tell its slots.</Empty>
  if (slots.length === 0) return <Empty>No slot has ended since this node remembers.</Empty>
  const shown = slots.slice(0, SHOWN)
  const count = (outcome: Slot['outcome']): number => shown.filter((slot) => slot.outcome === outcome).length
  const last = shown[0]
  return (
    <>
      <ol class="slots" aria-label="Slots, the newest first">
        {shown.map((slot) => (
          <li key={slot.slot}>
            {slot.block === null ? (
              <span class={`slot ${slot.outcome === 'unknown' ? 'maybe' : slot.outcome}`} title={titleOf(slot)}>
                <span class="hidden">{titleOf(slot)}</span>
              </span>
            ) : (
              <a class={`slot ${slot.outcome}`} href={hrefOf('blocks', slot.height)} title={titleOf(slot)}>
                <span class="hidden">{titleOf(slot)}</span>
              </a>
            )}
          </li>
        ))}
      </ol>
      <p class="summary">
        Of {shown.length} slots, {count('block')} gave a block, {count('idle')} were idle, {count('lost')} were lost
        {count('unknown') === 0 ? '' : `, ${count('unknown')} are not known here`}.
        {last === undefined || last.candidates.length === 0
          ? ''
          : ` Slot ${last.slot} had ${last.candidates.length} ${last.candidates.length === 1 ? 'candidate' : 'candidates'}.`}
      </p>
      <ul class="legend" aria-label="Colours of slots">
        <li>
          <span class="slot block" aria-hidden="true" /> block
        </li>
        <li>
          <span class="slot idle" aria-hidden="true" /> idle: nothing to do
        </li>
        <li>
          <span class="slot lost" aria-hidden="true" /> lost: no block
        </li>
        {count('unknown') === 0 ? null : (
          <li>
            <span class="slot maybe" aria-hidden="true" /> not known here: this node did not follow the chain
          </li>
        )}
      </ul>
    </>
  )
}

const titleOf = ({ slot, outcome, height, leader }: Slot): string =>
  `Slot ${slot}: ${outcome === 'block' ? `block ${height}` : outcome === 'unknown' ? 'not known here' : outcome}${leader === null ? '' : `, led by ${leader.index} (${shortAddress(leader.address)})`}`
