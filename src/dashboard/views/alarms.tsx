import type { NodeStatus } from '../../api/types.ts'
import { Badge, Empty, Panel, Time } from '../ui.tsx'

/** What the node warns of, the newest first. */
export const Alarms = ({ status }: { status: NodeStatus }) => (
  <Panel title="Alarms">
    {status.alarms.length === 0 ? (
      <Empty>None.</Empty>
    ) : (
      <ul class="plain alarms">
        {status.alarms.toReversed().map(({ atMs, code, detail }) => (
          <li key={`${atMs} ${code} ${detail}`}>
            <Badge tone="warn">{code}</Badge> <Detail text={detail} />{' '}
            <span class="unknown">
              <Time ms={atMs} />
            </span>
          </li>
        ))}
      </ul>
    )}
  </Panel>
)

/** Longer than any word that is spoken: an address, a hash. */
const LONG = /(\S{30,})/

const Detail = ({ text }: { text: string }) => (
  <>
    {text.split(LONG).map((part, index) =>
      LONG.test(part) ? (
        // The parts of a text have an order and no id.
        <span key={`${index} ${part}`} class="mono breaks small">
          {part}
        </span>
      ) : (
        part
      ),
    )}
  </>
)
