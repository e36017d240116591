import { Presets, SingleBar } from 'cli-progress';

/** The progress of a long operation. */
export interface Progress {
  /** May grow during the operation. */
  total(total: number): void;
  done(done: number): void;
  end(): void;
}

/**
 * A bar on standard error, so that standard output holds only the result. Shown only on a terminal.
 *
 * @param label what is counted, e.g. `dead letters read`
 */
export function progressBar(label: string): Progress {
  let total = 0;
  // SingleBar itself prints nothing if standard error is not a terminal.
  const bar = new SingleBar(
    {
      format: `{bar} {percentage}% | {value}/{total} ${label} | {duration_formatted}`,
      clearOnComplete: true,
      hideCursor: true,
      // The commands handle Ctrl-C themselves, because they must clean up first.
      gracefulExit: false,
    },
    Presets.legacy,
  );
  const grow = (known: number): void => {
    if (known <= total) return;
    total = known;
    if (bar.isActive) bar.setTotal(total);
    else bar.start(total, 0);
  };
  return {
    total: grow,
    done: (done) => {
      // SQS's counts are approximate, so the total may turn out larger.
      grow(done);
      bar.update(done);
    },
    end: () => {
      bar.stop();
    },
  };
}

/** For an operation without a bar. */
export const noProgress: Progress = { total: () => undefined, done: () => undefined, end: () => undefined };
