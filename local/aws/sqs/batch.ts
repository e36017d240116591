import { SqsError } from './error';

/** An entry with the caller's id, unique in its batch. */
export type BatchEntry<T> = T & { readonly Id: string };

/** A batch is not a transaction: each entry succeeds or fails on its own. */
export interface BatchResult<T> {
  readonly Successful: readonly BatchEntry<T>[];
  readonly Failed: readonly BatchResultErrorEntry[];
}

export interface BatchResultErrorEntry {
  readonly Id: string;
  readonly SenderFault: boolean;
  /** The error code of the Query protocol, used by both protocols. */
  readonly Code: string;
  readonly Message: string;
}

const MAXIMUM_ENTRIES = 10;

/** @throws EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId, BatchEntryIdsNotDistinct */
export function checkEntries(entries: readonly BatchEntry<object>[]): void {
  if (entries.length === 0)
    throw new SqsError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  if (entries.length > MAXIMUM_ENTRIES) {
    throw new SqsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MAXIMUM_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  const ids = entries.map(({ Id }) => Id);
  if (!ids.every((id) => /^[\w-]{1,80}$/.test(id))) {
    throw new SqsError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. ' +
        'It can be at most 80 letters long.',
    );
  }
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index);
  if (repeated !== undefined) throw new SqsError('BatchEntryIdsNotDistinct', `Id ${repeated} repeated.`);
}

/** Calls `act` for every entry. An SqsError fails that entry only. */
export function eachEntry<E extends BatchEntry<object>, T extends object>(
  entries: readonly E[],
  act: (entry: E) => T,
): BatchResult<T> {
  const Successful: BatchEntry<T>[] = [];
  const Failed: BatchResultErrorEntry[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ ...act(entry), Id: entry.Id });
    } catch (error) {
      if (!(error instanceof SqsError)) throw error;
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error.queryCode, Message: error.message });
    }
  }
  return { Successful, Failed };
}
