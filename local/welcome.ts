import type { Chaos } from './chaos';
import type { LocalStack } from './stack';

export interface WelcomeOptions {
  /** Whether events leave this machine. */
  readonly isRealHeap: boolean;
  /** The chaos seed, if faults are injected. */
  readonly chaosSeed: string | undefined;
  /** Whether to list the queues and the resources without a local counterpart. */
  readonly verbose: boolean;
}

/** The banner of a ready stack; at most 80 columns wide except for queue URLs. */
export function welcome(stack: LocalStack, { isRealHeap, chaosSeed, verbose }: WelcomeOptions): string {
  return [
    `
clevertap-to-heap runs on this machine. Ctrl-C stops it.
`,
    ...(stack.consoleUrl === undefined ? [] : [`  Console       ${stack.consoleUrl}`]),
    `  Webhook       ${stack.webhookUrl}
  Header        x-api-key: ${stack.apiKey}
  Heap          ${stack.heapUrl} (app id ${stack.appId})
  SQS, secrets  ${stack.awsUrl}`,
    ...(verbose
      ? [
          `  Queue         ${stack.queueUrl}
  Dead letters  ${stack.deadLetterQueueUrl}`,
        ]
      : []),
    sendAPurchase(stack),
    ...(isRealHeap ? [] : [seeIt(stack)]),
    ...(verbose ? [absent(stack)] : []),
    ...(chaosSeed === undefined ? [] : [chaosNotice(chaosSeed, stack)]),
  ].join('\n');
}

/** The payload of CleverTap's Heap guide as CleverTap renders it. */
const sendAPurchase = ({ webhookUrl, apiKey }: LocalStack): string => `
Send a purchase as CleverTap would:

  curl -i ${webhookUrl} \\
    -H 'x-api-key: ${apiKey}' \\
    -H 'Content-Type: application/json' \\
    -d '{"app_id":"<app id>","identity":"ana@shop.test","event":"Purchase",
         "properties":{"item_names":"Watch","value":"100",
                       "campaign_name":"Cart Reminder Push"}}'
`;

const seeIt = ({ heapUrl }: LocalStack): string => `Two seconds later, see what Heap received:

  curl -s ${heapUrl}/received
`;

const absent = ({ unsupportedTypes }: LocalStack): string => `In the template but not on this machine:

${unsupportedTypes.map((type) => `  ${type}`).join('\n')}
`;

const chaosNotice = (
  seed: string,
  { heapUrl }: LocalStack,
): string => `Chaos with the seed ${JSON.stringify(seed)}:
Heap fails in spells, some messages are delivered twice, and some invocations
are throttled or killed. The same seed gives the same faults in the same order.
Some faults make Heap refuse good events, which then become dead letters. To
stop the faults of Heap only:

  curl -s ${heapUrl}/control -d '{"mode":"ok"}'

Waits are skipped: when nothing is left to do but wait for a hidden message or
for Heap to recover, the clock of webhook, queue and function jumps ahead.
Back-off and time limits are real, but event times may soon be hours ahead of
yours.
`;

/** A summary of the injected faults. */
export function describeChaos({ played }: Chaos, skippedMs: number): string {
  const lines: [string, string][] = [
    ['Heap', `${played.heapFaults} of ${played.heapRequests} requests failed`],
    ['Function', `${played.killedInvocations} invocations killed, ${played.throttledInvocations} throttled`],
    [
      'Messages',
      `${played.repeatedMessages} twice in a batch, ${played.lostDeletes} received again after they were handled`,
    ],
    ['Clock', `${describeMs(skippedMs)} of waiting skipped`],
  ];
  const rows = lines.map(([where, what]) => `  ${where.padEnd(9)}  ${what}`);
  return `Faults injected by chaos:\n\n${rows.join('\n')}`;
}

function describeMs(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
