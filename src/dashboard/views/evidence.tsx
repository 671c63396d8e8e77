import { node } from '../api.ts'
import { address as asAddress, number, plural, words } from '../format.ts'
import { useLive, useQuery } from '../hooks.ts'
import { hrefOf } from '../router.ts'
import { Address, Answer, Badge, BlockLink, Coins, Empty, Panel, Table, Time } from '../ui.tsx'
import { Case } from './case.tsx'

export const Evidence = ({ argument }: { argument: string }) =>
  argument === '' || argument.startsWith('quo1') ? <List by={argument} /> : <Case key={argument} id={argument} />

const SHOWN = 100

/** All cases, or those of the verifier with an address. */
function List({ by }: { by: string }) {
  const { version } = useLive()
  const query = useQuery('evidence', version, (signal) => node.evidence({ limit: SHOWN, signal }))
  return (
    <>
      <h1>Evidence</h1>
      <Answer of={query} what="evidence">
        {({ total, evidence }) => {
          const shown = evidence.filter(({ offenders }) => by === '' || offenders.some((offender) => asAddress(offender.address) === by))
          const looked = total > evidence.length ? `the newest ${evidence.length} of ${number(total)}` : plural(total, 'case')
          return (
            <Panel
              title="Proven offences"
              note={
                by === '' ? (
                  looked
                ) : (
                  <>
                    {shown.length} by <Address of={by} />, in {looked}. <a href={hrefOf('evidence')}>All</a>
                  </>
                )
              }
            >
              {shown.length === 0 && by !== '' ? (
                <Empty>This node holds no evidence against it, or no more.</Empty>
              ) : shown.length === 0 ? (
                <Empty>
                  No offence is proven: no verifier has signed two statements that contradict each other, as far as this node knows.
                </Empty>
              ) : (
                <Table
                  caption="Proven offences, the newest first"
                  rows={shown}
                  keyOf={({ id }) => id}
                  columns={[
                    {
                      title: 'Case',
                      cell: ({ id }) => (
                        <a class="mono" href={hrefOf('evidence', id)} title={id}>
                          {id.slice(0, 10)}…
                        </a>
                      ),
                    },
                    { title: 'Offence', cell: ({ kind }) => <Badge tone="bad">{words(kind)}</Badge> },
                    { title: 'Height', isNumber: true, cell: ({ height }) => number(height) },
                    {
                      title: 'By',
                      cell: ({ offenders }) =>
                        offenders.map(({ address }) => (
                          <span key={address}>
                            <Address of={address} />{' '}
                          </span>
                        )),
                    },
                    { title: 'Seen first', cell: ({ seenAtMs }) => <Time ms={seenAtMs} /> },
                    {
                      title: 'Punished',
                      cell: ({ punished }) =>
                        punished === null ? (
                          <Badge tone="warn">not yet</Badge>
                        ) : (
                          <>
                            in <BlockLink height={punished.height} />
                            {punished.slashedDroplets === null ? null : (
                              <>
                                : <Coins of={punished.slashedDroplets} />
                              </>
                            )}
                          </>
                        ),
                    },
                  ]}
                />
              )}
            </Panel>
          )
        }}
      </Answer>
    </>
  )
}
