import assert from 'node:assert/strict'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { checkTransaction } from '../../../src/ledger/transaction.ts'
import { encode } from '../../../src/wire/codec.ts'
import { addressOf, transactionId } from '../../../src/wire/ids.ts'
import { transactionMessage } from '../../../src/wire/signing.ts'
import { type Transaction, type TransactionBody, transaction } from '../../../src/wire/types.ts'
import { addressOfName, CHAIN_ID, parameters } from './fixtures.ts'

const SEED = '01'.repeat(32)
const sender = nativeSignatures.accountPublicKey(SEED)
const good: TransactionBody = {
  sender,
  nonce: 0,
  feeDroplets: 10,
  expirySlot: 5,
  action: { kind: 'transfer', to: addressOfName('b'), amountDroplets: 1, microHours: 0 },
}
const sign = (body: TransactionBody, chainId = CHAIN_ID): Transaction => ({
  body,
  signature: nativeSignatures.accountSign(SEED, transactionMessage(chainId, body)),
})
const check = (of: Transaction) => checkTransaction(CHAIN_ID, parameters, of, nativeSignatures)

describe('ledger: a transaction by itself', () => {
  it('is accepted with what follows from its bytes', () => {
    const of = sign(good)
    const verdict = check(of)
    assert.ok(verdict.kind === 'accept', JSON.stringify(verdict))
    assert.deepEqual(verdict.value, {
      transaction: of,
      id: transactionId(of),
      sender: addressOf(sender),
      sizeBytes: encode(transaction, of).length,
    })
  })

  it('may move nothing if it goes to its sender', () => {
    const body: TransactionBody = { ...good, action: { ...good.action, to: addressOf(sender), amountDroplets: 0 } }
    assert.equal(check(sign(body)).kind, 'accept')
  })

  const signed = sign(good)
  const cases: { description: string; of: Transaction; code: string; detail: RegExp }[] = [
    {
      description: 'less than the least fee',
      of: sign({ ...good, feeDroplets: 9 }),
      code: 'fee-too-low',
      detail: /needs a fee of 0.00001 coins, has 0.000009$/,
    },
    {
      description: 'a transfer of nothing to somebody else',
      of: sign({ ...good, action: { ...good.action, amountDroplets: 0 } }),
      code: 'empty-transfer',
      detail: /0 coins and 0 coin-hours/,
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
      detail: new RegExp(sender),
    },
    {
      description: 'a signature of another key',
      of: { ...signed, body: { ...good, sender: '02'.repeat(32) } },
      code: 'bad-signature',
      detail: /02020202/,
    },
    {
      description: 'an amount that is no integer',
      of: { ...signed, body: { ...good, action: { ...good.action, amountDroplets: 0.5 } } },
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
  for (const { description, of, code, detail } of cases) {
    it(`refuses ${description}`, () => {
      const verdict = check(of)
      assert.equal(verdict.kind, 'reject')
      assert.equal(verdict.kind === 'reject' && verdict.code, code)
      assert.match(verdict.kind === 'reject' ? verdict.detail : '', detail)
    })
  }
})
