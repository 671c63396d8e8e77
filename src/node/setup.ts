import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createKey,
  type KeyFile,
  type KeyKind,
  type KeyOptions,
  keyPath,
  loadKey,
  newSecretKey,
  publicKeyOf,
  readKeyFile,
  type Unlock,
} from '../adapters/keys/key-files.ts'
import type { keysOfMnemonic } from '../adapters/keys/mnemonic.ts'
import { peerIdOf } from '../adapters/libp2p/keys.ts'
import { createGuardFile, openGuardFile } from '../adapters/store/guard-file.ts'
import { invariant, QuorateError } from '../base/errors.ts'
import { fromHex, type Hex, isHex } from '../base/hex.ts'
import { formatAddress, parseAddress } from '../crypto/address.ts'
import { nativeSignatures } from '../crypto/native.ts'
import type { Genesis, GenesisVerifier } from '../wire/genesis.ts'
import { addressOf, chainIdOf } from '../wire/ids.ts'
import { possessionMessage } from '../wire/signing.ts'
import type { Address } from '../wire/types.ts'
import { directoryPaths, exists } from './directory.ts'
import { assertGenesis, readGenesisFile, writeGenesisFile } from './genesis-file.ts'
import { importGuard } from './guard-transfer.ts'
import type { Checkpoint, NetworkFile } from './network-file.ts'

/** What others may know of a directory's keys; a verifier's operator hands it to who makes genesis. */
export interface PublicParts {
  readonly peerId: string
  /** bech32m. */
  readonly address: string
  readonly accountKey: Hex
  /** Null without a verifier key. */
  readonly verifier: { readonly blsKey: Hex; readonly possession: Hex } | null
}

export interface InitOptions {
  readonly directory: string
  readonly role: 'bootstrap' | 'full' | 'verifier'
  readonly genesisFile: string | null
  /** Multiaddrs to find the network by, written to `bootstrap.json`. */
  readonly bootstrap: readonly string[]
  /** Instead of a genesis file: with its peers and its checkpoint. */
  readonly network?: NetworkFile | null
  /** For the account and verifier keys that are made; null, the default, leaves them unencrypted. */
  readonly password?: string | null
  /** What they are made of; new randomness unless given. */
  readonly words?: {
    readonly keys: Awaited<ReturnType<typeof keysOfMnemonic>>
    /** They were made for this directory: what comes of them has signed nothing. */
    readonly areNew: boolean
  } | null
  /** What is known of the signatures of a verifier key that is not new: a file of `quorate guard export`, or that there are none. */
  readonly signed?: SignedBefore | null
}

/** What a verifier key has signed elsewhere. */
export type SignedBefore = { readonly guardFile: string } | 'never'

export interface InitResult {
  readonly directory: string
  /** File names, in the order of their making. */
  readonly created: readonly string[]
  readonly kept: readonly string[]
  readonly parts: PublicParts
  readonly genesis: Genesis | null
  /** Whether all of its account and verifier keys are encrypted. */
  readonly encrypted: boolean
}

/** A public part in JSON is far smaller. */
const MAX_PARTS_BYTES = 64 * 1024
const DIRECTORY_MODE = 0o700

/**
 * Makes what a directory lacks and leaves what it has: keys, signing guard, genesis. Rejects with QuorateError: those of the
 * key, guard and genesis files, `genesis-differs`, `guard-without-key`, `guard-missing`, `guard-required`, `other-key`, `directory-failed`.
 */
export async function initDirectory(options: InitOptions): Promise<InitResult> {
  const { directory, role, genesisFile, bootstrap, network = null, signed = null } = options
  const paths = directoryPaths(directory)
  // Read and checked first: a wrong genesis leaves no directory behind.
  const wanted = network?.genesis ?? (genesisFile === null ? null : await readGenesisFile(genesisFile))
  const present = (await exists(paths.genesis)) ? await readGenesisFile(paths.genesis) : null
  if (wanted !== null && present !== null && chainIdOf(wanted) !== chainIdOf(present)) {
    throw new QuorateError(
      'genesis-differs',
      `${paths.genesis} is of another network (${present.name}, chain id ${chainIdOf(present)}); it was left as it is: use another --dir for this network`,
    )
  }
  if (role === 'verifier') await requireStatement(paths.directory, options)
  await makeDirectory(paths.directory)
  const created: string[] = []
  const kept: string[] = []
  const note = (name: string, made: boolean): void => void (made ? created : kept).push(name)
  note('network.key', await makeKey(paths.directory, 'network', {}))
  note('account.key', await makeKey(paths.directory, 'account', keyOptions(options, 'account')))
  const guardFile = signed === null || signed === 'never' ? null : signed.guardFile
  if (role === 'verifier') {
    // The guard comes first: a key without one must never look new.
    if (guardFile === null) note('guard', await makeGuard(paths.guard, keyPath(paths.directory, 'verifier')))
    note('verifier.key', await makeVerifierKey(paths.directory, keyOptions(options, 'verifier')))
  } else for (const name of ['guard', 'verifier.key']) if (await exists(join(paths.directory, name))) kept.push(name)
  if (wanted !== null && present === null) await writeGenesisFile(paths.genesis, wanted)
  if (wanted !== null || present !== null) note('genesis.json', present === null)
  const peers = [...new Set([...bootstrap, ...(network?.bootstrap ?? [])])]
  if (peers.length > 0) note('bootstrap.json', await makeJsonFile(paths.bootstrap, { peers }))
  if (network !== null && network.checkpoint !== null) note('checkpoint.json', await makeJsonFile(paths.checkpoint, network.checkpoint))
  if (role === 'verifier' && guardFile !== null) note('guard', (await importGuard(paths.directory, guardFile, false)).isNew)
  const files = await keyFiles(paths.directory)
  return {
    directory: paths.directory,
    ...{ created, kept },
    parts: await publicParts(paths.directory),
    genesis: wanted ?? present,
    encrypted: files.every(({ kind, encrypted }) => encrypted || kind === 'network'),
  }
}

