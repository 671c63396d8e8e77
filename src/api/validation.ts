import type { TObject, TSchema } from 'typebox'
import { ApiError } from './errors.ts'
import { badParameter } from './route.ts'

/**
 * Requests are held against the schemas of their routes here, and not by a general validator, because what is answered is read by people:
 * it names the parameter, says what it should be, and keeps the codes that programs know.
 */
type Part = 'params' | 'querystring' | 'body' | 'headers'
type Result = { readonly value: unknown }

export function validate(part: string | undefined, schema: TObject): (data: unknown) => Result {
  switch (part as Part) {
    case 'params':
      return (data) => ({ value: readParams(schema, data as Record<string, string>) })
    case 'querystring':
      return (data) => ({ value: readQuery(schema, data as Record<string, unknown>) })
    case 'body':
      return (data) => ({ value: readBody(schema, data) })
    case 'headers':
      return (data) => ({ value: data })
  }
}

function readParams({ properties }: TObject, data: Readonly<Record<string, string>>): unknown {
  for (const [name, schema] of Object.entries(properties)) {
    const { pattern, description } = schema as { pattern?: string; description?: string }
    if (pattern !== undefined && !new RegExp(pattern).test(data[name] ?? '')) throw badParameter(`${name}: ${description ?? pattern}`)
  }
  return data
}

function readQuery({ properties }: TObject, data: Readonly<Record<string, unknown>>): unknown {
  for (const name of Object.keys(data))
    if (!Object.hasOwn(properties, name)) {
      const known = Object.keys(properties)
      throw badParameter(
        `there is no parameter "${name.slice(0, 40)}" here; ${known.length === 0 ? 'there is none' : `there is: ${known.join(', ')}`}`,
      )
    }
  const value: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(properties)) {
    const given = data[name]
    if (given === undefined) {
      const { default: usual } = schema as { default?: unknown }
      if (usual !== undefined) value[name] = usual
    } else if (typeof given === 'string') value[name] = readValue(name, schema, given)
    else throw badParameter(`${name} is given twice`)
  }
  return value
}

function readValue(name: string, schema: TSchema, given: string): unknown {
  const { type, minimum, maximum, maxLength } = schema as { type?: string; minimum?: number; maximum?: number; maxLength?: number }
  if (type === 'integer') {
    if (!/^\d{1,15}$/.test(given)) throw badParameter(`${name} must be a whole number`)
    const number = Number(given)
    if (minimum !== undefined && number < minimum) throw badParameter(`${name} must be at least ${minimum}`)
    return maximum === undefined ? number : Math.min(number, maximum)
  }
  if (type === 'boolean') {
    if (given !== 'true' && given !== 'false') throw badParameter(`${name} is true or false`)
    return given === 'true'
  }
  if (maxLength !== undefined && given.length > maxLength) throw badParameter(`${name} has at most ${maxLength} characters`)
  return given
}

/** Only the shape at the top: each item of a list gets an answer of its own. */
function readBody(schema: TObject, data: unknown): unknown {
  const { properties, description } = schema as TObject & { description?: string }
  const wrong = new ApiError(400, 'bad-body', `send ${description ?? 'what the documentation says'}`)
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw wrong
  for (const [name, { type }] of Object.entries(properties as Record<string, { type?: string }>)) {
    const value: unknown = (data as Record<string, unknown>)[name]
    const isOfType = type === 'array' ? Array.isArray(value) : typeof value === type && value !== null && !Array.isArray(value)
    if (!isOfType) throw wrong
  }
  return data
}
