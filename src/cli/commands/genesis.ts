import { type Command, Option } from 'commander'
import { formatCoins } from '../../base/amounts.ts'
import type { Genesis, GenesisAccount } from '../../wire/genesis.ts'
import { usageError } from '../exit.ts'
import { addRuleOptions, parametersOf, type RuleFlags, ruleFacts, ruleHelp, valueOption } from '../genesis-rules.ts'
import { coinHours, coins, collect, jsonOption, parseTime, percentage } from '../options.ts'
import { facts, localTime, percent, print, printJson } from '../text.ts'

interface VerifierArgument {
  readonly path: string
  readonly stakeDroplets: number | null
  readonly commissionPpm: number | null
}

interface AccountArgument {
  readonly text: string
  readonly droplets: number
  readonly microHours: number
}

interface GenesisFlags extends RuleFlags {
  readonly check?: string
  readonly verifier?: readonly VerifierArgument[]
  readonly account?: readonly AccountArgument[]
  readonly anchor?: readonly string[]
  readonly stake: number
  readonly commission: number
  readonly fund: number
  readonly name: string
  readonly time: number
  readonly out: string
  readonly force?: true
  readonly json?: true
}

export function addGenesisCommand(program: Command): void {
  const command = program
    .command('genesis')
    .summary('make the genesis file of a new network, or check one')
    .description(
      'Makes the document that every node of a network starts from: its first verifiers, its accounts and its rules. Its hash is the chain id. ' +
        'The same options, with a fixed --time, give the same bytes. With --check it prints what a file says and whether it is sound.',
    )
    .option('--check <file>', 'check and show this file instead of making one')
    .option(
      '--verifier <dir[:stake[:commission]]>',
      'directory (or "quorate keys --json" file) of a verifier, its coins at stake, and what it keeps of its delegators\' rewards; again for each',
      collect(verifier),
    )
    .option(
      '--account <address:coins[:hours]>',
      'an account and its coins (and coin-hours, as many as coins unless given); may be given again',
      collect(account),
    )
    .option('--anchor <address>', 'an account from which trust begins; may be given again', collect(String))
    .addOption(valueOption('--stake <coins>', 'stake of each verifier that names none', coins, '1000000'))
    .addOption(valueOption('--commission <percent>', 'commission of each verifier that names none', percentage, '5%'))
    .addOption(valueOption('--fund <coins>', "coins (and as many coin-hours) on each verifier's own account", coins, '1000'))
    .option('--name <name>', 'lower-case letters, digits and hyphens', 'testnet')
    .addOption(
      new Option('--time <time>', 'when slot 0 begins: now+30s (m, h, d), 2026-01-31T12:00:00Z, or ms')
        .argParser((text) => parseTime(text))
        .default(parseTime('now+30s'), 'now+30s'),
    )
    .option('--out <file>', 'where to write it; - for standard output', 'genesis.json')
    .option('--force', 'replace the file if it exists')
    .addOption(jsonOption('print the chain id, label and parameters as JSON'))
  addRuleOptions(command)
    .addHelpText(
      'after',
      `
${ruleHelp}

Examples:
  quorate genesis --verifier v1 --verifier v2 --verifier v3:2000000 --verifier v4 --slot 500 --time now+1m
  quorate genesis --name my-net --verifier v1.json --account quo1...:50000 --out my-net.json
  quorate genesis --check genesis.json
  quorate genesis --verifier v1 --verifier v2 --verifier v3 --epoch 2m --election 1m --unbonding 10m --evidence 5m`,
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

function verifier(text: string): VerifierArgument {
  const match = /^(.+?)(?::([\d.]+))?(?::([\d.]+)%?)?$/.exec(text)
  const [, path = text, stake, commission] = match ?? []
  return {
    path,
    stakeDroplets: stake === undefined ? null : coins(stake),
    commissionPpm: commission === undefined ? null : percentage(commission),
  }
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
  const verifiers = await Promise.all(
    flags.verifier.map(({ path, stakeDroplets, commissionPpm }) =>
      genesisVerifier(path, stakeDroplets ?? flags.stake, commissionPpm ?? flags.commission),
    ),
  )
  const named: GenesisAccount[] = (flags.account ?? []).map(({ text, ...rest }) => ({ address: parseAddress(text), ...rest }))
  const namedAddresses = new Set(named.map(({ address }) => address))
  const funded = verifiers
    .filter(({ account }) => flags.fund > 0 && !namedAddresses.has(account))
    .map(({ account }) => ({ address: account, droplets: flags.fund, microHours: flags.fund }))
  return makeGenesis({
    version: 1,
    name: flags.name,
    timeMs: flags.time,
    parameters: parametersOf(flags),
    verifiers,
    accounts: [...named, ...funded],
    anchors: (flags.anchor ?? []).map(parseAddress),
  })
}

async function show(genesis: Genesis, { json }: GenesisFlags): Promise<void> {
  const { chainIdOf, chainLabel } = await import('../../wire/ids.ts')
  const { formatAddress } = await import('../../node/wallet.ts')
  const { name, timeMs, parameters, verifiers, accounts, anchors } = genesis
  const chainId = chainIdOf(genesis)
  const label = chainLabel(name, chainId)
  const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0)
  const stakeDroplets = sum(verifiers.map((one) => one.stakeDroplets))
  const accountDroplets = sum(accounts.map((one) => one.droplets))
  if (json) {
    const counts = { verifiers: verifiers.length, stakeDroplets, accounts: accounts.length, accountDroplets, anchors: anchors.length }
    return printJson({ chain: label, chainId, timeMs, parameters, ...counts })
  }
  print(
    facts([
      ['chain', label],
      ['chain id', chainId],
      ['slot 0', `${localTime(timeMs)} (${new Date(timeMs).toISOString()})`],
      ...ruleFacts(parameters),
      ['verifiers', `${verifiers.length}, with ${formatCoins(stakeDroplets)} coins at stake`],
      ...verifiers.map(
        (one) =>
          [
            '',
            `${formatAddress(one.account)}  ${formatCoins(one.stakeDroplets)}  keeps ${percent(one.commissionPpm)}  ${one.peerId}`,
          ] as const,
      ),
      ['accounts', `${accounts.length}, with ${formatCoins(accountDroplets)} coins`],
      ...anchors.map((anchor, index) => [index === 0 ? 'anchors' : '', formatAddress(anchor)] as const),
    ]),
  )
}
