import { utf8 } from '../../../src/base/bytes.ts'
import { invariant } from '../../../src/base/errors.ts'
import type { Hex } from '../../../src/base/hex.ts'
import { checkEvidence, evidenceOf } from '../../../src/consensus/evidence.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { sha256 } from '../../../src/crypto/sha256.ts'
import { bondedTo } from '../../../src/ledger/account.ts'
import { prepare } from '../../../src/ledger/transaction.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { buildBlock } from '../../../src/node/builder.ts'
import type { Chain, FinalBlock } from '../../../src/node/chain.ts'
import { seededWallets } from '../../../src/node/seeded-wallets.ts'
import { makeGenesis } from '../../../src/node/setup.ts'
import type { Wallet } from '../../../src/node/wallet.ts'
import type { ProvenEvidence } from '../../../src/wire/evidence.ts'
import type { Genesis, Parameters } from '../../../src/wire/genesis.ts'
import { chainIdOf } from '../../../src/wire/ids.ts'
import type { Quorum } from '../../../src/wire/quorum.ts'
import { possessionMessage, statementMessage, ticketMessage } from '../../../src/wire/signing.ts'
import type {
  Action,
  AggregateSignature,
  Certificate,
  Evidence,
  Hash,
  SignedStatement,
  Statement,
  Transaction,
} from '../../../src/wire/types.ts'

const { blsSign, blsAggregate, blsPublicKey, blsSecretKey } = nativeSignatures

export const COIN = 1_000_000
const STAKE_DROPLETS = 100 * COIN
/** Registered in genesis, in the order of their ids. */
const VERIFIERS = 8
const SEATS = 4
/** Verifiers that a handover brings in. */
const SHIFT = 2

/** An election each six slots, open for the last two; a block in every slot; everybody is selected. */
const PARAMETERS: Parameters = {
  slotMs: 1000,
  choiceMs: 300,
  sortition: 'uniform',
  expectedCandidates: 5,
  uniformPpm: 1_000_000,
  leaderRule: 'ticket',
  idleSlots: 1,
  coinHourSeconds: 1,
  microHoursPerByte: 1,
  minFeeDroplets: 10,
  maxBlockTransactions: 100,
  maxBlockBytes: 100_000,
  maxExpirySlots: 10_000,
  epochSlots: 6,
  electionSlots: 2,
  forcedElectionSlots: 2,
  quorumSize: SEATS,
  minStakeDroplets: COIN,
  verifierFeeDroplets: COIN,
  unbondingSlots: 20,
  evidenceSlots: 10,
  slashPpm: 50_000,
  reporterPpm: 50_000,
  jailSlots: 1000,
  slipChoices: 1,
  score: 'coins',
  minTurnoutPpm: 0,
  trustRounds: 1,
  blockRewardDroplets: 1000,
  makerSharePpm: 200_000,
}

export interface TestVerifier {
  readonly wallet: Wallet
  readonly peerId: string
  readonly blsSecret: Hex
  readonly blsKey: Hex
  readonly possession: Hex
}

export interface BlockOptions {
  /** The one after the head's, if none is given. */
  readonly slot?: number
  /** Index in the quorum that signs it. */
  readonly maker?: number
  /** What verifiers do in it, by their numbers. */
  readonly actions?: readonly (readonly [verifier: number, action: Action])[]
  readonly evidence?: readonly Evidence[]
  /** Who seals it, by index in that quorum; all of them if nobody is named. */
  readonly signers?: readonly number[]
  /** Whose members seal it in the place of the quorum that should. */
  readonly sealedBy?: Quorum
}

function verifierOf(wallet: Wallet, number: number): TestVerifier {
  const blsSecret = blsSecretKey(sha256(utf8(`epochs ${number}`)))
  const blsKey = blsPublicKey(blsSecret)
  const possession = blsSign(blsSecret, possessionMessage(blsKey, wallet.address))
  return { wallet, peerId: `Peer${number + 1}`.replaceAll('0', 'o'), blsSecret, blsKey, possession }
}

