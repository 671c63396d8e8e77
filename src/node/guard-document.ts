import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { QuorateError } from '../base/errors.ts'
import { fromHex, type Hex, isHex, toHex } from '../base/hex.ts'
import { emptyRecord, type GuardRecord, guardRecord } from '../consensus/guard.ts'
import { decode, encode } from '../wire/codec.ts'
import type { Hash } from '../wire/types.ts'

const FORMAT = 'quorate-guard'
const VERSION = 1
/** A record of the largest size in hex, and the rest. */
const MAX_FILE_BYTES = 262_144

/** A signing guard on its way from one directory to another. */
export interface GuardDocument {
  readonly chainId: Hash
  /** BLS public key of the verifier. */
  readonly verifier: Hex
  /** 16 random bytes. */
  readonly exportId: Hex
  readonly exportedAtMs: number
  readonly record: GuardRecord
}

/** As JSON; its last field is the sha256 of all before it. */
export function formatGuardDocument({ chainId, verifier, exportId, exportedAtMs, record }: GuardDocument): string {
  const fields = { format: FORMAT, version: VERSION, chainId, verifier, exportId, exportedAtMs, record: toHex(encode(guardRecord, record)) }
  return `${JSON.stringify({ ...fields, sha256: sumOf(fields) }, undefined, 2)}\n`
}

/** Rejects with QuorateError `guard-file-missing`, `guard-file-damaged` or `guard-file-version`. */
export async function readGuardDocument(path: string): Promise<GuardDocument> {
  const damaged = (why: string): QuorateError =>
    new QuorateError('guard-file-damaged', `${path} is not what \`quorate guard export\` wrote: ${why}. Copy it again, or export again`)
  let text: string
  try {
    if ((await stat(path)).size > MAX_FILE_BYTES) throw damaged(`it has more than ${MAX_FILE_BYTES} bytes`)
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof QuorateError) throw error
    throw new QuorateError(
      'guard-file-missing',
      `${path} cannot be read (${(error as Error).message}): name the file that \`quorate guard export\` wrote`,
    )
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw damaged(`its ${text.length} bytes are no JSON, as if it had been cut short`)
  }
  const { format, version, chainId, verifier, exportId, exportedAtMs, record, sha256 } = (value ?? {}) as Record<string, unknown>
  if (format !== FORMAT) throw damaged(`its format is not ${FORMAT}`)
  if (version !== VERSION)
    throw new QuorateError(
      'guard-file-version',
      `${path} has version ${String(version)}, this program knows ${VERSION}: use the program that wrote it, or a newer one`,
    )
  const isWhole = isHex(chainId, 32) && isHex(verifier, 48) && isHex(exportId, 16) && Number.isSafeInteger(exportedAtMs)
  if (!isWhole || typeof record !== 'string' || !isHex(record, record.length / 2)) throw damaged('a field is missing or is no hex')
  const fields = { format, version, chainId, verifier, exportId, exportedAtMs: exportedAtMs as number, record }
  if (sha256 !== sumOf(fields)) throw damaged('its checksum is not that of its content')
  return { chainId, verifier, exportId, exportedAtMs: exportedAtMs as number, record: decodeRecord(record, path) }
}

function decodeRecord(record: Hex, path: string): GuardRecord {
  try {
    return record === '' ? emptyRecord : decode(guardRecord, fromHex(record))
  } catch (error) {
    throw new QuorateError('guard-file-version', `${path} holds a record that this program does not know: use the program that wrote it`, {
      cause: error,
    })
  }
}

const sumOf = (fields: object): Hex => createHash('sha256').update(JSON.stringify(fields)).digest('hex')
