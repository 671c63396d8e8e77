import type { EvidenceView } from '../api/evidence-types.ts'
import { fromHex } from '../base/hex.ts'
import { checkEvidence } from '../consensus/evidence.ts'
import { portableSignatures } from '../crypto/portable.ts'
import { decode } from '../wire/codec.ts'
import { evidenceId } from '../wire/evidence.ts'
import { chainIdOf } from '../wire/ids.ts'
import { statementMessage } from '../wire/signing.ts'
import { type Evidence, evidence, type SignedStatement } from '../wire/types.ts'
import type { GenesisView } from './api.ts'

/** Loaded when evidence is opened: the curves are the largest part of the page. */

export interface Check {
  readonly holds: boolean
  /** What was checked, as a sentence that is true if it holds. */
  readonly claim: string
  readonly detail?: string
}

export interface Verified {
  readonly holds: boolean
  readonly checks: readonly Check[]
  readonly tookMs: number
}

/** With which id statements of a height are signed: the chain's, or that of the newest recovery block before. */
const signingIdOf = ({ recoveries, chainId }: GenesisView, height: number): string =>
  recoveries.findLast((recovery) => recovery.height <= height)?.signingId ?? chainId

/**
 * Checks evidence from its bytes, with no word of the node taken for it but two: which genesis the chain has, and with which id it went
 * on after a fork. The keys of verifiers that registered later than genesis are the node's word too; it says so.
 */
export function verify(view: EvidenceView, chain: GenesisView, registered: ReadonlyMap<string, string>): Verified {
  const startMs = performance.now()
  const checks: Check[] = []
  const check = (claim: string, holds: boolean, detail?: string): boolean => {
    checks.push({ claim, holds, ...(detail === undefined ? {} : { detail }) })
    return holds
  }
  const result = (): Verified => ({ holds: checks.every(({ holds }) => holds), checks, tookMs: performance.now() - startMs })

  check('The chain id is the hash of the genesis that the node gave', chainIdOf(chain.genesis) === chain.chainId)
  let given: Evidence
  try {
    given = decode(evidence, fromHex(view.bytes))
  } catch (error) {
    check('The bytes are evidence in its one form', false, error instanceof Error ? error.message : String(error))
    return result()
  }
  check('The bytes are evidence in its one form, and its id is their hash', evidenceId(given) === view.id)
  check('The statements shown here are those in the bytes', isShown(given, view))
  const signingId = signingIdOf(chain, given.first.statement.height)
  for (const [name, signed] of [
    ['first', given.first],
    ['second', given.second],
  ] as const) {
    const { keys, statement, signature } = signed
    const holds = portableSignatures.blsVerifyAggregate(keys, statementMessage(signingId, statement), signature)
    check(
      `The signature of the ${name} statement is that of ${keys.length === 1 ? 'its key' : `its ${keys.length} keys`}, on this chain`,
      holds,
    )
  }
  // The signatures were checked one by one above, to say which does not hold.
  const verdict = checkEvidence(signingId, given, null)
  const isOffence = verdict.kind === 'accept' && verdict.value.kind === view.kind
  check(`An honest verifier never makes both: ${view.kind}`, isOffence, verdict.kind === 'accept' ? undefined : verdict.detail)
  const offenders = verdict.kind === 'accept' ? verdict.value.offenders : []
  const named = new Set(view.offenders.map(({ address }) => address))
  const ofGenesis = new Map(chain.genesis.verifiers.map(({ blsKey, account }) => [blsKey, account]))
  const owners = offenders.map((key) => ofGenesis.get(key) ?? registered.get(key))
  const isNamed =
    offenders.length > 0 && owners.every((owner) => owner !== undefined && named.has(owner)) && named.size === offenders.length
  const byGenesis = offenders.filter((key) => ofGenesis.has(key)).length
  check(
    offenders.length === 1 ? 'Who signed both is the verifier that is named' : 'Those who signed both are the verifiers that are named',
    isNamed,
    byGenesis === offenders.length ? 'by the keys in genesis' : 'by the list of registered verifiers that the node gave',
  )
  return result()
}

function isShown(given: Evidence, { statements }: EvidenceView): boolean {
  const [first, second] = statements
  return first !== undefined && second !== undefined && isSame(given.first, first) && isSame(given.second, second)
}

const isSame = (signed: SignedStatement, shown: EvidenceView['statements'][number]): boolean =>
  signed.signature === shown.signature &&
  Object.entries(signed.statement).every(
    ([name, value]) => (shown.statement as unknown as Readonly<Record<string, unknown>>)[name] === value,
  )
