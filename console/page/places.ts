import { findNodeAtLocation, parseTree, type Node } from 'jsonc-parser';
import { decodeMessage, type EventLocation } from '../../lambda/clevertap/decode-message';
import { nameFields } from '../../lambda/clevertap/frame';
import { identityFields } from '../../lambda/contract';
import type { EventPreview } from '../../relay/preview/preview';

/** A part of a text, in UTF-16 code units from 0. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A part of a text with something to say about it. */
export interface Mark {
  readonly range: Range;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
}

/** Groups of an event whose values become properties without the group's name in front. */
const groups = ['properties', 'evtData', 'event_properties', 'profileData', 'key_values', 'payload', 'kvs'];

/** Finds in a payload what a report speaks of. Reads the payload at the first question. */
export class Places {
  private tree: Node | undefined;
  private locations: readonly (EventLocation | undefined)[] | undefined;

  constructor(
    private readonly payload: string,
    private readonly pathEvent: string | undefined,
  ) {}

  /** Where the reason of a rejection is, at best: a position it names, fields it names, else where the event begins. */
  ofReason({ index, reason, detail }: EventPreview): readonly Range[] {
    const position = detail === null ? undefined : this.ofPosition(detail);
    if (position !== undefined) return [position];
    if (reason === null || detail === null) return [];
    const fields = fieldsIn(reason, detail);
    const found = fields.flatMap((name) => this.ofProperty(index, name) ?? []);
    if (found.length > 0) return found;
    const start = this.eventNode(index) ?? this.root();
    return start === undefined ? [] : [{ from: start.offset, to: start.offset + 1 }];
  }

  /**
   * A property of an event with its value.
   *
   * @param path as a change names it: the names from the outermost on, joined with dots
   */
  ofProperty(index: number, path: string): Range | undefined {
    const event = this.eventNode(index);
    const request = this.root();
    for (const node of [event, memberOf(request, 'key_values'), request]) {
      const found = node && inGroups(node, path);
      if (found !== undefined) return rangeOf(found);
    }
    return undefined;
  }

  /** The place that a text names as `line 2 column 3`. */
  ofPosition(detail: string): Range | undefined {
    const [, line, column] = /\bline (\d+) column (\d+)/.exec(detail) ?? [];
    return line === undefined ? undefined : rangeAt(this.payload, Number(line), Number(column));
  }

  /** Where an event begins. */
  ofEvent(index: number): Range | undefined {
    const node = this.eventNode(index);
    return node && { from: node.offset, to: node.offset + 1 };
  }

  private root(): Node | undefined {
    this.tree ??= treeOf(this.payload);
    return this.tree;
  }

  private eventNode(index: number): Node | undefined {
    const root = this.root();
    this.locations ??= locationsIn(this.payload, this.pathEvent);
    const location = this.locations[index];
    if (root === undefined) return undefined;
    if (location?.kind !== 'element') return profileIn(root) ?? root;
    const list = location.key === undefined ? root : findNodeAtLocation(root, [location.key]);
    return list?.children?.[location.index];
  }
}

/**
 * A property in the text of a rule file, by the names from the outermost on, joined with dots.
 *
 * @param name of the rule in a report: `…[2]` for the third of a list
 */
export function placeInRule(text: string, name: string, path: string): Range | undefined {
  const root = treeOf(text);
  const [, index] = /\[(\d+)\]$/.exec(name) ?? [];
  const rule = index === undefined ? root : root?.children?.[Number(index)];
  for (const group of [memberOf(memberOf(rule, 'send'), 'properties'), memberOf(rule, 'userProperties')]) {
    const found = group && under(group, path);
    if (found !== undefined) return rangeOf(found);
  }
  return undefined;
}

/** Undefined for what is no JSON at all; of JSON with mistakes what can be read. */
function treeOf(text: string): Node | undefined {
  try {
    // Of a byte order mark the parser would make an error.
    return parseTree(text.replace(/^\uFEFF/, ' '), [], { disallowComments: true });
  } catch {
    // Nested deeper than the stack allows.
    return undefined;
  }
}

