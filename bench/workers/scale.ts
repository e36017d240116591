import { variedWebhooks } from '../payloads';
import { sqsRecords } from '../sqs-record';
import { invoke, loadFunction, printResult, spentSoFar } from './function';
import { openSink } from './sink';

// Sends events of ever new shapes through the function, 1000 at a time. Prints CPU time and memory up to each size.

const [, , asset = '', ...sizes] = process.argv;
const batchSize = 1000;

const sink = openSink();
const handler = loadFunction(asset);

/** Invokes the function with the given number of events and returns its CPU time per event. */
async function cpuMicroseconds(events: number, firstSeed: number): Promise<number> {
  let cpu = 0;
  for (let done = 0; done < events; done += batchSize) {
    const event = { Records: sqsRecords(variedWebhooks(batchSize, firstSeed + done)) };
    const before = spentSoFar();
    await invoke(handler, event);
    cpu += spentSoFar().cpu - before.cpu;
    sink.take();
  }
  return (cpu * 1000) / events;
}

async function run(): Promise<object[]> {
  // Warm-up, until V8 has finished compiling.
  await cpuMicroseconds(50 * batchSize, 1);
  const results = [];
  let done = 0;
  for (const size of sizes.map(Number)) {
    const cpu = await cpuMicroseconds(size - done, 1_000_000 + done);
    results.push({ cpuMicroseconds: cpu, maxRssMiB: process.resourceUsage().maxRSS / 1024 });
    done = size;
  }
  return results;
}

void run().then(printResult);
