import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { FaucetDesk } from '../../api/faucet.ts'
import { formatCoinHours, formatCoins } from '../../base/amounts.ts'
import type { Allowance, Faucet, FaucetRules } from '../../node/faucet.ts'
import type { Address } from '../../wire/types.ts'
import { findNode, interruption, isUnreachable, type NodePlace } from '../client.ts'
import { CliError, exitCodes } from '../exit.ts'
import { valueOption } from '../genesis-rules.ts'
import { apiOption, coinHours, coins, directoryOption, integer, listenAddress } from '../options.ts'
import { type PasswordFlags, passwordOption, unlockWith } from '../passwords.ts'
import { duration, plural, printable } from '../text.ts'

interface FaucetFlags extends NodePlace, PasswordFlags {
  readonly amount: number
  readonly hours: number
  readonly perAddress: Allowance
  readonly perSource: Allowance
  readonly daily: number
  readonly listen: { readonly host: string; readonly port: number }
  readonly trustProxy?: number | true
}

const DEFAULT_LISTEN = '127.0.0.1:4090'
const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** How long a node that starts beside it may take. */
const NODE_PATIENCE_MS = 30_000
const MAX_WINDOW_MS = 30 * 86_400_000

export function addFaucetCommand(program: Command): void {
  program
    .command('faucet')
    .summary('give coins to whoever asks, within limits: for a public test network')
    .description(
      "Serves a page and an HTTP call that send coins of the directory's account, beside a node that runs. What was given to whom is kept in faucet.log of the " +
        'directory, so that limits outlive a restart. Use an account of its own with no more coins than may be given away.',
    )
    .addOption(directoryOption())
    .addOption(apiOption())
    .addOption(valueOption('--amount <coins>', 'of one payment', coins, '10'))
    .addOption(valueOption('--hours <hours>', 'coin-hours of one payment: who has none can send nothing', coinHours, '2'))
    .addOption(valueOption('--per-address <count/time>', 'payments to one address', allowance, '1/24h'))
    .addOption(valueOption('--per-source <count/time>', 'payments to one IPv4 address, or /64 of IPv6 addresses', allowance, '3/24h'))
    .addOption(valueOption('--daily <coins>', 'in all, in 24 hours', coins, '1000'))
    .addOption(new Option('--listen <host:port>', 'where it answers').argParser(place).default(place(DEFAULT_LISTEN), DEFAULT_LISTEN))
    .option(
      '--trust-proxy [count]',
      'so many proxies in front of it tell in X-Forwarded-For who asks (one unless given); only where nobody reaches it but through them',
      integer(1, 8),
    )
    .addOption(passwordOption())
    .addHelpText(
      'after',
      `
Examples:
  quorate faucet --dir faucet
  quorate faucet --dir faucet --amount 25 --per-address 1/12h --per-source 2/12h --daily 5000 --listen 0.0.0.0:4090
  quorate faucet --dir faucet --trust-proxy              behind nginx or Caddy, which has the certificate
  curl -d '{"address": "quo1..."}' -H 'content-type: application/json' http://127.0.0.1:4090/v1/payments`,
    )
    .action(faucet)
}

/** The node and the faucet may be started together. Rejects as `findNode` does, once that has taken too long. */
async function nodeThatStarts(flags: FaucetFlags) {
  const untilMs = performance.now() + NODE_PATIENCE_MS
  for (let isTold = false; ; isTold = true) {
    try {
      const client = await findNode(flags)
      return { client, genesis: (await client.genesis()).genesis }
    } catch (error) {
      if (!isUnreachable(error) || performance.now() > untilMs) throw error
      if (!isTold) say(`no node answers yet; waiting up to ${NODE_PATIENCE_MS / 1000} s for it`)
      await delay(500)
    }
  }
}

function allowance(text: string): Allowance {
  const [, count = '', size = '', unit = ''] = /^(\d{1,6})\/(\d{0,6})([smhd])$/.exec(text) ?? []
  const windowMs = Number(size === '' ? 1 : size) * (UNIT_MS[unit] ?? Number.NaN)
  if (!(Number(count) >= 1 && windowMs >= 1 && windowMs <= MAX_WINDOW_MS))
    throw new InvalidArgumentError('It must be a number in a time, such as 1/24h or 3/7d, the time at most 30d.')
  return { count: Number(count), windowMs }
}

