import { Drop } from 'liquidjs';
import { isJsonObject } from '../json';

/** Ends a strict template. */
export class UnusableValue extends Error {
  constructor(readonly value: unknown) {
    super('a value that cannot be used');
  }
}

/** One rendering of a template: the `globals` of its context, with a private field because a template reads any other. */
export class Rendering {
  readonly #judge: (value: unknown, isOutput: boolean) => void;

  constructor(judge: (value: unknown, isOutput: boolean) => void) {
    this.#judge = judge;
  }

  static judge({ globals }: { readonly globals: object }, value: unknown, isOutput = false): void {
    if (globals instanceof Rendering) globals.#judge(value, isOutput);
  }
}

/** A literal of a strict template, or a string made of such alone: nobody sent it, so it is not judged. */
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

/** Literals that an output, an "echo" or an "assign" begins with, and captured text without an output. */
const firstLiteral =
  /((?:\{\{|(?:\{%|\n)-?\s*(?:liquid\s+)?(?:echo\b|assign\s[^=]*=))-?\s*)("[^"]*"|'[^']*'|[\d.]+)(?=[^\S\n]*(?:\||\n|-?[}%]\}))/g;
const capturedText = /\{%\s*capture\s+(\w+)\s*%\}([^{"\\]*)\{%\s*endcapture\s*%\}/g;

/** Gives them the filter "literal", which makes a `Literal`. Rules cannot have it: the synth does not know it. */
export const markLiterals = (template: string): string =>
  template.replace(capturedText, '{% assign $1 = "$2" %}').replace(firstLiteral, '$1$2 | literal');

/** Filters that take elements of a list as they are. The others make one value of all. */
const pickingFilters = /^(?:compact|find|first|last|pop|reject|shift|slice|uniq|where)$/;

/** Filters that hand objects on, or read a member of each, which is judged when it comes out. */
const memberFilters =
  /^(?:concat|find_index|group_by|has|map|push|reverse|size|sort|sort_natural|sum|unshift)$/;

/** What is to be judged of what goes into a filter: of a list its elements, but for pieces of what was judged whole. */
export function judgedParts(filter: string, input: unknown, pieces: WeakSet<object>): unknown[] {
  if (!Array.isArray(input) || input.length === 0) return [input];
  if (pickingFilters.test(filter) || pieces.has(input)) return [];
  return memberFilters.test(filter) ? input.filter((element) => !isJsonObject(element)) : input;
}
