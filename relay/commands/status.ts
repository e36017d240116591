import { metrics } from '../../lambda/contract';
import { countsOf } from '../dead-letters/visit-dead-letters';
import { describeRecipients, type AlarmRecipients } from '../environment/alarm-recipients';
import {
  outputOf,
  type Alarms,
  type DoorCounts,
  type Environment,
  type ForwarderCounts,
} from '../environment/environment';
import { campaignStatus } from './campaign-status';
import { endWith, openEnvironment, print, type EnvironmentOptions } from './environment-command';
import { interruptible, pause } from '../terminal/interruption';
import { OperatorError } from '../terminal/operator-error';
import { count, duration, grouped, labelled, visibleText } from '../terminal/terminal-text';

interface Options extends EnvironmentOptions {
  /** Milliseconds. */
  readonly window: number;
  readonly by?: 'campaign';
  readonly verbose?: boolean;
}

/** What happened in the window, and the present state. */
export interface Figures {
  readonly door: DoorCounts;
  readonly forwarder: ForwarderCounts;
  /** Messages of the event buffer. */
  readonly pending: { readonly visible: number; readonly inFlight: number; readonly delayed: number };
  /** Messages of the dead-letter queue. */
  readonly deadLetters: number;
  readonly alarms: Alarms;
  readonly recipients: readonly AlarmRecipients[];
}

export interface Status {
  readonly stackName: string;
  readonly from: string;
  readonly to: string;
  /** Requests answered with 200. */
  readonly accepted: number;
  readonly refused: number;
  readonly failed: number;
  /** Events. */
  readonly received: number;
  readonly delivered: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  readonly ignored: number;
  /** Events that were put back, once per attempt. */
  readonly retried: number;
  /** Messages in the buffer, and how many of them are in flight or hidden until a retry. */
  readonly pending: number;
  readonly pendingHidden: number;
  readonly deadLetters: number;
  readonly lagMs: NonNullable<ForwarderCounts['lag']> | null;
  readonly alarms: Omit<Alarms, 'names'> & { readonly total: number };
  /** Who is notified of alarms, for each severity; empty with `alarms: 'none'`. */
  readonly recipients: readonly AlarmRecipients[];
  readonly consistent: boolean;
  /** Each as a sentence. */
  readonly differences: readonly string[];
}

/** How long to wait before a difference is read again. */
const secondLookMs = 60_000;

/**
 * Shows whether everything that was accepted is accounted for.
 *
 * @throws {OperatorError} for an option that would have no effect
 */
export async function status(options: Options): Promise<void> {
  if (options.by === 'campaign') return campaignStatus(options);
  if (options.verbose === true) {
    throw new OperatorError(
      '--verbose shows what the search for campaigns read and cost. Add --by campaign, or leave --verbose out.',
    );
  }
  const environment = await openEnvironment(options);
  const result = await interruptible(async (signal) => {
    const first = await readStatus(environment, options.window);
    if (first.consistent) return first;
    // Metrics and SQS's counts are not of the same instant: a difference that is only a delay resolves on its own.
    const wait = Math.min(secondLookMs, Math.max(environment.metricDelayMs, 2000));
    console.error(`The figures do not add up yet. Looking again in ${duration(wait)}.`);
    await pause(wait, signal);
    return signal.aborted ? first : readStatus(environment, options.window);
  });
  print(options, result, report(result, options.window));
  endWith(isAllRight(result));
}

/** A severity without a recipient is as bad as an alarm in ALARM. */
export const isAllRight = ({ consistent, alarms, recipients }: Status): boolean =>
  consistent && alarms.ringing.length === 0 && recipients.every(({ confirmed }) => confirmed.length > 0);

/** Reads the figures of the window that ends now and adds them up. */
export async function readStatus(environment: Environment, window: number): Promise<Status> {
  const to = Date.now();
  const from = to - window;
  // Read in flow order, so that an event that moves on meanwhile is counted twice rather than missed. The endpoint's
  // latest requests are left out until the function's metrics must include them.
  const door = await environment.doorCounts(from, to - environment.metricDelayMs);
  const { sqs } = environment;
  const buffer = await countsOf({ sqs, url: outputOf(environment, 'EventBufferUrl') });
  const forwarder = await environment.forwarderCounts(from, to);
  const letters = await countsOf({ sqs, url: outputOf(environment, 'DeadLetterQueueUrl') });
  return statusOf(environment.stackName, from, to, {
    door,
    forwarder,
    pending: buffer,
    deadLetters: letters.visible + letters.inFlight,
    alarms: await environment.alarms(),
    recipients: await environment.alarmRecipients(),
  });
}

