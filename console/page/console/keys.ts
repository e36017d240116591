/** The keys of the page, for the help and the status bar. */
export const keys = [
  { keys: ['j', '↓'], does: 'next row', short: 'next' },
  { keys: ['k', '↑'], does: 'previous row', short: 'previous' },
  { keys: ['Enter'], does: 'open the row: its details, or the events of a broadcast', short: 'open' },
  { keys: ['r'], does: 'redrive a rejected event, or send any other event again', short: 'again' },
  { keys: ['e'], does: 'edit the payload and send it again', short: 'edit' },
  { keys: ['c'], does: 'copy as curl', short: 'curl' },
  { keys: ['/'], does: 'filter', short: 'filter' },
  { keys: ['n'], does: 'write a new payload', short: 'new' },
  { keys: ['x'], does: 'dead letters', short: 'dead letters' },
  { keys: ['?'], does: 'this help', short: 'help' },
  { keys: ['Esc'], does: 'close, or go back to the newest row', short: 'back' },
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

/** The parts of a `KeyboardEvent` that decide on a command. */
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
 * Where a key was pressed: in a text field, on a row, on another control or scrollable part, or elsewhere.
 */
export type KeyPlace = 'field' | 'row' | 'control' | 'page';

const isMovement = (command: Command | undefined): boolean => command === 'next' || command === 'previous';

/**
 * The command of a key, or undefined if the browser or the focused element handles it. A field handles all keys but
 * Escape, rows and controls handle Enter, and controls handle the arrows. A held key only moves the selection.
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
