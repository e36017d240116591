import { createScanner } from 'jsonc-parser';

export interface Token {
  /** As written. */
  readonly source: string;
  readonly start: number;
  readonly end: number;
  /** Starts at 1, like `column`. */
  readonly line: number;
  readonly column: number;
  /** Names and list indexes that lead to it, its own last. Valid until the next token. */
  readonly path: readonly (string | number)[];
  /** Whether it is in the position of a name. */
  readonly isName: boolean;
}

/** The tokens of a JSON string, without recursion: a body may be nested deeper than the call stack allows. */
export function* tokensOf(json: string): Generator<Token, void> {
  const scanner = createScanner(json, true);
  const path: (string | number)[] = [];
  let isName = false;
  for (scanner.scan(); scanner.getTokenOffset() < json.length; scanner.scan()) {
    const start = scanner.getTokenOffset();
    const end = start + scanner.getTokenLength();
    const source = json.slice(start, end);
    const [line, column] = [scanner.getTokenStartLine() + 1, scanner.getTokenStartCharacter() + 1];
    if (isName && source.startsWith('"')) path[path.length - 1] = scanner.getTokenValue();
    if (source === '}' || source === ']') path.pop();
    yield { source, start, end, line, column, path, isName };
    if (source === '{' || source === '[') path.push(source === '{' ? '' : 0);
    const step = path.at(-1);
    if (source === ',' && typeof step === 'number') path[path.length - 1] = step + 1;
    isName = source === '{' || (source === ',' && typeof step === 'string');
  }
}
