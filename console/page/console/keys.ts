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
  /** Whether the key is held down. */
  readonly repeat: boolean;
}

/**
 * Where a key was pressed: in a field, on a row, on another control or a part that scrolls, or nowhere in particular.
 */
export type KeyPlace = 'field' | 'row' | 'control' | 'page';

const isMovement = (command: Command | undefined): boolean => command === 'next' || command === 'previous';

/**
 * The command of a key; undefined for keys that belong to the browser or to what has the focus: in a field all but
 * Escape, on rows and controls Enter, and on controls the arrows. A key that is held down only moves.
 */
export function commandOf(press: Press, place: KeyPlace): Command | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey || press.isComposing) return undefined;
  const command = commands.get(press.key);
  if (press.repeat && !isMovement(command)) return undefined;
  if (place === 'field') return command === 'back' ? command : undefined;
  if (place !== 'page' && press.key === 'Enter') return undefined;
  if (place === 'control' && press.key.startsWith('Arrow')) return undefined;
  return command;
}
