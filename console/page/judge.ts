import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { createLiquid } from '../../lambda/mapping/liquid';
import { compileMapping, type Mapping } from '../../lambda/mapping/mapping';
import { parseRules, type RuleError } from '../../lib/config/rule-parser';
import { endpointAnswer, type EndpointAnswer } from '../../relay/preview/endpoint-answer';
import { previewPayload, type EventPreview, type PreviewReport } from '../../relay/preview/preview';
import { meanings } from '../../relay/preview/change-meanings';
import type { PageSettings } from '../wire';
import { placeInRule, Places, rangeAt, type Mark, type Range } from './places';

/** What the user has typed. */
export interface Draft {
  readonly payload: string;
  /** The event name for the URL, not encoded; blank for none. */
  readonly pathEvent: string;
  /** A rule file to try in place of the environment's rules. Null if there is none. */
  readonly rule: string | null;
}

/** What would happen to a draft. */
export interface Judgement {
  readonly endpoint: EndpointAnswer;
  /** Has no events if the endpoint does not store the payload. */
  readonly report: PreviewReport;
  /** Whose rules were applied. A draft's rule with errors is not. */
  readonly rules: 'environment' | 'draft';
  /** Finds the ranges of the payload that the report refers to. */
  readonly places: Places;
  /** The source of a changed property of an event. */
  readonly sourceOf: (event: EventPreview, property: string) => Source | undefined;
  readonly payloadMarks: readonly Mark[];
  readonly ruleMarks: readonly Mark[];
  /** Errors in the draft's rule. Warnings are about parts without effect. */
  readonly ruleErrors: readonly RuleError[];
  readonly ruleWarnings: readonly RuleError[];
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
}

/** A range in the payload or the rule of a draft. */
export interface Source {
  readonly text: 'payload' | 'rule';
  readonly range: Range;
}

/** The name of the draft's rule in a report. */
const draftRule = 'your rule';

/** More marks would slow the editor down. */
const maxMarks = 200;

/**
 * Judges drafts with the code of `relay preview`.
 *
 * @param appId of the environment; without it, an app id in a payload is not checked
 */
export function createJudge(settings: PageSettings, appId?: string): (draft: Draft) => Judgement {
  const { parse } = createLiquid();
  const ofEnvironment = compileMapping(settings.mapping, parse);
  return (draft) => {
    const startedAt = performance.now();
    const { payload, pathEvent } = draft;
    const tried = triedRule(draft, (rules) => compileMapping({ ...settings.mapping, rules }, parse));
    const name = pathEvent === '' ? undefined : pathEvent;
    const endpoint = endpointAnswer(utf8ToBytes(payload), encodeURIComponent(pathEvent.toWellFormed()));
    const report: PreviewReport =
      endpoint.status === 200
        ? previewPayload(payload, name, {
            appId,
            receivedAt: Date.now(),
            requestId: 'preview',
            identityOrder: settings.identityOrder,
            dedupeWindowMs: settings.dedupeWindowMinutes * 60_000,
            mapping: tried.mapping ?? ofEnvironment,
            sha256: (value) => bytesToHex(sha256(utf8ToBytes(value))),
          })
        : { events: [], requests: [] };
    const places = new Places(payload, name);
    const sourceOf = sourcesIn(draft, places);
    return {
      endpoint,
      report,
      rules: tried.mapping === undefined ? 'environment' : 'draft',
      places,
      sourceOf,
      payloadMarks: payloadMarks(endpoint, report, places, sourceOf),
      ruleMarks: tried.marks,
      ruleErrors: tried.errors,
      ruleWarnings: tried.warnings,
      milliseconds: performance.now() - startedAt,
    };
  };
}

interface TriedRule {
  /** Undefined if there is no rule to try, or if it has errors. */
  readonly mapping: Mapping | undefined;
  readonly errors: readonly RuleError[];
  readonly warnings: readonly RuleError[];
  readonly marks: readonly Mark[];
}

/** @param compile compiles the mapping with these rules in place of the environment's */
function triedRule(
  { rule }: Draft,
  compile: (rules: ReturnType<typeof parseRules>['rules']) => Mapping,
): TriedRule {
  if (rule === null || rule.trim() === '') return { mapping: undefined, errors: [], warnings: [], marks: [] };
  const { rules, errors, warnings } = parseRules(draftRule, rule);
  const markOf =
    (severity: Mark['severity']) =>
    ({ line, column, key, message }: RuleError): Mark => ({
      // Positions ignore a byte order mark.
      range: rangeAt(rule.replace(/^\uFEFF/, ' '), line, column),
      severity,
      message: key === undefined ? message : `${key}: ${message}`,
    });
  const marks = [...errors.map(markOf('error')), ...warnings.map(markOf('warning'))].slice(0, maxMarks);
  return { mapping: errors.length === 0 ? compile(rules) : undefined, errors, warnings, marks };
}

/** A rule names its own outputs, so their source is the rule. The payload may use the same name differently. */
const sourcesIn =
  ({ rule: text }: Draft, places: Places): Judgement['sourceOf'] =>
  ({ index, rule }, property) => {
    const isDraft = rule?.startsWith(draftRule) === true && text !== null;
    const range = isDraft ? placeInRule(text, rule, property) : undefined;
    if (range !== undefined) return { text: 'rule', range };
    const inPayload = rule === null ? places.ofProperty(index, property) : undefined;
    return inPayload && { text: 'payload', range: inPayload };
  };

function payloadMarks(
  { status, detail }: EndpointAnswer,
  { events }: PreviewReport,
  places: Places,
  sourceOf: Judgement['sourceOf'],
): readonly Mark[] {
  const marks: Mark[] = [];
  if (detail !== null) {
    const range = places.ofPosition(detail);
    const severity = status === 200 ? 'warning' : 'error';
    if (range !== undefined) marks.push({ range, severity, message: detail });
  }
  for (const event of events) {
    if (marks.length >= maxMarks) break;
    if (event.reason !== null) {
      const message = event.detail ?? event.reason;
      for (const range of places.ofReason(event)) marks.push({ range, severity: 'error', message });
    }
    for (const { change, property } of event.changes) {
      const source = property === null ? undefined : sourceOf(event, property);
      if (source?.text === 'payload')
        marks.push({ range: source.range, severity: 'info', message: meanings[change] });
    }
  }
  return marks.slice(0, maxMarks);
}
