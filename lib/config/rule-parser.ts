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

// Free of the file system and of CDK, so that the browser page runs the same checks as the synthesis.

/** A mistake in a rule file. */
export interface RuleError {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  /** Path of the key, e.g. `send.properties.value`; absent for a JSON syntax error. */
  readonly key?: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** Rules, or every mistake; one of the two lists is empty. */
export interface ParsedRules {
  readonly rules: MappingRule[];
  readonly errors: readonly RuleError[];
  /** Parts of a rule that have no effect. */
  readonly warnings: readonly RuleError[];
}

/**
 * Parses and checks a rule file, which holds one rule or a list of rules.
 *
 * @param name name of the rules in reports: the name of the file
 */
export function parseRules(name: string, file: string): ParsedRules {
  // Windows editors may add a byte order mark.
  const text = file.replace(/^\uFEFF/, '');
  const syntaxErrors: ParseError[] = [];
  const json: unknown = parse(text, syntaxErrors, { disallowComments: true });
  const [syntaxError] = syntaxErrors;
  if (syntaxError !== undefined) {
    const message = `invalid JSON: ${sentenceOf(printParseErrorCode(syntaxError.error))}`;
    return { rules: [], errors: [{ ...positionOf(text, syntaxError.offset), message }], warnings: [] };
  }

  const tree = parseTree(text);
  const repeated = tree === undefined ? [] : repeatedKeys(tree);
  if (repeated.length > 0) {
    const message = 'duplicate key; remove one';
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
        const message = 'no property or spread group produces a single value of this name; correct the name';
        warnings.push(located({ path: ['types', type], message }));
      }
    } else errors.push(...result.error.issues.flatMap(toProblems).map(located));
  });
  return errors.length === 0 ? { rules, errors, warnings } : { rules: [], errors, warnings };
}

/** What to do about a JSON syntax error, by the parser's error code. */
const sentences: Readonly<Partial<Record<string, string>>> = {
  PropertyNameExpected: 'expected a name in double quotes; remove a trailing comma',
  ValueExpected: 'expected a value; remove a trailing comma',
  CommaExpected: 'add a comma before this',
  ColonExpected: 'add a colon before this',
  CloseBraceExpected: 'expected }',
  CloseBracketExpected: 'expected ]',
  EndOfFileExpected: 'remove what follows the rules',
  InvalidCommentToken: 'remove the comment',
  InvalidSymbol: 'put this word in double quotes',
  UnexpectedEndOfString: 'close this string with a double quote, and write line breaks as \\n',
};

const sentenceOf = (code: string): string => sentences[code] ?? code;

/** Duplicate keys of an object: the parser would keep only the last. */
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
  /** Offset within the string under the path, 0-based, if only a part of it is wrong. */
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
    message: 'unknown key; the JSON Schema mapping.schema.json lists the known ones',
  }));
}

/**
 * Offset of a value, or of a character in a string. For a missing value, the offset of its parent object.
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

/** The written length of a JSON string's first characters, with their escapes. */
function writtenLength(json: string, count: number): number {
  const written = /\\u[0-9a-f]{4}|\\.|[^]/gi;
  for (let index = 0; index < count; index += 1) written.exec(json);
  return written.lastIndex;
}

function positionOf(text: string, offset: number): Pick<RuleError, 'line' | 'column'> {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
