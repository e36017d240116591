import type { Chaos } from './chaos';
import type { LocalStack } from './stack';

/** The payload of CleverTap's Heap guide, as CleverTap renders it. */
const purchase = JSON.stringify({
  app_id: '<app id>',
  identity: 'ana@shop.test',
  event: 'Purchase',
  properties: { item_names: 'Watch', value: '100', campaign_name: 'Cart Reminder Push' },
});

/**
 * What a person sees when the stack is ready.
 *
 * @param isRealHeap whether the events leave this machine
 * @param seed of chaos, if it is played
 */
export function welcome(
  stack: LocalStack & { readonly consoleUrl: string | undefined },
  isRealHeap: boolean,
  seed: string | undefined,
): string {
  return `
clevertap-to-heap runs on this machine. Ctrl-C stops it.

${stack.consoleUrl === undefined ? '' : `  Console       ${stack.consoleUrl}\n`}  Webhook       ${stack.webhookUrl}
  Header        x-api-key: ${stack.apiKey}
  Heap          ${stack.heapUrl} (app id ${stack.appId})
  SQS, secrets  ${stack.awsUrl}
  Queue         ${stack.queueUrl}
  Dead letters  ${stack.deadLetterQueueUrl}

Send a purchase as CleverTap would:

  curl -i ${stack.webhookUrl} \\
    -H 'x-api-key: ${stack.apiKey}' \\
    -H 'Content-Type: application/json' \\
    -d '${purchase}'
${
  isRealHeap
    ? ''
    : `
and two seconds later see what Heap received:

  curl -s ${stack.heapUrl}/received
`
}
In the template but not on this machine: ${stack.uninterpretedTypes.join(', ')}.
${seed === undefined ? '' : chaosNotice(seed, stack)}`;
}

const chaosNotice = (seed: string, { heapUrl }: LocalStack): string => `
Chaos with the seed ${JSON.stringify(seed)}: Heap fails in spells, some messages come twice, and some invocations
are throttled or killed. The same seed plays the same faults in the same order. Some of them make Heap refuse
good events, which then become dead letters. Heap alone is left in peace from now on with

  curl -s ${heapUrl}/control -d '{"mode":"ok"}'

Nobody waits: when all that is left is to wait, for a message that is hidden or for Heap to recover, the
clock of webhook, queue and function jumps ahead. So back-off and time limits are the real ones, and event
times may soon be hours ahead of yours.
`;

/** What chaos did to the stack. */
export function describeChaos({ played }: Chaos, skippedMs: number): string {
  const lines: [string, string][] = [
    ['Heap', `${played.heapFaults} of ${played.heapRequests} requests failed`],
    ['Function', `${played.killedInvocations} invocations killed, ${played.throttledInvocations} throttled`],
    [
      'Messages',
      `${played.repeatedMessages} twice in a batch, ${played.lostDeletes} shown again after they were done`,
    ],
    ['Clock', `${describeMs(skippedMs)} of waiting skipped`],
  ];
  const rows = lines.map(([where, what]) => `  ${where.padEnd(9)}  ${what}`);
  return `Chaos played:\n\n${rows.join('\n')}`;
}

function describeMs(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
