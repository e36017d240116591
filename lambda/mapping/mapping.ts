import { compileRule, type CompiledRule } from './compile-rules';
import type { LiquidTemplate } from './liquid';
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
  parse: (text: string) => LiquidTemplate,
): Mapping {
  const compiled = rules.map((rule) => compileRule(rule, parse));
  const denied = deniedIdentities.map(toPattern);
  return {
    ruleFor: (eventName, campaignId) => compiled.find((rule) => rule.matches(eventName, campaignId)),
    campaigns: new Map(Object.entries(campaigns)),
    isDenied: (identity) => denied.some((pattern) => pattern.test(identity)),
  };
}

/** `*` stands for any text; everything else for itself, in any case. */
const toPattern = (pattern: string): RegExp =>
  new RegExp(`^${pattern.trim().split('*').map(escape).join('.*')}$`, 'is');

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
