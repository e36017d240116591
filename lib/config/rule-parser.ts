import {
  findNodeAtLocation,
  parse,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from 'jsonc-parser';
import type * as z from 'zod';
import type { MappingRule } from '../../lambda/mapping/rule-format';
import { idleTypes } from './idle-types';
import { ruleSchema } from './rule-schema';

// Free of file system and CDK, so that a page in a browser checks rules as a synthesis does.

/** A mistake in the text of a rule file. */
export interface RuleError {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** The path of the key, e.g. `send.properties.value`; absent for what is no JSON. */
  readonly key?: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** Rules, or every mistake; one of the two is empty. */
export interface ParsedRules {
  readonly rules: MappingRule[];
  readonly errors: readonly RuleError[];
  /** What a rule has without an effect. */
  readonly warnings: readonly RuleError[];
}

/**
 * Reads and checks the text of a rule file, which holds one rule or a list of them.
 *
 * @param name what the rules are called, as in a report: the name of the file
 */
export function parseRules(name: string, file: string): ParsedRules {
  // Windows editors put a byte order mark in front.
  const text = file.replace(/^\uFEFF/, '');
  const syntaxErrors: ParseError[] = [];
  const json: unknown = parse(text, syntaxErrors, { disallowComments: true });
  const [syntaxError] = syntaxErrors;
  if (syntaxError !== undefined) {
    const message = `is not JSON: ${sentenceOf(printParseErrorCode(syntaxError.error))}`;
    return { rules: [], errors: [{ ...positionOf(text, syntaxError.offset), message }], warnings: [] };
  }

  const tree = parseTree(text);
  const repeated = tree === undefined ? [] : repeatedKeys(tree);
  if (repeated.length > 0) {
    const message = 'stands here twice; take one out';
    return {
      rules: [],
      errors: repeated.map(({ offset, value }) => ({
        ...positionOf(text, offset),
        key: String(value),
        message,
      })),
      warnings: [],
    };
  }
  const isList = Array.isArray(json);
  const rules: MappingRule[] = [];
  const errors: RuleError[] = [];
  const warnings: RuleError[] = [];
  const candidates: unknown[] = isList ? json : [json];
  candidates.forEach((candidate, index) => {
    const result = ruleSchema.safeParse(candidate);
    const located = ({ path, message, inString }: Problem): RuleError => {
      const full = isList ? [index, ...path] : path;
      const offset = offsetOf(text, tree, full, inString);
      return { ...positionOf(text, offset), key: full.join('.') || 'rule', message };
    };
    if (result.success) {
      const { $schema, ...data } = result.data;
      const rule = { ...data, name: isList ? `${name}[${index}]` : name };
      rules.push(rule);
      for (const type of idleTypes(rule)) {
        const message = 'neither properties nor spread makes a single value of this name; correct the name';
        warnings.push(located({ path: ['types', type], message }));
      }
    } else errors.push(...result.error.issues.flatMap(toProblems).map(located));
  });
  return errors.length === 0 ? { rules, errors, warnings } : { rules: [], errors, warnings };
}

/** What is wrong with the JSON and what to do, by the parser's code. */
const sentences: Readonly<Partial<Record<string, string>>> = {
  PropertyNameExpected: 'a name in double quotes must stand here; if a comma stands before it, take that out',
  ValueExpected: 'a value must stand here; if a comma stands before it, take that out',
  CommaExpected: 'put a comma before this',
  ColonExpected: 'put a colon before this',
  CloseBraceExpected: 'a } is missing here',
  CloseBracketExpected: 'a ] is missing here',
  EndOfFileExpected: 'nothing may follow the rules; take this out',
  InvalidCommentToken: 'take the comment out',
  InvalidSymbol: 'put this word in double quotes',
  UnexpectedEndOfString: 'close this text with a double quote, and write line breaks as \\n',
};

const sentenceOf = (code: string): string => sentences[code] ?? code;

/** Names that stand more than once in an object: the parser would take the last and drop the others. */
function repeatedKeys(node: Node): Node[] {
  const names =
    node.type === 'object' ? (node.children ?? []).flatMap(({ children = [] }) => children[0] ?? []) : [];
  const seen = new Set<unknown>();
  const repeated = names.filter(({ value }: { value?: unknown }) => seen.size === seen.add(value).size);
  return [...repeated, ...(node.children ?? []).flatMap(repeatedKeys)];
}

interface Problem {
  readonly path: (string | number)[];
  readonly message: string;
  /** Where it is in the string under the path, from 0, if it is about a part of it. */
  readonly inString?: number | undefined;
}

function toProblems(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  if (issue.code === 'custom') {
    const offset: unknown = issue.params?.['offset'];
    return [{ path, message: issue.message, inString: typeof offset === 'number' ? offset : undefined }];
  }
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map((key) => ({
    path: [...path, key],
    message: 'unknown key; the JSON Schema config/mapping.schema.json lists the known ones',
  }));
}

/**
 * Where a value stands, or a character of a string; for a value that is missing, where the object stands that should
 * hold it.
 */
function offsetOf(
  text: string,
  tree: Node | undefined,
  path: readonly (string | number)[],
  inString?: number,
): number {
  if (tree === undefined) return 0;
  for (let length = path.length; length > 0; length -= 1) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    if (node === undefined) continue;
    return (
      node.offset + (inString === undefined ? 0 : writtenLength(text.slice(node.offset + 1), inString) + 1)
    );
  }
  return tree.offset;
}

/** How long the first characters of a JSON string are as they are written, with their escapes. */
function writtenLength(json: string, count: number): number {
  const written = /\\u[0-9a-f]{4}|\\.|[^]/gi;
  for (let index = 0; index < count; index += 1) written.exec(json);
  return written.lastIndex;
}

function positionOf(text: string, offset: number): Pick<RuleError, 'line' | 'column'> {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
