import type { GossipValidator, Network, Topic } from '../ports/network.ts'
import type { Telemetry } from '../ports/telemetry.ts'

/** Hears all topics; counts each verdict as `<topic>.accept`, or `<topic>.<ignore or reject>.<code>`. */
export function subscribe(
  network: Pick<Network, 'subscribe'>,
  telemetry: Telemetry,
  validators: Readonly<Record<Topic, GossipValidator>>,
): void {
  for (const [topic, validate] of Object.entries(validators) as [Topic, GossipValidator][])
    network.subscribe(topic, async (data, from) => {
      const verdict = await validate(data, from)
      telemetry.count(`${topic}.${verdict.kind === 'accept' ? 'accept' : `${verdict.kind}.${verdict.code}`}`)
      return verdict
    })
}
