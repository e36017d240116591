#!/usr/bin/env node
import { version } from '../package.json';
import { run } from '../relay/run';

// As in Lambda: a date without a zone must mean the same in a preview.
process.env['TZ'] = 'UTC';
// The SDK's advice on Node versions is for those who deploy it.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

void run(process.argv.slice(2), version);
