import { appendFileSync } from 'node:fs'
import { createSigner } from '../adapters/keys/signer.ts'
import type { NodeStatus, NodeView } from '../api/types.ts'
import { QuorateError } from '../base/errors.ts'
import type { Hex } from '../base/hex.ts'
import { type Behaviour, type Deed, deedsPath } from '../cli/swarm/adversaries.ts'
import { directoryPaths } from '../node/directory.ts'
import { readGenesisFile } from '../node/genesis-file.ts'
import { secretKeys } from '../node/setup.ts'
import type { Signer } from '../ports/signer.ts'
import type { Genesis } from '../wire/genesis.ts'
import { chainIdOf } from '../wire/ids.ts'
import { statementMessage } from '../wire/signing.ts'
import type { Certificate, Hash, Statement } from '../wire/types.ts'

/** Blocks that it sees before it begins: the quorum runs by then, and its nodes have found each other. */
const FIRST_BLOCKS = 5
/** Heights from one offence to the next. */
const EVERY_HEIGHTS = 3
/** Heights of which it remembers its place in the quorum. */
const REMEMBERED_HEIGHTS = 8

/** What it looks at of its own node. */
interface Watched extends Pick<NodeView, 'quorum' | 'onEvent'> {
  status(): Pick<NodeStatus, 'height'>
}

/** What an adversary has of its own: its key, its place in the quorum, and the file in which it notes what it did. */
export class Actor {
  readonly behaviour: Behaviour
  readonly genesis: Genesis
  readonly chainId: Hash
  readonly directory: string
  readonly #signer: Signer
  readonly #seats = new Map<number, number | null>()
  #view: Watched | null = null
  #firstHeight = Number.MAX_SAFE_INTEGER
  #nextHeight = 0

  private constructor(behaviour: Behaviour, directory: string, genesis: Genesis, signer: Signer) {
    this.behaviour = behaviour
    this.directory = directory
    this.genesis = genesis
    this.chainId = chainIdOf(genesis)
    this.#signer = signer
  }

  /** Rejects with QuorateError: those of the key and genesis files, `not-verifier`. */
  static async open(directory: string, behaviour: Behaviour): Promise<Actor> {
    const { verifier } = await secretKeys(directory)
    if (verifier === undefined)
      throw new QuorateError('not-verifier', `${directory} has no verifier key: only a verifier can break its rules`)
    return new Actor(behaviour, directory, await readGenesisFile(directoryPaths(directory).genesis), createSigner(verifier))
  }

  /** The node runs. */
  follow(view: Watched): void {
    this.#view = view
    this.#firstHeight = view.status().height + FIRST_BLOCKS
    this.#look()
    view.onEvent(({ kind }) => {
      if (kind === 'block') this.#look()
    })
  }

  /** It has seen the blocks that it waits for. */
  get isUp(): boolean {
    return this.height >= this.#firstHeight
  }
  get height(): number {
    return this.#view?.status().height ?? 0
  }
  /** The slot of the clock. */
  get slot(): number {
    const { timeMs, parameters } = this.genesis
    return Math.floor((Date.now() - timeMs) / parameters.slotMs)
  }
  /** Until this time of that slot at which verifiers choose. */
  untilChoiceMs(slot: number): number {
    const { timeMs, parameters } = this.genesis
    return Math.max(0, timeMs + slot * parameters.slotMs + parameters.choiceMs - Date.now())
  }

  /** Its index in the quorum of that height; null if it weighs nothing there, or the height is not of late. */
  seatAt(height: number): number | null {
    this.#look()
    return this.#seats.get(height) ?? null
  }

  /** Whether an offence is due at this height. Then the next one is due some heights later. */
  isDue(height: number): boolean {
    if (!this.isUp || height < this.#nextHeight || this.seatAt(height) === null) return false
    this.#nextHeight = height + EVERY_HEIGHTS
    return true
  }

  sign(statement: Statement): Promise<Hex> {
    return this.#signer.sign(statementMessage(this.chainId, statement))
  }
  /** Its own word for a statement, as leaders show the words of those who answered. Null if it is not in that quorum. */
  async wordFor(statement: Statement): Promise<Certificate | null> {
    const seat = this.seatAt(statement.height)
    return seat === null ? null : { statement, aggregate: { signers: [seat], signature: await this.sign(statement) } }
  }

  /** Notes what it is about to do: whoever launched it reads that. */
  note({ height, slot, firstAtMs }: { readonly height: number; readonly slot: number; readonly firstAtMs?: number }): void {
    const atMs = Date.now()
    const deed: Deed = { kind: this.behaviour, height, slot, firstAtMs: firstAtMs ?? atMs, atMs }
    appendFileSync(deedsPath(this.directory), `${JSON.stringify(deed)}\n`)
  }

  #look(): void {
    const quorum = this.#view?.quorum()
    if (quorum === undefined) return
    const seat = quorum.members.findIndex(({ blsKey, weightDroplets }) => blsKey === this.#signer.publicKey && weightDroplets > 0)
    this.#seats.set(quorum.height, seat < 0 ? null : seat)
    this.#seats.delete(quorum.height - REMEMBERED_HEIGHTS)
  }
}
