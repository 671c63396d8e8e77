import { readFile, stat, writeFile } from 'node:fs/promises'
import { QuorateError } from '../base/errors.ts'
import { isHex } from '../base/hex.ts'
import { formatAddress, parseAddress } from '../crypto/address.ts'
import { nativeSignatures } from '../crypto/native.ts'
import { checkGenesis } from '../ledger/genesis.ts'
import { MAX_ANCHORS, MAX_GENESIS_ACCOUNTS, MAX_QUORUM } from '../wire/bounds.ts'
import type { Genesis, GenesisAccount, GenesisVerifier, Parameters } from '../wire/genesis.ts'
import type { Address } from '../wire/types.ts'

/** A hundred thousand accounts of some 130 bytes and a full quorum take 14 MB; the rest is room for white space. */
export const MAX_GENESIS_FILE_BYTES = 32 * 1024 * 1024

/** The document as people and files have it: JSON, addresses in bech32m, amounts in droplets. The same genesis gives the same text. */
export const formatGenesis = (genesis: Genesis): string => `${JSON.stringify(genesisDocument(genesis), undefined, 2)}\n`

/** What `formatGenesis` writes, as a value for JSON: a network file has it inside. */
export function genesisDocument({
  version,
  name,
  timeMs,
  parameters,
  verifiers,
  accounts,
  anchors,
}: Genesis): Readonly<Record<string, unknown>> {
  return {
    version,
    name,
    timeMs,
    // Every field of it, in the order of the encoding, whatever order the object has.
    parameters: Object.fromEntries(parameterNames.map((field) => [field, parameters[field]])),
    verifiers: verifiers.map(({ account, peerId, blsKey, possession, stakeDroplets, commissionPpm }) => ({
      account: formatAddress(account),
      ...{ peerId, blsKey, possession, stakeDroplets, commissionPpm },
    })),
    accounts: accounts.map(({ address, droplets, microHours }) => ({ address: formatAddress(address), droplets, microHours })),
    anchors: anchors.map(formatAddress),
  }
}

/**
 * The reverse of `formatGenesis`, possession proofs checked.
 * @internal
 * @throws QuorateError `genesis-syntax` naming the field, or a code of the ledger's `genesisCodes`
 */
