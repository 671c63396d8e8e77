import type { FastifyReply } from 'fastify'
import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox'
import { QuorateError } from '../base/errors.ts'
import { isHex } from '../base/hex.ts'
import type { Address } from '../wire/types.ts'
import { ApiError } from './errors.ts'
import type { EventStreams } from './events.ts'
import { named, object, text } from './schema.ts'
import type { NodeView } from './types.ts'

/** What handlers work with. */
export interface Desk {
  readonly view: NodeView
  readonly events: EventStreams
  /** An address as people write it (bech32m) as 20 bytes of hex. @throws QuorateError */
  readonly parseAddress: (text: string) => Address
  /** What somebody needs to join the network; undefined where it is not known. */
  readonly networkFile: (() => unknown) | undefined
}

export type Tag = 'node' | 'chain' | 'accounts' | 'verifiers' | 'evidence' | 'network' | 'events' | 'operation'

/** What a route answers besides 200, and the errors that every route may answer. */
type ErrorStatus = 401 | 404 | 413 | 415 | 429

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Parameters as `:name`. */
  readonly path: string
  readonly operationId: string
  readonly tag: Tag
  /** One line. */
  readonly summary: string
  readonly description: string
  readonly params: TObject | undefined
  readonly query: TObject | undefined
  readonly body: TObject | undefined
  readonly headers: TObject | undefined
  readonly answer: TSchema
  readonly errors: readonly ErrorStatus[]
  /** JSON unless it says otherwise. */
  readonly type: string
  /** It changes the node or gives what is its operator's: the request must carry the token. */
  readonly needsToken: boolean
  handle(desk: Desk, given: Given<TObject, TObject>, reply: FastifyReply): unknown
}

interface Given<P extends TSchema, Q extends TSchema> {
  readonly params: Static<P>
  readonly query: Static<Q>
  /** Of the shape that the schema has at its top; what is inside is for the handler to judge. */
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Where the request came from. */
  readonly source: string
}

interface Description<P extends TProperties, Q extends TProperties> {
  readonly method?: Route['method']
  readonly path: string
  readonly operationId: string
  readonly tag: Tag
  readonly summary: string
  readonly description?: string
  readonly params?: P
  readonly query?: Q
  readonly body?: TObject
  readonly headers?: TObject
  readonly answer: TSchema
  readonly errors?: readonly ErrorStatus[]
  readonly type?: string
  readonly needsToken?: boolean
  readonly handle: (desk: Desk, given: Given<TObject<P>, TObject<Q>>, reply: FastifyReply) => unknown
}

/** A route whose handler knows the types of what its schemas let through. */
export function route<P extends TProperties, Q extends TProperties>(of: Description<P, Q>): Route {
  const { method = 'GET', description = '', params, query, body, headers, errors = [], type = 'application/json', needsToken = false } = of
  return {
    ...{ method, description, body, headers, errors, type, needsToken },
    ...{ path: of.path, operationId: of.operationId, tag: of.tag, summary: of.summary, answer: of.answer },
    params: params === undefined ? undefined : object(params),
    query: query === undefined ? undefined : object(query),
    handle: (desk, given, reply) => of.handle(desk, given as Given<TObject<P>, TObject<Q>>, reply),
  }
}

export const ErrorBody = named('Error', {
  error: object({ code: text('Stable.'), message: text('For people: what happened, and what to do next.') }),
})

/** How many of a list; a larger number is taken as the largest. */
export const limit = (most: number, usual: number) =>
  Type.Optional(
    Type.Integer({ minimum: 0, maximum: most, default: usual, description: `How many, at most ${most}; ${usual} if not given.` }),
  )

export const hashParameter = (description: string) => Type.String({ pattern: '^[0-9a-f]{64}$', description })

export const addressParameter = Type.String({ description: 'An address, as `quo1…` or as 40 hex digits.' })

/** @throws ApiError 400 for what is no address */
export function readAddress({ parseAddress }: Desk, text: string): Address {
  if (isHex(text, 20)) return text
  try {
    return parseAddress(text)
  } catch (error) {
    if (error instanceof QuorateError) throw new ApiError(400, error.code, error.message)
    throw error
  }
}

export const badParameter = (message: string): ApiError => new ApiError(400, 'bad-parameter', message)