function place(text: string): { readonly host: string; readonly port: number } {
  const found = listenAddress(text)
  if (found === 'off') throw new InvalidArgumentError('It must be host:port, such as 127.0.0.1:4090.')
  return found
}

const say = (text: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 23)} ${text}\n`)

async function faucet(flags: FaucetFlags): Promise<void> {
  const [{ Faucet }, { startFaucetServer }, { formatAddress, openWallet, parseAddress }] = await Promise.all([
    import('../../node/faucet.ts'),
    import('../../api/faucet.ts'),
    import('../../node/wallet.ts'),
  ])
  const { dir, amount: amountDroplets, hours: microHours, perAddress, perSource, daily: dailyDroplets, listen, trustProxy } = flags
  const rules: FaucetRules = { amountDroplets, microHours, perAddress, perSource, dailyDroplets }
  if (amountDroplets === 0 || dailyDroplets < amountDroplets)
    throw new CliError(exitCodes.usage, 'usage', '--amount must be more than 0, and --daily at least as much')
  const wallet = await openWallet(join(dir, 'account.key'), unlockWith(flags))
  for (const warning of wallet.warnings) say(`warning: ${warning}`)
  const { client, genesis } = await nodeThatStarts(flags)
  const desk = await Faucet.open({
    path: join(dir, 'faucet.log'),
    ...{ rules, wallet, genesis },
    node: {
      status: () => client.status(),
      account: (address) => client.account(address),
      submit: async (transaction) => {
        const [result] = await client.submit([transaction])
        return result ?? { id: null, accepted: false, code: 'no-answer', detail: 'the node gave no answer' }
      },
    },
    nowMs: () => Date.now(),
  })
  const served = await startFaucetServer(deskOf(desk, genesis.name, formatAddress, parseAddress), {
    ...listen,
    proxies: trustProxy === undefined ? 0 : trustProxy === true ? 1 : trustProxy,
    onError: (error) => say(`error: ${error instanceof Error ? (error.stack ?? error.message) : error}`),
  }).catch(async (error: unknown) => {
    await desk.close()
    throw error
  })
  const { address, droplets } = await desk.health()
  say(
    `faucet of ${genesis.name} at ${served.url}: ${formatCoins(amountDroplets)} coins a payment, ${formatCoins(droplets)} in ${formatAddress(address)}`,
  )
  const signal = interruption()
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  await served.close()
  await desk.close()
  say('stopped')
}

function deskOf(
  desk: Faucet,
  name: string,
  formatAddress: (address: Address) => string,
  parseAddress: (text: string) => Address,
): FaucetDesk {
  const { amountDroplets, microHours, perAddress, perSource } = desk.rules
  const shown = async () => {
    const { address, ...rest } = await desk.health()
    return { ...rest, address: formatAddress(address) }
  }
  return {
    parseAddress,
    async page() {
      const { address, droplets, paymentsLeft } = await shown()
      const limits = `${limitText(perAddress)} to one address, ${limitText(perSource)} for who asks from one place`
      return {
        title: `Coins of ${name}`,
        facts: [
          `${formatCoins(amountDroplets)} coins and ${formatCoinHours(microHours)} coin-hours a payment; ${limits}.`,
          paymentsLeft === 0 ? 'Nothing is left: its operator must fill it.' : `${formatCoins(droplets)} coins are left, in ${address}.`,
          'Programs send POST /v1/payments with {"address": "quo1..."}.',
        ],
      }
    },
    async health() {
      const found = await shown()
      return { ok: found.paymentsLeft > 0, ...found }
    },
    async pay(to, source) {
      const answer = await desk.pay(to, source)
      const who = `${formatAddress(to)} from ${printable(source)}`
      if (answer.kind === 'paid') {
        say(`paid ${formatCoins(amountDroplets)} coins to ${who}: ${answer.transaction}`)
        const { isLow, paymentsLeft, address } = await desk.health()
        if (isLow) say(`warning: coins for ${plural(paymentsLeft, 'payment')} are left: send some to ${formatAddress(address)}`)
      } else {
        say(`not paid to ${who}: ${printable(answer.detail)} (${answer.code})`)
      }
      return answer
    },
  }
}

const limitText = ({ count, windowMs }: Allowance): string =>
  `${plural(count, 'payment')} in ${duration(windowMs).replace(/ 0 [mhs]$/, '')}`
