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
