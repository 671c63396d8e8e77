import type { DirectoryFacts } from '../../node/checkup.ts'
import { duration, printable } from '../text.ts'
import { type Finding, finding, isProblem } from './findings.ts'
import { space } from './judge.ts'

/** A file of the future by more than this was not written by a clock that runs a little fast. */
const CLOCK_SLACK_MS = 60_000

const octal = (mode: number): string => mode.toString(8).padStart(3, '0')

/** What a node's directory says, whether a node runs on it or not. */
export function judgeDirectory(facts: DirectoryFacts): readonly Finding[] {
  const { directory, keys, hasNetworkKey, hasVerifierKey, hasGuard } = facts
  const shown = printable(directory)
  if (!facts.exists)
    return [
      finding(
        'directory-missing',
        'problem',
        `there is no directory ${shown}`,
        {},
        `make one with \`quorate init --dir ${shown}\`, or name another with --dir`,
      ),
    ]
  const found: Finding[] = []
  if ((facts.mode & 0o077) !== 0)
    found.push(
      finding(
        'directory-mode',
        'warning',
        `others can look into ${shown} (mode ${octal(facts.mode)})`,
        { mode: octal(facts.mode) },
        `chmod 700 ${shown}`,
      ),
    )
  if (!facts.isWritable)
    found.push(
      finding(
        'directory-unwritable',
        'problem',
        `${shown} cannot be written to by this user`,
        {},
        'run the node as the user to whom the directory belongs',
      ),
    )
  if (!hasNetworkKey)
    found.push(
      finding(
        'key-missing',
        'problem',
        `${shown} has no network.key, so it is no directory of a node`,
        {},
        `make it with \`quorate init --dir ${shown}\`, or put it back from a backup`,
      ),
    )
  for (const { file, mode } of keys)
    if ((mode & 0o077) !== 0)
      found.push(
        finding(
          'key-mode',
          'problem',
          `others can read ${file} (mode ${octal(mode)})`,
          { file, mode: octal(mode) },
          `chmod 600 ${shown}/${file}`,
        ),
      )
  if (hasVerifierKey && !hasGuard)
    found.push(
      finding(
        'guard-missing',
        'problem',
        'there is a verifier.key and no guard: nobody knows what the key has signed',
        {},
        'put back the very file that was there, never an older copy; without it this key must not sign again',
      ),
    )
  found.push(...genesis(facts), ...facts.refusals.map(refusal), ...clock(facts))
  if (facts.freeBytes !== null) found.push(space(directory, facts.freeBytes, facts.totalBytes))
  return found
}

/** The error says what to do, some of them in sentences of their own. */
function refusal({ code, message }: DirectoryFacts['refusals'][number]): Finding {
  const [what = '', ...rest] = printable(message).split('. ')
  const todo = rest.length === 0 ? 'put it right, as the text says: until then `quorate start` is refused' : rest.join('. ')
  return finding('start-refused', 'problem', what, { code }, todo)
}

/** Of a directory on which no node can be asked, with what else was found of it. */
export function judgeStopped(
  { directory, isInUse, hasApiFile, hasBootstrapFile, hasChainFile }: DirectoryFacts,
  found: readonly Finding[],
): Finding {
  if (isInUse)
    return finding(
      'node-stopped',
      'warning',
      'a node runs on the directory and has no API that answers, so it cannot be asked',
      {},
      'wait until it has started; or, if it was started with `--api off`, start it with --api HOST:PORT',
    )
  const shown = printable(directory)
  const start = `\`quorate start --dir ${shown}\``
  const first = found.some(isProblem) ? `put right the problems here first; then ${start}` : `start it with ${start}`
  const todo =
    hasBootstrapFile || hasChainFile
      ? first
      : `${first}. It names no peer to find the network by: give --bootstrap MULTIADDR, or take those of the network with \`quorate init --dir ${shown} --network FILE|URL\`, unless others dial it`
  return hasApiFile
    ? finding('node-stopped', 'warning', 'no node runs on the directory, and the last one did not stop by itself: it was killed', {}, todo)
    : finding('node-stopped', 'notice', 'no node runs on the directory: only what lies there was looked at', {}, todo)
}

function genesis({ genesis: known, storeChainId, storeWrong, hasNetworkKey, hasChainFile, directory }: DirectoryFacts): readonly Finding[] {
  const shown = printable(directory)
  if (storeWrong !== null)
    return [finding('genesis-mismatch', 'problem', printable(storeWrong), {}, 'see docs/operating.md for how to put back a store')]
  if (known === null)
    return hasChainFile || !hasNetworkKey
      ? []
      : [
          finding(
            'genesis-missing',
            'problem',
            `${shown} has no genesis.json`,
            {},
            `add it with \`quorate init --dir ${shown} --network FILE|URL\``,
          ),
        ]
  if ('wrong' in known)
    return [finding('genesis-missing', 'problem', printable(known.wrong), {}, 'put back the genesis.json of the network')]
  if (storeChainId !== null && storeChainId !== known.chainId) {
    const numbers = { genesis: known.chainId, store: storeChainId }
    const text = `the store is of chain ${storeChainId.slice(0, 16)}…, genesis.json of ${known.chainId.slice(0, 16)}…`
    return [
      finding(
        'genesis-mismatch',
        'problem',
        text,
        numbers,
        'put back the genesis.json that belongs to the store, or use another --dir for the other network',
      ),
    ]
  }
  return []
}

function clock({ newestFileMs, nowMs }: DirectoryFacts): readonly Finding[] {
  if (newestFileMs === null || newestFileMs <= nowMs + CLOCK_SLACK_MS) return []
  const behindMs = Math.round(newestFileMs - nowMs)
  const text = `the clock is ${duration(behindMs)} behind the newest file of the directory`
  return [
    finding(
      'clock-behind-files',
      'problem',
      text,
      { behindMs },
      'set the clock by NTP before the node is started: a verifier signs nothing until it has caught up',
    ),
  ]
}
