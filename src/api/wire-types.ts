import { Type } from 'typebox'
import { type RefusalReason as RefusalReasonOfWire, refusalCodes } from '../wire/types.ts'
import { address, count, hash, hex, list, named, number, oneOf, orNull, text } from './schema.ts'

/** What is on the wire, as JSON: the schemas of types that src/wire has. */

export const OffenceKind = oneOf(['double-candidate', 'double-vote', 'double-lock', 'double-seal', 'amnesia'])
export const RefusalReason = oneOf(Object.keys(refusalCodes) as RefusalReasonOfWire[], 'Why a verifier did not sign.')

const Transfer = named(
  'Transfer',
  {
    kind: Type.Literal('transfer'),
    to: address(),
    amountDroplets: count(),
    microHours: count(),
  },
  'Moves coins and, if asked, coin-hours. Amounts in droplets (10^6 to the coin) and micro coin-hours.',
)

const Register = named(
  'Register',
  {
    kind: Type.Literal('register'),
    peerId: text('libp2p peer id, base58.'),
    blsKey: hex(),
    possession: hex('BLS signature over the possession message of key and sender.'),
    commissionPpm: count("What the verifier keeps of its delegators' rewards, in parts per million."),
  },
  "Makes the sender's account a verifier. The fee for it (`verifierFeeDroplets` of genesis) is burned.",
)

const Stake = named(
  'Stake',
  {
    kind: Type.Literal('stake'),
    amountDroplets: count(),
  },
  'Bonds coins of a verifier to itself.',
)

const Unstake = named(
  'Unstake',
  {
    kind: Type.Literal('unstake'),
    amountDroplets: orNull(count()),
  },
  'Takes back what a verifier bonded to itself; null for all of it. It comes back after `unbondingSlots`.',
)

const Delegate = named(
  'Delegate',
  {
    kind: Type.Literal('delegate'),
    verifier: address(),
    amountDroplets: count(),
  },
  "Bonds coins to another account's stake.",
)

const Undelegate = named(
  'Undelegate',
  {
    kind: Type.Literal('undelegate'),
    verifier: address(),
    amountDroplets: orNull(count()),
  },
  'Takes back what the sender delegated, with what it has earned: the shares that the amount needs, or all for null.',
)

const Slip = named(
  'Slip',
  {
    kind: Type.Literal('slip'),
    choices: list(address(), 'Verifiers, ascending; the first `slipChoices` of genesis at most.'),
  },
  'A vote slip: each choice gets the weight of the coins that the sender has moved away since the election opened.',
)

const Endorse = named(
  'Endorse',
  {
    kind: Type.Literal('endorse'),
    verifier: address(),
    stance: oneOf(['vouch', 'withdraw']),
  },
  'Vouches for a verifier in the web of trust, or takes that back.',
)

const Ratify = named(
  'Ratify',
  {
    kind: Type.Literal('ratify'),
    source: hash(),
  },
  'Opens or supports the ratification of a source hash, with the weight of a slip.',
)

export const Action = Type.Union([Transfer, Register, Stake, Unstake, Delegate, Undelegate, Slip, Endorse, Ratify], {
  title: 'Action',
  description: 'What a transaction does; each kind has its tag, and later kinds take the next ones.',
})

const TransactionBody = named('TransactionBody', {
  sender: hex("ed25519 public key; its hash is the sender's address."),
  nonce: count("Number of transactions that the sender's account has made before this one."),
  feeDroplets: count(),
  expirySlot: count('Last slot whose block may hold it.'),
  action: Action,
})

export const Transaction = named('Transaction', {
  body: TransactionBody,
  signature: hex(),
})

const CandidateStatement = named('CandidateStatement', {
  kind: Type.Literal('candidate'),
  height: count(),
  slot: count(),
  block: hash(),
  validSlot: orNull(count(), 'Slot of the vote certificate that justifies proposing this block again; null for none (0 is a slot).'),
})

const VoteStatement = named('VoteStatement', {
  kind: Type.Literal('vote'),
  height: count(),
  slot: count(),
  block: hash(),
  validSlot: orNull(count()),
})

const LockStatement = named('LockStatement', {
  kind: Type.Literal('lock'),
  height: count(),
  slot: count(),
  block: hash(),
})

const SealStatement = named('SealStatement', {
  kind: Type.Literal('seal'),
  height: count(),
  block: hash(),
})

export const Statement = Type.Union([CandidateStatement, VoteStatement, LockStatement, SealStatement], {
  title: 'Statement',
  description: "The three signatures on the way to a block, and a maker's on its candidate. Slots never go back; a seal has none.",
})

export const AggregateSignature = named(
  'AggregateSignature',
  {
    signers: list(count()),
    signature: hex(),
  },
  'One BLS signature of several verifiers over the same bytes. `signers` are ascending indices into the quorum.',
)

