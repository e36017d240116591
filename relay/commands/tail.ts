import { countsOf } from '../dead-letters/visit-dead-letters';
import { outputOf, type Environment, type IdentifiedLine } from '../environment/environment';
import { Feed, type FeedRow } from '../feed/feed';
import { feedPrinter } from '../terminal/feed-printer';
import { interruptible, pause } from '../terminal/interruption';
import { explain, isPassing } from '../terminal/operator-error';
import { count, duration, grouped, labelled, visible } from '../terminal/terminal-text';
import { openEnvironment, type EnvironmentOptions } from './environment-command';

interface Options extends EnvironmentOptions {
  /** The id of a campaign, or the name of an event. */
  readonly campaign?: string;
  /** Milliseconds to look back at the start. */
  readonly since: number;
  /** Milliseconds until it ends; absent: on Ctrl-C. */
  readonly for?: number;
}

/** Where rows and remarks go. */
interface Output {
  readonly row: (row: FeedRow) => void;
  /** A note to the user that is not part of the result. */
  readonly remark: (sentence: string) => void;
}

/** Shows the outcome of events live. */
export async function tail(options: Options): Promise<void> {
  const environment = await openEnvironment(options);
  const isJson = options.json === true;
  const from = Date.now() - options.since;
  endWhenNobodyReads();
  if (!isJson) console.log(heading(environment, from, options.campaign));
  const printed = isJson ? (row: FeedRow) => [jsonOf(row)] : feedPrinter(process.stdout);
  const sum = new Sum();
  const output = {
    row: (row: FeedRow) => {
      sum.add(row);
      for (const line of printed(row)) console.log(line);
    },
    remark: console.error,
  };
  const printSum = (pending: number | null): void => {
    console.log(
      isJson ? visible(JSON.stringify({ kind: 'sum', ...sum.counts, pending })) : sum.describe(pending),
    );
  };
  try {
    await interruptible((signal) => follow(environment, from, options, output, signal));
  } catch (error) {
    if (sum.hasRows) printSum(null);
    throw error;
  }
  printSum(await pendingIn(environment));
  // Ctrl-C is the normal end of this command.
  process.exitCode = 0;
}

/** Messages in the queue; null, with a warning, if it does not answer. */
async function pendingIn(environment: Environment): Promise<number | null> {
  try {
    const buffer = await countsOf({ sqs: environment.sqs, url: outputOf(environment, 'EventBufferUrl') });
    return buffer.visible + buffer.inFlight + buffer.delayed;
  } catch (error) {
    console.error(`Pending messages unknown: ${explain(error) ?? 'the queue does not answer'}`);
    return null;
  }
}

/** How often the log is polled. An account has five such calls per second and region. */
const pollMs = { sandbox: 300, aws: 2000 };

/** How far back each poll reads again, because lines of different instances arrive late by different delays. */
const overlapMs = 120_000;

/** After this long without an event, say what may be wrong. */
const silenceMs = 60_000;

/**
 * Follows the log until the signal, or for the given time.
 *
 * @param from the first instant of interest, in milliseconds since 1970
 * @throws any error of the first poll, and later any that is not transient
 */
export async function follow(
  environment: Environment,
  from: number,
  { for: length = Infinity, campaign }: Pick<Options, 'for' | 'campaign'>,
  { row: show, remark }: Output,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = Date.now();
  const feed = new Feed();
  const lines = new NewLines(environment, from);
  let remarkAt = startedAt + silenceMs;
  let hasOthers = false;
  let hasAnswered = false;
  let isBroken = false;
  while (!signal.aborted) {
    try {
      const rows = (await lines.next(signal)).flatMap((line) => feed.take(line));
      if (isBroken) remark('The log answers again.');
      [hasAnswered, isBroken] = [true, false];
      const wanted = rows.filter((row) => isWanted(row, campaign));
      for (const row of wanted) show(row);
      if (wanted.length > 0) remarkAt = Infinity;
      if (rows.length > wanted.length) hasOthers = true;
      if (Date.now() >= remarkAt) {
        remarkAt = Date.now() + silenceMs;
        remark(hasOthers ? onlyOthers : await describeSilence(environment, from));
      }
    } catch (error) {
      if (!hasAnswered || !isPassing(error)) throw error;
      if (!isBroken)
        remark(
          `${explain(error) ?? 'The log does not answer'}\nRetrying; lines written meanwhile will be shown then.`,
        );
      isBroken = true;
    }
    if (Date.now() - startedAt >= length) return;
    await pause(environment.isSandbox ? pollMs.sandbox : pollMs.aws, signal);
  }
}

