import type { Hex } from '../../src/base/hex.ts'
import type { OffenceKind } from '../../src/wire/evidence.ts'
import type { Certificate, SignRequest, Statement } from '../../src/wire/types.ts'
import { contradiction } from './pairs.ts'

type Voted = Exclude<Statement, { kind: 'candidate' }>

const keys = new WeakMap<Statement, string>()

/** Two statements are the same bytes to sign if and only if their keys are the same. */
export function keyOf(statement: Statement): string {
  const known = keys.get(statement)
  if (known !== undefined) return known
  const key = writeKey(statement)
  keys.set(statement, key)
  return key
}

function writeKey(statement: Statement): string {
  switch (statement.kind) {
    case 'candidate':
    case 'vote':
      return `${statement.kind} ${statement.height} ${statement.slot} ${statement.block} ${statement.validSlot}`
    case 'lock':
      return `lock ${statement.height} ${statement.slot} ${statement.block}`
    case 'seal':
      return `seal ${statement.height} ${statement.block}`
  }
}

/** What a signature in answer to a request is over; null if no honest verifier signs in answer to it. */
export function askedFor(request: SignRequest): Voted | null {
  const statement = request.kind === 'vote' ? request.statement : request.certificate.statement
  const { height, block } = statement
  if (request.kind === 'vote') return statement.kind === 'vote' ? statement : null
  if (request.kind === 'lock') return statement.kind === 'vote' ? { kind: 'lock', height, slot: statement.slot, block } : null
  return statement.kind === 'lock' ? { kind: 'seal', height, block } : null
}

interface Weights {
  readonly stakes: readonly number[]
  readonly enough: number
}

export interface Accusation {
  readonly signer: number
  readonly kind: OffenceKind
  readonly statements: readonly [Statement, Statement]
}

/**
 * Who really signed what. A signature is a marker that nobody can make without being written down here, and an
 * aggregate is the sum of its markers, as with BLS; so nobody forges, and a wrong sum shows.
 */
export class Register {
  private readonly weightsAt: (height: number) => Weights
  /** Bit mask of the signers, by statement. */
  private readonly signers = new Map<string, number>()
  /** By signer and height. */
  private readonly said = new Map<string, Statement[]>()
  private readonly made = new Map<string, { readonly mask: number; readonly certificate: Certificate }>()
  /** Once valid, always valid. */
  private readonly checked = new WeakSet<Certificate>()

  /** @param weightsAt of the quorum of a height; a signer is its index there */
  constructor(weightsAt: (height: number) => Weights) {
    this.weightsAt = weightsAt
  }

  /** Writes the statement down; what it makes its signer guilty of together with what that one said before. */
  sign(signer: number, statement: Statement): Accusation[] {
    const key = keyOf(statement)
    const known = this.signers.get(key) ?? 0
    if ((known & (1 << signer)) !== 0) return []
    this.signers.set(key, known | (1 << signer))
    const saidKey = `${signer} ${statement.height}`
    const said = this.said.get(saidKey) ?? []
    this.said.set(saidKey, said)
    const accusations: Accusation[] = []
    for (const earlier of said) {
      const kind = contradiction(earlier, statement)
      if (kind !== null) accusations.push({ signer, kind, statements: [earlier, statement] })
    }
    said.push(statement)
    return accusations
  }

  hasSigned(signer: number, statement: Statement): boolean {
    return ((this.signers.get(keyOf(statement)) ?? 0) & (1 << signer)) !== 0
  }

  /** All that one verifier signed at a height. */
  saidBy(signer: number, height: number): readonly Statement[] {
    return this.said.get(`${signer} ${height}`) ?? []
  }

  signersOf(statement: Statement): number[] {
    const mask = this.signers.get(keyOf(statement)) ?? 0
    return this.weightsAt(statement.height).stakes.flatMap((_, member) => ((mask & (1 << member)) !== 0 ? [member] : []))
  }

  hasEnough(statement: Statement): boolean {
    return this.isEnough(this.signersOf(statement), statement.height)
  }

  /** Whether it would be, if these signed as well. */
  couldHaveEnough(statement: Statement, helpers: readonly number[]): boolean {
    let mask = this.signers.get(keyOf(statement)) ?? 0
    for (const helper of helpers) mask |= 1 << helper
    const { stakes, enough } = this.weightsAt(statement.height)
    let stake = 0
    for (let member = 0; member < stakes.length; member++) if ((mask & (1 << member)) !== 0) stake += stakes[member] ?? 0
    return stake >= enough
  }

  /** The certificate of everybody who signed; null if that is not enough stake. */
  certificate<S extends Statement>(statement: S): Certificate<S> | null {
    const key = keyOf(statement)
    const made = this.made.get(key)
    if (made !== undefined && made.mask === this.signers.get(key)) return made.certificate as Certificate<S>
    const signers = this.signersOf(statement)
    if (!this.isEnough(signers, statement.height)) return null
    const certificate = { statement, aggregate: { signers, signature: aggregate(signers.map((signer) => marker(signer, statement))) } }
    this.made.set(key, { mask: this.signers.get(key) ?? 0, certificate })
    return certificate
  }

  /** What a validator says of a certificate: enough stake, every signer signed, and the sum is theirs. */
  isValid(certificate: Certificate): boolean {
    return this.isEnough(certificate.aggregate.signers, certificate.statement.height) && this.isGood(certificate)
  }

  /** The same with whatever stake: what a tally shows. */
  isGood(certificate: Certificate): boolean {
    if (this.checked.has(certificate)) return true
    const { statement } = certificate
    const { signers, signature } = certificate.aggregate
    const mask = this.signers.get(keyOf(statement)) ?? 0
    if (signers.length === 0) return false
    if (signers.some((signer, place) => (mask & (1 << signer)) === 0 || (place > 0 && (signers[place - 1] ?? 0) >= signer))) return false
    if (signature !== aggregate(signers.map((signer) => marker(signer, statement)))) return false
    this.checked.add(certificate)
    return true
  }

  /** What some of those who signed show of it, whatever stake they have. */
  partOf<S extends Statement>(statement: S, signers: readonly number[]): Certificate<S> {
    return { statement, aggregate: { signers: [...signers], signature: aggregate(signers.map((signer) => marker(signer, statement))) } }
  }

  private isEnough(signers: readonly number[], height: number): boolean {
    const { stakes, enough } = this.weightsAt(height)
    let stake = 0
    for (const signer of signers) stake += stakes[signer] ?? 0
    return stake >= enough
  }
}

/** FNV-1a over who says what. */
export function marker(signer: number, statement: Statement): Hex {
  let digest = 0x811c9dc5 ^ signer
  for (const character of keyOf(statement)) digest = Math.imul(digest ^ character.charCodeAt(0), 0x01000193)
  return (Math.imul(digest, signer * 2 + 3) >>> 0).toString(16).padStart(8, '0')
}

export function aggregate(signatures: readonly Hex[]): Hex {
  let sum = 0
  for (const signature of signatures) sum = (sum + Number.parseInt(signature, 16)) >>> 0
  return sum.toString(16).padStart(8, '0')
}
