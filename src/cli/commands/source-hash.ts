import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { RatificationView } from '../../api/ledger-types.ts'
import { formatCoins } from '../../base/amounts.ts'
import { QuorateError } from '../../base/errors.ts'
import { isHex } from '../../base/hex.ts'
import { findNode, isNotFound, type NodePlace } from '../client.ts'
import { CliError, exitCodes } from '../exit.ts'
import { apiOption, directoryOption, jsonOption } from '../options.ts'
import { facts, print, printable, printJson } from '../text.ts'

/** A source tree on disk: its hash, or why it has none. */
type Tree = { readonly path: string; readonly source: string } | { readonly path: string; readonly source: null; readonly error: string }

/** Enough for a terminal; --json has all. */
const PROPOSALS_SHOWN = 8

export function addSourceCommands(program: Command): void {
  program
    .command('source-hash')
    .argument('[path]', 'root of a source tree (default: the one that this program is in)')
    .summary('the hash of the source, which coin holders ratify')
    .description(
      'Hashes what makes the program: src, package.json, the lock file, the build script. Any checkout or archive of one version gives the same hash, ' +
        'and so does sha256sum: protocols/source.md has the rule and a line for the shell.',
    )
    .addOption(new Option('--list', 'print what is hashed: the sha256 and the path of each file').conflicts('json'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate source-hash
  quorate source-hash ~/quorate --list > listing     then: sha256sum < listing
  quorate source-hash --json`,
    )
    .action(sourceHash)
  program
    .command('verify-source')
    .argument('[path]', 'root of a source tree that must be the ratified one too')
    .summary('whether the ratified source is what runs here')
    .description(
      'Compares what the chain has ratified, as a node says, with what this program and that node were built from, and with a source tree. ' +
        'What a program was built from is its own word: build it yourself from a tree that this command finds ratified.',
    )
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Exit codes: 0 the ratified source runs, 4 another one does, 5 nothing is ratified yet.

Examples:
  quorate verify-source
  quorate verify-source ~/quorate --api http://127.0.0.1:4181
  quorate verify-source --json`,
    )
    .action(verifySource)
}

async function sourceHash(path: string | undefined, flags: { readonly list?: true; readonly json?: true }): Promise<void> {
  const { formatListing, hashSource, programRoot } = await import('../../node/source-hash.ts')
  const root = path ?? programRoot()
  if (root === null) {
    throw new CliError(exitCodes.failed, 'source-missing', 'this program came without its source: name a tree, `quorate source-hash PATH`')
  }
  const tree = hashSource(root)
  if (flags.json) return printJson(tree)
  if (flags.list) return void process.stdout.write(formatListing(tree.files))
  print(tree.hash)
}

async function verifySource(path: string | undefined, flags: NodePlace & { readonly json?: true }): Promise<void> {
  const { programRoot, runningSource } = await import('../../node/source-hash.ts')
  const program = runningSource()
  const root = path ?? programRoot()
  const tree = root === null ? null : await readTree(root, path !== undefined)
  const { url, answer } = await askNode(flags)
  const { ratified, election, running } = answer
  // The tree that the program lies in may have been edited since: it is shown, and judged only if it was named.
  const judged = [
    ...(tree !== null && path !== undefined ? [{ what: tree.path, source: tree.source }] : []),
    { what: 'this program', source: program },
    { what: `the node at ${url}`, source: running },
  ]
  const wrong = ratified === null ? [] : judged.filter(({ source }) => source !== ratified.source)
  if (flags.json) {
    const verdict = ratified === null ? 'none-ratified' : wrong.length === 0 ? 'ratified' : 'not-ratified'
    printJson({ verdict, ratified, program, node: { url, source: running }, tree, election })
  } else {
    print(
      facts([
        ...(tree === null ? [] : [['tree', `${tree.source ?? `no hash: ${printable(tree.error)}`}  ${printable(tree.path)}`] as const]),
        ['program', `${program ?? 'not known'}  this one`],
        ['node', `${running ?? 'not known'}  at ${url}`],
        ['ratified', ratified === null ? 'nothing yet' : `${ratified.source}  since height ${ratified.height}`],
        ...electionFacts(answer),
      ]),
    )
    if (path === undefined && program !== null && (tree?.source ?? program) !== program) {
      print(
        `note: ${printable(tree?.path ?? '')} is not, or not any more, what this program was built from; \`npm run bundle\` there makes it so`,
      )
    }
  }
  if (ratified === null) {
    throw new CliError(
      exitCodes.notFound,
      'none-ratified',
      `the network has ratified no source yet, so there is nothing to compare with${election === null ? '' : ', and a vote is open'}`,
    )
  }
  if (wrong.length > 0) throw notRatified(ratified, wrong)
  if (!flags.json) print(`the network ratified this source: ${judged.map(({ what }) => printable(what)).join(', ')}`)
}

function notRatified(
  { source, height }: NonNullable<RatificationView['ratified']>,
  wrong: readonly { readonly what: string; readonly source: string | null }[],
): CliError {
  const differences = wrong.map((one) =>
    one.source === null ? `${one.what} does not know what it was built from` : `${one.what} is ${one.source.slice(0, 16)}…`,
  )
  return new CliError(
    exitCodes.refused,
    'not-ratified',
    `the network ratified ${source.slice(0, 16)}… at height ${height}, but ${differences.join(', ')}: ` +
      'get the ratified source, `npm ci && npm run bundle` there, and restart the node',
  )
}

function electionFacts({ election, supplyDroplets }: RatificationView): readonly (readonly [string, string])[] {
  if (election === null) return []
  const { closesSlot, proposals } = election
  const hidden = proposals.length - PROPOSALS_SHOWN
  return [
    ['vote', `closes with slot ${closesSlot}; passes above half of ${formatCoins(supplyDroplets)} coins`],
    ...proposals.slice(0, PROPOSALS_SHOWN).map(({ source, droplets }) => ['', `${source}  ${formatCoins(droplets)} coins`] as const),
    ...(hidden > 0 ? [['', `and ${hidden} more: --json has them`] as const] : []),
  ]
}

/** Rejects with what keeps the tree from having a hash if it was `named`. */
async function readTree(root: string, named: boolean): Promise<Tree> {
  const { hashSource } = await import('../../node/source-hash.ts')
  const path = resolve(root)
  try {
    return { path, source: hashSource(root).hash }
  } catch (error) {
    if (named || !(error instanceof QuorateError)) throw error
    return { path, source: null, error: error.message }
  }
}

async function askNode(place: NodePlace): Promise<{ readonly url: string; readonly answer: RatificationView }> {
  const node = await findNode(place)
  let answer: unknown
  try {
    answer = await node.ratification()
  } catch (error) {
    // Not what exit code 5 means here.
    if (!isNotFound(error)) throw error
    throw new CliError(exitCodes.failed, 'no-ratification', `the node at ${node.url} knows nothing of ratification: ask a newer one`, {
      cause: error,
    })
  }
  if (isRatification(answer)) return { url: node.url, answer }
  throw new CliError(exitCodes.unreachable, 'unreachable', `what answers at ${node.url} is no quorate node, or one of another version`)
}

/** A verdict must not rest on an answer that is none: that two things are missing does not make them equal. */
function isRatification(value: unknown): value is RatificationView {
  const isProposal = (entry: unknown): boolean => isSource(field(entry, 'source')) && isCount(field(entry, 'droplets'))
  const isElection = (entry: unknown): boolean => {
    const proposals = field(entry, 'proposals')
    return isCount(field(entry, 'closesSlot')) && Array.isArray(proposals) && proposals.every(isProposal)
  }
  const isRatified = (entry: unknown): boolean => isSource(field(entry, 'source')) && isCount(field(entry, 'height'))
  const isNullOr = (name: string, check: (entry: unknown) => boolean): boolean => {
    const entry = field(value, name)
    return entry === null || check(entry)
  }
  return (
    isNullOr('ratified', isRatified) &&
    isNullOr('election', isElection) &&
    isNullOr('running', isSource) &&
    isCount(field(value, 'supplyDroplets'))
  )
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
const isSource = (value: unknown): boolean => isHex(value, 32)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