/** Returns each line of the log once. */
class NewLines {
  readonly #seen = new Map<string, number>();
  #newest: number;

  constructor(
    private readonly environment: Pick<Environment, 'forwarderLines'>,
    private readonly from: number,
  ) {
    this.#newest = from;
  }

  async next(signal: AbortSignal): Promise<IdentifiedLine[]> {
    const all = await this.environment.forwarderLines(Math.max(this.from, this.#newest - overlapMs), signal);
    const lines = all.filter(({ id }) => !this.#seen.has(id));
    for (const { id, at } of lines) {
      this.#seen.set(id, at);
      this.#newest = Math.max(this.#newest, at);
    }
    for (const [id, at] of this.#seen) if (at < this.#newest - overlapMs) this.#seen.delete(id);
    return lines;
  }
}

/** A row without campaign and event may concern any campaign, so it is always shown. */
const isWanted = ({ campaign, event }: FeedRow, wanted: string | undefined): boolean =>
  wanted === undefined || campaign === wanted || event === wanted || (campaign === null && event === null);

const onlyOthers =
  'Only events of other campaigns arrived. --campaign takes the id in CleverTap or an event name; leave it out to show all.';

/** Why no event may have arrived yet, and what to do. */
async function describeSilence(environment: Environment, from: number): Promise<string> {
  const now = Date.now();
  const { requests, refused, failed } = await environment.doorCounts(from, now);
  if (refused + failed > 0) {
    return `The endpoint refused ${count(refused + failed, 'request')}: a wrong x-api-key, content type or body. "relay webhook ${environment.options}" shows what to enter in CleverTap.`;
  }
  if (requests > 0) {
    return `${count(requests, 'request')} arrived, but the function has not finished any. Check "relay status ${environment.options}".`;
  }
  return `${describeNothing(from, now, environment.metricDelayMs)} Send a test in CleverTap; its webhook must have the URL that "relay webhook ${environment.options}" shows.`;
}

/** @param delay milliseconds after which every request is counted */
function describeNothing(from: number, now: number, delay: number): string {
  if (delay === 0) return 'Nothing has arrived.';
  return now - from < delay
    ? `No request has been counted yet; CloudWatch counts up to ${duration(delay)} late.`
    : `Nothing had arrived by ${timeOf(now - delay)} UTC; CloudWatch counts up to ${duration(delay)} late.`;
}

const timeOf = (instant: number): string => new Date(instant).toISOString().slice(11, 19);

function heading({ stackName }: Environment, from: number, campaign: string | undefined): string {
  const what = campaign === undefined ? '' : `, only ${visible(campaign)}`;
  return `${stackName} since ${timeOf(from)} UTC${what}. Ctrl-C ends it.\n`;
}

const jsonOf = ({ kind, at, ...row }: FeedRow): string =>
  visible(JSON.stringify({ kind, at: new Date(at).toISOString(), ...row }));

/** Adds up all rows that were shown. */
class Sum {
  hasRows = false;
  readonly #reasons = new Map<string, number>();
  #delivered = 0;
  #ignored = 0;
  #rejected = 0;

  add({ delivered, ignored, rejected, reasons }: FeedRow): void {
    this.hasRows = true;
    this.#delivered += delivered;
    this.#ignored += ignored;
    this.#rejected += rejected;
    for (const [reason, events] of Object.entries(reasons))
      this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + events);
  }

  get counts(): Pick<FeedRow, 'delivered' | 'ignored' | 'rejected' | 'reasons'> {
    return {
      delivered: this.#delivered,
      ignored: this.#ignored,
      rejected: this.#rejected,
      reasons: Object.fromEntries(this.#reasons),
    };
  }

  /** @param pending messages in the queue; null if unknown */
  describe(pending: number | null): string {
    const line = (label: string, text: string): string => labelled(label, text, { labelColumns: 13 });
    const reasons = [...this.#reasons].map(([reason, events]) => `; ${reason} ${grouped(events)}`).join('');
    return [
      '',
      line('Delivered', count(this.#delivered, 'event')),
      line('Rejected', count(this.#rejected, 'event') + reasons),
      line('Ignored', count(this.#ignored, 'event')),
      ...(pending === null
        ? []
        : [line('Pending', `${count(pending, 'message')} in the queue now, over all campaigns`)]),
    ].join('\n');
  }
}

/** For a closed pipe, as in `relay tail | head`. */
function endWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
