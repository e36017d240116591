/** From here on an argument would be longer than Linux takes (128 KiB); a builtin of the shell has no such limit. */
const longestArgument = 100_000;

/** What a terminal would take for orders, and what would make the command look like another one. */
const unsafe = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/;

/**
 * The command that posts a payload to the webhook as CleverTap does, for bash or zsh.
 *
 * @param url with the event name, if there is one
 */
export function curlCommand(url: string, apiKey: string, payload: string): string {
  const body = quoted(payload);
  const isLong = body.length > longestArgument;
  const lines = [
    `curl -X POST ${quoted(url)}`,
    `-H 'Content-Type: application/json'`,
    `-H ${quoted(`x-api-key: ${apiKey}`)}`,
    // --data-raw, since --data would take a payload that begins with @ for the name of a file.
    isLong ? '--data-binary @-' : `--data-raw ${body}`,
  ];
  return `${isLong ? `printf %s ${body} | ` : ''}${lines.join(' \\\n  ')}`;
}

/** The webhook's URL for an event name in the path. */
export const webhookUrlOf = (webhookUrl: string, pathEvent: string | null): string =>
  pathEvent === null || pathEvent === '' ? webhookUrl : `${webhookUrl}/${encodeURIComponent(pathEvent)}`;

/** The name in the path of a URL; a bad escape stays as it is, as in the function. */
export function decoded(pathEvent: string): string {
  try {
    return decodeURIComponent(pathEvent);
  } catch {
    return pathEvent;
  }
}

/** One word of a shell, whatever it holds. */
export function quoted(string: string): string {
  if (!unsafe.test(string)) return `'${string.replaceAll("'", `'\\''`)}'`;
  const escaped = string.replace(/[\\']/g, '\\$&').replace(new RegExp(unsafe, 'g'), (character) => {
    const code = character.charCodeAt(0);
    return code < 128
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `$'${escaped}'`;
}
