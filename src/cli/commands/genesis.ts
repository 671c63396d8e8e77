import { type Command, Option } from 'commander'
import { formatCoinHours, formatCoins } from '../../base/amounts.ts'
import type { Genesis, GenesisAccount, Parameters } from '../../wire/genesis.ts'
import { usageError } from '../exit.ts'
import { coinHours, coins, collect, integer, jsonOption, oneOf, parseTime } from '../options.ts'
import { facts, localTime, print, printJson } from '../text.ts'

interface VerifierArgument {
  readonly path: string
  readonly stakeDroplets: number | null
}

interface AccountArgument {
  readonly text: string
  readonly droplets: number
  readonly microHours: number
}

interface GenesisFlags {
  readonly check?: string
  readonly verifier?: readonly VerifierArgument[]
  readonly account?: readonly AccountArgument[]
  readonly stake: number
  readonly fund: number
  readonly name: string
  readonly time: number
  readonly out: string
  readonly force?: true
  readonly json?: true
  readonly slot: number
  readonly choice?: number
  readonly sortition: Parameters['sortition']
  readonly candidates: number
  readonly uniform: number
  readonly leader: Parameters['leaderRule']
  readonly idle: number
  readonly coinHour: number
  readonly hourPrice: number
  readonly minFee: number
  readonly blockTransactions: number
  readonly blockBytes: number
  readonly maxExpiry: number
}

const u32 = integer(0, 0xffff_ffff)

export function addGenesisCommand(program: Command): void {
  program
    .command('genesis')
    .summary('make the genesis file of a new network, or check one')
    .description(
      'Makes the document that every node of a network starts from: its first verifiers, its accounts and its rules. Its hash is the chain id. ' +
        'The same options, with a fixed --time, give the same bytes. With --check it prints what a file says and whether it is sound.',
    )
    .option('--check <file>', 'check and show this file instead of making one')
    .option(
      '--verifier <dir[:stake]>',
      'directory (or "quorate keys --json" file) of a verifier, and its coins at stake; again for each',
      collect(verifier),
    )
    .option(
      '--account <address:coins[:hours]>',
      'an account and its coins (and coin-hours, as many as coins unless given); may be given again',
      collect(account),
    )
    .addOption(amountOption('--stake <coins>', 'stake of each verifier that names none', coins, '1000000'))
    .addOption(amountOption('--fund <coins>', "coins (and as many coin-hours) on each verifier's own account", coins, '1000'))
    .option('--name <name>', 'lower-case letters, digits and hyphens', 'testnet')
    .addOption(
      new Option('--time <time>', 'when slot 0 begins: now+30s (m, h, d), 2026-01-31T12:00:00Z, or ms')
        .argParser((text) => parseTime(text))
        .default(parseTime('now+30s'), 'now+30s'),
    )
    .option('--out <file>', 'where to write it; - for standard output', 'genesis.json')
    .option('--force', 'replace the file if it exists')
    .addOption(jsonOption('print the chain id, label and parameters as JSON'))
    .optionsGroup('Rules of the network:')
    .option('--slot <ms>', 'length of a slot', integer(1, 0xffff_ffff), 1000)
    .option('--choice <ms>', 'when in the slot verifiers choose among candidates (default: a fifth of the slot)', integer(1, 0xffff_ffff))
    .option('--sortition <kind>', 'stake or uniform: who may propose', oneOf('stake', 'uniform'), 'stake')
    .option('--candidates <number>', 'candidates to expect a slot, under stake', integer(1, 0xffff), 5)
    .option('--uniform <ppm>', 'chance of each verifier a slot, in parts per million, under uniform', integer(1, 1_000_000), 300_000)
    .option('--leader <rule>', 'ticket or nodeId: who of the candidates leads', oneOf('ticket', 'nodeId'), 'ticket')
    .option('--idle <slots>', 'slots without a block after which an empty one is made', u32, 10)
    .option('--coin-hour <seconds>', 'seconds in which a coin earns a coin-hour', integer(1, 0xffff_ffff), 3600)
    .addOption(amountOption('--hour-price <hours>', 'coin-hours that each byte of a transaction burns', coinHours, '0.001'))
    .addOption(amountOption('--min-fee <coins>', 'least fee of a transaction', coins, '0.001'))
    .option('--block-transactions <number>', 'transactions of a block', u32, 5000)
    .option('--block-bytes <number>', "bytes of a block's transactions", u32, 1_048_576)
    .option('--max-expiry <slots>', 'how many slots ahead a transaction may expire', u32, 600)
    .addHelpText(
      'after',
      `
Examples:
  quorate genesis --verifier v1 --verifier v2 --verifier v3:2000000 --verifier v4 --slot 500 --time now+1m
  quorate genesis --name my-net --verifier v1.json --account quo1...:50000 --out my-net.json
  quorate genesis --check genesis.json`,
    )
    .action(async (flags: GenesisFlags) => {
      const { readGenesisFile, writeGenesisFile, formatGenesis } = await import('../../node/genesis-file.ts')
      if (flags.check !== undefined) return show(await readGenesisFile(flags.check), flags)
      const genesis = await build(flags)
      if (flags.out === '-') return void process.stdout.write(formatGenesis(genesis))
      await writeGenesisFile(flags.out, genesis, { replace: flags.force === true })
      if (!flags.json) print(`${flags.out} written\n`)
      await show(genesis, flags)
      if (!flags.json) print(`\nNext: quorate init --dir DIR --genesis ${flags.out}   in each node's directory`)
    })
}

