import { useEffect } from 'preact/hooks';
import type { Model, Position } from './model';

/** The id of the button of a row, or of an event of a row. */
export const buttonId = ({ row, event }: Position): string =>
  event === null ? `row ${row}` : `row ${row} event ${event}`;

/** Ids of what keys lead to. */
export const filterId = 'filter';
export const composerId = 'composer';

/** Moves the focus to where the model wants it, once that is drawn. */
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

/** At once: what is typed next belongs there. */
export function focusFilter(): void {
  const filter = document.getElementById(filterId);
  if (!(filter instanceof HTMLInputElement)) return;
  filter.focus();
  filter.select();
}
