import type { SynthesizedTemplate } from './synthesized';

/** A resource in which every `Ref`, `Fn::GetAtt` and `Fn::Join` is replaced by a string. */
export interface Resource<Properties = Record<string, unknown>> {
  readonly logicalId: string;
  readonly Type: string;
  readonly Properties: Properties;
  readonly DependsOn?: string | string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** All resources of a type, or of every type. */
export function resources<Properties = Record<string, unknown>>(
  template: SynthesizedTemplate,
  type?: string,
): Resource<Properties>[] {
  const all = template.toJSON()['Resources'] as Record<string, { Type: string }>;
  return Object.entries(all)
    .filter(([, resource]) => type === undefined || resource.Type === type)
    .map(([logicalId, resource]) => ({
      logicalId,
      ...(asText(resource) as Omit<Resource<Properties>, 'logicalId'>),
    }));
}

/** The only resource of a type whose logical id starts with the given construct path. */
export function resource<Properties = Record<string, unknown>>(
  template: SynthesizedTemplate,
  type: string,
  path = '',
): Resource<Properties> {
  const found = resources<Properties>(template, type).filter(({ logicalId }) => logicalId.startsWith(path));
  expect(found.map(({ logicalId }) => logicalId)).toHaveLength(1);
  return found[0]!;
}

/** The values of the outputs. */
export function outputs(template: SynthesizedTemplate): Record<string, unknown> {
  const all = template.toJSON()['Outputs'] as Record<string, { Value: unknown }>;
  return Object.fromEntries(Object.entries(all).map(([name, { Value }]) => [name, asText(Value)]));
}

/**
 * Replaces `{"Ref": "Queue"}` by `${Queue}`, `Fn::GetAtt` by `${Queue.Arn}`, the third part of their `Fn::Split` by
 * `${Queue.Arn.2}`, and `Fn::Join` by the joined string.
 */
export function asText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(asText);
  const entries = Object.entries(value);
  const [name, argument] = (entries.length === 1 ? entries[0] : undefined) ?? [];
  if (name === 'Ref') return `\${${String(argument)}}`;
  if (name === 'Fn::GetAtt') return `\${${(argument as string[]).join('.')}}`;
  if (name === 'Fn::Select') {
    const [index, { 'Fn::Split': split }] = argument as [number, { 'Fn::Split'?: [string, unknown] }];
    const whole = asText(split?.[1]);
    if (typeof whole === 'string') return whole.replace(/\}$/, `.${index}}`);
  }
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as [string, unknown[]];
    const texts = parts.map(asText);
    if (texts.every((text) => typeof text === 'string')) return texts.join(separator);
  }
  return Object.fromEntries(entries.map(([key, child]) => [key, asText(child)]));
}