/**
 * A chain whose quorum is another after each election: the two verifiers whose turn it is have staked more than anybody else.
 * The first quorum is 0 1 2 3, then 0 1 4 5, 4 5 6 7, 0 1 6 7, 0 1 2 3 and so on.
 */
export class EpochChain {
  readonly genesis: Genesis
  readonly chainId: Hash
  /** By number, which goes with ascending ids. The last is in no genesis. */
  readonly verifiers: readonly TestVerifier[]

  /** @param count of verifiers in genesis; those after the first eight have the least stake */
  constructor(parameters: Partial<Parameters> = {}, count = VERIFIERS) {
    const wallets = [...seededWallets(2, count + 1)]
    const stranger = wallets.pop()
    invariant(stranger !== undefined, 'a wallet more than verifiers')
    wallets.sort((left, right) => (left.address < right.address ? -1 : 1))
    this.verifiers = [...wallets, stranger].map(verifierOf)
    this.genesis = makeGenesis({
      version: 1,
      name: 'epochs',
      timeMs: 1_700_000_000_000,
      parameters: { ...PARAMETERS, ...parameters },
      verifiers: this.verifiers.slice(0, count).map(({ wallet, peerId, blsKey, possession }, number) => ({
        ...{ account: wallet.address, peerId, blsKey, possession },
        ...{ stakeDroplets: number < VERIFIERS ? STAKE_DROPLETS : COIN, commissionPpm: 0 },
      })),
      accounts: this.verifiers.map(({ wallet: { address } }) => ({ address, droplets: 10_000 * COIN, microHours: 1_000_000_000 })),
      anchors: [],
    })
    this.chainId = chainIdOf(this.genesis)
  }

  verifier(number: number): TestVerifier {
    const one = this.verifiers[number]
    invariant(one !== undefined, 'a verifier of this number')
    return one
  }
  /** Numbers of a quorum's members, in its order. */
  numbersOf({ members }: Quorum): number[] {
    return members.map(({ blsKey }) => this.verifiers.findIndex((one) => one.blsKey === blsKey))
  }
  /** Index of a verifier in a quorum. */
  indexIn(quorum: Quorum, number: number): number {
    const index = this.numbersOf(quorum).indexOf(number)
    invariant(index >= 0, 'that verifier has a seat')
    return index
  }

