'use strict';
// The far end of function-process.ts. Plain JavaScript, so that the function runs on bare Node as in Lambda,
// without a TypeScript loader beside it.

const { join } = require('node:path');

const env = process.env;

/** Longer than any time limit the function sets for a call, and shorter than what it waits for on purpose. */
const LONG_WAIT_MS = 15_000;
/** What is left of a long wait, so that the others get their turn in it. */
const SHORTENED_WAIT_MS = 50;

/** How far the function's clock is ahead of this machine's. */
let skippedMs = 0;
if (process.argv.includes('skip-waits')) skipWaits();

// Ctrl-C reaches the whole process group: when to end is up to the parent, which may wait for an invocation.
process.on('SIGINT', () => undefined);
// The parent died without a word: nobody could stop this process any more.
process.on('disconnect', () => process.exit());

let handler;
try {
  handler = load(env._HANDLER);
  process.send({ type: 'ready' });
} catch (error) {
  process.send(failure(error));
}

process.on('message', ({ event, requestId, deadline, skippedMs: ahead }) => {
  skippedMs = ahead;
  run(event, contextOf(requestId, deadline)).then(
    (answer) => process.send(answer),
    (error) => process.send(failure(error)),
  );
});

/** Before the function is loaded, which may keep these for itself. */
function skipWaits() {
  const { now } = Date;
  Date.now = () => now() + skippedMs;
  const wait = globalThis.setTimeout;
  const skippingWait = (callback, ms, ...args) => {
    if (!(ms >= LONG_WAIT_MS)) return wait(callback, ms, ...args);
    return wait(() => {
      const skipped = Math.ceil(ms) - SHORTENED_WAIT_MS;
      skippedMs += skipped;
      process.send({ type: 'skipped', ms: skipped });
      callback(...args);
    }, SHORTENED_WAIT_MS);
  };
  // With it goes the form that returns a promise, for those who ask util.promisify for it.
  Object.defineProperties(skippingWait, Object.getOwnPropertyDescriptors(wait));
  globalThis.setTimeout = skippingWait;
}

/** @param {string} name `file.export`, the file in the directory of the asset. */
function load(name) {
  const [file, exported] = name.split('.');
  const found = require(join(env.LAMBDA_TASK_ROOT, `${file}.js`))[exported];
  if (typeof found === 'function') return found;
  throw Object.assign(new Error(`${name} is undefined or not exported`), { name: 'Runtime.HandlerNotFound' });
}

async function run(event, context) {
  try {
    // As JSON, the form it has in Lambda: what cannot be written so is the function's error, not a dead process.
    return { type: 'result', result: JSON.stringify(await handler(event, context)) ?? 'null' };
  } finally {
    // A long log is written in parts: all of it before the answer, so that the caller can rely on having it.
    await Promise.all([written(process.stdout), written(process.stderr)]);
  }
}

function written(output) {
  return new Promise((resolve) => output.write('', resolve));
}

function contextOf(requestId, deadline) {
  const functionName = env.AWS_LAMBDA_FUNCTION_NAME;
  return {
    functionName,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: `arn:aws:lambda:${env.AWS_REGION}:000000000000:function:${functionName}`,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: requestId,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function failure(error) {
  return error instanceof Error
    ? { type: 'error', name: error.name, message: error.message, trace: error.stack }
    : { type: 'error', name: 'Error', message: String(error) };
}
