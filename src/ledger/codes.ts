/**
 * Codes of the ledger's verdicts. They are stable: tests, metrics and `protocols/` rely on them. Each detail that comes
 * with a code has the numbers in it.
 */

/** Why a transaction is refused whatever the state is. */
export const transactionCodes = {
  malformed: 'has no canonical bytes',
  'fee-too-low': 'pays less than the least fee of the chain',
  'empty-transfer': 'moves neither coins nor coin-hours to another account',
  'empty-amount': 'bonds or takes back no coins',
  'bad-choices': 'names no verifier, or not in ascending order',
  'bad-commission': "keeps more than all of the delegators' rewards",
  'bad-peer-id': 'the peer id is not base58',
  'bad-possession': 'does not prove that the sender holds the BLS key',
  'bad-signature': 'is not signed by its sender for this chain',
} as const

/** Why a transaction is refused by the state, in the order in which it is checked. */
export const stateCodes = {
  expired: 'the slot is after its expiry',
  'expiry-too-far': 'its expiry lies more slots ahead than the chain allows',
  'nonce-too-low': 'the account has made a transaction with this nonce before',
  'value-above-stake': 'it moves more than the quorum can secure, in any block',
  'insufficient-coins': 'amount and fee are more than the account holds',
  'insufficient-hours': 'burn and moved coin-hours are more than the account has earned',
  'nonce-too-high': 'the account has not yet made the transaction before this one',
  'already-registered': 'the account is a verifier',
  'key-in-use': 'another verifier has the BLS key',
  'peer-id-in-use': 'another verifier has the peer id',
  'not-verifier': 'only a verifier has stake of its own',
  'own-verifier': 'a verifier delegates to itself, or vouches for itself',
  'unknown-verifier': 'what is named is no registered verifier',
  'amount-too-small': 'less than one share of what is delegated to the verifier',
  'too-many-shares': 'the verifier would have more shares than there are numbers for',
  'too-many-delegations': 'delegates to as many verifiers as an account can',
  'nothing-bonded': 'there is nothing to take back',
  'insufficient-stake': 'takes back more than is bonded there',
  'too-many-unbonding': 'as many sums are on their way back as an account can have',
  'no-election': 'no election is open',
  'too-many-choices': 'names more verifiers than the chain allows',
  'nothing-moved': 'no coins that it held when the election opened have been moved since',
  'already-endorsed': 'the account vouches for the verifier already',
  'not-endorsed': 'the account does not vouch for the verifier',
  'too-many-endorsements': 'vouches for as many verifiers as an account can',
  'too-many-sources': 'supports as many ratifications as an account can in one election',
  'too-many-proposals': 'as many sources are proposed as one election can have',
} as const

/** Why a block is refused that holds no bad transaction, or a transaction is left for a later block. */
export const blockCodes = {
  'bad-signers': 'the seal of the parent is missing, or names somebody outside its quorum',
  'unknown-maker': 'the maker is no member of the quorum',
  'slot-out-of-range': 'the time of the slot is no safe integer',
  'too-many-transactions': 'more transactions than a block may hold',
  'block-too-large': 'more bytes of transactions than a block may hold',
  'too-much-evidence': 'more evidence than a block may hold',
  'unknown-signer': 'evidence names a key that no verifier has',
  'future-evidence': 'evidence is of a height above the block',
  'evidence-expired': 'evidence is of an epoch that ended too long ago',
  'already-punished': 'everybody whom the evidence proves guilty was punished for that',
  'too-many-offences': 'the offenders were punished for as many offences as the state remembers',
  'recovery-transactions': 'a block that recovers from a fork holds transactions',
  'too-many-recoveries': 'the chain has recovered from as many forks as the state remembers',
  'block-value-above-stake': 'the transactions together move more than the quorum can secure',
} as const

/** Why a genesis document is refused. */
export const genesisCodes = {
  'genesis-malformed': 'the document has no canonical bytes: a field is out of its bounds',
  'genesis-version': 'another version of the protocols',
  'genesis-name': 'the name is no chain name',
  'genesis-parameters': 'a parameter is out of its range or contradicts another',
  'genesis-verifiers': 'no verifiers, not in order, doubled, or with too little stake',
  'genesis-accounts': 'accounts are not in order or doubled',
  'genesis-anchors': 'anchors are not in order or doubled, or missing where trust elects',
  'genesis-supply': 'all coins and stakes together are 2^53 droplets or more',
  'genesis-possession': 'a verifier has not proved that it holds its key',
} as const

export type TransactionCode = keyof typeof transactionCodes
export type StateCode = keyof typeof stateCodes
export type BlockCode = keyof typeof blockCodes
export type GenesisCode = keyof typeof genesisCodes
