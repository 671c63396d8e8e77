import { useEffect, useState } from 'preact/hooks'
import type { EvidenceView } from '../../api/evidence-types.ts'
import { node } from '../api.ts'
import { duration, number, plural, words } from '../format.ts'
import { useLive, useQuery } from '../hooks.ts'
import { Address, Answer, Badge, BlockLink, Coins, Copy, Empty, Facts, Hash, Panel, Table, Time } from '../ui.tsx'
import type { Verified } from '../verify.ts'

/** Why the two cannot both be honest: the rule, in a sentence. */
const rules: Readonly<Record<EvidenceView['kind'], string>> = {
  'double-candidate': 'A maker offers one block a slot. Here it signed two candidates for one slot.',
  'double-vote': 'A verifier votes for one block a slot. Here it signed two votes in one slot.',
  'double-lock': 'A verifier locks one block a slot. Here it signed two locks in one slot.',
  'double-seal': 'A verifier seals one block at a height, ever. Here it sealed two.',
  amnesia:
    'Who has locked a block votes for another only if enough others voted for that one later. Here it voted as if it had forgotten its lock.',
}

export function Case({ id }: { id: string }) {
  const { version } = useLive()
  const query = useQuery(`evidence ${id}`, version, (signal) => node.evidenceOf(id, { signal }))
  return (
    <Answer of={query} what="evidence of this id">
      {(view) => <Shown view={view} />}
    </Answer>
  )
}

function Shown({ view }: { view: EvidenceView }) {
  return (
    <>
      <h1>
        Case: {words(view.kind)} at height {number(view.height)}
      </h1>
      <Panel title="The offence" note={<Badge tone="bad">{words(view.kind)}</Badge>}>
        <p>{rules[view.kind]}</p>
        <Facts
          rows={[
            [view.offenders.length === 1 ? 'Offender' : 'Offenders', <Offenders key="who" view={view} />],
            ['Height', <BlockLink key="height" height={view.height} />],
            ['Seen here first', <Time key="seen" ms={view.seenAtMs} />],
            ['Id', <Id key="id" of={view.id} />],
          ]}
        />
      </Panel>
      <Statements view={view} />
      <Verification key={view.id} view={view} />
      <Punishment view={view} />
    </>
  )
}

const Id = ({ of }: { of: string }) => (
  <>
    <Hash of={of} /> <Copy text={of} what="the id" />
  </>
)

const Offenders = ({ view }: { view: EvidenceView }) => (
  <>
    {view.offenders.map(({ address }) => (
      <span key={address}>
        <Address of={address} />{' '}
      </span>
    ))}
  </>
)

const fields = [
  ['kind', 'Statement'],
  ['height', 'Height'],
  ['slot', 'Slot'],
  ['block', 'Block'],
  ['validSlot', 'Justified by votes of slot'],
] as const

type Signed = EvidenceView['statements'][number]

/** Missing where that kind of statement has no such field. */
function fieldOf(signed: Signed | undefined, name: (typeof fields)[number][0]): string | null {
  const value = (signed?.statement as unknown as Readonly<Record<string, string | number | null>> | undefined)?.[name]
  if (value === undefined) return null
  return value === null ? 'none' : String(value)
}

