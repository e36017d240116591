const columns = 80;

/**
 * Characters that terminals draw two columns wide (Unicode Standard Annex 11). By block, because some of them, such as
 * katakana's prolonged sound mark, have no script of their own.
 */
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6B\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u;
const combining = /\p{M}/u;

const columnOf = (character: string): number =>
  combining.test(character) ? 0 : wide.test(character) ? 2 : 1;

/** The width of a string in terminal columns. */
export const columnsOf = (string: string): number =>
  Array.from(string).reduce((sum, character) => sum + columnOf(character), 0);

const filled = (string: string, width: number): string =>
  string + ' '.repeat(Math.max(0, width - columnsOf(string)));

/** A text beside its label, wrapped between words at 80 columns. */
export function labelled(label: string, text: string, { indent = 0, labelColumns = 12 } = {}): string {
  const start = labelColumns + indent;
  const lines = [''];
  for (const [blank, piece] of text.split(' ').flatMap(piecesOf)) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && start + columnsOf(line + blank + piece) > columns) lines.push(piece);
    else lines[lines.length - 1] = line === '' ? piece : line + blank + piece;
  }
  return lines.map((line, index) => filled(index === 0 ? `  ${label}` : '', start) + line).join('\n');
}

const breakable = new RegExp(`(?:(?=${wide.source})|(?<=(?:${wide.source})\\p{M}*))(?!\\p{M})`, 'u');

/** Splits a word into pieces, each with the blank before it. Languages without blanks may break at any wide character. */
const piecesOf = (word: string): [blank: string, piece: string][] =>
  word.split(breakable).map((piece, index) => [index === 0 ? ' ' : '', piece]);

/** Cuts a string to a maximum number of columns. */
export function shortened(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  if (columns < 1) return '';
  let shown = '';
  for (const character of text) {
    if (columnsOf(shown + character) > columns - 1) break;
    shown += character;
  }
  return `${shown.trimEnd()}…`;
}

/** Escapes characters that JSON leaves unescaped but that a terminal would execute or that reverse the text direction. */
export const visible = (text: string): string =>
  escapeAll(text, /[\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g);

/** The same for a string that is not JSON. Line breaks stay. */
export const visibleText = (text: string): string =>
  escapeAll(visible(text), /[\u0000-\u0009\u000B-\u001F]/g);

const escapeAll = (text: string, characters: RegExp): string =>
  text.replace(characters, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * Formats rows under their headings, two spaces apart and indented by two. Columns of numbers are right-aligned.
 *
 * @param rows one cell per heading
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => columnsOf(row[column] ?? ''))));
  const isNumeric = headings.map((_, column) =>
    rows.every((row) => /^[+-]?[\d,.]+$/.test(row[column] ?? '')),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          isNumeric[column] === true ? cell.padStart(widths[column] ?? 0) : filled(cell, widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join('\n');
}

/** `1 event`, `12,000 events`. */
export const count = (number: number, noun: string, plural = `${noun}s`): string =>
  `${grouped(number)} ${number === 1 ? noun : plural}`;

/** `12,000`, regardless of the machine's locale. */
export const grouped = (number: number): string => number.toLocaleString('en-US');

const units: readonly [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** Formats a time span in its two largest units: `3 d 4 h`, `12 min`, `1.2 s`, `340 ms`. */
export function duration(milliseconds: number): string {
  const span = Math.max(0, milliseconds);
  if (span < 1000) return `${Math.round(span)} ms`;
  if (span < 10_000) return `${(Math.floor(span / 100) / 10).toFixed(1)} s`;
  const largest = units.findIndex(([, length]) => span >= length);
  const parts: string[] = [];
  let rest = span;
  for (const [unit, length] of units.slice(largest, largest + 2)) {
    const whole = Math.floor(rest / length);
    if (whole > 0) parts.push(`${whole} ${unit}`);
    rest -= whole * length;
  }
  return parts.join(' ');
}