/** What its key files show to everybody, in the order network, account, verifier; without those that are not there. Rejects as `readKeyFile`. */
export async function keyFiles(directory: string): Promise<readonly KeyFile[]> {
  const kinds: readonly KeyKind[] = (await exists(keyPath(directory, 'verifier')))
    ? ['network', 'account', 'verifier']
    : ['network', 'account']
  return await Promise.all(kinds.map((kind) => readKeyFile(keyPath(directory, kind), kind)))
}

/** Rejects with QuorateError as `loadKey`; an encrypted verifier key needs no password as long as its account is the one it was made for. */
export async function publicParts(directory: string, unlock?: Unlock): Promise<PublicParts> {
  const [network, account, verifier] = [await loadKey(directory, 'network'), ...(await keyFiles(directory)).slice(1)]
  invariant(account !== undefined, 'a directory has an account key, or reading it fails')
  const address = addressOf(account.publicKey)
  return {
    peerId: await peerIdOf(fromHex(network.secretKey)),
    address: formatAddress(address),
    accountKey: account.publicKey,
    verifier:
      verifier === undefined ? null : { blsKey: verifier.publicKey, possession: await possessionOf(directory, verifier, address, unlock) },
  }
}

async function possessionOf(directory: string, { publicKey, possession }: KeyFile, address: Address, unlock?: Unlock): Promise<Hex> {
  const message = possessionMessage(publicKey, address)
  if (possession !== null && nativeSignatures.blsVerify(publicKey, message, possession)) return possession
  return nativeSignatures.blsSign((await loadKey(directory, 'verifier', unlock)).secretKey, message)
}

/** Secret keys by kind: 32 bytes each. Rejects with QuorateError as `loadKey`. */
export async function secretKeys(directory: string, unlock?: Unlock): Promise<Readonly<Partial<Record<KeyKind, Hex>>>> {
  const secrets: Partial<Record<KeyKind, Hex>> = {}
  for (const { kind } of await keyFiles(directory)) secrets[kind] = (await loadKey(directory, kind, unlock)).secretKey
  return secrets
}

/**
 * A verifier for genesis, of a node's directory, or of the file that `quorate keys --json` wrote there.
 * Rejects with QuorateError `not-verifier`, `bad-parts` or as `loadKey`.
 */
export async function genesisVerifier(path: string, stakeDroplets: number, commissionPpm: number): Promise<GenesisVerifier> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
  const { peerId, address, verifier } = isFile ? await readParts(path) : await publicParts(path)
  if (verifier === null) {
    throw new QuorateError('not-verifier', `${path} has no verifier key: make one with \`quorate init --dir ${path} --role verifier\``)
  }
  return { account: parseAddress(address), peerId, ...verifier, stakeDroplets, commissionPpm }
}

/** Puts the lists in order and checks the whole. @throws QuorateError with a code of the ledger's `genesisCodes` */
export function makeGenesis(document: Genesis): Genesis {
  const genesis: Genesis = {
    ...document,
    verifiers: document.verifiers.toSorted((left, right) => (left.account < right.account ? -1 : 1)),
    accounts: document.accounts.toSorted((left, right) => (left.address < right.address ? -1 : 1)),
    anchors: document.anchors.toSorted(),
  }
  assertGenesis(genesis)
  return genesis
}

const keyOptions = ({ password = null, words = null }: InitOptions, kind: 'account' | 'verifier'): KeyOptions => ({
  ...words?.keys[kind],
  password,
})

