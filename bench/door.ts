import * as z from 'zod';
import { localStack } from './local-stack';
import { quantile } from './measure';
import type { Figure } from './report';
import { runWorker } from './workers';

const perSecond = 200;
const seconds = 15;
const warmUpSeconds = 2;

/** From `POST` to 200 under a steady load, API Gateway and SQS being those of `local/`; nothing to compare it to. */
export async function benchDoor(): Promise<Figure[]> {
  const stack = await localStack(0);
  const args = [stack.webhookUrl, stack.apiKey, perSecond, seconds + warmUpSeconds];
  const all = z.array(z.number()).parse(await runWorker('door', { args }));
  await stack.stop();
  const latencies = all.slice(warmUpSeconds * perSecond);
  const ms = (share: number): string => quantile(latencies, share).toFixed(1);
  return [
    {
      part: 'door',
      what: `POST to 200, ${perSecond} a second for ${seconds} s`,
      value: `p50 ${ms(0.5)} ms, p99 ${ms(0.99)} ms`,
    },
  ];
}
