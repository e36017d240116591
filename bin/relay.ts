import { Command, CommanderError } from 'commander';
import { addPreview } from './preview';

/** What every command ends with when it could not do its work: wrong usage, or a mistake of ours. */
const failed = 2;

// Before the commands, which inherit it.
const program = new Command('npm run relay --')
  .description('What an operator does by hand with the webhooks of CleverTap.')
  .exitOverride();
addPreview(program);

program.parseAsync().catch((error: unknown) => {
  // Commander has said by itself what it had to say, be it help or a wrong option.
  if (!(error instanceof CommanderError)) console.error(error);
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : failed;
});
