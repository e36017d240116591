import { TypeGuards } from 'liquidjs';
import { isJsonObject } from '../json';

/** Whether a value can tell users or events apart. */
export type IsUsable = (value: unknown) => boolean;

/** Ends a strict template. */
export class UnusableValue extends Error {
  constructor(readonly value: unknown) {
    super('a value that cannot be used');
  }
}

/** A filter whose input is a literal of the template, as in `{{ 'cust-' | append: Profile.nr }}`, ends such a string. */
const literalInput = /(?:\{\{-?|\becho|[^=!<>]=)\s*(?:"[^"]*"|'[^']*'|[\d.]+)\s*\|\s*$/;

/** Filters that take out of a list what is judged when it comes out. */
const picksFromList = /^(?:compact|find|first|last|pop|reject|shift|slice|uniq|where)$/;

/**
 * One rendering of a template, which filters find as the `globals` of their context. Its fields are private because a
 * template could read any other.
 */
export class Rendering {
  #outputs = 0;
  readonly #isUsable: IsUsable;
  readonly #onMissing: (output: number) => void;

  /**
   * @param isUsable what each value must be
   * @param onMissing is told of each output without a value by its number, from 0 in the order of rendering
   */
  constructor(isUsable: IsUsable, onMissing: (output: number) => void) {
    this.#isUsable = isUsable;
    this.#onMissing = onMissing;
  }

  static of({ globals }: { readonly globals: object }): Rendering {
    if (globals instanceof Rendering) return globals;
    throw new TypeError('the globals of a template are its Rendering');
  }

  get hasOutput(): boolean {
    return this.#outputs > 0;
  }

  /** @throws {UnusableValue} */
  output(value: unknown): void {
    if (value === undefined || value === null) this.#onMissing(this.#outputs);
    this.judge(value);
    this.#outputs += 1;
  }

  /**
   * Judges what goes into a filter and is no literal: of a list its elements, and members of objects when they come out.
   *
   * @param filter its arguments as tokens, and where it begins in the template
   * @throws {UnusableValue}
   */
  input(filter: ParsedFilter, value: unknown, args: readonly unknown[]): void {
    const inputs = literalInput.test(filter.input.slice(0, filter.begin)) ? [] : [value];
    for (const [index, arg] of args.entries()) if (!isLiteral(filter.args[index])) inputs.push(arg);
    for (const input of inputs) {
      if (!Array.isArray(input) || input.length === 0) this.judge(input);
      else if (!picksFromList.test(filter.name))
        for (const element of input) if (!isJsonObject(element)) this.judge(element);
    }
  }

  /** @throws {UnusableValue} if a value cannot be used */
  judge(value: unknown): void {
    if (this.#isUsable(value)) return;
    this.#onMissing(this.#outputs);
    throw new UnusableValue(value);
  }
}

interface ParsedFilter {
  readonly name: string;
  readonly input: string;
  readonly begin: number;
  readonly args: readonly unknown[];
}

const isLiteral = (token: unknown): boolean =>
  TypeGuards.isQuotedToken(token) || TypeGuards.isNumberToken(token) || TypeGuards.isLiteralToken(token);
