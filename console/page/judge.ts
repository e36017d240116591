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

/** What a person has typed. */
export interface Draft {
  readonly payload: string;
  /** The event name for the URL, not encoded; blank for none. */
  readonly pathEvent: string;
  /** The text of a rule file that stands in for the environment's rules; null while there is no rule to try. */
  readonly rule: string | null;
}

/** What would become of a draft. */
export interface Judgement {
  readonly endpoint: EndpointAnswer;
  /** Without events where the endpoint does not store the payload. */
  readonly report: PreviewReport;
  /** Whose rules judged: the environment's, also while the draft's rule has mistakes. */
  readonly rules: 'environment' | 'draft';
  /** Finds in the payload what the report speaks of. */
  readonly places: Places;
  /** Where a changed property of an event comes from. */
  readonly sourceOf: (event: EventPreview, property: string) => Source | undefined;
  readonly payloadMarks: readonly Mark[];
  readonly ruleMarks: readonly Mark[];
  /** Mistakes of the draft's rule, and what it has without an effect. */
  readonly ruleErrors: readonly RuleError[];
  readonly ruleWarnings: readonly RuleError[];
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
}

/** A place in one of the two texts of a draft. */
export interface Source {
  readonly text: 'payload' | 'rule';
  readonly range: Range;
}

/** What the draft's rule is called in a report. */
const draftRule = 'your rule';

/** More would slow an editor down, and nobody reads them. */
const maxMarks = 200;

/**
 * Judges drafts by the code of `relay preview`.
 *
 * @param appId of the environment; without it none in a payload is compared with it
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
  /** Undefined where there is no rule to try, or none that can be used. */
  readonly mapping: Mapping | undefined;
  readonly errors: readonly RuleError[];
  readonly warnings: readonly RuleError[];
  readonly marks: readonly Mark[];
}

/** @param compile with the rules in place of the environment's */
function triedRule(
  { rule }: Draft,
  compile: (rules: ReturnType<typeof parseRules>['rules']) => Mapping,
): TriedRule {
  if (rule === null || rule.trim() === '') return { mapping: undefined, errors: [], warnings: [], marks: [] };
  const { rules, errors, warnings } = parseRules(draftRule, rule);
  const markOf =
    (severity: Mark['severity']) =>
    ({ line, column, key, message }: RuleError): Mark => ({
      // Positions do not count a byte order mark.
      range: rangeAt(rule.replace(/^\uFEFF/, ' '), line, column),
      severity,
      message: key === undefined ? message : `${key}: ${message}`,
    });
  const marks = [...errors.map(markOf('error')), ...warnings.map(markOf('warning'))].slice(0, maxMarks);
  return { mapping: errors.length === 0 ? compile(rules) : undefined, errors, warnings, marks };
}

/** What a rule makes has the rule's names, which may mean something else in the payload. */
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
