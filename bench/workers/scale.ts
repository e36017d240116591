import { singleEventWebhooks } from '../payloads';
import { defaultRules, transform } from '../pipeline';
import { sqsRecords } from '../sqs-record';
import { printResult } from './print-result';

// So many different events through the transform, a batch of 1000 at a time. Prints CPU time and memory.

const [, , events = ''] = process.argv;
const batchSize = 1000;

// Until the compiler is done with it; how long that takes is another figure.
for (let batch = 0; batch < 30; batch += 1)
  transform(sqsRecords(singleEventWebhooks(batchSize, batch)), defaultRules);

let cpu = 0;
let bytes = 0;
for (let batch = 0; batch < Number(events) / batchSize; batch += 1) {
  const records = sqsRecords(singleEventWebhooks(batchSize, 1000 + batch));
  const before = process.cpuUsage();
  for (const body of transform(records, defaultRules)) for (const piece of body) bytes += piece.length;
  const { user, system } = process.cpuUsage(before);
  cpu += user + system;
}
printResult({
  cpuMicrosecondsPerEvent: cpu / Number(events),
  charactersPerEvent: bytes / Number(events),
  maxRssMiB: process.resourceUsage().maxRSS / 1024,
});
