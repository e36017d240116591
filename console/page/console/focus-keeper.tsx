import { useEffect } from 'preact/hooks';
import type { Model, Position } from './model';

/** The element id of the button of a row or event. */
export const buttonId = ({ row, event }: Position): string =>
  event === null ? `row ${row}` : `row ${row} event ${event}`;

/** Element ids of the targets of keys. */
export const filterId = 'filter';
export const composerId = 'composer';

/** Moves the focus where the model asks, after rendering. */
export function FocusKeeper({ model }: { readonly model: Model }): null {
  const target = model.focus.value;
  useEffect(() => {
    if (target === null) return;
    const { to } = target;
    if (to === 'composer') {
      document.getElementById(composerId)?.querySelector<HTMLElement>('select, input')?.focus();
    } else {
      const button = document.getElementById(buttonId(to));
      button?.focus({ preventScroll: true });
      button?.scrollIntoView({ block: 'nearest' });
    }
  }, [target]);
  return null;
}

/** Moves the focus without waiting for a rendering, so the next key goes into the filter. */
export function focusFilter(): void {
  const filter = document.getElementById(filterId);
  if (!(filter instanceof HTMLInputElement)) return;
  filter.focus();
  filter.select();
}
