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
import { ruleSchema } from '../lambda/mapping/rule-schema';
import type { MappingRule } from '../lambda/mapping/rules';
import { EnvironmentConfigError } from './environment-config';

const directory = join(__dirname, '../config/mappings');

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
      `${file}:${place(text, error.offset)}: is not JSON: ${printParseErrorCode(error.error)}`,
    );
  }

  const tree = parseTree(text);
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
