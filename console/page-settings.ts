import type { EnvironmentConfig } from '../lib/config/environment-config';
import { mappingOf, type Warn } from '../lib/config/rule-files';
import type { PageSettings } from './wire';

/**
 * The settings of an environment that both pages need.
 *
 * @throws {EnvironmentConfigError} lists every error in the environment's rule files
 */
export function pageSettings(environment: string, config: EnvironmentConfig, warn?: Warn): PageSettings {
  const { identityOrder, dedupeWindowMinutes } = config;
  return { environment, identityOrder, dedupeWindowMinutes, mapping: mappingOf(config, warn) };
}
