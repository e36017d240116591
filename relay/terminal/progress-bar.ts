import { Presets, SingleBar } from 'cli-progress';

/** How far a long work is. */
export interface Progress {
  /** May grow while the work goes on. */
  total(total: number): void;
  done(done: number): void;
  end(): void;
}

/**
 * A bar on standard error, which leaves standard output to the result; nothing where no person looks at it.
 *
 * @param label what is counted, e.g. `letters read`
 */
export function progressBar(label: string): Progress {
  let total = 0;
  // The bar itself keeps quiet where standard error is no terminal.
  const bar = new SingleBar(
    {
      format: `{bar} {percentage}% | {value}/{total} ${label} | {duration_formatted}`,
      clearOnComplete: true,
      hideCursor: true,
      // Ctrl-C is ours: it has to put things back first.
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
      // SQS's counts are approximate: a bar beyond its end would be a lie.
      grow(done);
      bar.update(done);
    },
    end: () => {
      bar.stop();
    },
  };
}

/** For work without a bar. */
export const noProgress: Progress = { total: () => undefined, done: () => undefined, end: () => undefined };