const SignedStatement = named(
  'SignedStatement',
  {
    statement: Statement,
    keys: list(hex(), 'BLS keys of the signers, ascending.'),
    signature: hex('One BLS signature of all of them.'),
  },
  'A statement with all that is needed to check who signed it, whatever quorum they were in: their registered keys.',
)

const Evidence = named(
  'Evidence',
  {
    first: SignedStatement,
    second: SignedStatement,
  },
  'Two statements that no honest verifier makes both; guilty is who signed both. The one with the lesser bytes comes first.',
)

export const Header = named('Header', {
  height: count(),
  slot: count(),
  parent: hash("Hash of the parent's header; of genesis at height 1."),
  parentSeal: orNull(AggregateSignature, 'Seal certificate of the parent, so that its signers can be paid; null at height 1.'),
  maker: count('Index in the quorum of who built the block.'),
  proof: hex("The maker's BLS signature over the ticket bytes of `slot`."),
  transactionsRoot: hash(),
  evidenceRoot: hash(),
  stateRoot: hash('Root over all accounts after this block.'),
  nextQuorum: hash('Hash of the quorum that signs the next height.'),
  burnedMicroHours: count('Coin-hours burned by all blocks up to and including this one.'),
})

export const SignedBlock = named(
  'SignedBlock',
  {
    header: Header,
    evidence: list(Evidence),
    transactions: list(Transaction),
    seal: AggregateSignature,
  },
  'A final block.',
)

const Parameters = named('Parameters', {
  slotMs: number(),
  choiceMs: number('When in the slot a verifier chooses among candidates (W).'),
  sortition: oneOf(['stake', 'uniform']),
  expectedCandidates: count('Expected candidates a slot (c) under `stake`.'),
  uniformPpm: count('Chance of each verifier a slot under `uniform`, in parts per million.'),
  leaderRule: oneOf(['ticket', 'nodeId']),
  idleSlots: count('Slots without a block after which an empty one may be made.'),
  coinHourSeconds: count('Seconds in which a coin earns a coin-hour.'),
  microHoursPerByte: count('Coin-hours that a transaction burns for each of its bytes, in micro coin-hours.'),
  minFeeDroplets: count(),
  maxBlockTransactions: count(),
  maxBlockBytes: count("Bytes of a block's transactions."),
  maxExpirySlots: count("How many slots ahead a transaction's expiry may lie."),
  epochSlots: count('Slots from one regular handover of the quorum to the next.'),
  electionSlots: count('The last slots of an epoch, in which its election is open.'),
  forcedElectionSlots: count(),
  quorumSize: count('Most members of a quorum.'),
  minStakeDroplets: count('Own and delegated stake that a verifier needs to be elected.'),
  verifierFeeDroplets: count('What it costs to register as a verifier; burned.'),
  unbondingSlots: count('Slots from the end of the epoch in which bonded coins were taken back until they can be moved.'),
  evidenceSlots: count(
    'Slots after the end of an epoch in which evidence of it counts; those who can be slashed must still be bonded then.',
  ),
  slashPpm: count("What an offence costs of a verifier's own stake and of what is delegated to it, in parts per million."),
  reporterPpm: count('What of a slash the maker of the block with the evidence gets, in parts per million; the rest is burned.'),
  jailSlots: count('Slots in which an offender cannot be elected.'),
  slipChoices: count('Verifiers that one vote slip may name.'),
  score: oneOf(['coins', 'trust', 'hybrid'], 'What ranks the verifiers in an election.'),
  minTurnoutPpm: count('Share of all coins that slips must weigh together, in parts per million; below it the stake decides.'),
  trustRounds: count('Steps from an anchor that trust goes.'),
  blockRewardDroplets: count('Minted for each block.'),
  makerSharePpm: count("The maker's share of a block's reward and fees, in parts per million; its signers share the rest by stake."),
})

const GenesisVerifier = named('GenesisVerifier', {
  account: address("The account whose stake it is; its bytes are the verifier's id."),
  peerId: text('libp2p peer id, base58.'),
  blsKey: hex(),
  possession: hex('BLS signature over the possession message: nobody registers a key that he does not hold.'),
  stakeDroplets: count(),
  commissionPpm: count("What the verifier keeps of its delegators' rewards, in parts per million."),
})

const GenesisAccount = named('GenesisAccount', {
  address: address(),
  droplets: count(),
  microHours: count(),
})

export const Genesis = named(
  'Genesis',
  {
    version: count('Version of the protocols; this document is 1.'),
    name: text('Lower-case letters, digits and hyphens.'),
    timeMs: number('Start of slot 0, in ms since the Unix epoch.'),
    parameters: Parameters,
    verifiers: list(
      GenesisVerifier,
      'Registered from the beginning, by ascending address; the first `quorumSize` by stake are the first quorum.',
    ),
    accounts: list(GenesisAccount, 'Funded accounts, by ascending address.'),
    anchors: list(address(), 'Accounts from which trust begins, ascending.'),
  },
  'What every node of a chain must agree on from the first slot. Its hash is the chain id.',
)
