import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { wireCodecs } from '../../scripts/vectors/registry.ts'
import type { Hex } from '../../src/base/hex.ts'
import { evidenceCodes } from '../../src/consensus/evidence.ts'
import * as ledgerBounds from '../../src/ledger/bounds.ts'
import { blockCodes, genesisCodes, stateCodes, transactionCodes } from '../../src/ledger/codes.ts'
import { MAX_RELEASES } from '../../src/ledger/receipt.ts'
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
  /** Cells of the first table after the heading, without its head; none if a type stands in its place. */
  readonly rows: readonly (readonly string[])[]
  readonly type: string | undefined
}

/** What the pages say of types: each heading "### `name` (3 to 5 bytes)" and the table or the type after it. */
function readSchemas(): ReadonlyMap<string, Schema> {
  const schemas = new Map<string, Schema>()
  for (const text of pages.values()) {
    for (const section of text.split(/^(?=### )/m)) {
      const heading = /^### `(\w+)` \((\d+) to (\d+) bytes\)\n/.exec(section)
      if (heading === null) continue
      const [all, name = '', minBytes, maxBytes] = heading
      assert.ok(!schemas.has(name), `two tables of ${name}`)
      const type = /^\n`([^`]+)`/.exec(section.slice(all.length))?.[1]
      schemas.set(name, { minBytes: Number(minBytes), maxBytes: Number(maxBytes), rows: type === undefined ? tableIn(section) : [], type })
    }
  }
  return schemas
}

type Range = readonly [least: number, most: number]

const INTEGERS: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, u64: 8 }

/** Fewest and most bytes of a type as the pages write it; undefined for what is none. */
function bytesOf(type: string, schemas: ReadonlyMap<string, Schema>): Range | undefined {
  const integer = INTEGERS[type]
  if (integer !== undefined) return [integer, integer]
  const schema = schemas.get(type)
  if (schema !== undefined) return [schema.minBytes, schema.maxBytes]
  const [, kind, size] = /^(bytes|text|blob|bitmap)\[(\d+)\]$/.exec(type) ?? []
  const most = Number(size)
  if (kind === 'bytes') return [most, most]
  if (kind === 'text') return [2, 2 + most]
  if (kind === 'blob') return [4, 4 + most]
  if (kind === 'bitmap') return [2, 2 + Math.ceil(most / 8)]
  const [, optional] = /^option<(.+)>$/.exec(type) ?? []
  const [, item, count] = /^list<(.+)>\[(\d+)\]$/.exec(type) ?? []
  const inside = optional ?? item
  const inner = inside === undefined ? undefined : bytesOf(inside, schemas)
  if (inner === undefined) return undefined
  return optional !== undefined ? [1, 1 + inner[1]] : [4, 4 + Number(count) * inner[1]]
}

/** The types that a cell names, in order; a name that stands before its type is none. */
const typesIn = (cell: string | undefined, schemas: ReadonlyMap<string, Schema>): readonly string[] =>
  [...(cell ?? '').matchAll(/`([^`]+)`(?=( `| address)?)/g)]
    .filter(([, token = '', after]) => after === undefined && bytesOf(token, schemas) !== undefined)
    .map(([, token = '']) => token)

/** Holds a value's fields against its table, and those of the values in it against theirs. */
function checkFields(name: string, value: unknown, schemas: ReadonlyMap<string, Schema>): void {
  const { rows, type } = schemas.get(name) ?? assert.fail(`no page has a table of ${name}`)
  if (type !== undefined) return checkInside(type, value, schemas)
  if (rows[0]?.length !== 3 || /^\d+$/.test(rows[0][0] ?? '')) return
  const fields = rows.filter(([field]) => field?.startsWith('`')).map((row) => [named(row[0]), typesIn(row[1], schemas)[0] ?? ''] as const)
  // The kind of a union is its tag; that of a struct is a field like any other.
  const hasKind = fields.some(([field]) => field === 'kind')
  const names = Object.keys(value as object).filter((field) => field !== 'kind' || hasKind)
  assert.deepEqual(
    fields.map(([field]) => field),
    names,
    name,
  )
  for (const [field, inner] of fields) checkInside(inner, (value as Readonly<Record<string, unknown>>)[field], schemas)
}

function checkInside(type: string, value: unknown, schemas: ReadonlyMap<string, Schema>): void {
  const [, item = type] = /^(?:list|option)<([^>]+)>/.exec(type) ?? []
  if (!schemas.has(item) || value === null) return
  for (const one of Array.isArray(value) ? value : [value]) checkFields(item, one, schemas)
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

const sumOf = (ranges: readonly Range[]): Range => ranges.reduce(([few, many], [least, most]) => [few + least, many + most], [0, 0])

const boundsIn = (file: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...page(file).matchAll(/^\| `(MAX_\w+)` \| ([\d,]+) \|/gm)].map(([, name, most]) => [name, Number(most?.replaceAll(',', ''))]),
  )

describe('protocol pages', () => {
  const schemas = readSchemas()
  const vectors = new Map(
    readVectors<{ readonly type: string; readonly valid: readonly { readonly value: Record<string, unknown>; readonly bytes: Hex }[] }[]>(
      'types',
    ).map(({ type, valid }) => [type, valid]),
  )

  for (const [name, codec] of Object.entries(wireCodecs)) {
    it(`say how many bytes ${name} has`, () => {
      const { minBytes, maxBytes } = schemas.get(name) ?? assert.fail(`no page has a table of ${name}`)
      assert.deepEqual([minBytes, maxBytes], [codec.minBytes, codec.maxBytes])
    })
  }

  for (const [name, { minBytes, maxBytes, rows, type }] of schemas) {
    const valid = vectors.get(name) ?? []
    if (type !== undefined) {
      it(`give ${name} the bytes of its type`, () => {
        assert.deepEqual(bytesOf(type, schemas), [minBytes, maxBytes])
        for (const { value } of valid) checkFields(name, value, schemas)
      })
    } else if (rows[0]?.length === 3 && /^\d+$/.test(rows[0][0] ?? '')) {
      it(`list the kinds of ${name}, their tags, their fields and their bytes`, () => {
        assert.ok(valid.length > 0)
        const ranges: Range[] = []
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
          const types = typesIn(row[2], schemas).slice(0, fields.length)
          assert.equal(types.length, fields.length, `${name} ${value['kind']}: a type for each field`)
          ranges.push(sumOf(types.map((inner) => bytesOf(inner, schemas) ?? assert.fail(inner))))
        }
        const seen = new Set(valid.map(({ value }) => value['kind']))
        assert.deepEqual(new Set(rows.map((row) => named(row[1]))), seen)
        const [least, most] = [Math.min(...ranges.map(([few]) => few)), Math.max(...ranges.map(([, many]) => many))]
        assert.deepEqual([1 + least, 1 + most], [minBytes, maxBytes])
      })
    } else if (rows[0]?.length === 3) {
      it(`list the fields of ${name} in order, and their bytes add up`, () => {
        assert.deepEqual(sumOf(rows.map((row) => byteRange(row[2]))), [minBytes, maxBytes])
        for (const [field, described, bytes] of rows) {
          const [inner] = typesIn(described, schemas)
          const [least, most] = bytesOf(inner ?? '', schemas) ?? assert.fail(`${name}: ${field} has no type`)
          assert.deepEqual(byteRange(bytes), [described?.startsWith('part ') ? 0 : least, most], `${name}: ${field}`)
        }
        for (const { value } of valid) checkFields(name, value, schemas)
      })
    }
  }

  it('list every bound with its number', () => {
    assert.deepEqual(boundsIn('encoding.md'), { ...bounds })
    assert.deepEqual(boundsIn('ledger.md'), { ...ledgerBounds, MAX_RELEASES })
  })

  it('list every reason of a refusal with its number', () => {
    const listed = [...page('sign.md').matchAll(/^\| (\d+) \| `([\w-]+)` \| .+ \|$/gm)].map(([, tag, name]) => [name, Number(tag)])
    assert.deepEqual(Object.fromEntries(listed.filter(([name]) => Object.hasOwn(refusalCodes, String(name)))), refusalCodes)
  })

  const codes = [
    { files: ['transactions.md'], of: { ...transactionCodes, ...stateCodes, ...poolCodes } },
    { files: ['transactions.md', 'ledger.md'], of: blockCodes },
    { files: ['genesis.md'], of: genesisCodes },
    { files: ['evidence.md'], of: evidenceCodes },
  ]
  for (const { files, of } of codes)
    it(`${files.join(' and ')} name every code`, () => {
      const text = files.map(page).join('\n')
      for (const code of Object.keys(of)) assert.ok(text.includes(`\`${code}\``), `${code} is missing`)
    })

  it('give the codes of T5 in the order in which they are checked', () => {
    const rule = /^\*\*T5\*\*[\s\S]*?(?=\n\n)/m.exec(page('transactions.md'))?.[0] ?? assert.fail('no T5')
    const named = [...rule.matchAll(/`([a-z-]+)`:/g)].map(([, code = '']) => code)
    assert.deepEqual(
      named,
      Object.keys(stateCodes).filter((code) => named.includes(code)),
    )
    assert.equal(named.length, 7)
  })

  it('give the codes of proofs and snapshots', () => {
    const source = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
    /** Codes of rejects in some functions, each to the end of its text. */
    const codesIn = (file: string, ...functions: readonly string[]): ReadonlySet<string> =>
      new Set(
        functions.flatMap((name) => {
          const text = source(file)
          const start = text.search(new RegExp(`function\\*? ${name}\\(`))
          const end = text.indexOf('\n}\n', start)
          assert.ok(start >= 0 && end >= 0, `${name} in ${file}`)
          return [...text.slice(start, end).matchAll(/(?:reject\(|, )\s*'([a-z-]+)',/g)].map(([, code = '']) => code)
        }),
      )
    const codesOf = (rule: string): ReadonlySet<string> => {
      const text =
        new RegExp(`^\\*\\*${rule}\\*\\*[\\s\\S]*?(?=\\n\\*\\*A|\\n## )`, 'm').exec(page('snapshots.md'))?.[0] ?? assert.fail(rule)
      return new Set([...text.matchAll(/\[REJECT ([^\]]+)\]/g)].flatMap(([, codes = '']) => codes.match(/[a-z-]+/g) ?? []))
    }
    const read = codesIn('src/ledger/subtree.ts', 'readSubtree')
    assert.equal(read.size, 3)
    assert.deepEqual(codesOf('A2'), new Set([...read, ...codesIn('src/ledger/account-proof.ts', 'checkAccountProof')]))
    assert.deepEqual(
      codesOf('A8'),
      new Set([...codesIn('src/ledger/snapshot.ts', 'checkManifest'), ...codesIn('src/node/snapshot-start.ts', 'readManifest')]),
    )
    assert.deepEqual(codesOf('A9'), new Set([...read, ...codesIn('src/ledger/snapshot.ts', 'checkChunk')]))
    assert.deepEqual(codesOf('A14'), new Set(['malformed', 'wrong-quorum', 'unknown-signer', 'not-enough-stake', 'bad-signature']))
    for (const code of [...codesOf('A2'), ...codesOf('A14')]) assert.ok(source('examples/verify-account.mjs').includes(`'${code}'`), code)
  })

  it('are all in the index, and so are their letters and the files of vectors', () => {
    const index = page('README.md')
    for (const [name, text] of pages) {
      if (name !== 'README.md') assert.ok(index.includes(`[${name}](${name})`), `${name} is not in the index`)
      for (const [, letter = ''] of text.matchAll(/^\*\*([A-Z])\d+[ *]/gm)) assert.ok(index.includes(`\`${letter}\``), `${name}: ${letter}`)
    }
    for (const file of readdirSync(`${folder}vectors`)) assert.ok(index.includes(`| \`${file}\` |`), `${file} is not in the index`)
  })

  it('give no rule number twice, and point at no rule or file that is not there', () => {
    const rules = new Set<string>()
    for (const [name, text] of pages)
      for (const [, rule = ''] of text.matchAll(/^\*\*([A-Z]\d+)[ *]/gm)) {
        assert.ok(!rules.has(rule), `${name}: a second ${rule}`)
        rules.add(rule)
      }
    for (const [name, text] of pages) {
      for (const [, file = '', rule] of text.matchAll(/([a-z-]+\.md)(?: ([A-Z]\d+))?/g)) {
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
      for (const [, name = ''] of text.matchAll(/protocols\/([\w-]+\.md)/g)) assert.ok(pages.has(name), `${file} names ${name}`)
    }
  })
})
