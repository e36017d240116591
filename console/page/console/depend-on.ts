import type { ReadonlySignal } from '@preact/signals';

/** Has the running effect run again when one of these changes, whatever their values are. */
export const dependOn = (...signals: (ReadonlySignal<unknown> | undefined)[]): unknown[] =>
  signals.map((signal) => signal?.value);
