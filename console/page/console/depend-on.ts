import type { ReadonlySignal } from '@preact/signals';

/** Makes the running effect run again when one of these signals changes. */
export const dependOn = (...signals: (ReadonlySignal<unknown> | undefined)[]): unknown[] =>
  signals.map((signal) => signal?.value);
