import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createKey, type Key, type KeyKind, keyPath, loadKey } from '../adapters/keys/key-files.ts'
import { peerIdOf } from '../adapters/libp2p/keys.ts'
import { createGuardFile, openGuardFile } from '../adapters/store/guard-file.ts'
import { QuorateError } from '../base/errors.ts'
import { fromHex, type Hex, isHex } from '../base/hex.ts'
import { formatAddress, parseAddress } from '../crypto/address.ts'
import { nativeSignatures } from '../crypto/native.ts'
import type { Genesis, GenesisVerifier } from '../wire/genesis.ts'
import { addressOf, chainIdOf } from '../wire/ids.ts'
import { possessionMessage } from '../wire/signing.ts'
import { directoryPaths, exists } from './directory.ts'
import { assertGenesis, readGenesisFile, writeGenesisFile } from './genesis-file.ts'

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
}

export interface InitResult {
  readonly directory: string
  /** File names, in the order of their making. */
  readonly created: readonly string[]
  readonly kept: readonly string[]
  readonly parts: PublicParts
  readonly genesis: Genesis | null
}

/** A public part in JSON is far smaller. */
const MAX_PARTS_BYTES = 64 * 1024
const DIRECTORY_MODE = 0o700

/**
 * Makes what a directory lacks and leaves what it has: keys, signing guard, genesis. Rejects with QuorateError: those of the
 * key, guard and genesis files, `genesis-differs`, `guard-without-key`, `guard-missing`, `directory-failed`.
 */
export async function initDirectory({ directory, role, genesisFile, bootstrap }: InitOptions): Promise<InitResult> {
  const paths = directoryPaths(directory)
  // Read and checked first: a wrong genesis leaves no directory behind.
  const wanted = genesisFile === null ? null : await readGenesisFile(genesisFile)
  const present = (await exists(paths.genesis)) ? await readGenesisFile(paths.genesis) : null
  if (wanted !== null && present !== null && chainIdOf(wanted) !== chainIdOf(present)) {
    throw new QuorateError(
      'genesis-differs',
      `${paths.genesis} is of another network (${present.name}, chain id ${chainIdOf(present)}); it was left as it is: use another --dir for this network`,
    )
  }
  await makeDirectory(paths.directory)
  const created: string[] = []
  const kept: string[] = []
  const note = (name: string, made: boolean): void => void (made ? created : kept).push(name)
  for (const kind of ['network', 'account'] as const) note(`${kind}.key`, await makeKey(paths.directory, kind))
  if (role === 'verifier') {
    // The guard comes first: a key without one must never look new.
    note('guard', await makeGuard(paths.guard, keyPath(paths.directory, 'verifier')))
    note('verifier.key', await makeKey(paths.directory, 'verifier'))
  }
  if (wanted !== null && present === null) await writeGenesisFile(paths.genesis, wanted)
  if (wanted !== null || present !== null) note('genesis.json', present === null)
  if (bootstrap.length > 0) note('bootstrap.json', await makeBootstrapFile(join(paths.directory, 'bootstrap.json'), bootstrap))
  return { directory: paths.directory, created, kept, parts: await publicParts(paths.directory), genesis: wanted ?? present }
}

/** Rejects with QuorateError as `loadKey`. */
export async function publicParts(directory: string): Promise<PublicParts> {
  const { network, account, verifier } = await loadKeys(directory)
  const address = addressOf(account.publicKey)
  return {
    peerId: await peerIdOf(fromHex(network.secretKey)),
    address: formatAddress(address),
    accountKey: account.publicKey,
    verifier:
      verifier === null
        ? null
        : {
            blsKey: verifier.publicKey,
            possession: nativeSignatures.blsSign(verifier.secretKey, possessionMessage(verifier.publicKey, address)),
          },
  }
}

/** Secret keys by kind: 32 bytes each. Rejects with QuorateError as `loadKey`. */
export async function secretKeys(directory: string): Promise<Readonly<Partial<Record<KeyKind, Hex>>>> {
  const { network, account, verifier } = await loadKeys(directory)
  return {
    network: network.secretKey,
    account: account.secretKey,
    ...(verifier === null ? {} : { verifier: verifier.secretKey }),
  }
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

async function loadKeys(directory: string): Promise<{ network: Key; account: Key; verifier: Key | null }> {
  const hasVerifier = await exists(keyPath(directory, 'verifier'))
  return {
    network: await loadKey(directory, 'network'),
    account: await loadKey(directory, 'account'),
    verifier: hasVerifier ? await loadKey(directory, 'verifier') : null,
  }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE })
  } catch (error) {
    throw new QuorateError('directory-failed', `${directory} could not be made: ${(error as Error).message}`, { cause: error })
  }
}

/** True if it was made, false if there was one, which was read to see that it is sound. */
async function makeKey(directory: string, kind: KeyKind): Promise<boolean> {
  if (await exists(keyPath(directory, kind))) {
    await loadKey(directory, kind)
    return false
  }
  await createKey(directory, kind)
  return true
}

async function makeGuard(guard: string, verifierKey: string): Promise<boolean> {
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

async function makeBootstrapFile(path: string, peers: readonly string[]): Promise<boolean> {
  if (await exists(path)) return false
  await writeFile(path, `${JSON.stringify({ peers }, undefined, 2)}\n`, { flag: 'wx' })
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
