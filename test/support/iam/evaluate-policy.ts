import { BlockList, isIPv6 } from 'node:net';

/** A policy as IAM reads it, with full ARNs. */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Statement: readonly Statement[];
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  /** Absent in a role's trust policy, which applies to that role. */
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** The caller: an AWS service or an identity of the account. */
export type Principal = { readonly service: string } | { readonly identity: string };

export interface Request {
  readonly principal: Principal;
  /** The IAM name of the action, e.g. `sqs:SendMessage`. */
  readonly action: string;
  /** The ARN that IAM checks the action against; `*` for an action without resources. */
  readonly resource: string;
  /** The condition keys of the request. */
  readonly context: Readonly<Record<string, string>>;
}

export type Decision = 'allowed' | 'denied' | 'explicitly denied';

/**
 * IAM's decision within one account: any deny wins. Otherwise one allow is enough, in a policy of the identity or of
 * the resource ("Policy evaluation logic", IAM User Guide).
 *
 * Supports the part of the policy language that the templates use.
 *
 * @throws an error naming anything unsupported, since a wrong decision would prove nothing
 */
export function decide(request: Request, policies: readonly PolicyDocument[]): Decision {
  const effects = policies
    .flatMap(({ Version, Statement: statements }) => {
      if (Version !== undefined && Version !== '2012-10-17') unknown('version', Version);
      return statements;
    })
    .filter((statement) => applies(statement, request))
    .map(({ Effect }) => Effect);
  if (effects.includes('Deny')) return 'explicitly denied';
  return effects.includes('Allow') ? 'allowed' : 'denied';
}

const knownElements = new Set(['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition']);

/** Reads everything before comparing, so that unsupported syntax cannot hide behind a mismatch. */
function applies(statement: Statement, request: Request): boolean {
  for (const element of Object.keys(statement)) {
    if (!knownElements.has(element)) unknown('element', element);
  }
  if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') unknown('effect', statement.Effect);
  const { Principal: principal, Action, Resource: resource, Condition = {} } = statement;
  const matches = [
    principal === undefined || principalMatches(principal, request.principal),
    listOf(Action).map((pattern) => actionMatches(pattern, request.action)),
    resource === undefined || listOf(resource).map((pattern) => resourceMatches(pattern, request.resource)),
    ...Object.entries(Condition).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => conditionHolds(operator, key, listOf(values), request)),
    ),
  ];
  return matches.every((match) => (typeof match === 'boolean' ? match : match.includes(true)));
}

function principalMatches(principal: unknown, asking: Principal): boolean {
  if (principal === '*') return true;
  if (typeof principal !== 'object' || principal === null) return unknown('principal', principal);
  return Object.entries(principal as Record<string, string | string[]>)
    .flatMap(([kind, names]) => listOf(names).map((name) => [kind, name] as const))
    .map(([kind, name]) => {
      if (kind === 'AWS' && name === '*') return true;
      if (kind === 'Service' && /^[a-z.-]+$/.test(name))
        return 'service' in asking && asking.service === name;
      return unknown('principal', `${kind} ${name}`);
    })
    .includes(true);
}

/** IAM matches actions case-insensitively. */
function actionMatches(pattern: string, action: string): boolean {
  if (pattern === '*') return true;
  const [, service, name] = /^([a-z0-9-]+):([A-Za-z]+|\*)$/.exec(pattern) ?? unknown('action', pattern);
  const [askedService] = action.split(':');
  return name === '*' ? service === askedService : pattern.toLowerCase() === action.toLowerCase();
}

function resourceMatches(pattern: string, resource: string): boolean {
  if (pattern === '*') return true;
  return arnMatches(pattern, resource);
}

/**
 * Supports a wildcard only at the end of an ARN. It matches anything there, including colons, within the resource
 * part.
 */
function arnMatches(pattern: string, arn: string): boolean {
  if (!/^arn:[^:*?$]+:[^:*?$]+:[^:*?$]*:[^:*?$]*:[^*?$]+\*?$/.test(pattern)) return unknown('ARN', pattern);
  return pattern.endsWith('*') ? arn.startsWith(pattern.slice(0, -1)) : arn === pattern;
}

function conditionHolds(
  operator: string,
  key: string,
  values: readonly string[],
  { context }: Request,
): boolean {
  const value = context[key];
  switch (operator) {
    case 'Bool':
    case 'StringEquals':
      return value !== undefined && values.includes(value);
    case 'ArnLike':
      return values.map((pattern) => arnMatches(pattern, value ?? '')).includes(true);
    case 'NotIpAddress': {
      // A negated condition is true if the key is missing.
      return value === undefined || !values.map((cidr) => addressIsIn(cidr, value)).includes(true);
    }
    default:
      return unknown('condition operator', operator);
  }
}

function addressIsIn(cidr: string, address: string): boolean {
  const [network = '', bits] = cidr.split('/');
  const family = isIPv6(network) ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(network, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

const listOf = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T];

function unknown(what: string, value: unknown): never {
  throw new Error(`this evaluator does not support the ${what} ${JSON.stringify(value)}`);
}
