import { readFile, stat } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import type { EvidenceSummary } from '../../api/evidence-types.ts'
import type { NodeView } from '../../api/types.ts'
import { formatCoins } from '../../base/amounts.ts'
import { type Hex, isHex, toHex } from '../../base/hex.ts'
import type { QuorateClient } from '../../client/client.ts'
import type { ProvenEvidence } from '../../wire/evidence.ts'
import { chainIdOf } from '../../wire/ids.ts'
import { type Address, evidence as evidenceCodec, type Hash, type Statement } from '../../wire/types.ts'
import { findNode, type NodePlace } from '../client.ts'
import { CliError, exitCodes, usageError } from '../exit.ts'
import { punishmentText } from '../ledger-text.ts'
import { apiOption, directoryOption, integer, jsonOption } from '../options.ts'
import { facts, localTime, plural, print, printable, printJson, table } from '../text.ts'

interface ListFlags extends NodePlace {
  readonly from: number
  readonly limit: number
  readonly json?: true
}
interface ShowFlags extends NodePlace {
  readonly hex?: true
  readonly json?: true
}
interface VerifyFlags extends NodePlace {
  readonly genesis?: string
  readonly json?: true
}
type Show = (address: Address) => string

/** JSON of `show`, with room. */
const MAX_FILE_BYTES = 1024 * 1024
const VERIFIERS_PAGE = 500

