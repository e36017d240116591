import type { Page } from 'playwright-core';
import { eventually } from '../../support/eventually';
import { startLocalStackProcess, type LocalStackProcess } from '../../support/local-stack-process';

/** `npm start` with its console. */
export interface ConsoleStack extends LocalStackProcess {
  readonly consoleUrl: string;
  /** Posts to the webhook as CleverTap does. Returns the request id. */
  readonly post: (body: string, pathEvent?: string) => Promise<string>;
  /** The events that the fake Heap has stored. */
  readonly received: () => Promise<readonly Record<string, unknown>[]>;
}

export async function startConsoleStack(...options: string[]): Promise<ConsoleStack> {
  const stack = await startLocalStackProcess(...options);
  const { consoleUrl } = JSON.parse(stack.stdout().split('\n')[0] ?? '') as { consoleUrl: string };
  return {
    ...stack,
    consoleUrl,
    post: async (body, pathEvent) => {
      const path = pathEvent === undefined ? '' : `/${encodeURIComponent(pathEvent)}`;
      const response = await fetch(`${stack.webhookUrl}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'x-api-key': stack.apiKey },
        body,
      });
      const { requestId } = (await response.json()) as { requestId: string };
      return requestId;
    },
    received: async () => {
      const response = await fetch(`${stack.heapUrl}/received`);
      return ((await response.json()) as { events: Record<string, unknown>[] }).events;
    },
  };
}

/** Each term of the equation, e.g. `{ Accepted: 3, Delivered: 2, … }`. */
export async function equationOf(page: Page): Promise<Record<string, number>> {
  const text = (await page.getByTestId('equation').textContent()) ?? '';
  const terms = [...text.matchAll(/([A-Z][a-z]+) (\d+)/g)];
  return Object.fromEntries(terms.map(([, name = '', number]) => [name, Number(number)]));
}

/** Waits until an element contains or matches a string. */
export const shows = (page: Page, testId: string, text: string | RegExp): Promise<void> =>
  eventually(async () => {
    const found = (await page.getByTestId(testId).first().textContent()) ?? '';
    if (typeof text === 'string') expect(found).toContain(text);
    else expect(found).toMatch(text);
  });
