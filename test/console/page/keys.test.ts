import { commandOf, keys } from '../../../console/page/console/keys';

const press = (key: string, modifiers = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  isComposing: false,
  repeat: false,
  ...modifiers,
});

const named = (name: string): string => ({ '↓': 'ArrowDown', '↑': 'ArrowUp', Esc: 'Escape' })[name] ?? name;

test('every key in the help has a command', () => {
  for (const name of keys.flatMap((entry) => entry.keys))
    expect(commandOf(press(named(name)), 'page')).toBeDefined();
});

test('in a text field, only Escape is a command', () => {
  for (const key of ['j', 'r', 'x', '/', '?', 'Enter', 'ArrowDown'])
    expect(commandOf(press(key), 'field')).toBeUndefined();
  expect(commandOf(press('Escape'), 'field')).toBe('back');
});

test('Enter on a button or a row is left to the browser', () => {
  expect(commandOf(press('Enter'), 'control')).toBeUndefined();
  expect(commandOf(press('Enter'), 'row')).toBeUndefined();
  expect(commandOf(press('j'), 'control')).toBe('next');
});

test('a control handles its own arrows; elsewhere they move through the rows', () => {
  for (const key of ['ArrowDown', 'ArrowUp']) expect(commandOf(press(key), 'control')).toBeUndefined();
  for (const place of ['row', 'page'] as const) {
    expect(commandOf(press('ArrowDown'), place)).toBe('next');
    expect(commandOf(press('ArrowUp'), place)).toBe('previous');
  }
});

test('a held key only moves the selection', () => {
  const held = keys.flatMap((entry) => entry.keys.map((name) => press(named(name), { repeat: true })));
  const commands = new Set(held.map((one) => commandOf(one, 'page')).filter((command) => command));
  expect(commands).toEqual(new Set(['next', 'previous']));
});

test('the page leaves the keys of the browser alone', () => {
  expect(commandOf(press('c', { ctrlKey: true }), 'page')).toBeUndefined();
  expect(commandOf(press('r', { metaKey: true }), 'page')).toBeUndefined();
  expect(commandOf(press('j', { isComposing: true }), 'page')).toBeUndefined();
});
