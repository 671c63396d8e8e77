import { Command } from 'commander'
import { addAccountCommand } from './commands/account.ts'
import { addBackupCommands } from './commands/backup.ts'
import { addBlockCommand } from './commands/block.ts'
import { addBlocksCommand } from './commands/blocks.ts'
import { addBondCommands } from './commands/bonds.ts'
import { addBootstrapCommand } from './commands/bootstrap.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addElectionCommand } from './commands/election.ts'
import { addEndorseCommand } from './commands/endorse.ts'
import { addEvidenceCommand } from './commands/evidence.ts'
import { addFaucetCommand } from './commands/faucet.ts'
import { addGenesisCommand } from './commands/genesis.ts'
import { addGuardCommand } from './commands/guard.ts'
import { addInitCommand } from './commands/init.ts'
import { addKeysCommand } from './commands/keys.ts'
import { addLogLevelCommand } from './commands/log-level.ts'
import { addNetworkCommand } from './commands/network.ts'
import { addPeersCommand } from './commands/peers.ts'
import { addRecoverCommand } from './commands/recover.ts'
import { addRegisterCommand } from './commands/register.ts'
import { addSendCommand } from './commands/send.ts'
import { addSourceCommands } from './commands/source-hash.ts'
import { addStartCommand } from './commands/start.ts'
import { addStatusCommand } from './commands/status.ts'
import { addStorageCommand } from './commands/storage.ts'
import { addSupplyCommand } from './commands/supply.ts'
import { addTransactionCommand } from './commands/tx.ts'
import { addVerifiersCommand } from './commands/verifiers.ts'
import { addVoteCommands } from './commands/vote.ts'
import { exitCodeHelp } from './exit.ts'
import { addSwarmCommand } from './swarm/command.ts'

/** Commands that write what others shall read. All else is for its owner only, whatever the shell allows. */
const sharing: ReadonlySet<string> = new Set(['genesis', 'network'])

/** All commands. Parsing ends with a CommanderError or, from a command's own action, with what that rejects with. */
export function createProgram(): Command {
  const program = new Command('quorate')
    .description('A peer-to-peer proof-of-stake node: verifiers sign blocks, signatures are public, equivocation is evidence.')
    .version(process.env.QUORATE_VERSION ?? 'development')
    .showHelpAfterError('(add --help for what is possible)')
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false, sortOptions: false })
    .exitOverride()
    // Else a command that has options and subcommands would take the options of these for its own.
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText(
      'after',
      `\n${exitCodeHelp}\n\nquorate COMMAND --help teaches a command, with examples. A node's directory is ~/.quorate unless --dir\nor QUORATE_DIR says otherwise. NO_COLOR turns colours off; they are for terminals only.`,
    )
  program.hook('preAction', (_, command) => {
    if (!sharing.has(command.name())) process.umask(0o077)
  })
  program.commandsGroup('Run a node:')
  addInitCommand(program)
  addGenesisCommand(program)
  addNetworkCommand(program)
  addStartCommand(program)
  addBootstrapCommand(program)
  addKeysCommand(program)
  addBackupCommands(program)
  addStorageCommand(program)
  addLogLevelCommand(program)
  addRecoverCommand(program)
  addFaucetCommand(program)
  program.commandsGroup('Try it out:')
  addSwarmCommand(program)
  program.commandsGroup('Use a running node:')
  addSendCommand(program)
  addAccountCommand(program)
  addTransactionCommand(program)
  addBlocksCommand(program)
  addBlockCommand(program)
  addStatusCommand(program)
  addPeersCommand(program)
  addDoctorCommand(program)
  addSupplyCommand(program)
  program.commandsGroup('Verify, stake and delegate:')
  addRegisterCommand(program)
  addBondCommands(program)
  addVerifiersCommand(program)
  addEvidenceCommand(program)
  addGuardCommand(program)
  program.commandsGroup('Elect and ratify:')
  addElectionCommand(program)
  addVoteCommands(program)
  addEndorseCommand(program)
  addSourceCommands(program)
  return program
}
