import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fromHex, type Hex, toHex } from '../../src/base/hex.ts'
import { checkEvidence } from '../../src/consensus/evidence.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { portableSignatures } from '../../src/crypto/portable.ts'
import { decode, encode } from '../../src/wire/codec.ts'
import { evidenceId } from '../../src/wire/evidence.ts'
import { merkleRoot } from '../../src/wire/ids.ts'
import { type Evidence, evidence as evidenceCodec, type Statement, signedStatement } from '../../src/wire/types.ts'
import { readVectors } from './read-vectors.ts'

interface Case {
  readonly description: string
  readonly bytes: Hex
  readonly code: string
  readonly evidence: Evidence
}
interface Good extends Case {
  readonly id: Hex
  readonly kind: string
  readonly height: number
  readonly offenders: readonly Hex[]
}

const sha256 = (bytes: Hex): Hex => createHash('sha256').update(Buffer.from(bytes, 'hex')).digest('hex')

/** The table of evidence.md O1, beside the code. */
function offenceByThePage(left: Statement, right: Statement): string | null {
  if (left.height !== right.height || left.block === right.block) return null
  const slot = (of: Statement): number => ('slot' in of ? of.slot : -1)
  if (left.kind === right.kind) return slot(left) === slot(right) ? `double-${left.kind}` : null
  const [lock, vote] = left.kind === 'lock' ? [left, right] : [right, left]
  if (lock.kind !== 'lock' || vote.kind !== 'vote') return null
  return vote.slot > lock.slot && (vote.validSlot === null || vote.validSlot <= lock.slot) ? 'amnesia' : null
}

describe('vectors/evidence.json', () => {
  const { chainId, good, bad, roots, registry } = readVectors<{
    readonly chainId: Hex
    readonly registry: readonly { readonly account: Hex; readonly blsKey: Hex }[]
    readonly good: readonly Good[]
    readonly bad: readonly Case[]
    readonly roots: readonly { readonly ids: readonly Hex[]; readonly evidenceRoot: Hex }[]
  }>('evidence')

  for (const { description, bytes, id, kind, height, offenders, evidence } of good)
    it(`proves ${kind}: ${description}`, () => {
      const decoded = decode(evidenceCodec, fromHex(bytes))
      assert.deepEqual(decoded, evidence)
      assert.equal(toHex(encode(evidenceCodec, evidence)), bytes)
      assert.deepEqual([evidenceId(decoded), sha256(bytes)], [id, id])
      for (const signatures of [nativeSignatures, portableSignatures]) {
        const verdict = checkEvidence(chainId, decoded, signatures)
        assert.ok(verdict.kind === 'accept', JSON.stringify(verdict))
        const { value } = verdict
        assert.deepEqual([value.id, value.kind, value.height, value.offenders], [id, kind, height, offenders])
      }
      const { first, second } = decoded
      assert.equal(offenceByThePage(first.statement, second.statement), kind)
      assert.deepEqual(
        offenders,
        first.keys.filter((key) => second.keys.includes(key)),
      )
      const [lesser, greater] = [first, second].map((one) => toHex(encode(signedStatement, one)))
      assert.ok(bytes === `${lesser}${greater}` && `${lesser}` < `${greater}`)
    })

  for (const { description, bytes, code, evidence } of bad)
    it(`${code}: ${description}`, () => {
      const decoded = decode(evidenceCodec, fromHex(bytes))
      assert.deepEqual(decoded, evidence)
      for (const signatures of [nativeSignatures, portableSignatures]) {
        const verdict = checkEvidence(chainId, decoded, signatures)
        assert.equal(verdict.kind === 'accept' ? 'accept' : verdict.code, code)
      }
      const { first, second } = decoded
      if (code === 'no-offence') assert.equal(offenceByThePage(first.statement, second.statement), null)
      if (code === 'no-offender') assert.ok(!first.keys.some((key) => second.keys.includes(key)))
    })

  it('each kind, and each code', () => {
    const kinds = new Set(good.map(({ kind }) => kind))
    assert.deepEqual([...kinds].sort(), ['amnesia', 'double-candidate', 'double-lock', 'double-seal', 'double-vote'])
    assert.equal(new Set(bad.map(({ code }) => code)).size, 4)
  })

  it('what any part of a proof is changed to proves nothing', () => {
    for (const { bytes } of good.slice(0, 5)) {
      for (const place of [1, 9, 17, 60, 110, 200]) {
        const changed = fromHex(bytes)
        changed[place] = (changed[place] ?? 0) ^ 1
        let decoded: Evidence
        try {
          decoded = decode(evidenceCodec, changed)
        } catch {
          continue
        }
        assert.equal(checkEvidence(chainId, decoded, nativeSignatures).kind, 'reject', `byte ${place}`)
      }
    }
  })

  it('all offenders but those of one case are registered', () => {
    const keys = new Set(registry.map(({ blsKey }) => blsKey))
    const strangers = good.filter(({ offenders }) => offenders.some((key) => !keys.has(key)))
    assert.equal(strangers.length, 1)
  })

  const folder = fileURLToPath(new URL('../../protocols/', import.meta.url))
  const pages = readdirSync(folder).filter((name) => name.startsWith('offence-'))
  for (const name of pages)
    it(`${name} has an example from here`, () => {
      const text = readFileSync(folder + name, 'utf8')
      const [, description = '', bytes, id] = /good, "([^"]+)": (\d+) bytes, id\s`(\w{64})`/.exec(text) ?? assert.fail('no example')
      const example = good.find((one) => one.description === description)
      assert.deepEqual([example?.id, (example?.bytes.length ?? 0) / 2], [id, Number(bytes)])
      assert.ok(text.includes(`\`${example?.kind}\` (evidence.md O1)`))
      for (const { statement, keys } of [example?.evidence.first, example?.evidence.second].filter((one) => one !== undefined))
        for (const part of [statement.block, ...keys]) assert.ok(text.includes(`\`${part.slice(0, 8)}…\``), part)
    })

  it('every kind has a page', () => {
    const kinds = [...new Set(good.map(({ kind }) => kind))].sort()
    assert.deepEqual(
      pages.filter((name) => name !== 'offence-conflicting-certificates.md').sort(),
      kinds.map((kind) => `offence-${kind}.md`),
    )
  })

  it('evidence roots', () => {
    for (const { ids, evidenceRoot } of roots) assert.equal(merkleRoot(ids), evidenceRoot)
    assert.equal(roots[0]?.evidenceRoot, '00'.repeat(32))
    const [, one, two] = roots
    assert.equal(one?.evidenceRoot, one?.ids[0])
    assert.equal(two?.evidenceRoot, sha256((two?.ids ?? []).join('')))
  })
})
