import { Command, CommanderError } from 'commander';
import { addDeadLetterCommands } from '../relay/commands/dead-letters';
import { explain } from '../relay/terminal/operator-error';
import { addPreview } from '../relay/commands/preview';
import { addSend } from '../relay/commands/send';
import { addSmoke } from '../relay/commands/smoke';
import { addStatus } from '../relay/commands/status';
import { addToken } from '../relay/commands/token';
import { addWebhook } from '../relay/commands/webhook';

/** What every command ends with when it could not do its work: wrong usage, no access, or a mistake of ours. */
const failed = 2;

/** Every command. */
export function createProgram(): Command {
  // Before the commands, which inherit it.
  const program = new Command('npm run relay --')
    .description(
      'What an operator does by hand with the webhooks of CleverTap. docs/operate.md shows each command.',
    )
    .exitOverride();
  addPreview(program);
  addWebhook(program);
  addToken(program);
  addSmoke(program);
  addSend(program);
  addStatus(program);
  addDeadLetterCommands(program);
  return program;
}

async function run(): Promise<void> {
  // As in Lambda: a date without a zone must mean the same in a preview.
  process.env['TZ'] = 'UTC';
  // The SDK's advice on Node versions is for those who deploy it.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  try {
    await createProgram().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has said by itself what it had to say, be it help or a wrong option.
      process.exitCode = error.exitCode === 0 ? 0 : failed;
      return;
    }
    const explanation = explain(error);
    console.error(explanation === undefined ? error : `error: ${explanation}`);
    process.exitCode = failed;
  }
}

if (require.main === module) void run();