/** An amount is kept in millionths and shown as a person writes it. */
const amountOption = (flags: string, what: string, parse: (text: string) => number, amount: string): Option =>
  new Option(flags, what).argParser(parse).default(parse(amount), amount)

function verifier(text: string): VerifierArgument {
  const match = /^(.+):([\d.]+)$/.exec(text)
  return match === null ? { path: text, stakeDroplets: null } : { path: match[1] ?? '', stakeDroplets: coins(match[2] ?? '') }
}

function account(text: string): AccountArgument {
  const [address = '', amount = '', hours = amount, ...rest] = text.split(':')
  if (rest.length > 0) throw usageError(`--account ${text}: write it as address:coins or address:coins:hours`)
  return { text: address, droplets: coins(amount), microHours: coinHours(hours) }
}

async function build(flags: GenesisFlags): Promise<Genesis> {
  if (flags.verifier === undefined) {
    throw usageError('a network needs verifiers: give --verifier DIR for each, or --check FILE to look at a genesis that exists')
  }
  const { genesisVerifier, makeGenesis } = await import('../../node/setup.ts')
  const { parseAddress } = await import('../../node/wallet.ts')
  const verifiers = await Promise.all(flags.verifier.map(({ path, stakeDroplets }) => genesisVerifier(path, stakeDroplets ?? flags.stake)))
  const named: GenesisAccount[] = (flags.account ?? []).map(({ text, ...rest }) => ({ address: parseAddress(text), ...rest }))
  const namedAddresses = new Set(named.map(({ address }) => address))
  const funded = verifiers
    .filter(({ account }) => flags.fund > 0 && !namedAddresses.has(account))
    .map(({ account }) => ({ address: account, droplets: flags.fund, microHours: flags.fund }))
  return makeGenesis({
    version: 1,
    name: flags.name,
    timeMs: flags.time,
    parameters: {
      slotMs: flags.slot,
      choiceMs: flags.choice ?? Math.max(1, Math.floor(flags.slot / 5)),
      sortition: flags.sortition,
      expectedCandidates: flags.candidates,
      uniformPpm: flags.uniform,
      leaderRule: flags.leader,
      idleSlots: flags.idle,
      coinHourSeconds: flags.coinHour,
      microHoursPerByte: flags.hourPrice,
      minFeeDroplets: flags.minFee,
      maxBlockTransactions: flags.blockTransactions,
      maxBlockBytes: flags.blockBytes,
      maxExpirySlots: flags.maxExpiry,
    },
    verifiers,
    accounts: [...named, ...funded],
  })
}

async function show(genesis: Genesis, { json }: GenesisFlags): Promise<void> {
  const { chainIdOf, chainLabel } = await import('../../wire/ids.ts')
  const { formatAddress } = await import('../../node/wallet.ts')
  const { name, timeMs, parameters, verifiers, accounts } = genesis
  const chainId = chainIdOf(genesis)
  const label = chainLabel(name, chainId)
  const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0)
  const stakeDroplets = sum(verifiers.map((one) => one.stakeDroplets))
  const accountDroplets = sum(accounts.map((one) => one.droplets))
  if (json) {
    return printJson({
      chain: label,
      chainId,
      timeMs,
      parameters,
      verifiers: verifiers.length,
      stakeDroplets,
      accounts: accounts.length,
      accountDroplets,
    })
  }
  const p = parameters
  print(
    facts([
      ['chain', label],
      ['chain id', chainId],
      ['slot 0', `${localTime(timeMs)} (${new Date(timeMs).toISOString()})`],
      ['slot', `${p.slotMs} ms, choice after ${p.choiceMs} ms, an empty block after ${p.idleSlots} quiet slots`],
      [
        'leaders',
        `${p.sortition === 'stake' ? `by stake, ${p.expectedCandidates} candidates a slot` : `each with ${p.uniformPpm} in a million`}, lowest ${p.leaderRule} leads`,
      ],
      ['fees', `at least ${formatCoins(p.minFeeDroplets)} coins, and ${formatCoinHours(p.microHoursPerByte)} coin-hours a byte`],
      ['coin-hours', `one a coin each ${p.coinHourSeconds} s`],
      [
        'blocks',
        `at most ${p.maxBlockTransactions} transactions and ${p.maxBlockBytes} bytes; expiry at most ${p.maxExpirySlots} slots ahead`,
      ],
      ['verifiers', `${verifiers.length}, with ${formatCoins(stakeDroplets)} coins at stake`],
      ...verifiers.map((one) => ['', `${formatAddress(one.account)}  ${formatCoins(one.stakeDroplets)}  ${one.peerId}`] as const),
      ['accounts', `${accounts.length}, with ${formatCoins(accountDroplets)} coins`],
    ]),
  )
}
