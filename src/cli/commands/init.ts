import { type Command, Option } from 'commander'
import type { FoundNetwork } from '../../node/network-file.ts'
import type { InitOptions, InitResult, SignedBefore } from '../../node/setup.ts'
import { isPrivateText } from '../address.ts'
import { usageError } from '../exit.ts'
import { chainId, collect, directoryOption, integer, jsonOption, oneOf, peerMultiaddr } from '../options.ts'
import { newPassword, type PasswordFlags, passwordOption } from '../passwords.ts'
import { shippedBootstrapFile } from '../shipped.ts'
import { onTerminal } from '../terminal-input.ts'
import { facts, paint, plural, print, printJson } from '../text.ts'

interface InitFlags extends PasswordFlags {
  readonly dir: string
  readonly role: 'full' | 'verifier' | 'bootstrap'
  /** False: without the one that comes with the program. */
  readonly network?: string | false
  readonly chainId?: string
  readonly genesis?: string
  readonly bootstrap?: readonly string[]
  /** False: not asked for. */
  readonly password: boolean
  readonly mnemonicFile?: string
  readonly verifierIndex: number
  readonly guard?: string
  readonly neverSigned?: true
  readonly showMnemonic?: true
  readonly json?: true
}

export function addInitCommand(program: Command): void {
  program
    .command('init')
    .summary('make the directory of a node: keys, and the genesis of its network')
    .description(
      'Makes what the directory of a node lacks and never overwrites what it has: the network key (who the node is to its peers), ' +
        'the account key (whose coins it can send) and, for a verifier, the key that signs blocks with its signing guard. ' +
        'With --network it also takes the genesis, the peers and the checkpoint of a network from a file or an address. On a terminal it shows, once, the ' +
        '24 words from which the account and the verifier key can be made again, and asks for a password to encrypt them with. Running it again is safe.',
    )
    .addOption(directoryOption('the directory to make'))
    .option('--role <role>', 'full, verifier or bootstrap', oneOf('full', 'verifier', 'bootstrap'), 'full')
    .addOption(
      new Option(
        '--network <file|url>',
        "the network's file, such as http://seed.example.org:4080/v1/network-file (default: that of bootstrap.json beside the program, if it names one)",
      ).conflicts('genesis'),
    )
    .option('--no-network', 'keys only, whatever network the program comes with')
    .option('--chain-id <hex>', 'what the chain id must be: 64 hex digits, from somebody you trust', chainId)
    .option('--genesis <file>', "the network's genesis.json alone, without peers")
    .option('--bootstrap <multiaddr>', 'a peer to find the network by, may be given again', collect(peerMultiaddr))
    .addOption(passwordOption())
    .option('--no-password', 'leave the keys unencrypted without asking')
    .option('--mnemonic-file <file>', 'make the account and verifier key of the words in this file')
    .option('--verifier-index <number>', 'which verifier key of the words', integer(0, 1_000_000), 0)
    .addOption(
      new Option('--guard <file>', 'what a verifier key of these words has signed, from `quorate guard export`').conflicts('neverSigned'),
    )
    .option('--never-signed', 'a verifier key of these words has never run as a verifier, on no machine')
    .option('--show-mnemonic', 'print the words of new keys where there is no terminal, too')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate init --network http://seed.example.org:4080/v1/network-file
      a full node that joins a network
  quorate init --network network.json --role verifier --password-file password
      a node that is to verify, its keys encrypted without asking
  quorate init --dir v1 --role verifier
      a verifier's keys, before there is a genesis; hand "quorate keys --dir v1 --json" to who makes it
  quorate init --dir v1 --genesis genesis.json
      later: adds the genesis, keeps the keys
  quorate init --dir node --role verifier
      in a running network: adds a verifier key; the account is a client until "quorate register" makes it a verifier
  quorate init --dir again --network network.json --mnemonic-file words
      the account of the 24 words in another directory`,
    )
    .action(init)
}

async function init(flags: InitFlags): Promise<void> {
  const { initDirectory } = await import('../../node/setup.ts')
  const { dir: directory, role, genesis = null, bootstrap = [] } = flags
  const asks = onTerminal() && flags.json !== true
  // Before all else: a network that cannot be had leaves no directory behind, and asks for no password.
  const network = await networkOf(flags)
  const words = await wordsOf(flags, asks || flags.showMnemonic === true)
  const password = await passwordOf(flags)
  const options: InitOptions = { directory, role, genesisFile: genesis, bootstrap, network, password, words, signed: signedOf(flags) }
  const result = await initDirectory(options)
  const isMade = result.created.some((name) => name === 'account.key' || name === 'verifier.key')
  if (isMade && !result.encrypted && password === null && !asks && flags.password)
    process.stderr.write(
      'warning: the keys are not encrypted: --password-file FILE encrypts those that init makes, `quorate keys encrypt` those that are there\n',
    )
  const mnemonic = words?.areNew ? words.mnemonic : null
  const peers = await peersOf(result.directory)
  if (flags.json) {
    const { created, kept, parts } = result
    const shown = mnemonic === null ? {} : { mnemonic }
    return printJson({
      directory: result.directory,
      created,
      kept,
      ...parts,
      ...networkJson(network),
      ...shown,
      next: nextStep(flags, result, peers),
    })
  }
  print(
    facts([
      ['directory', result.directory],
      ...networkFacts(network),
      ['created', result.created.join(', ') || 'nothing'],
      ...(result.kept.length > 0 ? [['kept', result.kept.join(', ')] as const] : []),
      ['peer id', result.parts.peerId],
      ['address', result.parts.address],
      ['keys', result.encrypted ? 'encrypted with your password' : 'not encrypted'],
    ]),
  )
  if (network !== null && isPlainHttp(network.source) && flags.chainId === undefined)
    print('\nThe network file came over plain http: compare the chain id with that of somebody you trust.')
  if (mnemonic !== null) print(wordsText(mnemonic, result))
  if (isMade && words === null)
    print(
      '\nThe new keys have no words to write down: `quorate keys export` copies them; `quorate init --show-mnemonic` in a new directory makes some with words.',
    )
  if (result.genesis !== null && peers.length === 0 && flags.role !== 'bootstrap') print(`\n${noPeersText(flags)}`)
  print(`\nNext: ${nextStep(flags, result, peers)}`)
}

/** The peers that a start without --bootstrap asks first. Rejects with QuorateError `bad-bootstrap-file`. */
async function peersOf(directory: string): Promise<readonly string[]> {
  const [{ readBootstrapList }, { directoryPaths, exists }] = await Promise.all([
    import('../../node/network-file.ts'),
    import('../../node/directory.ts'),
  ])
  const { bootstrap } = directoryPaths(directory)
  const path = (await exists(bootstrap)) ? bootstrap : shippedBootstrapFile()
  return path === null ? [] : (await readBootstrapList(path)).peers
}

const noPeersText = ({ dir }: InitFlags): string =>
  'The directory names no bootstrap peer: this node finds others only if they dial it. Name one with `quorate start --bootstrap MULTIADDR`, ' +
  `or \`quorate init --dir ${dir} --bootstrap MULTIADDR\`.`

const isPlainHttp = (source: string): boolean => /^http:\/\/(?!127\.|localhost[:/]|\[::1\])/i.test(source)

/** The network that was named, or that comes with the program; null if there is none, or the directory has its own. */
async function networkOf({ dir, network, chainId: wanted, genesis }: InitFlags): Promise<FoundNetwork | null> {
  const { readBootstrapList, readNetwork } = await import('../../node/network-file.ts')
  if (network === undefined && wanted !== undefined && genesis !== undefined) throw usageError('--chain-id goes with --network')
  if (typeof network === 'string') return await readNetwork(network, wanted ?? null)
  if (network === false || genesis !== undefined) return null
  const { directoryPaths, exists } = await import('../../node/directory.ts')
  const shipped = shippedBootstrapFile()
  const list = shipped === null || (await exists(directoryPaths(dir).genesis)) ? null : await readBootstrapList(shipped)
  if (list !== null && list.network !== null) return await readNetwork(list.network, wanted ?? list.chainId)
  if (wanted !== undefined)
    throw usageError(`--chain-id names a network, and this program comes with none: give its file too, with --network`)
  return null
}

/** The words of the keys that are made: those of a file, or new ones where somebody sees them. */
async function wordsOf(
  { dir, mnemonicFile, verifierIndex }: InitFlags,
  canShow: boolean,
): Promise<(NonNullable<InitOptions['words']> & { readonly mnemonic: string }) | null> {
  const { hasKey, keysOfMnemonic, newMnemonic, readMnemonicFile } = await import('../../node/keys.ts')
  if (mnemonicFile !== undefined) {
    const mnemonic = await readMnemonicFile(mnemonicFile)
    return { mnemonic, keys: await keysOfMnemonic(mnemonic, verifierIndex), areNew: false }
  }
  // Keys that are there come of other words, or of none: new ones would belong to half of them.
  if (!canShow || (await hasKey(dir, 'account')) || (await hasKey(dir, 'verifier'))) return null
  const mnemonic = newMnemonic()
  return { mnemonic, keys: await keysOfMnemonic(mnemonic, verifierIndex), areNew: true }
}

async function passwordOf(flags: InitFlags): Promise<string | null> {
  const { hasKey } = await import('../../node/keys.ts')
  const [hasAccount, hasVerifier] = [await hasKey(flags.dir, 'account'), await hasKey(flags.dir, 'verifier')]
  const makesNone = hasAccount && (hasVerifier || flags.role !== 'verifier')
  if (makesNone || !flags.password || (flags.json && !flags.passwordFile && !process.env['QUORATE_PASSWORD'])) return null
  return await newPassword(flags, hasAccount ? 'verifier.key' : flags.role === 'verifier' ? 'account.key and verifier.key' : 'account.key')
}

function signedOf({ guard, neverSigned }: InitFlags): SignedBefore | null {
  if (guard !== undefined) return { guardFile: guard }
  return neverSigned ? 'never' : null
}

const checkpointText = ({ height, hash }: { readonly height: number; readonly hash: string }): string => `${height}:${hash}`

const networkFacts = (network: FoundNetwork | null): readonly (readonly [string, string])[] =>
  network === null
    ? []
    : [
        ['network', `${network.genesis.name}, from ${network.source}`],
        ['chain id', network.chainId],
        ['bootstrap', network.bootstrap.length === 0 ? 'none: give --bootstrap' : plural(network.bootstrap.length, 'peer')],
        ...(network.checkpoint === null
          ? []
          : [['checkpoint', `${checkpointText(network.checkpoint)}, which \`start\` trusts (checkpoint.json)`] as const]),
      ]

const networkJson = (network: FoundNetwork | null): object =>
  network === null
    ? {}
    : { network: { name: network.genesis.name, chainId: network.chainId, source: network.source, checkpoint: network.checkpoint } }

function wordsText(mnemonic: string, { created }: InitResult): string {
  const words = mnemonic.split(' ').map((word, index) => `${String(index + 1).padStart(2)} ${word.padEnd(9)}`)
  const lines = [0, 6, 12, 18].map((from) => `  ${words.slice(from, from + 6).join(' ')}`.trimEnd())
  const keys = created.includes('verifier.key') ? 'account.key and verifier.key' : 'account.key'
  return [
    '',
    paint('bold', `Write these 24 words down. They give ${keys} again, and are shown this once:`),
    '',
    ...lines,
    '',
    'Who has them has the coins. They are not stored anywhere; network.key and the signing guard do not come of them.',
  ].join('\n')
}

function nextStep({ dir, role }: InitFlags, { genesis, parts }: InitResult, peers: readonly string[]): string {
  if (genesis !== null) {
    const isLocal = peers.length > 0 && peers.every(isPrivateText)
    const start = `quorate start --dir ${dir}${role === 'bootstrap' ? ' --role bootstrap' : ''}${isLocal ? ' --scope local' : ''}`
    const { verifier } = parts
    if (role === 'bootstrap' || verifier === null || genesis.verifiers.some(({ blsKey }) => blsKey === verifier.blsKey)) return start
    return `${start}   then, unless its account is a verifier of ${genesis.name} already, \`quorate register --dir ${dir}\` makes it one (\`quorate account --dir ${dir}\` says which)`
  }
  const add = `quorate init --dir ${dir} --network FILE|URL`
  return role === 'verifier'
    ? `quorate genesis --verifier ${dir} --out genesis.json   makes a network with this verifier; then quorate init --dir ${dir} --genesis genesis.json. To join one: ${add}`
    : `${add}   with the network to join: this program comes with none. Any of its nodes gives one at /v1/network-file; its operators may have handed out a file, or a genesis.json (--genesis)`
}
