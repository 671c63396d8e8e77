import { join } from 'node:path'
import { type Command, Option } from 'commander'
import type { KeySource, SecretKind } from '../../node/keys.ts'
import { CliError, exitCodes, usageError } from '../exit.ts'
import { directoryOption, integer, jsonOption, oneOf } from '../options.ts'
import { newPassword, type PasswordFlags, passwordOption, readPasswordFile, typedPassword, unlockWith } from '../passwords.ts'
import { facts, print, printJson } from '../text.ts'

interface KeysFlags extends PasswordFlags {
  readonly dir: string
  readonly json?: true
}

export function addKeysCommand(program: Command): void {
  const keys = program
    .command('keys')
    .enablePositionalOptions()
    .hook('preSubcommand', (parent, subcommand) => {
      // As in `quorate keys --dir DIR encrypt`.
      for (const name of ['dir', 'passwordFile', 'json'] as const) {
        if (parent.getOptionValueSource(name) === 'cli') subcommand.setOptionValueWithSource(name, parent.getOptionValue(name), 'cli')
      }
    })
    .summary("show, import, export and encrypt a directory's keys")
    .description(
      'Shows what others may know of the keys in a directory, and which files they are in. There are three: network.key is who the node is to its peers, ' +
        'account.key is whose coins it sends, verifier.key signs blocks. The JSON form is what a verifier hands to whoever makes the genesis: ' +
        'it carries the proof that the verifier holds its key. Secrets are printed with --export-secret only.',
    )
    .addOption(directoryOption())
    .addOption(new Option('--address', 'print the address of the account and nothing else').conflicts(['exportSecret', 'json']))
    .option('--export-secret', 'print the secret keys too: who has them has the coins and signs in your name')
    .addOption(passwordOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate keys
  ME=$(quorate keys --address)
  quorate keys --dir v1 --json > v1.json     then: quorate genesis --verifier v1.json
  quorate keys encrypt --password-file password
  quorate keys export --kind account --out account-copy.json`,
    )
    .action(show)
  addImport(keys)
  addExport(keys)
  addPasswords(keys)
}

interface ShowFlags extends KeysFlags {
  readonly address?: true
  readonly exportSecret?: true
}

async function show(flags: ShowFlags): Promise<void> {
  const { dir, address, exportSecret, json } = flags
  const { keyFiles, publicParts, secretKeys } = await import('../../node/setup.ts')
  const [noNetwork, noAccount, noVerifier] = await Promise.all(
    ['network.key', 'account.key', 'verifier.key'].map((name) => lacks(dir, name)),
  )
  if (!exportSecret && noNetwork && !noAccount && noVerifier) return await showAccount(flags)
  const unlock = unlockWith(flags)
  const [parts, found] = [await publicParts(dir, unlock), await keyFiles(dir)]
  if (address) return print(parts.address)
  const secrets = exportSecret ? await secretKeys(dir, unlock) : undefined
  const files = found.map(({ kind, encrypted, path, mode }) => ({ file: `${kind}.key`, kind, encrypted, path, mode: mode.toString(8) }))
  if (json) return printJson({ ...parts, files, ...(secrets === undefined ? {} : { secretKeys: secrets }) })
  print(
    facts([
      ['peer id', parts.peerId],
      ['address', parts.address],
      ['account key', parts.accountKey],
      ['verifier key', parts.verifier?.blsKey ?? 'none (quorate init --role verifier makes one)'],
      ...files.map(({ file, encrypted, path, mode }): readonly [string, string] => [
        file,
        `${encrypted ? 'encrypted' : 'not encrypted'}, mode ${mode}${path === '' ? '' : `, of a mnemonic by ${path}`}`,
      ]),
      ...Object.entries(secrets ?? {}).map(([kind, secret]) => [`SECRET ${kind}`, secret] as const),
    ]),
  )
  for (const { warnings } of found) for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`)
}

const lacks = async (dir: string, name: string): Promise<boolean> =>
  !(await (await import('../../node/directory.ts')).exists(join(dir, name)))

