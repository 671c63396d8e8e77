import type { FastifySchema } from 'fastify'
import { ErrorBody, type Route } from './route.ts'

/** The OpenAPI document: what fastify knows of its routes, with the schemas that have a title as components. */

const texts: Readonly<Record<number, string>> = {
  400: 'A parameter or the body is wrong.',
  401: 'The token of the node is missing or wrong.',
  403: 'A page of another site asked, or the API was asked by a name that is not its own.',
  404: 'It is not here.',
  413: 'The body is too large.',
  415: 'The body is no JSON.',
  429: 'Too much was asked; `retry-after` says when to ask again, in seconds.',
  500: 'A mistake of the node itself.',
  503: 'The node is alive but cannot do it now.',
}
/** Whatever is asked. */
const everywhere = [400, 403, 429, 500, 503]

export function schemaOf(route: Route): FastifySchema {
  const { params, query, body, headers, needsToken } = route
  const statuses = new Set([...everywhere, ...route.errors, ...(needsToken ? [401] : [])])
  const errors = [...statuses].map((status) => [status, { ...ErrorBody, description: texts[status] }])
  return {
    ...{ operationId: route.operationId, summary: route.summary, tags: [route.tag] },
    ...(route.description === '' ? {} : { description: route.description }),
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { querystring: query }),
    ...(body === undefined ? {} : { body }),
    ...(headers === undefined ? {} : { headers }),
    ...(needsToken ? { security: [{ token: [] }] } : {}),
    response: {
      200: { description: route.summary, content: { [route.type]: { schema: route.answer } } },
      ...Object.fromEntries(errors),
    },
  }
}

export const info = {
  openapi: '3.1.0',
  info: {
    title: 'quorate',
    version: process.env['QUORATE_VERSION'] ?? 'development',
    description:
      'What a quorate node answers. Amounts are droplets (10^6 to the coin) and micro coin-hours, times ms since 1970; ' +
      'hashes, keys, signatures and addresses are lower-case hex.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  components: {
    securitySchemes: {
      token: { type: 'http' as const, scheme: 'bearer', description: 'What is in the file `api.token` of the directory of the node.' },
    },
  },
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** Each schema with a title once, under its title; everywhere else a reference to it. */
export function withComponents(document: Json): Json {
  const schemas: Record<string, Json> = {}
  const walk = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    const found = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, walk(part)]))
    const { title, description, ...rest } = found
    const isSchema = typeof title === 'string' && ('type' in found || 'anyOf' in found || 'enum' in found)
    if (!isSchema) return found
    schemas[title] ??= { ...rest, ...(description === undefined ? {} : { description }) }
    return { $ref: `#/components/schemas/${title}` }
  }
  const walked = walk(document) as Record<string, Json>
  const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { ...walked, components: { ...(walked['components'] as Record<string, Json>), schemas: sorted } }
}
