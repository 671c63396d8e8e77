import { type Command, Option } from 'commander'
import { directoryOption, jsonOption } from '../options.ts'
import { facts, print, printJson } from '../text.ts'

interface KeysFlags {
  readonly dir: string
  readonly address?: true
  readonly exportSecret?: true
  readonly json?: true
}

export function addKeysCommand(program: Command): void {
  program
    .command('keys')
    .summary("show a directory's public keys, address and peer id")
    .description(
      'Shows what others may know of the keys in a directory. The JSON form is what a verifier hands to whoever makes the genesis: ' +
        'it carries the proof that the verifier holds its key. Secrets are printed with --export-secret only.',
    )
    .addOption(directoryOption())
    .addOption(new Option('--address', 'print the address of the account and nothing else').conflicts(['exportSecret', 'json']))
    .option('--export-secret', 'print the secret keys too: who has them has the coins and signs in your name')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate keys
  ME=$(quorate keys --address)
  quorate keys --dir v1 --json > v1.json     then: quorate genesis --verifier v1.json`,
    )
    .action(async ({ dir, address, exportSecret, json }: KeysFlags) => {
      const { publicParts, secretKeys } = await import('../../node/setup.ts')
      const parts = await publicParts(dir)
      if (address) return print(parts.address)
      const secrets = exportSecret ? await secretKeys(dir) : undefined
      if (json) return printJson(secrets === undefined ? parts : { ...parts, secretKeys: secrets })
      print(
        facts([
          ['peer id', parts.peerId],
          ['address', parts.address],
          ['account key', parts.accountKey],
          ['verifier key', parts.verifier?.blsKey ?? 'none (quorate init --role verifier makes one)'],
          ...Object.entries(secrets ?? {}).map(([kind, secret]) => [`SECRET ${kind}`, secret] as const),
        ]),
      )
    })
}
