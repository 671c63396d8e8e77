import { useEffect, useRef, useState } from 'preact/hooks'
import { useLive } from './hooks.ts'

/** A screen reader that hears of each block hears nothing else. */
const QUIET_MS = 15_000

/** Says now and then to screen readers where the chain is, and at once that the node is gone or back. */
export function Announcer() {
  const { blocks, connection } = useLive()
  const [text, setText] = useState('')
  const saidAtMs = useRef(0)
  const newest = blocks[0]
  useEffect(() => {
    if (newest === undefined || Date.now() - saidAtMs.current < QUIET_MS) return
    saidAtMs.current = Date.now()
    setText(`Block ${newest.header.height} is final, sealed by ${newest.seal.signers.length} verifiers.`)
  }, [newest])
  useEffect(() => {
    if (connection.state === 'lost') setText('The node does not answer.')
  }, [connection.state])
  return (
    <div class="hidden" role="status" aria-live="polite" aria-atomic="true">
      {text}
    </div>
  )
}
