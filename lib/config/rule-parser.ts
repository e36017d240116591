import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  findNodeAtLocation,
  parse,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from 'jsonc-parser';
import * as z from 'zod';
import { ruleSchema } from './rule-schema';
import type { MappingRule, MappingSettings } from '../../lambda/mapping/rules';
import { EnvironmentConfigError, type EnvironmentConfig } from './environment-config';

const directory = join(__dirname, '../../config/mappings');

/**
 * What the function of an environment needs to map events.
 *
 * @throws {EnvironmentConfigError} naming every mistake in its rule files
 */
export const mappingOf = ({ mappings, campaigns, deniedIdentities }: EnvironmentConfig): MappingSettings => ({
  rules: readMappingRules(mappings),
  campaigns,
  deniedIdentities,
});

/**
 * Reads rule files of `config/mappings/`, in the order of their names: the first rule that matches applies.
 *
 * @param names file names without `.json`, as an environment's `mappings` lists them
 * @throws {EnvironmentConfigError} naming file, line, column and key of every mistake
 */
export function readMappingRules(names: readonly string[]): MappingRule[] {
  return names.flatMap((name) => {
    const file = `config/mappings/${name}.json`;
    let text: string;
    try {
      text = readFileSync(join(directory, `${name}.json`), 'utf8');
    } catch {
      throw new EnvironmentConfigError(
        `${file}: cannot be read; mappings must list files of config/mappings/`,
      );
    }
    return parseMappingRules(file, name, text);
  });
}

/**
 * Checks the text of a rule file, which holds one rule or a list of them.
 *
 * @param file for the messages, e.g. `config/mappings/purchase.json`
 * @throws {EnvironmentConfigError} naming every mistake with line, column and key
 */
export function parseMappingRules(file: string, name: string, text: string): MappingRule[] {
  const errors: ParseError[] = [];
  const json: unknown = parse(text, errors, { disallowComments: true });
  const [error] = errors;
  if (error !== undefined) {
    throw new EnvironmentConfigError(
      `${file}:${place(text, error.offset)}: is not JSON: ${sentenceOf(printParseErrorCode(error.error))}`,
    );
  }

  const tree = parseTree(text);
  const repeated = tree && repeatedKeys(tree);
  if (repeated !== undefined && repeated.length > 0) {
    const lines = repeated.map(
      ({ offset, value }) =>
        `${file}:${place(text, offset)}: ${String(value)}: stands here twice; take one out`,
    );
    throw new EnvironmentConfigError(lines.join('\n'));
  }
  const isList = Array.isArray(json);
  const rules: MappingRule[] = [];
  const problems: string[] = [];
  const candidates: unknown[] = isList ? json : [json];
  candidates.forEach((candidate, index) => {
    const result = ruleSchema.safeParse(candidate);
    if (result.success) {
      const { $schema, ...rule } = result.data;
      rules.push({ ...rule, name: isList ? `${name}[${index}]` : name });
      return;
    }
    for (const issue of result.error.issues) {
      for (const { path, message } of toProblems(issue)) {
        const full = isList ? [index, ...path] : path;
        problems.push(
          `${file}:${place(text, offsetOf(tree, full))}: ${full.join('.') || 'rule'}: ${message}`,
        );
      }
    }
  });
  if (problems.length > 0) throw new EnvironmentConfigError(problems.join('\n'));
  return rules;
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
}

function toProblems(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map((key) => ({
    path: [...path, key],
    message: 'unknown key; the JSON Schema config/mapping.schema.json lists the known ones',
  }));
}

/** Where a value stands; for one that is missing, where the object stands that should hold it. */
function offsetOf(tree: Node | undefined, path: readonly (string | number)[]): number {
  if (tree === undefined) return 0;
  for (let length = path.length; length > 0; length -= 1) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    if (node !== undefined) return node.offset;
  }
  return tree.offset;
}

/** Line and column, both from 1. */
function place(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** The JSON Schema of a rule file, as the text of `config/mapping.schema.json`. */
export function mappingJsonSchema(): string {
  const schema = z.toJSONSchema(z.union([ruleSchema, z.array(ruleSchema)]), { io: 'input', reused: 'ref' });
  return `${JSON.stringify({ title: 'Mapping rules of clevertap-to-heap', ...schema }, null, 2)}\n`;
}
