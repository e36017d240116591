import { text } from 'node:stream/consumers';
import { discardDeadLetters } from '../dead-letters/discard';
import { exportDeadLetters } from '../dead-letters/export';
import { listDeadLetters, printList } from '../dead-letters/list';
import { redriveAll, redriveSelected, type Redrive } from '../dead-letters/redrive';
import { countsOf, type QueueRef } from '../dead-letters/visit-dead-letters';
import { outputOf, type Environment } from '../environment/environment';
import { endWith, openEnvironment, print, type EnvironmentOptions } from './environment-command';
import { interruptible } from '../terminal/interruption';
import { OperatorError } from '../terminal/operator-error';
import { whereItWasCalled } from '../terminal/payload';
import { progressBar } from '../terminal/progress-bar';
import { confirm } from '../terminal/question';
import { count, grouped } from '../terminal/terminal-text';

interface ReasonOptions extends EnvironmentOptions {
  readonly reason?: string;
}

/** Counts dead letters and shows samples. */
export async function list(options: ReasonOptions & { samples: number; show?: boolean }): Promise<void> {
  const queue = deadLetterQueueOf(await openEnvironment(options));
  const show = options.show === true;
  const result = await interruptible((signal) =>
    listDeadLetters(queue, { ...options, show, signal, progress: progressBar('dead letters read') }),
  );
  print(options, result, printList(result, Date.now(), { samples: options.samples, show }));
  endWith(result.complete);
}

interface RedriveOptions extends ReasonOptions {
  readonly dryRun?: boolean;
  readonly rate?: number;
  readonly fromQueue?: string;
}

/** Moves dead letters back to the event buffer. */
export async function redrive(options: RedriveOptions): Promise<void> {
  const environment = await openEnvironment(options);
  const buffer: QueueRef = { sqs: environment.sqs, url: outputOf(environment, 'EventBufferUrl') };
  const source =
    options.fromQueue === undefined
      ? deadLetterQueueOf(environment)
      : await foreignQueue(environment, options.fromQueue, buffer);
  const { reason } = options;
  if (options.dryRun === true) {
    const result = await interruptible((signal) =>
      listDeadLetters(source, {
        samples: 0,
        show: false,
        reason,
        signal,
        progress: progressBar('dead letters read'),
      }),
    );
    const would = `Would move ${count(result.letters, 'dead letter')} to ${buffer.url}. Nothing was moved.`;
    print(options, result, `${printList(result, Date.now(), { samples: 0, show: true })}\n\n${would}`);
    endWith(result.complete);
    return;
  }
  const result = await interruptible((signal): Promise<Redrive> => {
    const move = { signal, progress: progressBar('dead letters moved'), perSecond: options.rate };
    // SQS's own task moves a whole queue, and only one that is the dead-letter queue of another.
    return reason === undefined && options.fromQueue === undefined
      ? redriveAll(source, buffer, move)
      : redriveSelected(source, buffer, (letter) => reason === undefined || letter.reason === reason, move);
  });
  const still = options.fromQueue === undefined ? [] : await stillHidden(source);
  print(
    options,
    result,
    [
      `Moved ${count(result.moved, 'dead letter')} to the event buffer of ${environment.name}.`,
      ...(result.note === null ? [] : [result.note]),
      ...still,
    ].join('\n'),
  );
  endWith(result.complete);
}

/** In a buffer without a consumer, a message that waits for its retry becomes visible within an hour. */
async function stillHidden(source: QueueRef): Promise<string[]> {
  const { inFlight, delayed } = await countsOf(source);
  const hidden = inFlight + delayed;
  return hidden === 0
    ? []
    : [
        `${count(hidden, 'message')} in the queue ${hidden === 1 ? 'is' : 'are'} hidden for now. Run the command again in an hour.`,
      ];
}

async function foreignQueue({ sqs }: Environment, url: string, buffer: QueueRef): Promise<QueueRef> {
  if (url === buffer.url) {
    throw new OperatorError('this is the event buffer; its messages are delivered without a redrive');
  }
  const region = await sqs.config.region();
  const [, other] =
    /^https:\/\/(?:sqs\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.(?:queue\.)?amazonaws\.com/.exec(url) ?? [];
  if (other !== undefined && other !== region) {
    throw new OperatorError(`the queue is in the region ${other}, the environment in ${region}`);
  }
  return { sqs, url };
}

interface DiscardOptions extends ReasonOptions {
  readonly identity?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Permanently deletes dead letters. */
export async function discard(options: DiscardOptions): Promise<void> {
  const identity = options.identity === '-' ? (await text(process.stdin)).trim() : options.identity?.trim();
  if (identity === '') throw new OperatorError('the identity is empty');
  const environment = await openEnvironment(options);
  const queue = deadLetterQueueOf(environment);
  const isDryRun = options.dryRun === true;
  if (!isDryRun && options.yes !== true) await confirm(await consequenceOf(options, environment, queue));
  const result = await interruptible((signal) =>
    discardDeadLetters(queue, {
      reason: options.reason,
      identity,
      isDryRun,
      signal,
      progress: progressBar('dead letters read'),
    }),
  );
  print(
    options,
    result,
    [
      `${isDryRun ? 'Would discard' : 'Discarded'} ${count(result.events, 'event')}: ` +
        count(result.letters, 'whole dead letter') +
        (result.narrowed === 0 ? '.' : ` and parts of ${grouped(result.narrowed)} more.`),
      ...(result.complete ? [] : ['Not all dead letters could be read. Run the command again.']),
      ...(identity === undefined ? [] : [erasureNote]),
    ].join('\n'),
  );
  endWith(result.complete);
}

const erasureNote =
  'Events of this person may also be in the event buffer, for up to 7 days, in Heap, and in exported files.';

async function consequenceOf(
  { reason, identity }: DiscardOptions,
  { name }: Environment,
  queue: QueueRef,
): Promise<string> {
  const { visible } = await countsOf(queue);
  const which = [
    ...(reason === undefined ? [] : [`with the reason ${reason}`]),
    ...(identity === undefined ? [] : ['of one person']),
  ];
  const what = which.length === 0 ? 'all dead letters' : `the dead letters ${which.join(', ')}`;
  return `This permanently deletes ${what} of ${name}; the queue holds about ${count(visible, 'dead letter')}.`;
}

/** Writes dead letters to a file. */
export async function exportTo(file: string, options: ReasonOptions): Promise<void> {
  const queue = deadLetterQueueOf(await openEnvironment(options));
  const path = whereItWasCalled(file);
  const { written, isComplete } = await interruptible((signal) =>
    exportDeadLetters(queue, path, {
      reason: options.reason,
      signal,
      progress: progressBar('dead letters read'),
    }),
  );
  print(
    options,
    { file: path, letters: written, complete: isComplete },
    [
      `Wrote ${count(written, 'dead letter')} to ${path}. The file holds personal data: delete it when you no longer need it.`,
      ...(isComplete ? [] : ['Not all dead letters could be read.']),
    ].join('\n'),
  );
  endWith(isComplete);
}

const deadLetterQueueOf = (environment: Environment): QueueRef => ({
  sqs: environment.sqs,
  url: outputOf(environment, 'DeadLetterQueueUrl'),
});
