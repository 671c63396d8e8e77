import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { syncDirectory } from '../adapters/store/files.ts'

/*
 * `quorate recover` puts another store in the place of the one that is there, `quorate restore` one where there is none. The new one is made as `store.draft`, and is
 * `store.next` once it is whole; then the old one gets the name under which it is kept, and the new one its place. A kill leaves
 * the old store in its place, or none and `store.next`, which the next opening of the directory puts there.
 */
interface Paths {
  readonly directory: string
  readonly store: string
}

export const draftOf = ({ store }: Paths): string => `${store}.draft`
const nextOf = ({ store }: Paths): string => `${store}.next`

/** Brings an exchange that was broken off to its end, or takes it back. Only who holds the lock of the directory calls it. */
export async function settleExchange(paths: Paths): Promise<void> {
  if (existsSync(nextOf(paths)) && !existsSync(paths.store)) await move(paths, nextOf(paths), paths.store)
  await rm(draftOf(paths), { recursive: true, force: true })
  await rm(nextOf(paths), { recursive: true, force: true })
}

/** The draft, whole and closed, takes its place in a directory without a store. */
export async function placeStore(paths: Paths): Promise<void> {
  await move(paths, draftOf(paths), nextOf(paths))
  await move(paths, nextOf(paths), paths.store)
}

/** The draft, whole and closed, takes the place of the store, which is kept. Resolves with the path at which it is. */
export async function exchangeStores(paths: Paths, keptAs: string): Promise<string> {
  let kept = `${paths.store}.${keptAs}`
  for (let number = 2; existsSync(kept); number++) kept = `${paths.store}.${keptAs}-${number}`
  await move(paths, draftOf(paths), nextOf(paths))
  await move(paths, paths.store, kept)
  await move(paths, nextOf(paths), paths.store)
  return kept
}

async function move({ directory }: Paths, from: string, to: string): Promise<void> {
  await rename(from, to)
  await syncDirectory(directory)
}
