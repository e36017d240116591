/** Each character is looked at once: a backtracking expression takes minutes for a long row of digits (F37). */
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;

/** The number a text spells, blanks around it aside; undefined for any other text and beyond what a number can hold. */
export function parseDecimal(text: string): number | undefined {
  const trimmed = text.trim();
  const value = decimal.test(trimmed) ? Number(trimmed) : NaN;
  return Number.isFinite(value) ? value : undefined;
}