/** Of a directory that is no node's, such as that of a wallet. */
async function showAccount({ dir, address: only, json }: ShowFlags): Promise<void> {
  const { formatAddress, walletAddress } = await import('../../node/wallet.ts')
  const address = formatAddress(await walletAddress(join(dir, 'account.key')))
  if (only) return print(address)
  if (json) return printJson({ address })
  print(facts([['address', address], ...['network.key', 'verifier.key'].map((name) => [name, 'none'] as const)]))
}

const kindOption = (): Option =>
  new Option('--kind <kind>', 'account or verifier').argParser(oneOf('account', 'verifier')).makeOptionMandatory()

interface ImportFlags extends KeysFlags {
  readonly kind: SecretKind
  readonly keystore?: string
  readonly mnemonicFile?: string
  readonly secretFile?: string
  readonly verifierIndex: number
  readonly newPasswordFile?: string
  readonly guard?: string
  readonly neverSigned?: true
}

function addImport(keys: Command): void {
  keys
    .command('import')
    .summary('take a key into a directory')
    .description(
      'Takes a key from an encrypted keystore (EIP-2335), from 24 words, or from a file with the secret. A key that is there is never replaced: move its file ' +
        'away first. For a verifier key say what it has signed: a key without the record of it could contradict itself, which costs stake.',
    )
    .addOption(directoryOption())
    .addOption(kindOption())
    .addOption(
      new Option('--keystore <file>', 'a keystore, of `quorate keys export` or another program').conflicts(['mnemonicFile', 'secretFile']),
    )
    .addOption(new Option('--mnemonic-file <file>', 'a file with the words').conflicts(['secretFile']))
    .option('--secret-file <file>', 'a file with 64 hex digits, or a key file that is not encrypted')
    .option('--verifier-index <number>', 'which verifier key of the words', integer(0, 1_000_000), 0)
    .addOption(passwordOption())
    .option('--new-password-file <file>', 'password for the key in the directory (default: that of the keystore)')
    .addOption(new Option('--guard <file>', 'what a verifier key has signed, from `quorate guard export`').conflicts('neverSigned'))
    .option('--never-signed', 'this verifier key has never run as a verifier, on no machine')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate keys import --kind account --keystore account-copy.json
  quorate keys import --kind verifier --keystore verifier-copy.json --guard guard.json
  quorate keys import --kind verifier --mnemonic-file words --verifier-index 1 --never-signed`,
    )
    .action(async (flags: ImportFlags) => {
      const { importKey, readKey } = await import('../../node/keys.ts')
      const { dir, kind, guard, neverSigned } = flags
      const source = sourceOf(flags)
      const key = await readKey(source, kind)
      const password = await importPassword(flags, source)
      const signed = guard !== undefined ? { guardFile: guard } : neverSigned ? 'never' : null
      const { file, created } = await importKey(dir, kind, key, { password, signed })
      if (flags.json) return printJson({ file, kind, created, encrypted: password !== null })
      print(
        created
          ? `${file} written${password === null ? ', not encrypted' : ', encrypted'}`
          : `${file} holds this key already, and is as it was`,
      )
      if (await lacks(dir, 'network.key')) print(`\nNext: quorate init --dir ${dir} --network FILE|URL   makes what a node needs besides`)
      else if (await lacks(dir, 'genesis.json')) print(`\nNext: quorate init --dir ${dir} --network FILE|URL   adds the network`)
    })
}

function sourceOf(flags: ImportFlags): KeySource {
  const { keystore, mnemonicFile, secretFile, verifierIndex } = flags
  if (keystore !== undefined) return { from: 'keystore', file: keystore, unlock: unlockWith(flags) }
  if (mnemonicFile !== undefined) return { from: 'mnemonic', file: mnemonicFile, verifierIndex }
  if (secretFile !== undefined) return { from: 'secret', file: secretFile }
  throw usageError('say where the key is: --keystore FILE, --mnemonic-file FILE or --secret-file FILE')
}

/** One password serves for reading and writing, unless another is given. */
const importPassword = async (flags: ImportFlags, { from }: KeySource): Promise<string | null> =>
  flags.newPasswordFile === undefined
    ? await newPassword(flags, `${flags.kind}.key${from === 'keystore' ? ' (another, or the same)' : ''}`)
    : await readPasswordFile(flags.newPasswordFile)

interface ExportFlags extends KeysFlags {
  readonly kind: SecretKind
  readonly out: string
  readonly newPasswordFile?: string
  readonly plaintext?: true
}

function addExport(keys: Command): void {
  keys
    .command('export')
    .summary('write an encrypted copy of a key')
    .description(
      'Writes a keystore (EIP-2335) to a file that did not exist, readable for its owner only. A copy of a verifier key is half of what a verifier is: ' +
        'its signing guard goes by `quorate guard export`, and the key must sign in one place only.',
    )
    .addOption(directoryOption())
    .addOption(kindOption())
    .requiredOption('--out <file>', 'the file to write; it must not exist')
    .addOption(passwordOption())
    .option('--new-password-file <file>', 'password of the copy (default: the same)')
    .addOption(new Option('--plaintext', 'not encrypted: who reads the file has the key').conflicts('newPasswordFile'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate keys export --kind account --out account-copy.json
  quorate keys export --kind verifier --out verifier-copy.json --new-password-file other-password`,
    )
    .action(async (flags: ExportFlags) => {
      const { exportKey } = await import('../../node/keys.ts')
      const { dir, kind, out, newPasswordFile, plaintext, json } = flags
      const password = plaintext
        ? null
        : newPasswordFile === undefined
          ? await newPassword(flags, out)
          : await readPasswordFile(newPasswordFile)
      if (password === null && !plaintext)
        throw new CliError(
          exitCodes.failed,
          'no-password',
          'a copy needs a password: --password-file FILE, or on a terminal; --plaintext writes one that everybody can use who reads it',
        )
      await exportKey(dir, kind, out, password, unlockWith(flags))
      if (json) return printJson({ file: out, kind, encrypted: password !== null })
      print(`${out} written, ${password === null ? 'NOT encrypted: who reads it has the key' : 'encrypted'}`)
    })
}

