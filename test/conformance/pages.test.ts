import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { wireCodecs } from '../../scripts/vectors/registry.ts'
import type { Hex } from '../../src/base/hex.ts'
import { account } from '../../src/ledger/account.ts'
import { blockCodes, genesisCodes, stateCodes, transactionCodes } from '../../src/ledger/codes.ts'
import { poolCodes } from '../../src/mempool/types.ts'
import * as bounds from '../../src/wire/bounds.ts'
import { refusalCodes } from '../../src/wire/types.ts'
import { readVectors } from './read-vectors.ts'

const folder = fileURLToPath(new URL('../../protocols/', import.meta.url))
const pages = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => [name, readFileSync(folder + name, 'utf8')]),
)
const page = (name: string): string => pages.get(name) ?? assert.fail(`there is no page ${name}`)

interface Schema {
  readonly minBytes: number
  readonly maxBytes: number
  /** Cells of the first table after the heading, without its head. */
  readonly rows: readonly (readonly string[])[]
}

/** What the pages say of types: each heading "### `name` (3 to 5 bytes)" and the table after it. */
function readSchemas(): ReadonlyMap<string, Schema> {
  const schemas = new Map<string, Schema>()
  for (const text of pages.values()) {
    for (const section of text.split(/^(?=### )/m)) {
      const heading = /^### `(\w+)` \((\d+) to (\d+) bytes\)\n/.exec(section)
      if (heading === null) continue
      const [, name = '', minBytes, maxBytes] = heading
      assert.ok(!schemas.has(name), `two tables of ${name}`)
      schemas.set(name, { minBytes: Number(minBytes), maxBytes: Number(maxBytes), rows: tableIn(section) })
    }
  }
  return schemas
}

function tableIn(section: string): string[][] {
  const table = /^\|.*\n\|[ -|]*\n((?:\|.*\n)*)/m.exec(section)?.[1] ?? ''
  return table
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

const named = (cell: string | undefined): string => /^`([\w-]+)`$/.exec(cell ?? '')?.[1] ?? cell ?? ''
function byteRange(cell: string | undefined): [number, number] {
  const [, least, most] = /^(\d+)(?: to (\d+))?$/.exec(cell ?? '') ?? assert.fail(`no number of bytes: ${cell}`)
  return [Number(least), Number(most ?? least)]
}

describe('protocol pages', () => {
  const schemas = readSchemas()
  const vectors = new Map(
    readVectors<{ readonly type: string; readonly valid: readonly { readonly value: Record<string, unknown>; readonly bytes: Hex }[] }[]>(
      'types',
    ).map(({ type, valid }) => [type, valid]),
  )

  for (const [name, codec] of [...Object.entries(wireCodecs), ['account', account] as const]) {
    it(`say how many bytes ${name} has`, () => {
      const { minBytes, maxBytes } = schemas.get(name) ?? assert.fail(`no page has a table of ${name}`)
      assert.deepEqual([minBytes, maxBytes], [codec.minBytes, codec.maxBytes])
    })
  }

  for (const [name, { minBytes, maxBytes, rows }] of schemas) {
    const valid = vectors.get(name) ?? []
    if (rows[0]?.length === 3 && /^\d+$/.test(rows[0][0] ?? '')) {
      it(`list the kinds of ${name}, their tags and their fields`, () => {
        assert.ok(valid.length > 0)
        for (const { value, bytes } of valid) {
          const row =
            rows.find(([tag]) => Number(tag) === Number.parseInt(bytes.slice(0, 2), 16)) ?? assert.fail(`no tag ${bytes.slice(0, 2)}`)
          assert.equal(named(row[1]), value['kind'])
          const fields = Object.keys(value).filter((field) => field !== 'kind')
          if (fields.length > 1)
            assert.deepEqual(
              (row[2]?.match(/`(\w+)` /g) ?? []).slice(0, fields.length).map((field) => named(field.trim())),
              fields,
            )
        }
        const seen = new Set(valid.map(({ value }) => value['kind']))
        assert.deepEqual(new Set(rows.map((row) => named(row[1]))), seen)
      })
    } else if (rows[0]?.length === 3) {
      it(`list the fields of ${name} in order, and their bytes add up`, () => {
        const ranges = rows.map((row) => byteRange(row[2]))
        const sum = (side: 0 | 1): number => ranges.reduce((total, range) => total + range[side], 0)
        assert.deepEqual([sum(0), sum(1)], [minBytes, maxBytes])
        for (const { value } of valid)
          assert.deepEqual(
            rows.map(([field]) => named(field)).filter((field) => field !== 'tag'),
            Object.keys(value).filter((field) => field !== 'kind'),
          )
      })
    }
  }

  it('list every bound with its number', () => {
    const listed = [...page('encoding.md').matchAll(/^\| `(MAX_\w+)` \| ([\d,]+) \|/gm)].map(([, name, most]) => [
      name,
      Number(most?.replaceAll(',', '')),
    ])
    assert.deepEqual(Object.fromEntries(listed), { ...bounds })
  })

  it('list every reason of a refusal with its number', () => {
    const listed = [...page('sign.md').matchAll(/^\| (\d+) \| `([\w-]+)` \| .+ \|$/gm)].map(([, tag, name]) => [name, Number(tag)])
    assert.deepEqual(Object.fromEntries(listed.filter(([name]) => Object.hasOwn(refusalCodes, String(name)))), refusalCodes)
  })

  const codes = [
    { file: 'transactions.md', of: { ...transactionCodes, ...stateCodes, ...blockCodes, ...poolCodes } },
    { file: 'genesis.md', of: genesisCodes },
  ]
  for (const { file, of } of codes)
    it(`${file} names every code`, () => {
      for (const code of Object.keys(of)) assert.ok(page(file).includes(`\`${code}\``), `${code} is missing`)
    })

  it('give no rule number twice, and point at no rule or file that is not there', () => {
    const rules = new Set<string>()
    for (const [name, text] of pages)
      for (const [, rule = ''] of text.matchAll(/^\*\*([A-Z]\d+)[ *]/gm)) {
        assert.ok(!rules.has(rule), `${name}: a second ${rule}`)
        rules.add(rule)
      }
    for (const [name, text] of pages) {
      for (const [, file = '', rule] of text.matchAll(/([a-z]+\.md)(?: ([A-Z]\d+))?/g)) {
        assert.ok(pages.has(file), `${name} points at ${file}`)
        if (rule !== undefined) assert.ok(rules.has(rule), `${name} points at ${rule}`)
        if (rule !== undefined) assert.match(page(file), new RegExp(`^\\*\\*${rule}[ *]`, 'm'), `${name}: ${rule} is not in ${file}`)
      }
    }
    assert.ok(rules.size > 80, `${rules.size} rules`)
  })

  it('have every rule that the code cites', () => {
    const source = fileURLToPath(new URL('../../src/', import.meta.url))
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    const all = [...pages.values()].join('\n')
    for (const file of files) {
      const text = readFileSync(source + file, 'utf8')
      const cited = [
        ...[
          ...text.matchAll(/\/\/.*?\b([A-Z]\d{1,2}): /g),
          ...text.matchAll(/\*\* ([A-Z]\d{1,2}): /g),
          ...text.matchAll(/\.md`? ([A-Z]\d{1,2})\b/g),
        ],
      ].map(([, rule]) => rule)
      for (const rule of cited) assert.match(all, new RegExp(`^\\*\\*${rule}[ *]`, 'm'), `${file} cites ${rule}`)
      for (const [, name = ''] of text.matchAll(/protocols\/(\w+\.md)/g)) assert.ok(pages.has(name), `${file} names ${name}`)
    }
  })
})
