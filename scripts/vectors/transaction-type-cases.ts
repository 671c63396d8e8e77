import { type Hex, toHex } from '../../src/base/hex.ts'
import { type Codec, encode } from '../../src/wire/codec.ts'
import * as types from '../../src/wire/types.ts'
import type { TypeCases } from './encoding.ts'
import { littleEndian, overwrite, sampleHex } from './format.ts'
import { largestTransaction, largestTransfer, sampleActions, sampleTransaction } from './samples.ts'

const TWO_53 = littleEndian(1n << 53n, 8)
const hex = <T>(codec: Codec<T>, value: T): Hex => toHex(encode(codec, value))

/** What accounts sign, and batches of it. */
export const transactionCases: readonly TypeCases[] = [
  {
    type: 'action',
    valid: sampleActions.map(({ description, action }) => ({ description, value: action })),
    invalid: [
      { description: 'kind 0', bytes: overwrite(hex(types.action, sampleTransaction.body.action), 0, '00'), code: 'bound' },
      {
        description: 'a kind that is not defined',
        bytes: overwrite(hex(types.action, sampleTransaction.body.action), 0, 'ff'),
        code: 'bound',
      },
      { description: 'amount 2^53', bytes: overwrite(hex(types.action, sampleTransaction.body.action), 21, TWO_53), code: 'bound' },
      {
        description: 'an unstake passed off as a stake',
        bytes: `0301${littleEndian(1, 8)}`,
        code: 'trailing',
      },
      { description: 'register with a peer id of 97 bytes', bytes: `02${littleEndian(97, 2)}${'61'.repeat(97)}`, code: 'bound' },
      { description: 'unstake with option tag 2', bytes: `0402${littleEndian(1, 8)}`, code: 'not-canonical' },
      { description: 'unstake all, and yet an amount', bytes: `0400${littleEndian(1, 8)}`, code: 'trailing' },
      { description: 'a slip with a count of 17', bytes: `07${littleEndian(17, 4)}`, code: 'bound' },
      { description: 'a slip with a count of 16 and nothing behind it', bytes: `07${littleEndian(16, 4)}`, code: 'truncated' },
      { description: 'endorse with stance 0', bytes: `08${sampleHex('to', 20)}00`, code: 'bound' },
      { description: 'endorse with stance 3', bytes: `08${sampleHex('to', 20)}03`, code: 'bound' },
    ],
  },
  {
    type: 'transactionBody',
    valid: [
      { description: 'transfer', value: sampleTransaction.body },
      { description: 'stake', value: { ...sampleTransaction.body, action: { kind: 'stake', amountDroplets: 1 } } },
    ],
    invalid: [
      { description: 'nonce 2^53', bytes: overwrite(hex(types.transactionBody, sampleTransaction.body), 32, TWO_53), code: 'bound' },
    ],
  },
  {
    type: 'transaction',
    valid: [
      { description: 'transfer', value: sampleTransaction },
      { description: 'a transfer with every field at its most', value: largestTransfer },
      { description: 'no transaction has more bytes', value: largestTransaction },
      {
        description: 'no transaction has fewer bytes',
        value: { ...sampleTransaction, body: { ...sampleTransaction.body, action: { kind: 'unstake', amountDroplets: null } } },
      },
    ],
    invalid: [
      { description: 'fee 2^53', bytes: overwrite(hex(types.transaction, sampleTransaction), 40, TWO_53), code: 'bound' },
      {
        description: 'expiry of every bit',
        bytes: overwrite(hex(types.transaction, sampleTransaction), 48, 'ff'.repeat(8)),
        code: 'bound',
      },
    ],
  },
  {
    type: 'transactionBatch',
    valid: [
      { description: 'one', value: [sampleTransaction] },
      { description: 'none', value: [] },
      { description: 'two', value: [sampleTransaction, largestTransaction] },
    ],
    invalid: [
      { description: 'a count of 1001', bytes: littleEndian(1001, 4), code: 'bound' },
      { description: 'a count of 1000 with nothing behind it', bytes: littleEndian(1000, 4), code: 'truncated' },
      {
        description: 'a count of 2 with one behind it',
        bytes: overwrite(hex(types.transactionBatch, [sampleTransaction]), 0, '02'),
        code: 'truncated',
      },
      {
        description: 'a count of 0 with one behind it',
        bytes: overwrite(hex(types.transactionBatch, [sampleTransaction]), 0, '00'),
        code: 'trailing',
      },
    ],
  },
]
