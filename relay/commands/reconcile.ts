import { outputOf, type Environment } from '../environment/environment';
import { countsOf } from '../dead-letters/visit-dead-letters';
import { campaignsOf } from '../ledger/campaigns';
import { searchedGbUsd } from '../ledger/ledger';
import { reconcile, shortfallOf } from '../ledger/reconciliation';
import { readSentList } from '../ledger/sent-list';
import { readInput } from '../terminal/payload';
import { endWith, openEnvironment, print, type EnvironmentOptions } from './environment-command';
import { describeReconciliation, type ReconcileReport } from './reconcile-report';

interface Options extends EnvironmentOptions {
  /** Milliseconds. */
  readonly window: number;
  /** Milliseconds since 1970; absent: now. */
  readonly until?: number;
  readonly verbose?: boolean;
}

/** Compares what CleverTap says it sent with what arrived here and its outcome. */
export async function reconcileFile(file: string | undefined, options: Options): Promise<void> {
  const bytes = await readInput(
    file,
    'give the file with CleverTap\'s figures, or pipe it into this command. docs/operate.md, "reconcile", says where to get it.',
  );
  // Report mistakes in the file before a search, which costs money.
  const to = options.until ?? Date.now();
  const window = { from: to - options.window, to };
  const list = readSentList(bytes, window);
  const found = await readReconciliation(await openEnvironment(options), list, window);
  print(options, found, describeReconciliation(found, options));
  endWith(isAllRight(found));
}

/** Whether something was compared, and every campaign delivered at least as many events as it sent. */
export const isAllRight = ({ compared, gaps }: ReconcileReport): boolean =>
  gaps.length === 0 && compared.length > 0 && compared.every((one) => shortfallOf(one) === 0);

/** Reads the ledger and compares it with the file. */
export async function readReconciliation(
  environment: Environment,
  { campaigns, ...list }: ReturnType<typeof readSentList>,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<ReconcileReport> {
  const { refused, failed } = await environment.doorCounts(from, to);
  const buffer = await countsOf({ sqs: environment.sqs, url: outputOf(environment, 'EventBufferUrl') });
  const { rows, gaps, scannedBytes } = await environment.ledger(from, to);
  return {
    stackName: environment.stackName,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    ...reconcile(campaigns, campaignsOf(rows)),
    ...list,
    refused,
    failed,
    unread: buffer.visible,
    gaps,
    search: scannedBytes === undefined ? null : { scannedBytes, usd: (scannedBytes / 1e9) * searchedGbUsd },
  };
}
