import type { Account } from './reconciliation';

/** Whether every accepted event is where it should be. */
export const isBalanced = ({ missing, unexplainedRows }: Account): boolean =>
  missing === 0 && unexplainedRows === 0;

/** The account as printed text: where the events are and what does not add up. */
export function describeAccount(account: Account): string {
  const { accepted, delivered, rejected, ignored, queued, rows, missing, unexplainedRows } = account;
  if (accepted === 0 && isBalanced(account)) return 'No event was accepted.';
  const reasons = account.rejectedByReason.map(([reason, events]) => `${events} ${reason}`).join(', ');
  const lines: [string, number, string][] = [
    ['Accepted', accepted, `in ${counted(account.requests, 'request')}`],
    ['Delivered', delivered, rows === undefined ? 'as the function counts' : describeRows(delivered, rows)],
    ['Rejected', rejected, reasons === '' ? '' : `dead letters: ${reasons}`],
    ['Ignored', ignored, ''],
    ['Queued', queued, queued === 0 ? '' : 'not delivered yet, and gone with this stack'],
  ];
  const width = String(Math.max(...lines.map(([, count]) => count))).length;
  const table = lines
    .map(([name, count, note]) => `  ${name.padEnd(9)}  ${String(count).padStart(width)}  ${note}`.trimEnd())
    .join('\n');
  const sum = `${delivered} + ${rejected} + ${ignored} + ${queued}`;
  const verdicts = [
    missing === 0
      ? `  ${accepted} = ${sum}: every accepted event is accounted for.`
      : `  ${accepted} ≠ ${sum}: ${describeDifference(missing, rows !== undefined)}`,
    ...(unexplainedRows === 0
      ? []
      : [
          `  Heap has ${unexplainedRows} more ${unexplainedRows === 1 ? 'row' : 'rows'} than the accepted events explain.`,
        ]),
  ];
  return `What became of the events:\n\n${table}\n\n${verdicts.join('\n')}`;
}

const describeRows = (delivered: number, rows: number): string =>
  rows === delivered ? '' : `${counted(rows, 'row')} in Heap: equal events count once`;

function describeDifference(missing: number, isFakeHeap: boolean): string {
  if (missing > 0) {
    const places = isFakeHeap ? 'neither in Heap nor' : 'neither counted as delivered nor';
    return `${counted(missing, 'accepted event')} ${missing === 1 ? 'is' : 'are'} ${places} in a queue.`;
  }
  return `${-missing} more ${missing === -1 ? 'event' : 'events'} ${missing === -1 ? 'was' : 'were'} counted as delivered than accepted.`;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
