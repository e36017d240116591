import type { LiquidTemplate, ParseOptions } from './liquid';
import type { MappingRule, PropertyType, SpreadGroup, TemplateJson } from './rules';

/** JSON whose templates are parsed. */
export type CompiledJson =
  | { readonly kind: 'constant'; readonly value: unknown }
  | { readonly kind: 'template'; readonly template: LiquidTemplate }
  | { readonly kind: 'list'; readonly elements: readonly CompiledJson[] }
  | { readonly kind: 'object'; readonly members: CompiledMembers };

/** The members of an object. */
export type CompiledMembers = readonly (readonly [string, CompiledJson])[];

/** Parses a Liquid template. */
export type ParseTemplate = (text: string, options?: ParseOptions) => LiquidTemplate;

/** A rule whose templates are parsed once, so that an event costs only their rendering. */
export interface CompiledRule {
  readonly name: string;
  /** Both must hold when both are given; the name is normalized. */
  readonly when: { readonly event: string | undefined; readonly campaign: string | undefined };
  readonly appId: CompiledJson | undefined;
  readonly identity: CompiledJson | undefined;
  readonly event: CompiledJson | undefined;
  readonly timestamp: CompiledJson | undefined;
  readonly idempotencyKey: CompiledJson | undefined;
  readonly properties: CompiledMembers | undefined;
  readonly types: ReadonlyMap<string, PropertyType>;
  readonly spread: readonly SpreadGroup[];
  readonly userProperties: CompiledMembers | undefined;
}

/** Event names are the same in CleverTap whatever their case and blanks. */
export const normalizeEventName = (name: string): string => name.toLowerCase().replace(/\s+/g, '');

/**
 * Parses the templates of a rule.
 *
 * @throws liquidjs's `ParseError` or `TokenizationError` for a broken one
 */
export function compileRule(rule: MappingRule, parse: ParseTemplate): CompiledRule {
  const compile = (json: TemplateJson | undefined): CompiledJson | undefined =>
    json === undefined ? undefined : compileJson(json, parse);
  const strict: ParseTemplate = (text) => parse(text, { isStrict: true });
  const { when, send } = rule;
  return {
    name: rule.name,
    when: {
      event: when.event === undefined ? undefined : normalizeEventName(when.event),
      campaign: when.campaign === undefined ? undefined : String(when.campaign),
    },
    appId: compile(send.app_id),
    identity: send.identity === undefined ? undefined : compileJson(send.identity, strict),
    event: compile(send.event),
    timestamp: compile(send.timestamp),
    idempotencyKey:
      send.idempotency_key === undefined ? undefined : compileJson(send.idempotency_key, strict),
    properties: send.properties && compileMembers(send.properties, parse),
    types: new Map(Object.entries(rule.types ?? {})),
    spread: rule.spread ?? [],
    userProperties: rule.userProperties && compileMembers(rule.userProperties, parse),
  };
}

/** A campaign's id as text; empty when it has none. */
export const campaignText = (campaignId: unknown): string =>
  typeof campaignId === 'number' || typeof campaignId === 'string' ? String(campaignId).trim() : '';

/** The value of compiled JSON for one event. What has no value is left out of objects and lists, which is no change. */
export function render(json: CompiledJson, scope: object): unknown {
  switch (json.kind) {
    case 'constant':
      return json.value;
    case 'template':
      return json.template.render(scope);
    case 'list':
      return json.elements.map((element) => render(element, scope)).filter((value) => value !== undefined);
    case 'object':
      return Object.fromEntries(renderMembers(json.members, scope));
  }
}

/** The members of compiled JSON that have a value for one event. */
export const renderMembers = (members: CompiledMembers, scope: object): (readonly [string, unknown])[] =>
  members
    .map(([key, member]): readonly [string, unknown] => [key, render(member, scope)])
    .filter(([, value]) => value !== undefined);

/**
 * Compiles leaf by leaf. A JSON document is never rendered as a whole: a value holding a quote could then add
 * fields of its own, such as another identity (F36).
 */
function compileJson(json: TemplateJson, parse: ParseTemplate): CompiledJson {
  if (typeof json === 'string') {
    return /\{[{%]/.test(json)
      ? { kind: 'template', template: parse(json) }
      : { kind: 'constant', value: json };
  }
  if (isList(json)) return { kind: 'list', elements: json.map((element) => compileJson(element, parse)) };
  if (typeof json === 'object' && json !== null)
    return { kind: 'object', members: compileMembers(json, parse) };
  return { kind: 'constant', value: json };
}

const compileMembers = (
  object: Readonly<Record<string, TemplateJson>>,
  parse: ParseTemplate,
): CompiledMembers => Object.entries(object).map(([key, member]) => [key, compileJson(member, parse)]);

const isList = (json: TemplateJson): json is readonly TemplateJson[] => Array.isArray(json);