  /** What members of a quorum sign together. */
  aggregate(quorum: Quorum, signers: readonly number[], statement: Statement, signingId = this.chainId): AggregateSignature {
    const message = statementMessage(signingId, statement)
    return { signers, signature: blsAggregate(signers.map((signer) => blsSign(this.#secretAt(quorum, signer), message))) }
  }
  certificate<S extends Statement>(quorum: Quorum, signers: readonly number[], statement: S): Certificate<S> {
    return { statement, aggregate: this.aggregate(quorum, signers, statement) }
  }
  /** One verifier's signature. */
  sign(number: number, statement: Statement): Hex {
    return blsSign(this.verifier(number).blsSecret, statementMessage(this.chainId, statement))
  }

  /** A statement with the keys of whoever has signed it, by their numbers. */
  signed(numbers: readonly number[], statement: Statement, signingId = this.chainId): SignedStatement {
    const keys = numbers.map((number) => this.verifier(number).blsKey).sort()
    const message = statementMessage(signingId, statement)
    return { statement, keys, signature: blsAggregate(numbers.map((number) => blsSign(this.verifier(number).blsSecret, message))) }
  }
  /** What two statements of these verifiers are together. */
  evidence(numbers: readonly number[], first: Statement, second: Statement): Evidence {
    return evidenceOf(this.signed(numbers, first), this.signed(numbers, second))
  }
  /** Two votes in one slot. */
  doubleVote(numbers: readonly number[], height: number, slot = height, blocks: readonly [string, string] = ['aa', 'bb']): Evidence {
    const [first, second] = blocks.map((digits) => ({ kind: 'vote', height, slot, block: digits.repeat(32), validSlot: null }) as const)
    invariant(first !== undefined && second !== undefined, 'two votes')
    return this.evidence(numbers, first, second)
  }
  proven(evidence: Evidence): ProvenEvidence {
    const checked = checkEvidence(this.chainId, evidence, nativeSignatures)
    invariant(checked.kind === 'accept', 'what proves an offence')
    return checked.value
  }

  /** A final block on the head, which it leaves as it is. */
  block(
    chain: Chain,
    { slot = chain.head.slot + 1, maker = 0, actions = [], evidence = [], signers, sealedBy }: BlockOptions = {},
  ): FinalBlock {
    const pool = new Pool(DEFAULT_POOL_LIMITS)
    const { ledger, quorum, epochSeed } = chain
    for (const [number, action] of actions) {
      const { wallet } = this.verifier(number)
      const account = ledger.accounts.get(wallet.address)
      invariant(account !== undefined, 'a verifier has an account')
      const transaction = this.transaction(number, pool.nextNonce(wallet.address) ?? account.nonce, action)
      const added = pool.add({ ...prepare(transaction), local: true }, account, slot)
      invariant(added.kind === 'accept', 'the pool takes it')
    }
    const proof = blsSign(this.#secretAt(quorum, maker), ticketMessage(this.chainId, epochSeed, slot))
    const known = buildBlock(
      chain,
      pool,
      evidence.map((one) => this.proven(one)),
      maker,
      slot,
      proof,
      actions.length,
    )
    invariant(known !== null && known.transactions.length === actions.length, 'a block with all of the actions')
    const { height, hash } = known.ref
    const by = sealedBy ?? quorum
    const statement = { kind: 'seal', height, block: hash } as const
    const seal = this.aggregate(by, signers ?? [...by.members.keys()], statement, chain.signingIdAt(height))
    return { ...known, block: { ...known.block, seal } }
  }
  transaction(number: number, nonce: number, action: Action): Transaction {
    return this.verifier(number).wallet.sign(this.chainId, { nonce, feeDroplets: 1000, expirySlot: 9000, action }).transaction
  }

  /** What brings the next two verifiers into the quorum, if it is in a block before the election ends. */
  rise({ ledger }: Chain): BlockOptions['actions'] {
    const bonded = this.verifiers.slice(0, VERIFIERS).map(({ wallet }) => {
      const verifier = ledger.accounts.get(wallet.address)?.verifier ?? null
      return verifier === null ? 0 : bondedTo(verifier)
    })
    const most = Math.max(...bonded)
    const turn = SEATS + SHIFT * ledger.globals.epoch
    return Array.from({ length: SHIFT }, (_, index) => {
      const number = (turn + index) % VERIFIERS
      return [number, { kind: 'stake', amountDroplets: most + COIN - (bonded[number] ?? 0) }] as const
    })
  }

  /** Commits blocks slot by slot, until as many elections have changed the quorum, and a block more for each of `beyond`. */
  async grow(chain: Chain, handovers: number, beyond = 0): Promise<FinalBlock[]> {
    const made: FinalBlock[] = []
    const add = async (): Promise<void> => {
      const { nextElectionSlot, election } = chain.ledger.globals
      const isTime = election === null && chain.head.slot + 2 === nextElectionSlot
      const final = this.block(chain, { maker: (chain.head.height + 1) % SEATS, actions: isTime ? (this.rise(chain) ?? []) : [] })
      await chain.commit(final)
      made.push(final)
    }
    const last = chain.ledger.globals.epoch + handovers
    while (chain.ledger.globals.epoch < last) await add()
    for (let count = 0; count < beyond; count++) await add()
    return made
  }

  #secretAt(quorum: Quorum, index: number): Hex {
    const member = quorum.members[index]
    const one = this.verifiers.find(({ blsKey }) => blsKey === member?.blsKey)
    invariant(one !== undefined, 'a member of this quorum')
    return one.blsSecret
  }
}
