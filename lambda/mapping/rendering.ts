import { TypeGuards } from 'liquidjs';
import { isJsonObject } from '../json';

/** Ends a strict template. */
export class UnusableValue extends Error {
  constructor(readonly value: unknown) {
    super('a value that cannot be used');
  }
}

type Judge = (value: unknown, isOutput: boolean) => void;

/** One rendering of a template: the `globals` of its context, with a private field because a template reads any other. */
export class Rendering {
  readonly #judge: Judge;

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  static judge({ globals }: { readonly globals: object }, value: unknown, isOutput = false): void {
    if (globals instanceof Rendering) globals.#judge(value, isOutput);
  }
}

/** What stands before a filter whose input is a literal, as in `{{ 'cust-' | append: Profile.nr }}`. */
const literalInput = /(?:\{\{-?|\becho|[^=!<>]=)\s*(?:"[^"]*"|'[^']*'|[\d.]+)\s*\|\s*$/;

/** Filters that take elements of a list as they are. The others make one value of all. */
const pickingFilters = /^(?:compact|find|first|last|pop|reject|shift|slice|uniq|where)$/;

interface FilterToken {
  readonly name: string;
  readonly input: string;
  readonly begin: number;
  readonly args: readonly unknown[];
}

/** What goes into a filter, apart from literals and from objects, whose members are judged when they come out. */
export function inputsOf(filter: FilterToken, value: unknown, args: readonly unknown[]): unknown[] {
  const inputs: unknown[] = literalInput.test(filter.input.slice(0, filter.begin)) ? [] : [value];
  inputs.push(...args.filter((_, index) => !isLiteral(filter.args[index])));
  return inputs.flatMap((input): unknown[] => {
    if (!Array.isArray(input) || input.length === 0) return [input];
    return pickingFilters.test(filter.name) ? [] : input.filter((element) => !isJsonObject(element));
  });
}

const isLiteral = (token: unknown): boolean =>
  TypeGuards.isQuotedToken(token) || TypeGuards.isNumberToken(token) || TypeGuards.isLiteralToken(token);