/** Who restores a key says what it has signed, before anything is made. */
async function requireStatement(directory: string, { words = null, signed = null }: InitOptions): Promise<void> {
  const isRestored = words !== null && !words.areNew
  if (!isRestored || signed !== null || (await exists(keyPath(directory, 'verifier')))) return
  throw guardRequired()
}

export const guardRequired = (): QuorateError =>
  new QuorateError(
    'guard-required',
    'nobody knows what this verifier key has signed, and two signatures that contradict each other cost its stake. Give its record with --guard FILE, which ' +
      '`quorate guard export` writes where the verifier ran last; or say with --never-signed that it has never run as a verifier anywhere. ' +
      'If it has run and its record is lost, it must not sign again: take a new one (another --verifier-index)',
  )

export async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE })
  } catch (error) {
    throw new QuorateError('directory-failed', `${directory} could not be made: ${(error as Error).message}`, { cause: error })
  }
}

/** True if it was made, false if there was one, which was read to see that it is sound, and the one that is wanted. */
export async function makeKey(directory: string, kind: KeyKind, options: KeyOptions): Promise<boolean> {
  const path = keyPath(directory, kind)
  if (!(await exists(path))) {
    await createKey(directory, kind, options)
    return true
  }
  const { publicKey, encrypted } = await readKeyFile(path, kind)
  if (!encrypted) await loadKey(directory, kind)
  const { secretKey } = options
  if (secretKey !== undefined && publicKey !== publicKeyOf(path, kind, secretKey))
    throw new QuorateError(
      'other-key',
      `there is another key at ${path}, with the public key ${publicKey}; it was left as it is. Use another --dir, or what that key was made of`,
    )
  return false
}

/** With the proof of possession beside it, so that nobody needs its password to see it. */
export async function makeVerifierKey(directory: string, options: KeyOptions): Promise<boolean> {
  const { publicKey } = await readKeyFile(keyPath(directory, 'account'), 'account')
  const { secretKey = newSecretKey('verifier') } = options
  const path = keyPath(directory, 'verifier')
  if (await exists(path)) return await makeKey(directory, 'verifier', options)
  const message = possessionMessage(publicKeyOf(path, 'verifier', secretKey), addressOf(publicKey))
  return await makeKey(directory, 'verifier', { ...options, secretKey, possession: nativeSignatures.blsSign(secretKey, message) })
}

export async function makeGuard(guard: string, verifierKey: string): Promise<boolean> {
  const [hasGuard, hasKey] = [await exists(guard), await exists(verifierKey)]
  if (!hasGuard && hasKey) {
    throw new QuorateError(
      'guard-missing',
      `${verifierKey} has lost its signing guard (${guard}), so nobody knows what the key has signed. Put back the very file that was there, not an older copy; if it is gone, this key must not sign again: make a verifier with a new key in another directory. A guard is never made anew`,
    )
  }
  if (!hasGuard) {
    await createGuardFile(guard)
    return true
  }
  if (!hasKey) await requireUnused(guard)
  return false
}

/** A guard without a key is what an `init` that was cut short leaves; one that has signed belongs to a key that is missing here. */
async function requireUnused(guard: string): Promise<void> {
  const file = await openGuardFile(guard)
  try {
    const found = await file.read()
    if (found.state === 'intact' && found.record.length === 0) return
  } finally {
    await file.close()
  }
  throw new QuorateError('guard-without-key', `${guard} remembers signatures of a verifier key that is not here: put verifier.key back`)
}

async function makeJsonFile(path: string, value: { readonly peers: readonly string[] } | Checkpoint): Promise<boolean> {
  if (await exists(path)) return false
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`, { flag: 'wx' })
  return true
}

async function readParts(path: string): Promise<PublicParts> {
  const bad = (why: string): QuorateError => new QuorateError('bad-parts', `${path} is not what \`quorate keys --json\` prints: ${why}`)
  if ((await stat(path)).size > MAX_PARTS_BYTES) throw bad(`it is larger than ${MAX_PARTS_BYTES} bytes`)
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch {
    throw bad('it is no JSON')
  }
  const { peerId, address, accountKey, verifier } = (value ?? {}) as Record<string, unknown>
  if (typeof peerId !== 'string') throw bad('peerId is missing')
  if (typeof address !== 'string') throw bad('address is missing')
  if (!isHex(accountKey, 32)) throw bad('accountKey is missing')
  if (verifier === null) return { peerId, address, accountKey, verifier }
  const { blsKey, possession } = (verifier ?? {}) as Record<string, unknown>
  if (!isHex(blsKey, 48) || !isHex(possession, 96)) throw bad('verifier lacks blsKey or possession')
  return { peerId, address, accountKey, verifier: { blsKey, possession } }
}
