import { apiKeyNames, outputOf, relayCommand, type Environment } from '../environment/environment';
import { openEnvironment, print, type EnvironmentOptions } from './environment-command';
import { count, labelled } from '../terminal/terminal-text';

interface Options extends EnvironmentOptions {
  readonly showKey?: boolean;
}

/** What to enter in CleverTap for the webhook. */
interface Webhook {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly keys: readonly {
    readonly name: string;
    /** Null without `--show-key`. */
    readonly value: string | null;
    readonly requestsToday: number;
    readonly requestsInSevenDays: number;
  }[];
}

/** Shown instead of a key without `--show-key`. */
const hidden = '(hidden; --show-key prints it)';

/** Shows what to enter in CleverTap, the requests by key, and how to rotate a key. */
export async function webhook(options: Options): Promise<void> {
  const environment = await openEnvironment(options);
  const found = await describeWebhook(environment, options.showKey === true);
  print(options, found, report(found, environment));
}

/** Looks up what CleverTap needs, and the requests by key. */
export async function describeWebhook(environment: Environment, showKey: boolean): Promise<Webhook> {
  const today = new Date(new Date().setUTCHours(0, 0, 0, 0));
  const week = new Date(today.getTime() - 6 * 86_400_000);
  const inSevenDays = await environment.requestsByKey(week);
  const onThisDay = await environment.requestsByKey(today);
  const keys = await Promise.all(
    apiKeyNames(environment).map(async (name) => ({
      name,
      value: showKey ? await environment.apiKey(name) : null,
      requestsToday: onThisDay.get(name) ?? 0,
      requestsInSevenDays: inSevenDays.get(name) ?? 0,
    })),
  );
  return {
    url: outputOf(environment, 'WebhookUrl'),
    headers: { 'Content-Type': 'application/json', 'x-api-key': keys[0]?.value ?? hidden },
    keys,
  };
}

function report({ url, headers, keys }: Webhook, environment: Environment): string {
  const [first] = keys;
  const next = nextName(keys.map((key) => key.name));
  const steps = [
    `Add a name to apiKeys in ${environment.settingsPlace}, e.g. ['${first?.name ?? 'k1'}', '${next}'], and deploy.`,
    `Get the new value with "${relayCommand(environment, 'webhook')} --show-key" and enter it in every webhook in CleverTap.`,
    `Run this command again until the old key no longer gets requests.`,
    `Remove the old name from apiKeys, and deploy. Requests with the old key then get 403.`,
  ];
  return [
    `Enter in CleverTap, under Settings > Channels > Webhook (docs/clevertap-setup.md):`,
    '',
    labelled('URL', `${url}   or ${url}/{event}`, width),
    labelled('Method', 'POST', width),
    ...Object.entries(headers).map(([header, value]) => labelled('Header', `${header}: ${value}`, width)),
    '',
    'API keys',
    '',
    ...keys.map(({ name: key, value, requestsToday, requestsInSevenDays }) =>
      labelled(
        key,
        `${count(requestsInSevenDays, 'request')} in seven days, ${requestsToday} of them today (UTC)` +
          (value === null || key === first?.name ? '' : `; x-api-key: ${value}`),
        width,
      ),
    ),
    '',
    'To rotate a key without losing an event',
    '',
    ...steps.map((step, index) => labelled(`${index + 1}.`, step, { labelColumns: 5 })),
  ].join('\n');
}

const width = { labelColumns: 10 };

/** The next unused name, e.g. `k2` after `k1`. */
function nextName(names: readonly string[]): string {
  for (let number = 2; ; number += 1) {
    const name = `k${number}`;
    if (!names.includes(name)) return name;
  }
}
