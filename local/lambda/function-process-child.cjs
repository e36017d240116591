'use strict';
// The child process of function-process.ts. Plain JavaScript, so that the function runs on bare Node as in Lambda,
// without a TypeScript loader.

const { join } = require('node:path');

const env = process.env;

/** Longer than any timeout the function sets for a call, and shorter than its deliberate waits. */
const LONG_WAIT_MS = 15_000;
/** The rest of a long wait, so that other work gets a turn. */
const SHORTENED_WAIT_MS = 50;

/** How many milliseconds the function's clock is ahead of this machine's. */
let skippedMs = 0;
if (process.argv.includes('skip-waits')) skipWaits();

// Ctrl-C reaches the whole process group, but the parent decides when to stop: it may wait for an invocation.
process.on('SIGINT', () => undefined);
// The parent is gone, so nothing else would stop this process.
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

/** Call it before loading the function, which may keep references to these globals. */
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
  // Also copies the promise version that util.promisify looks up.
  Object.defineProperties(skippingWait, Object.getOwnPropertyDescriptors(wait));
  globalThis.setTimeout = skippingWait;
}

/** @param {string} name `file.export`; the file is in the asset's directory. */
function load(name) {
  const [file, exported] = name.split('.');
  const found = require(join(env.LAMBDA_TASK_ROOT, `${file}.js`))[exported];
  if (typeof found === 'function') return found;
  throw Object.assign(new Error(`${name} is undefined or not exported`), { name: 'Runtime.HandlerNotFound' });
}

async function run(event, context) {
  try {
    // Serialized as in Lambda: a result that is not valid JSON is an error of the function, not a dead process.
    return { type: 'result', result: JSON.stringify(await handler(event, context)) ?? 'null' };
  } finally {
    // Flushes a long log before the result, so that the caller can rely on having it.
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
