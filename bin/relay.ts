#!/usr/bin/env node
import { version } from '../package.json';
import { run } from '../relay/run';

// As in Lambda, so that a preview reads a date without a time zone the same way.
process.env['TZ'] = 'UTC';
// The SDK's warning about Node versions is for its deployers, not for users of this command.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

void run(process.argv.slice(2), version);
