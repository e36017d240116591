import { createHash } from 'node:crypto';
import type { MappingSettings } from '../lambda/mapping/rule-format';
import type { EnvironmentConfig } from '../lib/config/environment-config';
import type { Warn } from '../lib/config/rule-files';
import { buildPlaygroundPage, type PageBundle } from './page-bundle';
import { pageSettings } from './page-settings';
import type { PlaygroundSettings } from './wire';

/**
 * The playground of an environment as one HTML file. The file contains the naming, identity and mapping settings, but
 * no app id and no secret. Its Content-Security-Policy blocks all network access.
 *
 * @param origin the environment, version and time that the page shows
 * @throws {EnvironmentConfigError} lists every error in the environment's rule files
 */
export async function playgroundFile(
  config: EnvironmentConfig,
  origin: Pick<PlaygroundSettings, 'environment' | 'version' | 'readAt'>,
  warn?: Warn,
): Promise<string> {
  const settings = pageSettings(origin.environment, config, warn);
  const mapping = withoutAppIds(settings.mapping);
  return htmlOf({ ...settings, ...origin, mapping }, await buildPlaygroundPage());
}

/** Without the app id of the environment, app ids in rules have no effect. */
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
<noscript>This page needs JavaScript. The script runs only in this file: its Content-Security-Policy blocks all network access.</noscript>
<script type="application/json" id="settings">${inScriptElement(JSON.stringify(settings))}</script>
<script>${inlineScript}</script>
</body>
</html>
`;
}

/**
 * Escapes a script or JSON so that it cannot end the element around it or begin a comment in it
 * (html.spec.whatwg.org, "Restrictions for contents of script elements").
 */
const inScriptElement = (source: string): string => source.replace(/<(?=!--|\/?script)/gi, '\\u003c');

const hashOf = (content: string): string => `sha256-${createHash('sha256').update(content).digest('base64')}`;
