/** A Ctrl-C reaches the process twice: from the terminal and from npm. */
const sameKeystrokeMs = 500;

/**
 * Runs work that Ctrl-C must not tear apart: the first one asks it, by the signal, to stop at the next safe place
 * and put things back; the second one ends the process. An interrupted process ends with 130, as a shell expects.
 *
 * @param work looks at the signal between its steps
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let interruptedAt: number | undefined;
  const interrupt = (): void => {
    if (interruptedAt === undefined) {
      interruptedAt = Date.now();
      process.exitCode = 130;
      console.error('\nStopping. Press Ctrl-C again to stop at once.');
      abort.abort();
    } else if (Date.now() - interruptedAt > sameKeystrokeMs) {
      process.exit(130);
    }
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    return await work(abort.signal);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