function addPasswords(keys: Command): void {
  const command = (name: string, summary: string, description: string): Command =>
    keys
      .command(name)
      .summary(summary)
      .description(
        `${description} network.key is never encrypted, so that a node can start without anybody. A running node goes on with what it has.`,
      )
      .addOption(directoryOption())
      .addOption(passwordOption())
      .addOption(jsonOption())
  command('encrypt', 'put account.key and verifier.key under a password', 'Encrypts the keys that are not encrypted yet.').action(
    async (flags: KeysFlags) => {
      const password = await newPassword(flags, 'the keys')
      if (password === null) throw noPassword('--password-file FILE')
      await rewrite(flags, (encrypted) => !encrypted, password, 'encrypted')
    },
  )
  command('decrypt', 'take the password off', 'Leaves the keys in plain text, readable for their owner.').action(async (flags: KeysFlags) =>
    rewrite(flags, (encrypted) => encrypted, null, 'no longer encrypted'),
  )
  command('password', 'give encrypted keys another password', 'Encrypts the encrypted keys anew.')
    .option('--new-password-file <file>', 'the new password, in the first line of a file')
    .action(async (flags: KeysFlags & { readonly newPasswordFile?: string }) => {
      const { newPasswordFile } = flags
      const unlock = unlockWith(flags)
      const password = newPasswordFile === undefined ? await typedPassword('the keys') : await readPasswordFile(newPasswordFile)
      if (password === null) throw noPassword('--new-password-file FILE')
      await rewrite(flags, (encrypted) => encrypted, password, 'encrypted with the new password', unlock)
    })
}

const noPassword = (flag: string): CliError =>
  new CliError(exitCodes.failed, 'no-password', `no password was given: ${flag}, or type one on a terminal. Nothing was changed`)

async function rewrite(
  flags: KeysFlags,
  which: (encrypted: boolean) => boolean,
  password: string | null,
  done: string,
  unlock = unlockWith(flags),
): Promise<void> {
  const { changePassword } = await import('../../node/keys.ts')
  const files = await changePassword(flags.dir, which, password, unlock)
  if (flags.json) return printJson({ files })
  print(files.length === 0 ? 'nothing to do' : files.map((file) => `${file}: ${done}`).join('\n'))
}
