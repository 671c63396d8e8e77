import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { eventKinds } from '../../../src/api/events.ts'
import { routes } from '../../../src/api/routes.ts'

const page = readFileSync(new URL('../../../docs/http-api.md', import.meta.url), 'utf8')
const OPENAPI = 'GET /v1/openapi.json'

/** Whether a path that a reader would ask for is that of a route. */
const matches = (route: string, path: string): boolean => {
  const [wanted, parts] = [route.split('/'), path.split('/')]
  return wanted.length === parts.length && wanted.every((part, index) => part.startsWith(':') || part === parts[index])
}

/** What the page shows of a list or of an object when it leaves out all of it. */
const ELIDED = '…'
const withElisions = (text: string): string =>
  text
    .replaceAll(/([[{])…([\]}])/g, `"${ELIDED}"`)
    .replaceAll(/, …( \d+ in all)?\s*\]/g, ']')
    .replaceAll(/,\s*…\s*\}/g, '}')

/** Fields of an example that its schema does not know, and fields of the schema that the example lacks. Values may be shortened. */
function differences(schema: Shape, example: unknown, path: string): readonly string[] {
  if (example === ELIDED || example === null || typeof example !== 'object') return []
  const { anyOf, allOf } = schema
  if (allOf !== undefined) return differences(together(allOf), example, path)
  if (anyOf !== undefined) {
    const each = anyOf.filter(({ type }) => type !== 'null').map((variant) => differences(variant, example, path))
    return each.toSorted((left, right) => left.length - right.length)[0] ?? []
  }
  if (Array.isArray(example)) return example.flatMap((item, index) => differences(schema.items ?? {}, item, `${path}[${index}]`))
  const { properties, required = [] } = schema
  if (properties === undefined) return []
  const shown = Object.entries(example)
  return [
    ...required.filter((name) => !Object.hasOwn(example, name)).map((name) => `${path} lacks ${name}`),
    ...shown.flatMap(([name, value]) =>
      properties[name] === undefined ? [`${path} has ${name}`] : differences(properties[name], value, `${path}.${name}`),
    ),
  ]
}

/** Of parts one of which may be one of several. */
const together = (parts: readonly Shape[]): Shape =>
  parts.reduce((left, right) =>
    right.anyOf === undefined
      ? { properties: { ...left.properties, ...right.properties }, required: [...(left.required ?? []), ...(right.required ?? [])] }
      : { anyOf: right.anyOf.map((variant) => together([left, variant])) },
  )

interface Shape {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly items?: Shape
  readonly anyOf?: readonly Shape[]
  readonly allOf?: readonly Shape[]
}

describe('docs/http-api.md', () => {
  const headings = [...page.matchAll(/^## (GET|POST|PUT) (\S+)$/gm)].map(([, method, path]) => `${method} ${path}`)

  it('has a section for each route, and for nothing else', () => {
    const known = [...routes.map(({ method, path }) => `${method} ${path}`), OPENAPI]
    assert.deepEqual(headings.toSorted(), known.toSorted())
  })

  it('shows calls of routes that there are, each in its section', () => {
    const sections = page.split(/^## /m).slice(1)
    const calls = sections.flatMap((section) =>
      [...section.matchAll(/^curl .*?(http:\/\/[^\s'"]+).*$/gm)].map(([line, url = '']) => ({
        line,
        url,
        heading: section.split('\n', 1)[0] ?? '',
      })),
    )
    assert.ok(calls.length > headings.length / 2)
    for (const { line, url, heading } of calls) {
      const { pathname, searchParams } = new URL(url.replace('$ADDRESS', 'quo1'))
      const method = /-X (\w+)/.exec(line)?.[1] ?? (line.includes(' -d ') ? 'POST' : 'GET')
      const found = routes.find((route) => route.method === method && matches(route.path, pathname))
      if (`${method} ${pathname}` === OPENAPI) continue
      assert.ok(found, line)
      if (/^(GET|POST|PUT) /.test(heading)) assert.equal(heading, `${found.method} ${found.path}`)
      for (const name of searchParams.keys()) assert.ok(Object.hasOwn(found.query?.properties ?? {}, name), `${line}: there is no ${name}`)
    }
  })

  for (const section of page.split(/^## (?=GET|POST|PUT)/m).slice(1)) {
    const [heading = ''] = section.split('\n', 1)
    const examples = [...section.matchAll(/^```json\n(.*?)\n```$/gms)].map(([, text = '']) => text)
    const route = routes.find(({ method, path }) => `${method} ${path}` === heading)
    if (route === undefined || examples.length === 0) continue
    it(`shows whole answers: ${heading}`, () => {
      for (const example of examples) assert.deepEqual(differences(route.answer as Shape, JSON.parse(withElisions(example)), ''), [])
    })
  }

  it('names each parameter, each kind of event, and what needs the token', () => {
    for (const { method, path, query, needsToken } of routes) {
      const [, section = ''] = page.split(`\n## ${method} ${path}\n`)
      const text = section.split('\n## ', 1)[0] ?? ''
      for (const name of Object.keys(query?.properties ?? {})) assert.match(text, new RegExp(`[?&]${name}=`), `${path}: ${name}`)
      assert.equal(/needs the token/i.test(text), needsToken, path)
    }
    for (const kind of eventKinds) assert.match(page, new RegExp(`^\\| \`${kind}\` \\|`, 'm'))
  })
})
