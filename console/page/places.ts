import { findNodeAtLocation, parseTree, type Node } from 'jsonc-parser';
import { decodeMessage, type EventLocation } from '../../lambda/clevertap/decode-message';
import { nameFields } from '../../lambda/clevertap/frame';
import { identityFields } from '../../lambda/contract';
import type { EventPreview } from '../../relay/preview/preview';

/** A range of a string, in UTF-16 code units from 0. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A range with a message. */
export interface Mark {
  readonly range: Range;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
}

/** Groups of an event. Their values become properties without the name of the group as a prefix. */
const groups = ['properties', 'evtData', 'event_properties', 'profileData', 'key_values', 'payload', 'kvs'];

/** Finds the ranges of a payload that a report refers to. Parses the payload on first use. */
export class Places {
  private tree: Node | undefined;
  private locations: readonly (EventLocation | undefined)[] | undefined;

  constructor(
    private readonly payload: string,
    private readonly pathEvent: string | undefined,
  ) {}

  /** The cause of a rejection: the position or the fields that its detail names, else the start of the event. */
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
   * @param path as in a change: names from the outermost to the innermost, joined with dots
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

  /** The range at the position that a detail names, e.g. `line 2 column 3`. */
  ofPosition(detail: string): Range | undefined {
    const [, line, column] = /\bline (\d+) column (\d+)/.exec(detail) ?? [];
    return line === undefined ? undefined : rangeAt(this.payload, Number(line), Number(column));
  }

  /** The first character of an event. */
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
 * A property in a rule file, by its path: names from the outermost to the innermost, joined with dots.
 *
 * @param name of the rule in a report; `…[2]` is the third rule of a list
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

/** Reads invalid JSON as far as possible. Undefined if nothing can be read. */
function treeOf(text: string): Node | undefined {
  try {
    // The parser would report a byte order mark as an error.
    return parseTree(text.replace(/^\uFEFF/, ' '), [], { disallowComments: true });
  } catch {
    // Nested deeper than the call stack allows.
    return undefined;
  }
}

/** The word, string or character at a line and a column, both from 1. */
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

/** The fields that the detail of a rejection names. */
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

/** The profile of a payload whose `profiles` is an object, not a list. */
function profileIn(root: Node): Node | undefined {
  const profiles = memberOf(root, 'profiles');
  return profiles?.type === 'object' ? profiles : undefined;
}

/** The value of a property. An exact match of the name wins over another case. */
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

/** Fields of an event. They never become properties. */
const fields: ReadonlySet<string> = new Set([
  ...['app_id', 'timestamp', 'ts', 'idempotency_key', 'event_id', 'message_id'],
  ...[...nameFields, ...identityFields].map((name) => name.toLowerCase()),
]);

/** The property or element at a path. Groups win over the node itself, except for fields. */
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

/** A name may contain dots itself, so the whole path is tried as a name first. */
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

/** Only the start of an object or list: marking all of it would hide other marks. */
function rangeOf({ offset, length, type, children }: Node): Range {
  const value = type === 'property' ? children?.[1] : undefined;
  const isNested = value !== undefined && (value.type === 'object' || value.type === 'array');
  return { from: offset, to: isNested ? value.offset + 1 : offset + length };
}
