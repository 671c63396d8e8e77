import type { Command } from 'commander'
import type { showGuard } from '../../node/guard-transfer.ts'
import { directoryOption, jsonOption } from '../options.ts'
import { facts, localTime, print, printJson } from '../text.ts'

interface GuardFlags {
  readonly dir: string
  readonly json?: true
}

export function addGuardCommand(program: Command): void {
  const guard = program
    .command('guard')
    .summary('move a verifier to another machine: hand over the record of what it has signed')
    .description(
      'The guard is the record of what a verifier key has signed. Without it, or with an old copy of it, the key may contradict itself, ' +
        'which costs stake. These commands hand it over from one directory to another, so that only one of them can sign.',
    )
    .addHelpText(
      'after',
      `
Examples:
  quorate guard export --dir old --out guard.json      the node is stopped; old signs nothing any more
  (copy network.key, account.key, verifier.key, genesis.json and guard.json to the new machine: docs/moving.md)
  quorate guard import --dir new guard.json
  quorate start --dir new`,
    )
  addExport(guard)
  addImport(guard)
  addShow(guard)
}

function addExport(guard: Command): void {
  guard
    .command('export')
    .summary('hand the guard of a stopped verifier over to a file')
    .description(
      'Marks the directory as handed over first: a start of it as a verifier is refused from then on. Then it writes the record to a file ' +
        'that did not exist. After a crash or on a full disk, export again: the record is the same. Import one file only, in one directory only.',
    )
    .addOption(directoryOption())
    .requiredOption('--out <file>', 'the file to write; it must not exist')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate guard export --dir old --out guard.json
  quorate start --dir old --role full          the old directory may still follow, without signing`,
    )
    .action(async ({ dir, out, json }: GuardFlags & { readonly out: string }) => {
      const { exportGuard } = await import('../../node/guard-transfer.ts')
      const { file, document, earlier } = await exportGuard(dir, out, Date.now())
      const { chainId, verifier, exportId, exportedAtMs, record } = document
      if (json) return printJson({ file, chainId, verifier, exportId, exportedAtMs, earlierExports: earlier, record })
      print(facts([['file', file], ['chain', chainId], ['verifier key', verifier], ...recordFacts(record)]))
      if (earlier > 0) print(`\nIt was exported before: import one of the files only, in one directory.`)
      print(`\n${dir} signs nothing any more. Next: copy its keys, genesis.json and this file, and there run \`quorate guard import\``)
    })
}

function addImport(guard: Command): void {
  guard
    .command('import <file>')
    .summary('add what a handed-over guard knows to the guard of a directory')
    .description(
      'Checks that the file is whole, and of the network and the verifier key of the directory; then adds what it knows to the guard there, ' +
        'or makes one. It never forgets what either of them knows, and may be run again.',
    )
    .addOption(directoryOption('the directory, with its keys and genesis.json'))
    .option('--take-back', 'the file was exported from this very directory, and nobody has imported it anywhere else')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate guard import --dir new guard.json
  quorate guard import --dir old --take-back guard.json      the move is called off: old may sign again`,
    )
    .action(async (file: string, { dir, takeBack = false, json }: GuardFlags & { readonly takeBack?: boolean }) => {
      const { importGuard } = await import('../../node/guard-transfer.ts')
      const { record, isNew, changed, lifted } = await importGuard(dir, file, takeBack)
      if (json) return printJson({ directory: dir, created: isNew, changed, lifted, record })
      print(facts([['guard', isNew ? 'made' : changed ? 'knows more now' : 'knew all of it'], ...recordFacts(record)]))
      if (lifted) print(`\n${dir} is no longer handed over.`)
      print(`\nNext: quorate start --dir ${dir}`)
    })
}

function addShow(guard: Command): void {
  guard
    .command('show [file]')
    .summary('show what a verifier has signed last')
    .description('Shows the record in the guard of a directory, also while a node runs on it, or in a file that was exported.')
    .addOption(directoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate guard show --dir v1
  quorate guard show guard.json`,
    )
    .action(async (file: string | undefined, { dir, json }: GuardFlags) => {
      if (file !== undefined) {
        const { readGuardDocument } = await import('../../node/guard-document.ts')
        const { chainId, verifier, exportId, exportedAtMs, record } = await readGuardDocument(file)
        if (json) return printJson({ file, chainId, verifier, exportId, exportedAtMs, record })
        return print(facts([['chain', chainId], ['verifier key', verifier], ['exported', localTime(exportedAtMs)], ...recordFacts(record)]))
      }
      const { showGuard } = await import('../../node/guard-transfer.ts')
      const { path, state, record, handovers } = await showGuard(dir)
      if (json) return printJson({ guard: path, state, handovers, record })
      print(
        facts([
          ['guard', path],
          ['state', state === 'intact' ? 'intact' : 'doubtful: its newest entry is damaged, or being written'],
          ...handovers.map(({ atMs, file }): readonly [string, string] => ['handed over', `${localTime(atMs)} into ${file}`]),
          ...recordFacts(record),
        ]),
      )
    })
}

/** The record in words. */
function recordFacts({
  candidate,
  vote,
  lock,
  otherLockSlot,
  seal,
  floorSlot,
  knownLock,
}: Awaited<ReturnType<typeof showGuard>>['record']): readonly (readonly [string, string])[] {
  const at = ({ height, slot, block }: { readonly height: number; readonly slot: number; readonly block: string }): string =>
    `height ${height}, slot ${slot}, block ${block.slice(0, 16)}`
  const locked = lock?.statement.kind === 'vote' ? lock.statement : null
  return [
    ['candidate', candidate === null ? 'none' : at(candidate)],
    ['vote', vote === null ? 'none' : at(vote)],
    ['lock', locked === null ? 'none' : at(locked)],
    ...(otherLockSlot === null ? [] : [['other lock', `on another block of that height, slot ${otherLockSlot}`] as const]),
    ['seal', seal === null ? 'none' : `height ${seal.height}, block ${seal.block.slice(0, 16)}`],
    ...(floorSlot === null ? [] : [['signs above', `slot ${floorSlot}, as its peers told`] as const]),
    ...(knownLock === null ? [] : [['known lock', `${at(knownLock)}, as its peers told`] as const]),
  ]
}