/** Adds the figures up. */
export function statusOf(stackName: string, from: number, to: number, figures: Figures): Status {
  const { door, forwarder, pending, deadLetters, alarms, recipients } = figures;
  const sum = (name: (typeof metrics)[keyof typeof metrics]): number => Math.round(forwarder.sums[name] ?? 0);
  const counted = {
    accepted: door.requests - door.refused - door.failed,
    refused: door.refused,
    failed: door.failed,
    received: sum(metrics.eventsReceived),
    delivered: sum(metrics.eventsDelivered),
    rejected: sum(metrics.eventsRejected),
    rejectedByReason: forwarder.rejectedByReason,
    ignored: sum(metrics.eventsIgnored),
    retried: sum(metrics.eventsRetried),
    pending: pending.visible + pending.inFlight + pending.delayed,
    pendingHidden: pending.inFlight + pending.delayed,
    deadLetters,
  };
  const differences = differencesIn(counted);
  const { names, ringing, muted } = alarms;
  return {
    stackName,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    ...counted,
    lagMs: forwarder.lag ?? null,
    alarms: { total: names.length, ringing, muted },
    recipients,
    consistent: differences.length === 0,
    differences,
  };
}

/**
 * What does not add up. Each message holds at least one event, and each received event is delivered, rejected or ignored,
 * or its message waits. A message from before the window may end in it, so a surplus is no difference.
 */
function differencesIn(
  counted: Pick<Status, 'accepted' | 'received' | 'delivered' | 'rejected' | 'ignored' | 'pending'>,
): string[] {
  const { accepted, received, delivered, rejected, ignored, pending } = counted;
  const differences: string[] = [];
  // An invocation that was throttled or crashed did not count what it received, but its events' end is counted later.
  const seen = Math.max(received, delivered + rejected + ignored);
  const unseen = accepted - seen - pending;
  if (unseen > 0) {
    differences.push(
      `${count(unseen, 'accepted request')} neither reached the forwarder nor ${unseen === 1 ? 'is' : 'are'} in the queue.`,
    );
  }
  const open = received - delivered - rejected - ignored;
  if (open > 0 && pending === 0) {
    differences.push(
      `${count(open, 'event')} ${open === 1 ? 'was' : 'were'} received but neither delivered, rejected nor ignored, and no message is waiting. ` +
        'If SQS itself moved the messages, "relay dlq list" shows them as receives_exhausted.',
    );
  }
  return differences;
}

function report(found: Status, window: number): string {
  const reasons = Object.entries(found.rejectedByReason).map(
    ([reason, events]) => `${reason} ${grouped(events)}`,
  );
  const { lagMs, alarms } = found;
  const rows: [string, string][] = [
    [
      'Accepted',
      `${count(found.accepted, 'request')}; refused with 4xx: ${grouped(found.refused)}, failed with 5xx: ${grouped(found.failed)}`,
    ],
    ['Received', count(found.received, 'event')],
    ['Delivered', count(found.delivered, 'event')],
    ['Rejected', [count(found.rejected, 'event'), ...reasons].join('; ')],
    ['Ignored', count(found.ignored, 'event')],
    [
      'Pending',
      `${count(found.pending, 'message')}, ${grouped(found.pendingHidden)} of them in flight or waiting for a retry`,
    ],
    ...(found.retried === 0
      ? []
      : [
          ['Retried', `${count(found.retried, 'event')} put back, counting each attempt`] satisfies [
            string,
            string,
          ],
        ]),
    ['Dead letters', `${grouped(found.deadLetters)} in the queue now`],
    [
      'Lag',
      lagMs === null
        ? 'nothing was delivered'
        : `p50 ${duration(lagMs.p50)}, p95 ${duration(lagMs.p95)}, max ${duration(lagMs.max)}`,
    ],
    [
      'Alarms',
      alarms.total === 0 ? 'none' : `${grouped(alarms.ringing.length)} of ${grouped(alarms.total)} in ALARM`,
    ],
  ];
  return [
    `${found.stackName}, the last ${duration(window)}, until ${found.to}`,
    '',
    ...rows.map(([label, text]) => labelled(label, text, { labelColumns: 16 })),
    ...found.recipients.map((recipients) =>
      labelled(recipientLabels[recipients.severity], describeRecipients(recipients), { labelColumns: 16 }),
    ),
    ...alarms.ringing.map(({ name, since, description }) =>
      labelled('', visibleText(`${name} since ${since}: ${description}`), { labelColumns: 16 }),
    ),
    ...(found.recipients.every(({ confirmed }) => confirmed.length > 0)
      ? []
      : [labelled('', missingRecipient, { labelColumns: 16 })]),
    '',
    ...(found.consistent
      ? [`Consistent: ${verdict(found)}`]
      : [
          'Not consistent:',
          ...found.differences.map((difference) => labelled('-', difference, { labelColumns: 4 })),
        ]),
  ].join('\n');
}

const recipientLabels = { page: 'Pages to', ticket: 'Tickets to' } as const;

const missingRecipient =
  'A severity has no confirmed recipient. Set alarms in the settings and deploy; an unconfirmed recipient must click the link in the email from AWS.';

function verdict({ received, delivered, rejected, ignored, pending }: Status): string {
  const open = received - delivered - rejected - ignored;
  if (open === 0 && pending === 0) return 'everything that was received is delivered, rejected or ignored.';
  if (open < 0) return `${count(-open, 'event')} from before this window ended in it.`;
  return 'what is not delivered, rejected or ignored is waiting.';
}
