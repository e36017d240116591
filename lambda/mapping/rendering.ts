import { Drop } from 'liquidjs';
import { isJsonObject } from '../json';

/** Ends the rendering of a strict template. */
export class UnusableValue extends Error {
  constructor(readonly value: unknown) {
    super('a value that cannot be used');
  }
}

/** One rendering of a template, passed as its `globals`. The field is private because a template can read any other. */
export class Rendering {
  readonly #judge: (value: unknown, isOutput: boolean) => void;

  constructor(judge: (value: unknown, isOutput: boolean) => void) {
    this.#judge = judge;
  }

  static judge({ globals }: { readonly globals: object }, value: unknown, isOutput = false): void {
    if (globals instanceof Rendering) globals.#judge(value, isOutput);
  }
}

/** A literal in a strict template, or a string made only of literals. It was not sent, so it is not judged. */
export class Literal extends Drop {
  constructor(
    private readonly value: unknown,
    readonly size = String(value).length,
  ) {
    super();
  }

  override valueOf(): unknown {
    return this.value;
  }
}

/** Literals at the start of an output, an "echo" or an "assign", and captured text without an output. */
const firstLiteral =
  /((?:\{\{|(?:\{%|\n)-?\s*(?:liquid\s+)?(?:echo\b|assign\s[^=]*=))-?\s*)("[^"]*"|'[^']*'|[\d.]+)(?=[^\S\n]*(?:\||\n|-?[}%]\}))/g;
const capturedText = /\{%\s*capture\s+(\w+)\s*%\}([^{"\\]*)\{%\s*endcapture\s*%\}/g;

/** Adds the filter "literal" to them, which makes a `Literal`. Synthesis rejects this filter in a rule. */
export const markLiterals = (template: string): string =>
  template.replace(capturedText, '{% assign $1 = "$2" %}').replace(firstLiteral, '$1$2 | literal');

/** Filters that pick elements of a list unchanged. The others make one value of all. */
const pickingFilters = /^(?:compact|find|first|last|pop|reject|shift|slice|uniq|where)$/;

/** Filters that pass objects on, or read a member of each, which is judged when it comes out. */
const memberFilters =
  /^(?:concat|find_index|group_by|has|map|push|reverse|size|sort|sort_natural|sum|unshift)$/;

/** The parts of a filter's input to judge: the elements of a list, except pieces of a string that was judged whole. */
export function judgedParts(filter: string, input: unknown, pieces: WeakSet<object>): unknown[] {
  if (!Array.isArray(input) || input.length === 0) return [input];
  if (pickingFilters.test(filter) || pieces.has(input)) return [];
  return memberFilters.test(filter) ? input.filter((element) => !isJsonObject(element)) : input;
}
