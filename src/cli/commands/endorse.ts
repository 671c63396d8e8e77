import type { Command } from 'commander'
import { addSubmitOptions, openSession, type SubmitFlags, submit, submitHelp } from '../submit.ts'

export function addEndorseCommand(program: Command): void {
  const command = program
    .command('endorse')
    .argument('<verifier>', "the verifier's address (quo1...)")
    .summary('vouch for a verifier in the web of trust')
    .description(
      'Vouches for a verifier, or takes that back. Trust begins at the anchors of genesis and goes on along endorsements, half of it with each step, shared among all that an account ' +
        'vouches for. Where a network elects by trust or hybrid, nobody is elected whom it does not reach.',
    )
    .option('--withdraw', 'take an endorsement back')
  addSubmitOptions(command)
    .addHelpText('after', `${submitHelp}\n\nExamples:\n  quorate endorse quo1...\n  quorate endorse quo1... --withdraw --wait`)
    .action(async (text: string, flags: SubmitFlags & { readonly withdraw?: true }) => {
      const { readAddress } = await import('../address.ts')
      const verifier = await readAddress(text, flags.dir)
      const session = await openSession(flags)
      const stance = flags.withdraw ? 'withdraw' : 'vouch'
      await submit(session, [{ kind: 'endorse', verifier, stance }], flags.withdraw ? 'endorsement taken back' : 'endorsed')
    })
}