/** A part of a text from a line and a column on, both from 1: a word, a string or at least a character. */
export function rangeAt(text: string, line: number, column: number): Range {
  let start = 0;
  for (let current = 1; current < line; current += 1) {
    const end = text.indexOf('\n', start);
    if (end === -1) break;
    start = end + 1;
  }
  const from = Math.min(start + column - 1, text.length);
  const [token = ''] =
    /^(?:"(?:[^"\\\n]|\\.)*"?|\{\{.*?\}\}|[\w.+-]+|[^\n]?)/.exec(text.slice(from, from + 200)) ?? [];
  return { from, to: from + token.length };
}

/** The fields that a finding names. */
function fieldsIn(reason: NonNullable<EventPreview['reason']>, detail: string): readonly string[] {
  switch (reason) {
    case 'missing_identity':
    case 'placeholder_identity':
    case 'identity_not_exact':
      // As in `identity: a placeholder; email: missing`.
      return detail.split('; ').flatMap((finding) => {
        const [, name, found] = /^(\w+): (.*)$/.exec(finding) ?? [];
        return name === undefined || found === 'missing' ? [] : [name];
      });
    case 'unrendered_template': {
      const [, name] = /^(\w+) still holds a template/.exec(detail) ?? [];
      return name === undefined ? nameFields : [name];
    }
    case 'app_id_mismatch':
      return ['app_id'];
    case 'forbidden_property_name':
      return [detail.slice(detail.lastIndexOf(' ') + 1)];
    default:
      return [];
  }
}

function locationsIn(payload: string, pathEvent: string | undefined): readonly (EventLocation | undefined)[] {
  const decoded = decodeMessage(payload === '' ? '{}' : payload, pathEvent);
  if (decoded.kind !== 'events') return [];
  return decoded.events.map((event) => event.location);
}

/** The profile of a payload that holds one outside of a list. */
function profileIn(root: Node): Node | undefined {
  const profiles = memberOf(root, 'profiles');
  return profiles?.type === 'object' ? profiles : undefined;
}

/** The value of a property of a node, exactly as named, else in any casing. */
const memberOf = (node: Node | undefined, name: string): Node | undefined =>
  propertyOf(node, name)?.children?.[1];

function propertyOf(node: Node | undefined, name: string): Node | undefined {
  if (node?.type !== 'object') return undefined;
  const properties = node.children ?? [];
  const wanted = name.toLowerCase();
  return (
    properties.find((property) => nameOf(property) === name) ??
    properties.find((property) => nameOf(property).toLowerCase() === wanted)
  );
}

const nameOf = (property: Node): string => String(property.children?.[0]?.value);

/** Fields of an event that are no properties, wherever else their names stand. */
const fields: ReadonlySet<string> = new Set([
  ...['app_id', 'timestamp', 'ts', 'idempotency_key', 'event_id', 'message_id'],
  ...[...nameFields, ...identityFields].map((name) => name.toLowerCase()),
]);

/** The property or element of a node under a path: in its groups, as they win, unless it is a field. */
function inGroups(node: Node, path: string): Node | undefined {
  const own = under(node, path);
  if (own !== undefined && fields.has(path.toLowerCase())) return own;
  for (const group of groups) {
    const inner = memberOf(node, group);
    const found = inner?.type === 'object' ? inGroups(inner, path) : undefined;
    if (found !== undefined) return found;
  }
  return own;
}

/** Names may hold dots themselves, so that the longest one that fits is taken first. */
function under(node: Node, path: string): Node | undefined {
  if (node.type === 'array') {
    const [, index = '', rest] = /^(\d+)(?:\.(.*))?$/s.exec(path) ?? [];
    const element = index === '' ? undefined : node.children?.[Number(index)];
    return element === undefined || rest === undefined ? element : under(element, rest);
  }
  const whole = propertyOf(node, path);
  if (whole !== undefined) return whole;
  const outer = (node.children ?? []).filter((property) => path.startsWith(`${nameOf(property)}.`));
  for (const property of outer) {
    const value = property.children?.[1];
    const found = value && under(value, path.slice(nameOf(property).length + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Of a long value the beginning: marking all of it would hide the rest. */
function rangeOf({ offset, length, type, children }: Node): Range {
  const value = type === 'property' ? children?.[1] : undefined;
  const isNested = value !== undefined && (value.type === 'object' || value.type === 'array');
  return { from: offset, to: isNested ? value.offset + 1 : offset + length };
}
