/** Linux limits one argument to 128 KiB. Shell builtins have no such limit. */
const longestArgument = 100_000;

/** Characters that control a terminal, or that make the command look like another one. */
const unsafe = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/;

/**
 * The curl command for bash or zsh that posts a payload to the webhook as CleverTap does.
 *
 * @param url including the event name, if there is one
 */
export function curlCommand(url: string, apiKey: string, payload: string): string {
  const body = quoted(payload);
  const isLong = body.length > longestArgument;
  const lines = [
    `curl -X POST ${quoted(url)}`,
    `-H 'Content-Type: application/json'`,
    `-H ${quoted(`x-api-key: ${apiKey}`)}`,
    // Not --data: it would read a payload that begins with @ as a file name.
    isLong ? '--data-binary @-' : `--data-raw ${body}`,
  ];
  return `${isLong ? `printf %s ${body} | ` : ''}${lines.join(' \\\n  ')}`;
}

/** The URL of the webhook with the event name in its path. */
export const webhookUrlOf = (webhookUrl: string, pathEvent: string | null): string =>
  pathEvent === null || pathEvent === '' ? webhookUrl : `${webhookUrl}/${encodeURIComponent(pathEvent)}`;

/** Quotes any string as one shell word. */
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
