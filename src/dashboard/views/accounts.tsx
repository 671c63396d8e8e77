import { useEffect, useState } from 'preact/hooks'
import type { AccountView } from '../../api/ledger-types.ts'
import type { AccountHistory } from '../../api/observe-types.ts'
import { ApiFailure, node } from '../api.ts'
import { address as asAddress, coins, number, percent, share, words } from '../format.ts'
import { useLive, useQuery } from '../hooks.ts'
import { hrefOf } from '../router.ts'
import {
  Address,
  Answer,
  Badge,
  BlockLink,
  Coins,
  Copy,
  Empty,
  Facts,
  Meter,
  Panel,
  Table,
  Time,
  TransactionLink,
  Unknown,
} from '../ui.tsx'
import { transactionText } from './transaction-text.tsx'

export const Accounts = ({ argument }: { argument: string }) =>
  argument === '' ? <Ledger /> : <Account key={argument} address={argument} />

/** Where all coins are, and where to look. */
function Ledger() {
  const { status, blocks } = useLive()
  const query = useQuery('supply', status?.height ?? 0, (signal) => node.supply({ signal }))
  const makers = [...new Set(blocks.map(({ makerAddress }) => makerAddress))]
  return (
    <>
      <h1>Accounts</h1>
      <Panel title="Find an account or a transaction">
        <p>Type an address (quo1…), a transaction id, a height or a hash in the search box above.</p>
        {makers.length === 0 ? null : (
          <p>
            Makers of the newest blocks:{' '}
            {makers.map((maker) => (
              <span key={maker}>
                <Address of={maker} />{' '}
              </span>
            ))}
          </p>
        )}
      </Panel>
      <Answer of={query} what="supply">
        {(supply) => {
          const parts = [
            ['In accounts', supply.heldDroplets],
            ["Verifiers' own stake", supply.stakedDroplets],
            ['Delegated', supply.delegatedDroplets],
            ['On the way back', supply.unbondingDroplets],
            ['Fees not shared yet', supply.feesDroplets],
          ] as const
          return (
            <Panel title="Where all coins are" note={`after block ${number(supply.height)}`}>
              <Table
                caption="Where all coins are"
                rows={parts}
                keyOf={([label]) => label}
                columns={[
                  { title: 'Where', cell: ([label]) => label },
                  { title: 'Coins', isNumber: true, cell: ([, droplets]) => <Coins of={droplets} /> },
                  { title: 'Share', isNumber: true, cell: ([, droplets]) => share(droplets, supply.supplyDroplets) },
                  {
                    title: 'As a bar',
                    isBar: true,
                    cell: ([, droplets]) => <Meter ppm={(droplets / supply.supplyDroplets) * 1_000_000} />,
                  },
                ]}
              />
              <Facts
                rows={[
                  ['In all', <Coins key="all" of={supply.supplyDroplets} />],
                  ['Minted', <Coins key="minted" of={supply.mintedDroplets} />],
                  ['Burned', <Coins key="burned" of={supply.burnedDroplets} />],
                  ['The sum', supply.holds ? <Badge tone="good">holds</Badge> : <Badge tone="bad">does not hold</Badge>],
                ]}
              />
            </Panel>
          )
        }}
      </Answer>
    </>
  )
}

function Account({ address }: { address: string }) {
  const { status } = useLive()
  const query = useQuery(`account ${address}`, status?.height ?? 0, (signal) => node.account(address, { signal }))
  return (
    <>
      <h1>Account</h1>
      <Answer of={query} what="account">
        {(account) => (
          <>
            <Holdings account={account} />
            <Verifier account={account} />
            <Bonds account={account} />
          </>
        )}
      </Answer>
      <History address={address} height={status?.height ?? 0} />
    </>
  )
}

function Holdings({ account }: { account: AccountView }) {
  const isUntouched = account.droplets === 0 && account.microHours === 0 && account.nonce === 0 && account.verifier === null
  const waiting = account.nextNonce - account.nonce
  return (
    <Panel title="Holds" note={<Badge tone={account.kind === 'verifier' ? 'info' : 'neutral'}>{account.kind}</Badge>}>
      <p>
        <span class="mono breaks">{asAddress(account.address)}</span> <Copy text={asAddress(account.address)} what="the address" />
      </p>
      {isUntouched ? <p class="note">Nobody has paid this account yet: it has no entry in the ledger.</p> : null}
      <Facts
        rows={[
          ['Free coins', <Coins key="coins" of={account.droplets} />],
          ['Coin-hours', coins(account.microHours)],
          ['Transactions made', number(account.nonce)],
          ['Waiting in the pool', number(Math.max(0, waiting))],
          [
            'Hex',
            <span key="hex" class="mono breaks">
              {account.address}
            </span>,
          ],
        ]}
      />
      {account.ballot === null ? null : (
        <Facts
          rows={[
            ['Ballot in election', number(account.ballot.election)],
            ['A slip weighs now', <Coins key="weight" of={account.ballot.weightDroplets} />],
            ['Slip that counts', account.ballot.slip === null ? 'none' : `${account.ballot.slip.choices.length} named`],
          ]}
        />
      )}
    </Panel>
  )
}

