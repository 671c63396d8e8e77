import type { Diagnosis } from '../../api/diagnosis-types.ts'
import { examineDirectory, isPortFree } from '../../node/checkup.ts'
import { findNode, isUnreachable, type NodePlace } from '../client.ts'
import { judgeDirectory, judgeStopped } from './directory.ts'
import { type Finding, finding } from './findings.ts'
import { judge } from './judge.ts'

const DEFAULT_PORT = 4001

/** Everything that can be found out of a node, running or not. */
export async function examine(place: NodePlace): Promise<readonly Finding[]> {
  // A node elsewhere has a directory elsewhere.
  if (place.api !== undefined) return judge(await (await findNode(place)).diagnosis())
  const facts = await examineDirectory(place.dir)
  const diagnosis = facts.exists ? await ask(place) : null
  // The running node says itself how much room there is.
  const ofDirectory = judgeDirectory(facts).filter(({ code }) => diagnosis === null || code !== 'disk-space')
  if (diagnosis !== null) return [...ofDirectory, ...judge(diagnosis)]
  if (!facts.exists) return ofDirectory
  return [...ofDirectory, judgeStopped(facts, ofDirectory), ...(facts.isInUse ? [] : await port())]
}

/** Null if no node answers. */
async function ask(place: NodePlace): Promise<Diagnosis | null> {
  try {
    return await (await findNode(place)).diagnosis()
  } catch (error) {
    if (isUnreachable(error)) return null
    throw error
  }
}

async function port(): Promise<readonly Finding[]> {
  if (await isPortFree('0.0.0.0', DEFAULT_PORT)) return []
  const text = `port ${DEFAULT_PORT}, on which a node listens unless told otherwise, is taken by another program`
  return [finding('port-taken', 'warning', text, { port: DEFAULT_PORT }, 'choose another with --listen /ip4/0.0.0.0/tcp/PORT')]
}
