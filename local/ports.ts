import * as z from 'zod';
import { bind, ownerPath, type BoundServer } from './http-server';

/** The servers of a stack. They are bound before any slow work, so that a taken port is reported immediately. */
export interface LocalPorts {
  readonly webhook: BoundServer;
  readonly heap: BoundServer;
  readonly aws: BoundServer;
  /** Sets the webhook URL that the servers report. Until then, the stack is reported as starting. */
  readonly announce: (webhookUrl: string) => void;
  /** Binds another server near the webhook's port; the caller closes it. */
  readonly bindNear: (offset: number) => Promise<BoundServer>;
  /** Frees these ports, and drops requests that are still waiting. */
  readonly close: () => Promise<void>;
}

/** How a stack's server identifies its owner, without the API key. */
const ownerSchema = z.object({
  program: z.literal('clevertap-to-heap'),
  pid: z.int(),
  /** Null until the stack is ready. */
  webhookUrl: z.string().nullable(),
});

type Owner = z.output<typeof ownerSchema>;

/** The port is taken. The message says by which stack, if it is one of ours, and what to do. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
  readonly code = 'EADDRINUSE';
}

/**
 * @param port the webhook's port. Heap and AWS get the next two ports, or free ones. 0 picks free ports for all.
 * @throws {PortTakenError} if the webhook's port is taken
 */
export async function bindPorts(port: number): Promise<LocalPorts> {
  let webhookUrl: string | null = null;
  const owner = (): Owner => ({ program: 'clevertap-to-heap', pid: process.pid, webhookUrl });
  const bound: BoundServer[] = [];
  const take = async (server: Promise<BoundServer>): Promise<BoundServer> => {
    bound.push(await server);
    return server;
  };
  const close = async (): Promise<void> => {
    await Promise.all(bound.splice(0).map((server) => server.close()));
  };
  try {
    return {
      webhook: await take(bindOwn(port, owner)),
      heap: await take(bindNear(port, 1, owner)),
      aws: await take(bindNear(port, 2, owner)),
      bindNear: (offset) => bindNear(port, offset, owner),
      announce: (url) => {
        webhookUrl = url;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function bindOwn(port: number, owner: () => Owner): Promise<BoundServer> {
  try {
    return await bind(port, owner);
  } catch (error) {
    throw isPortTaken(error) ? new PortTakenError(await describeTaken(port), { cause: error }) : error;
  }
}

/** A port near the webhook's, for URLs that stay the same between runs, or a free one. */
async function bindNear(port: number, offset: number, owner: () => Owner): Promise<BoundServer> {
  if (port === 0 || port + offset > 65_535) return bind(0, owner);
  try {
    return await bind(port + offset, owner);
  } catch (error) {
    if (isPortTaken(error)) return bind(0, owner);
    throw error;
  }
}

const isPortTaken = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';

/** One of our servers answers immediately; another program may never answer. */
const ANSWER_MS = 1000;

/** Says who holds a port, as far as known, and what to do. */
async function describeTaken(port: number): Promise<string> {
  const owner = await ownerOf(port);
  if (owner === undefined) {
    return `Port ${port} is taken by another program.\nChoose another port: npm start -- --port 0`;
  }
  const { pid, webhookUrl } = owner;
  return `Port ${port} is taken by another npm start (process ${pid}), ${
    webhookUrl === null ? 'which is still starting' : `with the webhook\n${webhookUrl}`
  }.\nStop that one with Ctrl-C or kill ${pid}, or start this one beside it: npm start -- --port 0`;
}

/** The owner that a port's server reports; undefined if it is not one of ours or is busy. */
async function ownerOf(port: number): Promise<Owner | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${ownerPath}`, {
      signal: AbortSignal.timeout(ANSWER_MS),
      redirect: 'error',
    });
    return ownerSchema.safeParse(await response.json()).data;
  } catch {
    return undefined;
  }
}