function Verifier({ account: { address, verifier } }: { account: AccountView }) {
  if (verifier === null) return null
  return (
    <Panel title="As a verifier" note={verifier.inQuorum ? <Badge tone="good">in the quorum</Badge> : <Badge>not in the quorum</Badge>}>
      <Facts
        rows={[
          ['Own stake', <Coins key="own" of={verifier.stakeDroplets} />],
          ['Delegated to it', <Coins key="delegated" of={verifier.delegatedDroplets} />],
          ['Delegators', number(verifier.delegators)],
          ['Weight in the quorum', <Coins key="weight" of={verifier.weightDroplets} />],
          ['Commission', percent(verifier.commissionPpm)],
          [
            'Registered at',
            verifier.registeredHeight === 0 ? 'genesis' : <BlockLink key="registered" height={verifier.registeredHeight} />,
          ],
          ['Obstacle to election', verifier.obstacle ?? 'none'],
          ['Jailed until slot', verifier.jailedUntilSlot === null ? 'not jailed' : number(verifier.jailedUntilSlot)],
          [
            'Peer id',
            <span key="peer" class="mono breaks">
              {verifier.peerId}
            </span>,
          ],
        ]}
      />
      {verifier.offences.length === 0 ? null : (
        <p>
          Recently punished for: {verifier.offences.map(({ kind, height }) => `${words(kind)} at height ${number(height)}`).join(', ')}.{' '}
          <a href={hrefOf('evidence', asAddress(address))}>Its cases</a>
        </p>
      )}
    </Panel>
  )
}

function Bonds({ account: { delegations, unbonding } }: { account: AccountView }) {
  if (delegations.length + unbonding.length === 0) return null
  return (
    <Panel title="Bonded coins">
      {delegations.length === 0 ? null : (
        <Table
          caption="Delegated"
          rows={delegations}
          keyOf={({ verifier }) => verifier}
          columns={[
            { title: 'Delegated to', cell: ({ verifier }) => <Address of={verifier} /> },
            { title: 'Worth now', isNumber: true, cell: ({ droplets }) => <Coins of={droplets} /> },
          ]}
        />
      )}
      {unbonding.length === 0 ? null : (
        <Table
          caption="On the way back"
          rows={unbonding.map((one, index) => ({ ...one, index }))}
          keyOf={({ index }) => index}
          columns={[
            { title: 'On the way back from', cell: ({ verifier }) => <Address of={verifier} /> },
            { title: 'Coins', isNumber: true, cell: ({ droplets }) => <Coins of={droplets} /> },
            { title: 'Back at', cell: ({ releaseTimeMs }) => (releaseTimeMs === null ? 'after the epoch' : <Time ms={releaseTimeMs} />) },
          ]}
        />
      )}
    </Panel>
  )
}

const HISTORY_PAGE = 50

/** The newest page is asked for again with each block; older pages stay as they are. */
function History({ address, height }: { address: string; height: number }) {
  const query = useQuery(`history ${address}`, height, (signal) => node.accountTransactions(address, { limit: HISTORY_PAGE, signal }))
  const [older, setOlder] = useState<readonly AccountHistory[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => setOlder([]), [address])
  return (
    <Panel title="History" note="Transactions that it made or that moved its coins, the newest first">
      <Answer of={query} what="history of accounts">
        {(newest) => {
          const pages = [newest, ...older]
          const seen = new Set<string>()
          const rows = pages.flatMap(({ transactions }) => transactions).filter(({ id }) => !seen.has(id) && seen.add(id))
          const next = pages.at(-1)?.next ?? null
          const more = () =>
            node.accountTransactions(address, { limit: HISTORY_PAGE, ...(next === null ? {} : { before: next }) }).then(
              (page) => setOlder([...older, page]),
              (error: unknown) => setProblem(error instanceof ApiFailure ? error.message : String(error)),
            )
          if (rows.length === 0) return <Empty>No transaction yet.</Empty>
          return (
            <>
              <Table
                caption="Transactions of the account"
                rows={rows}
                keyOf={({ id }) => id}
                columns={[
                  { title: 'Transaction', cell: ({ id }) => <TransactionLink id={id} /> },
                  { title: 'Made by', cell: ({ sender }) => (sender === address ? 'this account' : <Address of={sender} />) },
                  { title: 'What it does', cell: ({ action }) => transactionText(action) },
                  { title: 'Block', isNumber: true, cell: ({ height: at }) => <BlockLink height={at} /> },
                  { title: 'Time', cell: ({ timeMs }) => <Time ms={timeMs} /> },
                ]}
              />
              {next === null ? null : (
                <button type="button" onClick={() => void more()}>
                  Older
                </button>
              )}
              {problem === null ? null : <Unknown what={problem} />}
            </>
          )
        }}
      </Answer>
    </Panel>
  )
}
