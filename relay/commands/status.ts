import { metrics } from '../../lambda/contract';
import { countsOf } from '../dead-letters/visit-letters';
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

/** What happened in the window, and what is there now. */
export interface Figures {
  readonly door: DoorCounts;
  readonly forwarder: ForwarderCounts;
  /** Messages of the event buffer. */
  readonly pending: { readonly visible: number; readonly inFlight: number; readonly delayed: number };
  /** Letters of the dead-letter queue. */
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
  /** Attempts that were put back. */
  readonly retried: number;
  /** Messages: in the buffer, and of these in flight or hidden until a retry. */
  readonly pending: number;
  readonly pendingHidden: number;
  readonly deadLetters: number;
  readonly lagMs: NonNullable<ForwarderCounts['lag']> | null;
  readonly alarms: Omit<Alarms, 'names'> & { /** How many there are. */ readonly total: number };
  /** Who is told of alarms, for each severity; empty where nobody is meant to be. */
  readonly recipients: readonly AlarmRecipients[];
  readonly consistent: boolean;
  /** Each as a sentence. */
  readonly differences: readonly string[];
}

/** How long a difference may take to settle before it is believed. */
const secondLookMs = 60_000;

/**
 * Says whether everything that was accepted is accounted for.
 *
 * @throws {OperatorError} for an option that would do nothing
 */
export async function status(options: Options): Promise<void> {
  if (options.by === 'campaign') return campaignStatus(options);
  if (options.verbose === true) {
    throw new OperatorError(
      '--verbose says what the search for campaigns read and cost. Add --by campaign, or leave --verbose out.',
    );
  }
  const environment = await openEnvironment(options);
  const result = await interruptible(async (signal) => {
    const first = await readStatus(environment, options.window);
    if (first.consistent) return first;
    // Metrics and SQS's counts are not of the same moment: what is only late comes into order by itself.
    const wait = Math.min(secondLookMs, Math.max(environment.metricDelayMs, 2000));
    console.error(`The figures do not add up yet. Looking again in ${duration(wait)}.`);
    await pause(wait, signal);
    return signal.aborted ? first : readStatus(environment, options.window);
  });
  print(options, result, report(result, options.window));
  endWith(isAllRight(result));
}

/** A severity of which nobody is told is as bad as an alarm that rings. */
export const isAllRight = ({ consistent, alarms, recipients }: Status): boolean =>
  consistent && alarms.ringing.length === 0 && recipients.every(({ confirmed }) => confirmed.length > 0);

/** Reads the figures of the time before now and adds them up. */
export async function readStatus(environment: Environment, window: number): Promise<Status> {
  const to = Date.now();
  const from = to - window;
  // In the order of the flow, and what waits in the middle of it: an event that moves on meanwhile is seen twice
  // rather than not at all. The door's latest requests are left out until the function's count is sure to be there.
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
 * What does not add up. Each message holds at least one event, and each event that was received ends as delivered,
 * rejected or ignored, or its message waits. A message of before the window may end in it, so too many are no
 * difference.
 */
function differencesIn(
  counted: Pick<Status, 'accepted' | 'received' | 'delivered' | 'rejected' | 'ignored' | 'pending'>,
): string[] {
  const { accepted, received, delivered, rejected, ignored, pending } = counted;
  const differences: string[] = [];
  // What an invocation had received when it was throttled or died was not counted, but its end is.
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
      `${count(open, 'event')} ${open === 1 ? 'was' : 'were'} received and neither delivered, rejected nor ignored, and no message waits. ` +
        'If SQS moved the messages by itself, "relay dlq list" shows them as receives_exhausted.',
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
      `${count(found.pending, 'message')}, ${grouped(found.pendingHidden)} of them in work or waiting for a retry`,
    ],
    ...(found.retried === 0
      ? []
      : [
          ['Retried', `${count(found.retried, 'event')} put back, each attempt counted`] satisfies [
            string,
            string,
          ],
        ]),
    ['Dead letters', `${count(found.deadLetters, 'letter')} in the queue now`],
    [
      'Lag',
      lagMs === null
        ? 'nothing was delivered'
        : `p50 ${duration(lagMs.p50)}, p95 ${duration(lagMs.p95)}, max ${duration(lagMs.max)}`,
    ],
    [
      'Alarms',
      alarms.total === 0
        ? 'there are none'
        : `${grouped(alarms.ringing.length)} of ${grouped(alarms.total)} in ALARM`,
    ],
  ];
  return [
    `${found.stackName}, the last ${duration(window)}, until ${found.to}`,
    '',
    ...rows.map(([label, text]) => labelled(label, text, { labelColumns: 16 })),
    ...found.recipients.map((recipients) =>
      labelled(`Told: ${recipients.severity}`, describeRecipients(recipients), { labelColumns: 16 }),
    ),
    ...alarms.ringing.map(({ name, since, description }) =>
      labelled('', visibleText(`${name} since ${since}: ${description}`), { labelColumns: 16 }),
    ),
    ...(found.recipients.every(({ confirmed }) => confirmed.length > 0)
      ? []
      : [labelled('', nobodyIsTold, { labelColumns: 16 })]),
    '',
    ...(found.consistent
      ? [`Consistent: ${verdict(found)}`]
      : [
          'Not consistent:',
          ...found.differences.map((difference) => labelled('-', difference, { labelColumns: 4 })),
        ]),
  ].join('\n');
}

const nobodyIsTold =
  'Nobody is told of alarms of a severity. Set alarms in config/<env>.ts and deploy; who is not confirmed clicks on the link in the mail from AWS.';

function verdict({ received, delivered, rejected, ignored, pending }: Status): string {
  const open = received - delivered - rejected - ignored;
  if (open === 0 && pending === 0) return 'everything that was received is delivered, rejected or ignored.';
  if (open < 0) return `${count(-open, 'event')} of before this window came to an end in it.`;
  return 'what is not delivered, rejected or ignored is waiting.';
}
