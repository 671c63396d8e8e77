import { type Static, type TEnum, type TProperties, type TSchema, Type } from 'typebox'

/**
 * The words from which the schemas of the API are made. A schema and the type of the same name are one: `View` is the type, in which
 * nothing can be changed, since what a node shows of itself is shared. `title` makes a schema a named component of the OpenAPI document.
 */
type Shown<T> = T extends readonly (infer Item)[]
  ? readonly Shown<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Shown<T[Key]> }
    : T
export type View<S extends TSchema> = Shown<Static<S>>

const hexOf = (bytes: number, description?: string) =>
  Type.String({ pattern: `^[0-9a-f]{${bytes * 2}}$`, ...(description === undefined ? {} : { description }) })

/** 32 bytes. */
export const hash = (description?: string) => hexOf(32, description)
/** 20 bytes. */
export const address = (description?: string) => hexOf(20, description)
/** Any number of bytes. */
export const hex = (description?: string) => Type.String({ pattern: '^([0-9a-f]{2})*$', ...about(description) })
/** A whole number from 0: a height, a slot, an amount. */
export const count = (description?: string) => Type.Integer({ minimum: 0, ...about(description) })
export const integer = (description?: string) => Type.Integer(about(description))
/** Also with a fraction: times and scores. */
export const number = (description?: string) => Type.Number(about(description))
export const text = (description?: string) => Type.String(about(description))
export const flag = (description?: string) => Type.Boolean(about(description))

export const list = <S extends TSchema>(of: S, description?: string) => Type.Array(of, about(description))
export const orNull = <S extends TSchema>(schema: S, description?: string) => Type.Union([schema, Type.Null()], about(description))
export const oneOf = <const Values extends string[]>(values: readonly [...Values], description?: string): TEnum<Values> =>
  Type.Enum(values, { type: 'string', ...about(description) })
export const object = <Fields extends TProperties>(fields: Fields, description?: string) => Type.Object(fields, about(description))
/** A component of the document. */
export const named = <Fields extends TProperties>(title: string, fields: Fields, description?: string) =>
  Type.Object(fields, { title, ...about(description) })

const about = (description: string | undefined) => (description === undefined ? {} : { description })
