const columns = 80;

/** A text beside its label, broken between words where it would be wider than a terminal of 80 columns. */
export function labelled(label: string, text: string, { indent = 0, labelColumns = 12 } = {}): string {
  const start = labelColumns + indent;
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && start + line.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line, index) => (index === 0 ? `  ${label}` : '').padEnd(start) + line).join('\n');
}

/** A text in so many columns at most. */
export function shortened(text: string, columns: number): string {
  const characters = Array.from(text);
  return characters.length <= columns ? text : `${characters.slice(0, columns - 1).join('')}…`;
}

/** JSON leaves some characters as they are by which a terminal would take orders or write backwards. */
export const visible = (text: string): string =>
  escapeAll(text, /[\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g);

/** The same for a text that is no JSON, in which line breaks may stay. */
export const visibleText = (text: string): string =>
  escapeAll(visible(text), /[\u0000-\u0009\u000B-\u001F]/g);

const escapeAll = (text: string, characters: RegExp): string =>
  text.replace(characters, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * Rows under their headings, two spaces apart and indented by two. Columns of numbers are set to the right.
 *
 * @param rows texts, as many as headings in each
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const isNumeric = headings.map((_, column) =>
    rows.every((row) => /^[+-]?[\d,.]+$/.test(row[column] ?? '')),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          isNumeric[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join('\n');
}

/** `1 letter`, `12,000 letters`. */
export const count = (number: number, noun: string, plural = `${noun}s`): string =>
  `${grouped(number)} ${number === 1 ? noun : plural}`;

/** `12,000`, whatever the language of the machine. */
export const grouped = (number: number): string => number.toLocaleString('en-US');

const units: readonly [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** A time span in its two largest units: `3 d 4 h`, `12 min`, `1.2 s`, `340 ms`. */
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
