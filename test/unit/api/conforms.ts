import assert from 'node:assert/strict'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'

/** An answer is of its schema, and has no field that the schema does not know: such a one would be documented nowhere. */
export function assertConforms(schema: TSchema, answer: unknown, what: string): void {
  const [error] = Value.Errors(schema, answer)
  assert.equal(error, undefined, `${what}: ${error === undefined ? '' : `${error.instancePath} ${error.message}`}`)
  assert.deepEqual(Value.Clean(schema, structuredClone(answer)), answer, `${what} has fields that its schema does not know`)
}
