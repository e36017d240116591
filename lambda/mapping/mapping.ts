import { isJsonObject } from '../json';
import type { ParseTemplate } from './liquid';
import { compileRule, normalizeEventName, type CompiledRule } from './rule';
import type { MappingSettings } from './rule-format';

/** An environment's mapping, compiled. */
export interface Mapping {
  /** The first rule that matches; undefined if the default mapping applies. A missing name or campaign is blank. */
  readonly ruleFor: (eventName: string, campaignId: string) => CompiledRule | undefined;
  /** Event names by `targetId`. */
  readonly campaigns: ReadonlyMap<string, string>;
  /** Whether the environment denies an identity that is not a built-in placeholder. */
  readonly isDenied: (identity: string) => boolean;
}

/**
 * @param parse parses a Liquid template; never called without rules
 * @throws liquidjs's errors for a broken template, which synthesis rejects before any deployment
 */
export function compileMapping(
  { rules, campaigns, deniedIdentities }: MappingSettings,
  parse: ParseTemplate,
): Mapping {
  const denied = deniedIdentities.map((pattern) => pattern.trim().toLowerCase().split('*'));
  const isDenied = (identity: string): boolean =>
    denied.some((parts) => consistsOf(parts, identity.toLowerCase()));
  const compiled = rules.map((rule) => compileRule(rule, parse, isDenied));
  return {
    ruleFor: (eventName, campaignId) => {
      if (compiled.length === 0) return undefined;
      const event = normalizeEventName(eventName);
      return compiled.find(
        ({ when }) =>
          (when.event === undefined || when.event === event) &&
          (when.campaign === undefined || when.campaign === campaignId),
      );
    },
    campaigns: new Map(Object.entries(campaigns)),
    isDenied,
  };
}

/**
 * Reads `mapping.json`. It was validated when it was written, so only its outline is checked here.
 *
 * @throws if it is not a mapping, because the function was not bundled by this app
 */
export function readMapping(json: string): MappingSettings {
  const settings: unknown = JSON.parse(json);
  if (isMappingSettings(settings)) return settings;
  throw new Error('mapping.json must hold rules, campaigns and deniedIdentities');
}

const isMappingSettings = (value: unknown): value is MappingSettings =>
  isJsonObject(value) &&
  Array.isArray(value['rules']) &&
  isJsonObject(value['campaigns']) &&
  Array.isArray(value['deniedIdentities']);

/** The template parser if there are no rules. */
export const unexpectedTemplate = (): never => {
  throw new Error('cannot parse a template: the mapping has no rules');
};

/** Whether a string consists of these parts with anything between them. A regular expression could take minutes. */
function consistsOf([first = '', ...parts]: readonly string[], value: string): boolean {
  const last = parts.pop();
  if (last === undefined) return value === first;
  let position = first.length;
  for (const part of parts) {
    const found = value.indexOf(part, position);
    if (found === -1) return false;
    position = found + part.length;
  }
  return value.startsWith(first) && value.endsWith(last) && position + last.length <= value.length;
}
