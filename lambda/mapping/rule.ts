import type { SourceEvent } from '../clevertap/decode-message';
import { objectField, type JsonObject } from '../json';
import { keyValuesOf, repairName, toName } from './default-mapping';
import type { Draft } from './draft';
import { isRejected } from './findings';
import { chooseId, type ExplicitId } from './idempotency-key';
import { chooseIdentity } from './identity';
import type { IsUsable, LiquidTemplate, ParseTemplate } from './liquid';
import type { MappingRule, PropertyType, scopeNames, SpreadGroup, TemplateJson } from './rule-format';
import { templateObject } from './template-scope';
import { toIso } from './timestamp';

/** JSON whose templates are parsed. */
type CompiledJson =
  | { readonly kind: 'constant'; readonly value: unknown }
  | { readonly kind: 'template'; readonly template: LiquidTemplate }
  | { readonly kind: 'list'; readonly elements: readonly CompiledJson[] }
  | { readonly kind: 'object'; readonly members: CompiledMembers };

type CompiledMembers = readonly (readonly [string, CompiledJson])[];

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
  readonly properties: CompiledMembers;
  readonly types: ReadonlyMap<string, PropertyType>;
  readonly spread: readonly SpreadGroup[];
  readonly userProperties: CompiledMembers | undefined;
}

/** What templates can read of an event, and where their outputs without a value are noted. */
interface EventScope {
  readonly names: Readonly<Record<(typeof scopeNames)[number], JsonObject>>;
  readonly missingOutputs: Set<string>;
}

/** Event names are equal in CleverTap regardless of case and blanks. */
export const normalizeEventName = (name: string): string => name.toLowerCase().replace(/\s+/g, '');

/**
 * Parses the templates of a rule.
 *
 * @param isDenied whether the environment refuses an identity
 * @throws liquidjs's `ParseError` or `TokenizationError` for a broken one
 */
export function compileRule(
  rule: MappingRule,
  parse: ParseTemplate,
  isDenied: (identity: string) => boolean = () => false,
): CompiledRule {
  const compile = (json: TemplateJson | undefined): CompiledJson | undefined =>
    json === undefined ? undefined : compileJson(json, parse);
  const compileStrict = (json: string | undefined, isUsable: IsUsable): CompiledJson | undefined =>
    json === undefined ? undefined : compileJson(json, (template) => parse(template, isUsable));
  const isIdentity: IsUsable = (value) => !isRejected(chooseIdentity([{ from: 'rule', value }], isDenied));
  const isId: IsUsable = (value) => chooseId([{ key: undefined, value }]).id !== undefined;
  const { when, send } = rule;
  return {
    name: rule.name,
    when: {
      event: when.event === undefined ? undefined : normalizeEventName(repairName(when.event)),
      campaign: when.campaign === undefined ? undefined : String(when.campaign),
    },
    appId: compile(send.app_id),
    identity: compileStrict(send.identity, isIdentity),
    event: compile(send.event),
    timestamp: compile(send.timestamp),
    idempotencyKey: compileStrict(send.idempotency_key, isId),
    properties: compileMembers(send.properties ?? {}, parse),
    types: new Map(Object.entries(rule.types ?? {})),
    spread: rule.spread ?? [],
    userProperties: rule.userProperties && compileMembers(rule.userProperties, parse),
  };
}

/**
 * Drafts an event by a rule. A field that the rule does not have comes from the draft of the default mapping; its
 * properties do not.
 *
 * @param receivedAt when the endpoint accepted the message, in milliseconds since 1970
 * @throws {AbortEvent} if the rule leaves the event out, and liquidjs's errors if a template fails
 */
export function draftByRule(
  rule: CompiledRule,
  source: SourceEvent,
  fallback: Draft,
  receivedAt: number,
): Draft {
  const missingOutputs = new Set<string>();
  const scopesOf = (event: SourceEvent): readonly [EventScope, EventScope] => {
    const names: EventScope['names'] = {
      Profile: templateObject(event.profile, objectField(event.profile, 'profileData')),
      Event: templateObject(event.eventProperties),
      KeyValues: templateObject(keyValuesOf(event)),
      // A null is no campaign either: the idempotency key does not tell the two apart.
      Campaign: templateObject({ id: event.campaignId ?? undefined }),
      Received: templateObject({ at: toIso(receivedAt) }),
      Path: templateObject({ event: event.pathEvent }),
      Body: templateObject(event.body ?? {}),
    };
    // The request's key_values are constants of the campaign: as an id they would make all its events one.
    const ownNames = { ...names, KeyValues: templateObject(event.profileKeyValues) };
    return [
      { names, missingOutputs },
      { names: ownNames, missingOutputs },
    ];
  };
  const [scope, idScope] = scopesOf(source);
  const [exact, exactId] = source.exact === undefined ? [] : scopesOf(source.exact);
  const time = rule.timestamp && render(rule.timestamp, scope);
  return {
    rule: rule.name,
    missingOutputs,
    appIds: [rule.appId && render(rule.appId, scope), ...fallback.appIds],
    name: rule.event === undefined ? fallback.name : toName(render(rule.event, scope)),
    identities:
      rule.identity === undefined
        ? fallback.identities
        : [{ from: 'the rule', value: renderExact(rule.identity, scope, exact) }, ...fallback.identities],
    explicitId:
      rule.idempotencyKey === undefined
        ? fallback.explicitId
        : idOfRule(renderExact(rule.idempotencyKey, idScope, exactId), fallback.explicitId),
    time: time === undefined ? fallback.time : time,
    // A rule's own properties win over spread groups.
    properties: [
      { values: renderMembers(rule.properties, scope) },
      ...rule.spread.map((group) => ({
        values: group === 'Event' ? source.eventProperties : keyValuesOf(source),
      })),
    ],
    types: rule.types,
    userProperties: rule.userProperties && renderMembers(rule.userProperties, scope),
  };
}

/** The value of an identity or id; NaN if the exact event makes another one of it, or fails. */
function renderExact(json: CompiledJson, scope: EventScope, exact: EventScope | undefined): unknown {
  const value = render(json, scope);
  // No object is an identity or id, and no two are equal.
  if (exact === undefined || typeof value === 'object') return value;
  try {
    return render(json, exact) === value ? value : NaN;
  } catch {
    return NaN;
  }
}

/** The id that a rule gives. Unusable ids of the event's own are counted all the same. */
function idOfRule(value: unknown, { ignored }: ExplicitId): ExplicitId {
  const chosen = chooseId([{ key: undefined, value }]);
  return { ...chosen, ignored: [...ignored, ...chosen.ignored] };
}

/** The value of compiled JSON for one event. What has no value is left out of objects and lists without a change. */
function render(json: CompiledJson, scope: EventScope): unknown {
  switch (json.kind) {
    case 'constant':
      return json.value;
    case 'template':
      return json.template.render(scope.names, (output) => scope.missingOutputs.add(output));
    case 'list':
      return json.elements.map((element) => render(element, scope)).filter((value) => value !== undefined);
    case 'object':
      return renderMembers(json.members, scope);
  }
}

function renderMembers(members: CompiledMembers, scope: EventScope): JsonObject {
  const entries: [string, unknown][] = [];
  for (const [key, member] of members) {
    const value = render(member, scope);
    if (value !== undefined) entries.push([key, value]);
  }
  return Object.fromEntries(entries);
}

/**
 * Compiles leaf by leaf. A JSON document is never rendered as a whole: a value with a quote in it could then add fields,
 * such as another identity.
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
