import { createHash } from 'node:crypto';
import type { MappingSettings } from '../lambda/mapping/rule-format';
import type { EnvironmentConfig } from '../lib/config/environment-config';
import { mappingOf, type Warn } from '../lib/config/rule-files';
import { buildPlaygroundPage, type PageBundle } from './page-bundle';
import type { PlaygroundSettings } from './wire';

/**
 * The playground of an environment as one HTML file. It holds how events are named, identified and mapped, and neither
 * an app id nor anything secret. Its Content-Security-Policy gives it no network.
 *
 * @param origin what the page says of itself
 * @throws {EnvironmentConfigError} naming every mistake in the environment's rule files
 */
export async function playgroundFile(
  config: EnvironmentConfig,
  origin: Pick<PlaygroundSettings, 'environment' | 'version' | 'readAt'>,
  warn?: Warn,
): Promise<string> {
  const { identityOrder, dedupeWindowMinutes } = config;
  const mapping = withoutAppIds(mappingOf(config, warn));
  return htmlOf({ ...origin, identityOrder, dedupeWindowMinutes, mapping }, await buildPlaygroundPage());
}

/** Without an app id to compare them with, those of rules have no effect. */
const withoutAppIds = (mapping: MappingSettings): MappingSettings => ({
  ...mapping,
  rules: mapping.rules.map((rule) => ({ ...rule, send: { ...rule.send, app_id: undefined } })),
});

function htmlOf(settings: PlaygroundSettings, { script, style }: PageBundle): string {
  const inlineScript = inScriptElement(script);
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(inlineScript)}'`,
    `style-src '${hashOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Will Heap get this event? · ${settings.environment}</title>
<style>${style}</style>
</head>
<body>
<div id="page"></div>
<noscript>This page needs JavaScript, which runs in this file alone: its Content-Security-Policy gives it no network.</noscript>
<script type="application/json" id="settings">${inScriptElement(JSON.stringify(settings))}</script>
<script>${inlineScript}</script>
</body>
</html>
`;
}

/**
 * A script or JSON whose strings and expressions cannot end the element around it, nor begin a comment in it
 * (html.spec.whatwg.org, "Restrictions for contents of script elements").
 */
const inScriptElement = (source: string): string => source.replace(/<(?=!--|\/?script)/gi, '\\u003c');

const hashOf = (content: string): string => `sha256-${createHash('sha256').update(content).digest('base64')}`;
