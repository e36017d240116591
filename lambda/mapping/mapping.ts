import { isJsonObject } from '../json';
import {
  campaignText,
  compileRule,
  normalizeEventName,
  type CompiledRule,
  type ParseTemplate,
} from './compile-rules';
import type { MappingSettings } from './rules';

/** An environment's mapping, ready for events. */
export interface Mapping {
  /** The first rule that matches; undefined: the default mapping applies. */
  readonly ruleFor: (eventName: string | undefined, campaignId: unknown) => CompiledRule | undefined;
  /** Event names by `targetId`. */
  readonly campaigns: ReadonlyMap<string, string>;
  /** Whether the environment refuses an identity besides the built-in placeholders. */
  readonly isDenied: (identity: string) => boolean;
}

/**
 * @param parse parses a Liquid template; never called when there are no rules
 * @throws liquidjs's errors for a broken template; a deployment has none, since they fail its synthesis
 */
export function compileMapping(
  { rules, campaigns, deniedIdentities }: MappingSettings,
  parse: ParseTemplate,
): Mapping {
  const compiled = rules.map((rule) => compileRule(rule, parse));
  const denied = deniedIdentities.map(toPattern);
  return {
    ruleFor: (eventName, campaignId) => {
      if (compiled.length === 0) return undefined;
      const event = eventName === undefined ? undefined : normalizeEventName(eventName);
      const campaign = campaignText(campaignId);
      return compiled.find(
        ({ when }) =>
          (when.event === undefined || when.event === event) &&
          (when.campaign === undefined || when.campaign === campaign),
      );
    },
    campaigns: new Map(Object.entries(campaigns)),
    isDenied: (identity) => denied.some((pattern) => pattern.test(identity)),
  };
}

/**
 * Reads `mapping.json`. It was checked when it was written, so only its outline is looked at here.
 *
 * @throws when it is no mapping at all: the function was not bundled by this app
 */
export function readMapping(text: string): MappingSettings {
  const settings: unknown = JSON.parse(text);
  if (isMappingSettings(settings)) return settings;
  throw new Error('mapping.json does not hold rules, campaigns and deniedIdentities');
}

const isMappingSettings = (value: unknown): value is MappingSettings =>
  isJsonObject(value) &&
  Array.isArray(value['rules']) &&
  isJsonObject(value['campaigns']) &&
  Array.isArray(value['deniedIdentities']);

/** Stands for the parser of templates where there are no rules. */
export const unexpectedTemplate = (): never => {
  throw new Error('a template without a rule');
};

/** `*` stands for any text; everything else for itself, in any case. */
const toPattern = (pattern: string): RegExp =>
  new RegExp(`^${pattern.trim().split('*').map(escape).join('.*')}$`, 'is');

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
