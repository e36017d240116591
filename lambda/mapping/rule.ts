import type { SourceEvent } from '../clevertap/decode-message';
import { objectField, type JsonObject } from '../json';
import { keyValuesOf, repairName, toName } from './default-mapping';
import type { Draft } from './draft';
import { isRejected } from './findings';
import { chooseId, type ExplicitId } from './idempotency-key';
import { chooseIdentity } from './identity';
import type { IsUsable, ParseTemplate } from './liquid';
import type { MappingRule, PropertyType, scopeNames, SpreadGroup, TemplateJson } from './rule-format';
import { templateObject } from './template-scope';
import { toIso } from './timestamp';

/** Renders JSON of a rule for one event. Missing values are left out of objects and lists without a recorded change. */
type Renderer = (scope: EventScope) => unknown;
type ObjectRenderer = (scope: EventScope) => JsonObject;

/** A rule whose templates are parsed once, so that an event costs only rendering. */
export interface CompiledRule {
  readonly name: string;
  /** If both are given, both must match. The name is normalized. */
  readonly when: { readonly event: string | undefined; readonly campaign: string | undefined };
  readonly appId: Renderer | undefined;
  readonly identity: Renderer | undefined;
  readonly event: Renderer | undefined;
  readonly timestamp: Renderer | undefined;
  readonly idempotencyKey: Renderer | undefined;
  readonly properties: ObjectRenderer;
  readonly types: ReadonlyMap<string, PropertyType>;
  readonly spread: readonly SpreadGroup[];
  readonly userProperties: ObjectRenderer | undefined;
}

/** What templates can read of an event, and where outputs without a value are recorded. */
interface EventScope {
  readonly names: Readonly<Record<(typeof scopeNames)[number], JsonObject>>;
  readonly missingOutputs: Set<string>;
}

/** CleverTap ignores case and blanks in event names. */
export const normalizeEventName = (name: string): string => name.toLowerCase().replace(/\s+/g, '');

/**
 * Parses the templates of a rule.
 *
 * @param isDenied whether the environment denies an identity
 * @throws liquidjs's `ParseError` or `TokenizationError` for a broken template
 */
export function compileRule(
  rule: MappingRule,
  parse: ParseTemplate,
  isDenied: (identity: string) => boolean = () => false,
): CompiledRule {
  const compile = (json: TemplateJson | undefined): Renderer | undefined =>
    json === undefined ? undefined : compileJson(json, parse);
  const compileStrict = (json: string | undefined, isUsable: IsUsable): Renderer | undefined =>
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
 * Drafts an event by a rule. A field that the rule omits comes from the default mapping's draft, except properties.
 *
 * @param receivedAt when the endpoint accepted the message, in milliseconds since 1970
 * @throws {AbortEvent} if the rule aborts the event, and liquidjs's errors if a template fails
 */
export function draftByRule(
  rule: CompiledRule,
  source: SourceEvent,
  fallback: Draft,
  receivedAt: number,
): Draft {
  const missingOutputs = new Set<string>();
  const scopeOf = (event: SourceEvent, keyValues = keyValuesOf(event)): EventScope => ({
    names: {
      Profile: templateObject(event.profile, objectField(event.profile, 'profileData')),
      Event: templateObject(event.eventProperties),
      KeyValues: templateObject(keyValues),
      // Null means no campaign either: the idempotency key does not tell the two apart.
      Campaign: templateObject({ id: event.campaignId ?? undefined }),
      Received: templateObject({ at: toIso(receivedAt) }),
      Path: templateObject({ event: event.pathEvent }),
      Body: templateObject(event.body ?? {}),
    },
    missingOutputs,
  });
  // The request's key_values are constants of the campaign: an id among them would make all its events one.
  const idScopeOf = (event: SourceEvent): EventScope => scopeOf(event, event.profileKeyValues);
  const { exact } = source;
  const scope = scopeOf(source);
  const time = rule.timestamp?.(scope);
  return {
    rule: rule.name,
    missingOutputs,
    appIds: [rule.appId?.(scope), ...fallback.appIds],
    name: rule.event === undefined ? fallback.name : toName(rule.event(scope)),
    identities:
      rule.identity === undefined
        ? fallback.identities
        : [
            { from: 'the rule', value: renderExact(rule.identity, scope, exact && scopeOf(exact)) },
            ...fallback.identities,
          ],
    explicitId:
      rule.idempotencyKey === undefined
        ? fallback.explicitId
        : idOfRule(
            renderExact(rule.idempotencyKey, idScopeOf(source), exact && idScopeOf(exact)),
            fallback.explicitId,
          ),
    time: time === undefined ? fallback.time : time,
    // A rule's own properties win over spread groups.
    properties: [
      { values: rule.properties(scope) },
      ...rule.spread.map((group) => ({
        values: group === 'Event' ? source.eventProperties : keyValuesOf(source),
      })),
    ],
    types: rule.types,
    userProperties: rule.userProperties?.(scope),
  };
}

/** The value of an identity or id; NaN if the exact event renders another value, or fails. */
function renderExact(render: Renderer, scope: EventScope, exact: EventScope | undefined): unknown {
  const value = render(scope);
  // An object is neither an identity nor an id, and no two are equal.
  if (exact === undefined || typeof value === 'object') return value;
  try {
    return render(exact) === value ? value : NaN;
  } catch {
    return NaN;
  }
}

/** The id that a rule sets. Unusable ids of the event itself still count as ignored. */
function idOfRule(value: unknown, { ignored }: ExplicitId): ExplicitId {
  const chosen = chooseId([{ key: undefined, value }]);
  return { ...chosen, ignored: [...ignored, ...chosen.ignored] };
}

/**
 * Compiles leaf by leaf. A JSON document is never rendered as a whole, because a value with a quote in it could then
 * add fields, such as another identity.
 */
function compileJson(json: TemplateJson, parse: ParseTemplate): Renderer {
  if (typeof json === 'string' && /\{[{%]/.test(json)) {
    const template = parse(json);
    return ({ names, missingOutputs }) => template.render(names, (output) => missingOutputs.add(output));
  }
  if (isList(json)) {
    const elements = json.map((element) => compileJson(element, parse));
    return (scope) => elements.map((render) => render(scope)).filter((value) => value !== undefined);
  }
  return typeof json === 'object' && json !== null ? compileMembers(json, parse) : () => json;
}

function compileMembers(
  object: Readonly<Record<string, TemplateJson>>,
  parse: ParseTemplate,
): ObjectRenderer {
  const members = Object.entries(object).map(([key, json]) => ({ key, render: compileJson(json, parse) }));
  return (scope) =>
    Object.fromEntries(
      members
        .map(({ key, render }): [string, unknown] => [key, render(scope)])
        .filter(([, value]) => value !== undefined),
    );
}

const isList = (json: TemplateJson): json is readonly TemplateJson[] => Array.isArray(json);