export function addEvidenceCommand(program: Command): void {
  const evidence = program
    .command('evidence')
    .summary('proven offences: who signed two things that no honest verifier signs both')
    .description(
      'Two signatures of one verifier that contradict each other are evidence: anybody can check it, it reaches every node, and the next block ' +
        'takes part of what is bonded to the offender, and keeps it from being elected for a while. Without a command it lists what a node holds.',
    )
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Examples:
  quorate evidence
  quorate evidence --json
  quorate evidence show 3f9a...
  quorate evidence verify evidence.hex --genesis genesis.json`,
    )
  evidence
    .command('list', { isDefault: true })
    .description(
      'Lists the evidence that a node holds, the newest first: what blocks may still punish, and what they have punished lately.',
    )
    .option('--limit <number>', 'how many', integer(1, 500), 100)
    .option('--from <place>', 'from which place on', integer(0), 0)
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  quorate evidence\n  quorate evidence list --limit 10 --json')
    .action(list)
  evidence
    .command('show')
    .argument('<id>', 'its 64 hex digits')
    .description('Shows a piece of evidence: both statements, who signed them, and what became of it.')
    .option('--hex', 'print the evidence itself, for `verify` and `submit`')
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  quorate evidence show 3f9a...\n  quorate evidence show 3f9a... --hex > evidence.hex')
    .action(show)
  evidence
    .command('verify')
    .argument('<file-or-hex>', 'what `show --hex` or `show --json` printed, in a file or as it is')
    .description(
      'Checks a piece of evidence: that the two statements contradict each other, and that the same keys signed both. With --genesis it asks nobody, ' +
        'and knows the keys of genesis; else it asks a node which verifiers have registered the keys.',
    )
    .addOption(new Option('--genesis <file>', 'check without a node').conflicts('api'))
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 it is proof, 4 it is none.\n\nExamples:\n  quorate evidence verify evidence.hex --genesis genesis.json\n  quorate evidence verify evidence.hex',
    )
    .action(verify)
  evidence
    .command('submit')
    .argument('<file-or-hex>', 'what `show --hex` or `show --json` printed, in a file or as it is')
    .description('Hands evidence to a node, which checks it, keeps it and tells everybody.')
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  quorate evidence submit evidence.hex\n  quorate evidence submit evidence.hex --json')
    .action(submit)
}

async function list(flags: ListFlags): Promise<void> {
  const answer = await (await findNode(flags)).evidence({ from: flags.from, limit: flags.limit })
  if (flags.json) return printJson(answer)
  const { total, evidence } = answer
  if (evidence.length === 0)
    return print(total === 0 ? 'no offence is known' : `no evidence from place ${flags.from} on; there are ${total}`)
  const { formatAddress } = await import('../../node/wallet.ts')
  print(
    table(
      [
        { title: 'SEEN' },
        { title: 'OFFENCE' },
        { title: 'HEIGHT', align: 'right' },
        { title: 'OFFENDER' },
        { title: 'BLOCK', align: 'right' },
        { title: 'SLASHED', align: 'right' },
        { title: 'ID' },
      ],
      evidence.map((one) => [
        localTime(one.seenAtMs),
        one.kind,
        String(one.height),
        whoText(one, formatAddress),
        one.punished === null ? '-' : String(one.punished.height),
        one.punished === null || one.punished.slashedDroplets === null ? '-' : formatCoins(one.punished.slashedDroplets),
        one.id,
      ]),
    ),
  )
  const last = flags.from + evidence.length
  if (last < total) print(`${last} of ${total}; go on with --from ${last}`)
}

function whoText({ offenders }: Pick<EvidenceSummary, 'offenders'>, address: Show): string {
  const [first] = offenders
  if (first === undefined) return '-'
  return offenders.length === 1 ? address(first.address) : `${address(first.address)} and ${offenders.length - 1} more`
}

async function show(given: string, flags: ShowFlags): Promise<void> {
  const id = given.toLowerCase()
  if (!isHex(id, 32)) throw usageError(`"${given}" is no id of evidence: it has 64 hex digits`)
  const found = await (await findNode(flags)).evidenceOf(id)
  if (flags.json) return printJson(found)
  if (flags.hex) return print(found.bytes)
  const { formatAddress } = await import('../../node/wallet.ts')
  const { kind, height, offenders, statements, seenAtMs, punished } = found
  print(
    facts([
      ['evidence', found.id],
      ['offence', `${kind} at height ${height}`],
      ...offenders.map(
        ({ address, peerId }, index) => [index === 0 ? 'guilty' : '', `${formatAddress(address)}  ${printable(peerId)}`] as const,
      ),
      ...statements.flatMap(({ statement, signers, signature }) => [
        ['signed', statementText(statement)] as const,
        ['  by', `${plural(signers.length, 'verifier')}: ${signers.map(({ address }) => formatAddress(address)).join(', ')}`] as const,
        ['  signature', signature] as const,
      ]),
      ['seen', localTime(seenAtMs)],
      ['punished', punished === null ? 'not yet' : punishmentText(punished)],
      ...(punished?.slashed ?? []).map(
        ({ verifier, stakeDroplets, delegatedDroplets, unbondingDroplets }) =>
          [
            'slashed',
            `${formatAddress(verifier)}: ${formatCoins(stakeDroplets)} of its stake, ${formatCoins(delegatedDroplets)} delegated, ${formatCoins(unbondingDroplets)} on the way back`,
          ] as const,
      ),
      ...(punished === null || punished.reporter === null
        ? []
        : [['reporter', `${formatAddress(punished.reporter)} got ${formatCoins(punished.rewardDroplets ?? 0)} coins`] as const]),
    ]),
  )
}

function statementText(statement: Statement): string {
  const block = `block ${statement.block}`
  switch (statement.kind) {
    case 'seal':
      return `seal of ${block}`
    case 'lock':
      return `lock in slot ${statement.slot} on ${block}`
    case 'vote':
    case 'candidate': {
      const valid = statement.validSlot === null ? 'none' : `slot ${statement.validSlot}`
      return `${statement.kind} in slot ${statement.slot} for ${block}, justified by ${valid}`
    }
  }
}

async function verify(given: string, flags: VerifyFlags): Promise<void> {
  const bytes = await readEvidence(given)
  const { proveEvidence } = await import('../../node/evidence-check.ts')
  const { chainId, recoveries, addressOf, by } = await registry(flags)
  const proven = proveEvidence(chainId, recoveries, bytes)
  if (proven.kind !== 'accept') throw new CliError(exitCodes.refused, proven.code, `this proves nothing on this chain: ${proven.detail}`)
  const addresses = await addressOf(keysOf(proven.value))
  const strangers = keysOf(proven.value).filter((key) => !addresses.has(key))
  if (strangers.length > 0 && by === 'node')
    throw new CliError(exitCodes.refused, 'unknown-signer', `this proves nothing: no verifier has registered the BLS key ${strangers[0]}`)
  const { id, kind, height, offenders } = proven.value
  const guilty = offenders.map((blsKey) => ({ blsKey, address: addresses.get(blsKey) ?? null }))
  if (flags.json) return printJson({ id, kind, height, offenders: guilty, checkedAgainst: by, unknownKeys: strangers })
  const { formatAddress } = await import('../../node/wallet.ts')
  print(
    facts([
      ['evidence', id],
      ['proves', `${kind} at height ${height}`],
      ...guilty.map(
        ({ blsKey, address }, index) => [index === 0 ? 'guilty' : '', address === null ? blsKey : formatAddress(address)] as const,
      ),
      ['keys', by === 'node' ? 'all registered, as the node says' : keysText(strangers.length)],
    ]),
  )
}

const keysText = (strangers: number): string =>
  strangers === 0 ? 'all of them in genesis' : `${plural(strangers, 'key')} not in genesis: only a node knows whether they are registered`

const keysOf = ({ evidence: { first, second } }: ProvenEvidence): readonly Hex[] => [...new Set([...first.keys, ...second.keys])]

interface Registry {
  readonly chainId: Hash
  readonly recoveries: NodeView['recoveries']
  readonly by: 'genesis' | 'node'
  /** Who has registered these keys; whoever is not in it has not. */
  readonly addressOf: (keys: readonly Hex[]) => Promise<ReadonlyMap<Hex, Address>>
}

async function registry(flags: VerifyFlags): Promise<Registry> {
  if (flags.genesis !== undefined) {
    const { readGenesisFile } = await import('../../node/genesis-file.ts')
    const genesis = await readGenesisFile(flags.genesis)
    const found = new Map(genesis.verifiers.map(({ blsKey, account }) => [blsKey, account]))
    return { chainId: chainIdOf(genesis), recoveries: [], by: 'genesis', addressOf: () => Promise.resolve(found) }
  }
  const node = await findNode(flags)
  // The id is made here, of what the node calls its genesis: what it says of itself need not be believed.
  const { genesis, recoveries } = await node.genesis()
  return { chainId: chainIdOf(genesis), recoveries, by: 'node', addressOf: (keys) => registeredKeys(node, keys) }
}

async function registeredKeys(node: QuorateClient, keys: readonly Hex[]): Promise<ReadonlyMap<Hex, Address>> {
  const wanted = new Set(keys)
  const found = new Map<Hex, Address>()
  for (let from = 0; ; from += VERIFIERS_PAGE) {
    const { verifiers } = await node.verifiers({ from, limit: VERIFIERS_PAGE })
    for (const { blsKey, address } of verifiers) if (wanted.has(blsKey)) found.set(blsKey, address)
    if (verifiers.length < VERIFIERS_PAGE || found.size === wanted.size) return found
  }
}

async function submit(given: string, flags: NodePlace & { readonly json?: true }): Promise<void> {
  const result = await (await findNode(flags)).submitEvidence(await readEvidence(given))
  if (!result.accepted) throw new CliError(exitCodes.refused, result.code, `the node refused it: ${result.detail}`)
  if (flags.json) return printJson(result)
  print(result.id)
}

/** Evidence as hex: given as such, or in a file as hex, as JSON of `show`, or as it is. */
async function readEvidence(given: string): Promise<Hex> {
  const hex = evidenceHex(given)
  if (hex !== null) return hex
  let bytes: Uint8Array
  try {
    const { size } = await stat(given)
    if (size > MAX_FILE_BYTES) throw new CliError(exitCodes.failed, 'no-evidence', `${given} has ${size} bytes: evidence is smaller`)
    bytes = await readFile(given)
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError(
      exitCodes.failed,
      'no-evidence',
      `${given} is no evidence in hex, and no file that can be read: ${(error as Error).message}`,
      {
        cause: error,
      },
    )
  }
  const text = new TextDecoder().decode(bytes).trim()
  return evidenceHex(text) ?? evidenceHex(bytesInJson(text)) ?? toHex(bytes)
}

function evidenceHex(text: string): Hex | null {
  const hex = text.toLowerCase()
  return hex.length % 2 === 0 && hex.length >= evidenceCodec.minBytes * 2 && isHex(hex, hex.length / 2) ? hex : null
}

function bytesInJson(text: string): string {
  if (!text.startsWith('{')) return ''
  try {
    const { bytes } = JSON.parse(text) as { readonly bytes?: unknown }
    return typeof bytes === 'string' ? bytes : ''
  } catch {
    return ''
  }
}
