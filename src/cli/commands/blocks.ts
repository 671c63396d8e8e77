import type { Command } from 'commander'
import type { BlockSummary } from '../../api/types.ts'
import type { QuorateClient } from '../../client/client.ts'
import { findNode, interruption, type NodePlace } from '../client.ts'
import { apiOption, directoryOption, integer, jsonOption } from '../options.ts'
import { bytes, type Column, duration, localTime, print, printJson, table } from '../text.ts'

interface BlocksFlags extends NodePlace {
  readonly from?: number
  readonly count: number
  readonly follow?: true
  readonly json?: true
}

/** The API's own limit of one answer. */
const MAX_COUNT = 100

export function addBlocksCommand(program: Command): void {
  program
    .command('blocks')
    .summary('the final blocks, and new ones as they come')
    .description(
      'Lists final blocks, the newest unless --from is given. With --follow it goes on with each new block until Ctrl-C; with --json too, one object a line.',
    )
    .addOption(directoryOption())
    .addOption(apiOption())
    .option('--from <height>', 'first block (default: the newest ones)', integer(1))
    .option('--count <number>', 'how many', integer(1, 10_000), 10)
    .option('-f, --follow', 'go on with new blocks')
    .addOption(jsonOption())
    .addHelpText('after', '\nExamples:\n  quorate blocks\n  quorate blocks --from 1 --count 100 --json\n  quorate blocks --follow')
    .action(async (flags: BlocksFlags) => {
      const node = await findNode(flags)
      if (flags.follow) return follow(node, flags)
      const blocks = await list(node, flags)
      if (flags.json) return printJson({ blocks })
      print(blocks.length === 0 ? 'no blocks there yet' : table(columns, blocks.map(row)))
    })
}

const columns: readonly Column[] = [
  { title: 'HEIGHT', align: 'right', width: 7 },
  { title: 'HASH', width: 16 },
  { title: 'SLOT', align: 'right', width: 7 },
  { title: 'TIME', width: 19 },
  { title: 'MAKER', align: 'right' },
  { title: 'SIGNERS', align: 'right' },
  { title: 'TRANSACTIONS', align: 'right' },
  { title: 'SIZE', align: 'right', width: 8 },
  { title: 'FINAL AFTER', align: 'right' },
]

const row = ({ hash, header, timeMs, seal, transactions, bytes: size, finalAtMs }: BlockSummary): readonly string[] => [
  String(header.height),
  hash.slice(0, 16),
  String(header.slot),
  localTime(timeMs),
  String(header.maker),
  String(seal.signers.length),
  String(transactions),
  bytes(size),
  finalAtMs === null ? '-' : duration(Math.max(0, finalAtMs - timeMs)),
]

async function list(node: QuorateClient, { from, count }: Pick<BlocksFlags, 'from' | 'count'>): Promise<readonly BlockSummary[]> {
  let next = from
  if (next === undefined && count > MAX_COUNT) {
    const { height } = await node.status()
    next = Math.max(1, height - count + 1)
  }
  const found: BlockSummary[] = []
  while (found.length < count) {
    const size = Math.min(MAX_COUNT, count - found.length)
    const blocks = await node.blockSummaries({ ...(next === undefined ? {} : { from: next }), limit: size })
    found.push(...blocks)
    if (blocks.length === 0 || next === undefined) break
    next += blocks.length
  }
  return found
}

/** Listens first and lists then, so that no block falls in between. */
async function follow(node: QuorateClient, flags: BlocksFlags): Promise<void> {
  const signal = interruption()
  let printed: number | undefined
  const show = (blocks: readonly BlockSummary[], heading: boolean): void => {
    if (flags.json) for (const block of blocks) print(JSON.stringify(block))
    else if (heading || blocks.length > 0) print(table(columns, blocks.map(row), { heading }))
    printed = blocks.at(-1)?.header.height ?? printed
  }
  for await (const event of node.events({ kinds: ['block'], signal, reconnect: false })) {
    if (printed === undefined) {
      show(await list(node, flags), true)
      printed ??= (flags.from ?? 1) - 1
    }
    if (event.kind !== 'block') continue
    // A burst of events is one question: by the second, the first answer has reached it.
    while (printed < event.height) {
      const before: number = printed
      show(await list(node, { from: before + 1, count: Math.min(MAX_COUNT, event.height - before) }), false)
      if (printed === before) break
    }
  }
}
