import type { Command } from 'commander'
import { orUnlessStopped } from '../client.ts'
import { directoryOption, jsonOption } from '../options.ts'
import { bytes, facts, localTime, print, printJson } from '../text.ts'

interface BackupFlags {
  readonly dir: string
  readonly out: string
  readonly json?: true
}

interface RestoreFlags {
  readonly dir: string
  readonly check?: true
  readonly json?: true
}

/** How often the size is told on a terminal. */
const TELL_MS = 500

export function addBackupCommands(program: Command): void {
  program
    .command('backup')
    .summary('write the chain of a node to one file, while it runs or not')
    .description(
      'Writes genesis and store, as they are at one moment, to a file, and reads it back. The node may go on meanwhile. No key is in it, and no ' +
        'signing guard: keys are backed up once (`quorate keys export`), and an old guard must never be used again (docs/service.md).',
    )
    .addOption(directoryOption())
    .requiredOption('--out <file>', 'the file to write; it must not exist (required)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate backup --dir node --out node.backup
  quorate restore --dir copy node.backup`,
    )
    .action(async ({ dir, out, json }: BackupFlags) => {
      const { writeBackupFile } = await import('../../node/backup-file.ts')
      const { backupOfStopped } = await import('../../node/restore.ts')
      const source = await orUnlessStopped(
        dir,
        (client) => client.backup(),
        () => backupOfStopped(dir, Date.now()),
      )
      const { head, bytes: size } = await writeBackupFile(out, source, teller())
      const { name, chainId, height, createdMs } = head
      if (json) return printJson({ file: out, bytes: size, name, chainId, height, createdMs })
      print(
        facts([
          ['file', `${out} (${bytes(size)})`],
          ['chain', `${name}, ${chainId}`],
          ['height', String(height)],
        ]),
      )
      print(`\nIt was read back and is whole. Its keys are not in it. Next, where it is needed: quorate restore --dir DIR ${out}`)
    })

  program
    .command('restore <file>')
    .summary('make the store of a directory from a backup')
    .description(
      'Reads the whole file and checks it before anything takes its place. The directory may be new, or have its keys and guard: these are left ' +
        'as they are. A directory with a store is left as it is. --check reads the file and restores nothing.',
    )
    .addOption(directoryOption('the directory to restore to'))
    .option('--check', 'only say whether the file is whole, and what it is of')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate restore --check node.backup
  quorate restore --dir copy node.backup
      then, in a directory without keys: quorate init --dir copy --network FILE|URL`,
    )
    .action(async (file: string, { dir, check, json }: RestoreFlags) => {
      const { checkBackup, restoreBackup } = await import('../../node/restore.ts')
      if (check) {
        const { name, chainId, height, createdMs } = await checkBackup(file)
        if (json) return printJson({ file, name, chainId, height, createdMs })
        return print(
          facts([
            ['chain', `${name}, ${chainId}`],
            ['height', `about ${height}`],
            ['made', localTime(createdMs)],
            ['state', 'whole'],
          ]),
        )
      }
      const { head, height, hash, hasKeys } = await restoreBackup(dir, file)
      const next = hasKeys ? `quorate start --dir ${dir}` : `quorate init --dir ${dir}`
      if (json) return printJson({ directory: dir, name: head.name, chainId: head.chainId, height, hash, next })
      print(
        facts([
          ['directory', dir],
          ['chain', `${head.name}, ${head.chainId}`],
          ['height', String(height)],
          ['block', hash],
        ]),
      )
      print(
        `\nNext: ${next}${hasKeys ? '' : '   makes the keys that it lacks; with --network FILE|URL it gets the peers of the network too'}`,
      )
    })
}

/** Tells on a terminal how much was written. */
function teller(): (written: number) => void {
  let toldAtMs = Date.now()
  if (process.stderr.isTTY !== true) return () => {}
  return (written) => {
    if (Date.now() - toldAtMs < TELL_MS) return
    toldAtMs = Date.now()
    process.stderr.write(`\r${bytes(written)} written…\r`)
  }
}