export function parseGenesis(text: string): Genesis {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new QuorateError('genesis-syntax', `genesis is no JSON: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
  return readGenesisDocument(value)
}

/** The reverse of `genesisDocument`. @throws as `parseGenesis` */
export function readGenesisDocument(value: unknown): Genesis {
  const genesis = document(value, 'genesis')
  assertGenesis(genesis)
  return genesis
}

/** @throws QuorateError with a code of the ledger's `genesisCodes` */
export function assertGenesis(genesis: Genesis): void {
  const verdict = checkGenesis(genesis, nativeSignatures)
  if (verdict.kind !== 'accept') throw new QuorateError(verdict.code, verdict.detail)
}

/** Rejects as `parseGenesis` does, with the path in front, or with `genesis-missing` or `genesis-failed`. */
export async function readGenesisFile(path: string): Promise<Genesis> {
  let text: string
  try {
    const { size } = await stat(path)
    if (size > MAX_GENESIS_FILE_BYTES) {
      throw new QuorateError('genesis-syntax', `${path} has ${size} bytes: a genesis file has at most ${MAX_GENESIS_FILE_BYTES}`)
    }
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof QuorateError) throw error
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (missing) throw new QuorateError('genesis-missing', `there is no genesis file at ${path}`, { cause: error })
    throw new QuorateError('genesis-failed', `${path} could not be read: ${(error as Error).message}`, { cause: error })
  }
  try {
    return parseGenesis(text)
  } catch (error) {
    if (error instanceof QuorateError) throw new QuorateError(error.code, `${path}: ${error.message}`, { cause: error })
    throw error
  }
}

/** Rejects with `genesis-exists` for a file that is there, unless it may be replaced, or `genesis-failed`. */
export async function writeGenesisFile(path: string, genesis: Genesis, { replace = false } = {}): Promise<void> {
  try {
    await writeFile(path, formatGenesis(genesis), { flag: replace ? 'w' : 'wx', flush: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new QuorateError('genesis-exists', `there is a file at ${path} already; it was left as it is`, { cause: error })
    }
    throw new QuorateError('genesis-failed', `${path} could not be written: ${(error as Error).message}`, { cause: error })
  }
}

type Read<T> = (value: unknown, field: string) => T

const fault = (field: string, why: string): QuorateError => new QuorateError('genesis-syntax', `${field} ${why}`)

/** An object with exactly these fields. */
function object<T extends object>(fields: { readonly [K in keyof T]: Read<T[K]> }): Read<T> {
  return (value, field) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(field, 'must be an object')
    const inside = (name: string): string => (field === 'genesis' ? name : `${field}.${name}`)
    for (const name of Object.keys(value)) if (!Object.hasOwn(fields, name)) throw fault(inside(name), 'is no field of a genesis file')
    const result: Record<string, unknown> = {}
    for (const [name, read] of Object.entries<Read<unknown>>(fields)) {
      if (!Object.hasOwn(value, name)) throw fault(inside(name), 'is missing')
      result[name] = read((value as Record<string, unknown>)[name], inside(name))
    }
    return result as T
  }
}

const array =
  <T>(read: Read<T>, maxCount: number): Read<readonly T[]> =>
  (value, field) => {
    if (!Array.isArray(value)) throw fault(field, 'must be a list')
    if (value.length > maxCount) throw fault(field, `has ${value.length} entries; at most ${maxCount} are allowed`)
    return value.map((item, index) => read(item, `${field}[${index}]`))
  }

const integer: Read<number> = (value, field) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw fault(field, `must be a whole number from 0 to 2^53 - 1, without quotes; it is ${shown(value)}`)
  }
  return value
}

const string: Read<string> = (value, field) => {
  if (typeof value !== 'string') throw fault(field, `must be text; it is ${shown(value)}`)
  return value
}

const hex =
  (byteLength: number): Read<string> =>
  (value, field) => {
    if (!isHex(value, byteLength)) throw fault(field, `must be ${byteLength} bytes in lower-case hex; it is ${shown(value)}`)
    return value
  }

const oneOf =
  <N extends string>(...names: readonly N[]): Read<N> =>
  (value, field) => {
    const found = names.find((name) => name === value)
    if (found === undefined) throw fault(field, `must be ${names.map((name) => `"${name}"`).join(' or ')}; it is ${shown(value)}`)
    return found
  }

const address: Read<Address> = (value, field) => {
  try {
    return parseAddress(string(value, field))
  } catch (error) {
    if (error instanceof QuorateError && error.code === 'bad-address') throw fault(field, `is wrong: ${error.message}`)
    throw error
  }
}

const MAX_SHOWN = 60
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}

const parameterFields: { readonly [K in keyof Parameters]: Read<Parameters[K]> } = {
  slotMs: integer,
  choiceMs: integer,
  sortition: oneOf('stake', 'uniform'),
  expectedCandidates: integer,
  uniformPpm: integer,
  leaderRule: oneOf('ticket', 'nodeId'),
  idleSlots: integer,
  coinHourSeconds: integer,
  microHoursPerByte: integer,
  minFeeDroplets: integer,
  maxBlockTransactions: integer,
  maxBlockBytes: integer,
  maxExpirySlots: integer,
  epochSlots: integer,
  electionSlots: integer,
  forcedElectionSlots: integer,
  quorumSize: integer,
  minStakeDroplets: integer,
  verifierFeeDroplets: integer,
  unbondingSlots: integer,
  evidenceSlots: integer,
  slashPpm: integer,
  reporterPpm: integer,
  jailSlots: integer,
  slipChoices: integer,
  score: oneOf('coins', 'trust', 'hybrid'),
  minTurnoutPpm: integer,
  trustRounds: integer,
  blockRewardDroplets: integer,
  makerSharePpm: integer,
}
const parameterNames = Object.keys(parameterFields) as (keyof Parameters)[]

const document: Read<Genesis> = object<Genesis>({
  version: integer,
  name: string,
  timeMs: integer,
  parameters: object<Parameters>(parameterFields),
  verifiers: array(
    object<GenesisVerifier>({
      account: address,
      peerId: string,
      blsKey: hex(48),
      possession: hex(96),
      stakeDroplets: integer,
      commissionPpm: integer,
    }),
    MAX_QUORUM,
  ),
  accounts: array(object<GenesisAccount>({ address, droplets: integer, microHours: integer }), MAX_GENESIS_ACCOUNTS),
  anchors: array(address, MAX_ANCHORS),
})
