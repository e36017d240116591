/** Keys of the page, as the help and the status bar tell them. */
export const keys = [
  { keys: ['j', '↓'], does: 'next row', short: 'next' },
  { keys: ['k', '↑'], does: 'previous row', short: 'previous' },
  { keys: ['Enter'], does: 'open the row: its details, or the people of a broadcast', short: 'open' },
  { keys: ['r'], does: 'redrive a rejected event, or send any other again', short: 'again' },
  { keys: ['e'], does: 'edit the payload and send it again', short: 'edit' },
  { keys: ['c'], does: 'copy as curl', short: 'curl' },
  { keys: ['/'], does: 'filter', short: 'filter' },
  { keys: ['n'], does: 'write a new payload', short: 'new' },
  { keys: ['x'], does: 'dead letters', short: 'dead letters' },
  { keys: ['?'], does: 'this help', short: 'help' },
  { keys: ['Esc'], does: 'close, or back to the newest row', short: 'back' },
] as const;

export type Command =
  | 'next'
  | 'previous'
  | 'open'
  | 'again'
  | 'edit'
  | 'curl'
  | 'filter'
  | 'new'
  | 'dead letters'
  | 'help'
  | 'back';

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['j', 'next'],
  ['ArrowDown', 'next'],
  ['k', 'previous'],
  ['ArrowUp', 'previous'],
  ['Enter', 'open'],
  ['r', 'again'],
  ['e', 'edit'],
  ['c', 'curl'],
  ['/', 'filter'],
  ['n', 'new'],
  ['x', 'dead letters'],
  ['?', 'help'],
  ['Escape', 'back'],
]);

/** What was pressed, as far as a keyboard event says it. */
export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly isComposing: boolean;
}

/**
 * The command of a key; undefined for keys that belong to the browser or to a field.
 *
 * @param place where it was pressed: in a field only Escape counts, and on a control Enter and arrows are its own
 */
export function commandOf(press: Press, place: 'field' | 'control' | 'page'): Command | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey || press.isComposing) return undefined;
  const command = commands.get(press.key);
  if (place === 'field') return command === 'back' ? command : undefined;
  if (place === 'control' && press.key === 'Enter') return undefined;
  return command;
}
