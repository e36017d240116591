import { open } from 'node:fs/promises';
import { OperatorError } from '../terminal/operator-error';
import { whyUnusable } from '../terminal/payload';
import { campaignOf, type DeadLetter } from './dead-letter';
import { visitDeadLetters, type QueueRef, type Visit, type VisitOptions } from './visit-dead-letters';

/**
 * Writes each dead letter as a line of JSON to a new file that only its owner can read. They stay in the queue.
 *
 * @param path the absolute path of the file
 * @throws {OperatorError} when the file already exists or cannot be written
 */
export async function exportDeadLetters(
  queue: QueueRef,
  path: string,
  { reason, ...options }: VisitOptions & { readonly reason?: string },
): Promise<Visit & { readonly written: number }> {
  // Never overwrite a file: it may be the only copy of dead letters that have left the queue.
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw new OperatorError(`cannot write ${path}: ${whyUnusable(error)}`);
  });
  let written = 0;
  try {
    const visit = await visitDeadLetters(
      queue,
      async (letters) => {
        const chosen = letters.filter((letter) => reason === undefined || letter.reason === reason);
        await file.appendFile(chosen.map((letter) => `${JSON.stringify(toLine(letter))}\n`).join(''));
        written += chosen.length;
        return [];
      },
      options,
    );
    await file.sync();
    return { ...visit, written };
  } finally {
    await file.close();
  }
}

const toLine = (letter: DeadLetter): object => ({
  messageId: letter.messageId,
  sentAt: new Date(letter.sentAt).toISOString(),
  reason: letter.reason,
  detail: letter.detail ?? null,
  events: letter.events,
  campaign: campaignOf(letter),
  requestId: letter.requestId ?? null,
  receivedAt: letter.receivedAt === undefined ? null : new Date(letter.receivedAt).toISOString(),
  pathEvent: letter.pathEvent ?? null,
  body: letter.body,
});