function Statements({ view }: { view: EvidenceView }) {
  const [first, second] = view.statements
  return (
    <Panel title="The two statements" note="What differs is marked; one key signed both">
      <table class="statements">
        <caption class="hidden">The two statements side by side</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">First</th>
            <th scope="col">Second</th>
          </tr>
        </thead>
        <tbody>
          {fields.map(([name, title]) => {
            const [left, right] = [fieldOf(first, name), fieldOf(second, name)]
            if (left === null && right === null) return null
            const differs = left !== right
            return (
              <tr key={name} class={differs ? 'differs' : ''}>
                <th scope="row">
                  {title}
                  {differs ? <span class="hidden"> (differs)</span> : null}
                </th>
                <td>{left === null ? '–' : <Value name={name} text={left} other={right} />}</td>
                <td>{right === null ? '–' : <Value name={name} text={right} other={left} />}</td>
              </tr>
            )
          })}
          <tr>
            <th scope="row">Signed by</th>
            {[first, second].map((signed, index) => (
              <td key={index === 0 ? 'first' : 'second'}>
                <Signers signed={signed} view={view} />
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row">Signature</th>
            {[first, second].map((signed, index) => (
              <td key={index === 0 ? 'first' : 'second'} class="mono signature">
                {signed?.signature}
              </td>
            ))}
          </tr>
        </tbody>
      </table>
    </Panel>
  )
}

/** Of two hashes the part that differs stands out. */
function Value({ name, text, other }: { name: string; text: string; other: string | null }) {
  if (name !== 'block') return <span>{text === other ? text : <mark>{text}</mark>}</span>
  return text === other ? <Hash of={text} full /> : <mark class="mono breaks">{text}</mark>
}

const SHOWN_SIGNERS = 12

function Signers({ signed, view }: { signed: Signed | undefined; view: EvidenceView }) {
  const guilty = new Set(view.offenders.map(({ address }) => address))
  const signers = (signed?.signers ?? []).toSorted((left, right) => Number(guilty.has(right.address)) - Number(guilty.has(left.address)))
  return (
    <ul class="plain">
      {signers.slice(0, SHOWN_SIGNERS).map(({ address, blsKey }) => (
        <li key={blsKey}>
          <Address of={address} /> {guilty.has(address) ? <Badge tone="bad">signed both</Badge> : null}
        </li>
      ))}
      {signers.length > SHOWN_SIGNERS ? <li>and {plural(signers.length - SHOWN_SIGNERS, 'other')}</li> : null}
    </ul>
  )
}

type Outcome =
  | { readonly state: 'working' }
  | { readonly state: 'done'; readonly verified: Verified }
  | { readonly state: 'cannot'; readonly why: string }

const MOST_PAGES = 50
const PAGE_VERIFIERS = 100

/** Keys and addresses of all registered verifiers. */
async function registeredKeys(): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>()
  for (let page = 0; page < MOST_PAGES; page++) {
    const { verifiers, registered } = await node.verifiers({ from: keys.size, limit: PAGE_VERIFIERS })
    for (const { blsKey, address } of verifiers) keys.set(blsKey, address)
    if (keys.size >= registered || verifiers.length === 0) break
  }
  return keys
}

function Verification({ view }: { view: EvidenceView }) {
  const [outcome, setOutcome] = useState<Outcome>({ state: 'working' })
  const { id } = view
  useEffect(() => {
    let isWanted = true
    const work = async (): Promise<Outcome> => {
      const [{ verify }, chain] = await Promise.all([import('../verify.ts'), node.genesis()])
      const known = new Set(chain.genesis.verifiers.map(({ blsKey }) => blsKey))
      const needsMore = view.statements.some(({ signers }) => signers.some(({ blsKey }) => !known.has(blsKey)))
      return { state: 'done', verified: verify(view, chain, needsMore ? await registeredKeys() : new Map()) }
    }
    work()
      .catch((error: unknown): Outcome => ({ state: 'cannot', why: error instanceof Error ? error.message : String(error) }))
      .then(
        (result) => {
          if (isWanted) setOutcome(result)
        },
        () => undefined,
      )
    return () => {
      isWanted = false
    }
  }, [id])
  return (
    <Panel title="Verification" note="Done by this page, in this browser, from the bytes of the evidence">
      <div role="status">
        {outcome.state === 'working' ? <p class="loading">Checking the signatures…</p> : null}
        {outcome.state === 'cannot' ? (
          <p class="bad-text">
            <strong>Not verified:</strong> {outcome.why}
          </p>
        ) : null}
        {outcome.state === 'done' ? <Result of={outcome.verified} /> : null}
      </div>
    </Panel>
  )
}

const Result = ({ of }: { of: Verified }) => (
  <>
    <p class="verdict">
      {of.holds ? <Badge tone="good">verified here</Badge> : <Badge tone="bad">does not hold</Badge>}{' '}
      {of.holds ? `All of it holds; it took ${duration(of.tookMs)}.` : 'What is marked below does not hold: this evidence proves nothing.'}
    </p>
    <ul class="checks">
      {of.checks.map(({ claim, holds, detail }) => (
        <li key={claim} class={holds ? 'holds' : 'fails'}>
          <span aria-hidden="true">{holds ? '✓' : '✗'}</span>
          <span>
            <span class="hidden">{holds ? 'Holds: ' : 'Does not hold: '}</span>
            {claim}
            {detail === undefined ? null : <span class="unknown"> ({detail})</span>}
          </span>
        </li>
      ))}
    </ul>
  </>
)

function Punishment({ view }: { view: EvidenceView }) {
  const { punished } = view
  if (punished === null)
    return (
      <Panel title="Punishment">
        <Empty>No block has punished it yet: the next leader that has it puts it into its block.</Empty>
      </Panel>
    )
  return (
    <Panel
      title="Punishment"
      note={
        <>
          in block <BlockLink height={punished.height} />
        </>
      }
    >
      {punished.slashedDroplets === null || punished.reporter === null ? (
        <Empty>What it took is not known here: this node has the block from a snapshot.</Empty>
      ) : (
        <>
          <Facts
            rows={[
              ['Slashed in all', <Coins key="all" of={punished.slashedDroplets} />],
              ['Of that to the maker', <Coins key="reward" of={punished.rewardDroplets ?? 0} />],
              ['Maker of the block', <Address key="maker" of={punished.reporter} />],
              ['Burned', <Coins key="burned" of={punished.slashedDroplets - (punished.rewardDroplets ?? 0)} />],
            ]}
          />
          <Table
            caption="Who lost what"
            rows={punished.slashed}
            keyOf={({ verifier }) => verifier}
            columns={[
              { title: 'Verifier', cell: ({ verifier }) => <Address of={verifier} /> },
              { title: 'Of its stake', isNumber: true, cell: ({ stakeDroplets }) => <Coins of={stakeDroplets} /> },
              { title: 'Of what is delegated', isNumber: true, cell: ({ delegatedDroplets }) => <Coins of={delegatedDroplets} /> },
              { title: 'Of what was on its way back', isNumber: true, cell: ({ unbondingDroplets }) => <Coins of={unbondingDroplets} /> },
            ]}
          />
        </>
      )}
    </Panel>
  )
}
