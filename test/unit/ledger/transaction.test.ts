import assert from 'node:assert/strict'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { transactionCodes } from '../../../src/ledger/codes.ts'
import { checkTransaction } from '../../../src/ledger/transaction.ts'
import { encode } from '../../../src/wire/codec.ts'
import { addressOf, transactionId } from '../../../src/wire/ids.ts'
import { possessionMessage, transactionMessage } from '../../../src/wire/signing.ts'
import { type Action, type Register, type Transaction, type TransactionBody, transaction } from '../../../src/wire/types.ts'
import { act, addressOfName, CHAIN_ID, parameters, sourceOf } from './fixtures.ts'

const SEED = '01'.repeat(32)
const senderKey = nativeSignatures.accountPublicKey(SEED)
const sender = addressOf(senderKey)
const bodyOf = (action: Action): TransactionBody => ({ sender: senderKey, nonce: 0, feeDroplets: 10, expirySlot: 5, action })
const sign = (body: TransactionBody, chainId = CHAIN_ID): Transaction => ({
  body,
  signature: nativeSignatures.accountSign(SEED, transactionMessage(chainId, body)),
})
const check = (of: Transaction) => checkTransaction(CHAIN_ID, parameters, of, nativeSignatures)

const secretKey = nativeSignatures.blsSecretKey(new Uint8Array(32).fill(7))
const blsKey = nativeSignatures.blsPublicKey(secretKey)
const otherKey = nativeSignatures.blsPublicKey(nativeSignatures.blsSecretKey(new Uint8Array(32).fill(8)))
const proofFor = (key: string, account: string): string => nativeSignatures.blsSign(secretKey, possessionMessage(key, account))
const registration: Register = {
  kind: 'register',
  peerId: 'z'.repeat(96),
  blsKey,
  possession: proofFor(blsKey, sender),
  commissionPpm: 1_000_000,
}
const [first, second, third] = ['x', 'y', 'z'].map(addressOfName).sort() as [string, string, string]
const good = bodyOf(act.transfer('b', 1))
const signed = sign(good)

