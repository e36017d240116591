#!/usr/bin/env node
import { CommanderError } from 'commander';
import { version } from '../package.json';
import { createProgram } from '../relay/program';

/** What every command ends with when it could not do its work: wrong usage, no access, or a mistake of ours. */
const failed = 2;

async function run(): Promise<void> {
  // As in Lambda: a date without a zone must mean the same in a preview.
  process.env['TZ'] = 'UTC';
  // The SDK's advice on Node versions is for those who deploy it.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  try {
    await createProgram(version).parseAsync();
  } catch (error) {
    process.exitCode = failed;
    if (error instanceof CommanderError) {
      // Commander has said by itself what it had to say, be it help or a wrong option.
      if (error.exitCode === 0) process.exitCode = 0;
      return;
    }
    const { explain } = await import('../relay/terminal/operator-error.js');
    const explanation = explain(error);
    console.error(explanation === undefined ? error : `error: ${explanation}`);
  }
}

void run();