describe('ledger: a transaction by itself', () => {
  const accepted: { description: string; action: Action }[] = [
    { description: 'a transfer of coins', action: act.transfer('b', 1) },
    { description: 'a transfer of hours alone', action: act.transfer('b', 0, 1) },
    { description: 'a transfer of nothing to its sender', action: { kind: 'transfer', to: sender, amountDroplets: 0, microHours: 0 } },
    { description: 'a registration with its proof, the longest peer id and all of the rewards', action: registration },
    { description: 'a registration for nothing', action: { ...registration, commissionPpm: 0 } },
    { description: 'the least stake', action: act.stake(1) },
    { description: 'the least of a stake back', action: act.unstake(1) },
    { description: 'all of a stake back', action: act.unstake() },
    { description: 'the least delegation', action: act.delegate('v1', 1) },
    { description: 'the least of a delegation back', action: act.undelegate('v1', 1) },
    { description: 'all of a delegation back', action: act.undelegate('v1') },
    { description: 'a slip of one', action: { kind: 'slip', choices: [first] } },
    { description: 'a slip in order', action: { kind: 'slip', choices: [first, second, third] } },
    { description: 'an endorsement', action: act.vouch('v1') },
    { description: 'a withdrawal', action: act.withdraw('v1') },
    { description: 'a ratification', action: { kind: 'ratify', source: sourceOf('x') } },
  ]
  for (const { description, action } of accepted) {
    it(`is ${description}, with what follows from its bytes`, () => {
      const of = sign(bodyOf(action))
      const verdict = check(of)
      assert.ok(verdict.kind === 'accept', JSON.stringify(verdict))
      assert.deepEqual(verdict.value, { transaction: of, id: transactionId(of), sender, sizeBytes: encode(transaction, of).length })
    })
  }

  const refused: { description: string; of: Transaction; code: string; detail: RegExp }[] = [
    {
      description: 'less than the least fee',
      of: sign({ ...good, feeDroplets: 9 }),
      code: 'fee-too-low',
      detail: /^needs a fee of 0.00001 coins, has 0.000009$/,
    },
    {
      description: 'a transfer of nothing to somebody else',
      of: sign(bodyOf(act.transfer('b'))),
      code: 'empty-transfer',
      detail: /^moves 0 coins and 0 coin-hours;/,
    },
    { description: 'a stake of nothing', of: sign(bodyOf(act.stake(0))), code: 'empty-amount', detail: /to stake names more than 0 coins/ },
    {
      description: 'nothing of a stake back',
      of: sign(bodyOf(act.unstake(0))),
      code: 'empty-amount',
      detail: /to unstake names more than 0 coins/,
    },
    {
      description: 'a delegation of nothing',
      of: sign(bodyOf(act.delegate('v1', 0))),
      code: 'empty-amount',
      detail: /to delegate names more than 0 coins/,
    },
    {
      description: 'nothing of a delegation back',
      of: sign(bodyOf(act.undelegate('v1', 0))),
      code: 'empty-amount',
      detail: /to undelegate names more than 0 coins/,
    },
    {
      description: 'a peer id with a letter that base58 leaves out',
      of: sign(bodyOf({ ...registration, peerId: 'Peer0' })),
      code: 'bad-peer-id',
      detail: /^"Peer0" is no peer id/,
    },
    {
      description: 'no peer id',
      of: sign(bodyOf({ ...registration, peerId: '' })),
      code: 'bad-peer-id',
      detail: /^"" is no peer id/,
    },
    {
      description: 'a peer id that goes on in another line',
      of: sign(bodyOf({ ...registration, peerId: 'Peer\n' })),
      code: 'bad-peer-id',
      detail: /is no peer id/,
    },
    {
      description: 'a peer id that is too long',
      of: { ...signed, body: bodyOf({ ...registration, peerId: 'z'.repeat(97) }) },
      code: 'malformed',
      detail: /97 bytes, at most 96/,
    },
    {
      description: 'more than all of the rewards',
      of: sign(bodyOf({ ...registration, commissionPpm: 1_000_001 })),
      code: 'bad-commission',
      detail: /^keeps 1000001 parts per million, at most 1000000 allowed$/,
    },
    {
      description: 'a proof for another account',
      of: sign(bodyOf({ ...registration, possession: proofFor(blsKey, addressOfName('b')) })),
      code: 'bad-possession',
      detail: new RegExp(`BLS key ${blsKey} for account ${sender}$`),
    },
    {
      description: 'a proof of another key',
      of: sign(bodyOf({ ...registration, blsKey: otherKey, possession: proofFor(otherKey, sender) })),
      code: 'bad-possession',
      detail: new RegExp(`BLS key ${otherKey} for`),
    },
    {
      description: 'a proof that is no signature',
      of: sign(bodyOf({ ...registration, possession: '0b'.repeat(96) })),
      code: 'bad-possession',
      detail: /is not that of BLS key/,
    },
    {
      description: 'a key that is no key',
      of: sign(bodyOf({ ...registration, blsKey: '0a'.repeat(48) })),
      code: 'bad-possession',
      detail: /BLS key 0a0a/,
    },
    {
      description: 'a slip that names nobody',
      of: sign(bodyOf({ kind: 'slip', choices: [] })),
      code: 'bad-choices',
      detail: /^names 0 verifiers/,
    },
    {
      description: 'a slip out of order',
      of: sign(bodyOf({ kind: 'slip', choices: [first, third, second] })),
      code: 'bad-choices',
      detail: /^names 3 verifiers/,
    },
    {
      description: 'a slip that names one twice',
      of: sign(bodyOf({ kind: 'slip', choices: [first, first] })),
      code: 'bad-choices',
      detail: /^names 2 verifiers/,
    },
    {
      description: 'a slip that the wire does not carry',
      of: { ...signed, body: bodyOf({ kind: 'slip', choices: new Array(17).fill(first) }) },
      code: 'malformed',
      detail: /17/,
    },
    {
      description: 'a signature for another chain',
      of: sign(good, '0d'.repeat(32)),
      code: 'bad-signature',
      detail: new RegExp(`on chain ${CHAIN_ID}$`),
    },
    {
      description: 'a signature over another body',
      of: { ...signed, body: { ...good, nonce: 1 } },
      code: 'bad-signature',
      detail: new RegExp(senderKey),
    },
    {
      description: 'a signature of another key',
      of: { ...signed, body: { ...good, sender: '02'.repeat(32) } },
      code: 'bad-signature',
      detail: /02020202/,
    },
    {
      description: 'a registration that somebody else signed, whatever its proof is',
      of: { ...signed, body: bodyOf(registration) },
      code: 'bad-signature',
      detail: new RegExp(senderKey),
    },
    {
      description: 'an amount that is no integer',
      of: { ...signed, body: bodyOf(act.stake(0.5)) },
      code: 'malformed',
      detail: /0.5 is no integer/,
    },
    { description: 'a negative fee', of: { ...signed, body: { ...good, feeDroplets: -1 } }, code: 'malformed', detail: /-1 is no integer/ },
    { description: 'a short signature', of: { ...signed, signature: '00' }, code: 'malformed', detail: /1 bytes, exactly 64 needed/ },
    {
      description: 'a key that is no hex',
      of: { ...signed, body: { ...good, sender: 'zz'.repeat(32) } },
      code: 'malformed',
      detail: /no lower-case hex/,
    },
  ]
  for (const { description, of, code, detail } of refused) {
    it(`refuses ${description}`, () => {
      const verdict = check(of)
      assert.ok(verdict.kind === 'reject', verdict.kind)
      assert.equal(verdict.code, code)
      assert.match(verdict.detail, detail)
    })
  }

  it('is refused in each way that has a code', () => {
    assert.deepEqual([...new Set(refused.map(({ code }) => code))].sort(), Object.keys(transactionCodes).sort())
  })

  it('that was checked before is not checked again', () => {
    const of = { ...signed, signature: '00'.repeat(64) }
    const before = { transaction: of, id: transactionId(of), sender, sizeBytes: 157 }
    const asked: string[] = []
    const known = (id: string) => {
      asked.push(id)
      return before
    }
    const verdict = checkTransaction(CHAIN_ID, parameters, of, nativeSignatures, known)
    assert.deepEqual([verdict, asked], [{ kind: 'accept', value: before }, [before.id]])
  })
})
