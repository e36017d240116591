import * as z from 'zod';
import { bind, ownerPath, type BoundServer } from './http-server';

/** The servers of a stack, bound before anything that takes time, so that a taken port is told at once. */
export interface LocalPorts {
  readonly webhook: BoundServer;
  readonly heap: BoundServer;
  readonly aws: BoundServer;
  /** Has the servers say what the stack prints as its webhook; before, it is still starting. */
  readonly announce: (webhookUrl: string) => void;
  /** One more server close to the webhook's port, which its caller closes. */
  readonly bindNear: (offset: number) => Promise<BoundServer>;
  /** Gives these ports free, whoever was asked to serve them. */
  readonly close: () => Promise<void>;
}

/** What a server of a stack says of itself, without its API key. */
const ownerSchema = z.object({
  program: z.literal('clevertap-to-heap'),
  pid: z.int(),
  /** Null until the stack is ready. */
  webhookUrl: z.string().nullable(),
});

type Owner = z.output<typeof ownerSchema>;

/** Another program has the port; the message says which, if it is a stack of ours, and what to do. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
  readonly code = 'EADDRINUSE';
}

/**
 * @param port of the webhook; Heap and AWS get the two ports after it, or free ones. 0: all get free ones.
 * @throws {PortTakenError} when the webhook's port is taken
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

/** A port close to the webhook's, so that the URLs are the same every time, or a free one. */
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

/** A server of ours answers at once; another program may never. */
const ANSWER_MS = 1000;

/** By whom a port is taken, as far as it says so, and what to do. */
async function describeTaken(port: number): Promise<string> {
  const owner = await ownerOf(port);
  if (owner === undefined) {
    return `Port ${port} is taken by another program.\nChoose another port: npm start -- --port 0`;
  }
  const { pid, webhookUrl } = owner;
  return `Port ${port} is taken by another stack of npm start, process ${pid}, ${
    webhookUrl === null ? 'which is still starting' : `with the webhook\n${webhookUrl}`
  }.\nStop that one with Ctrl-C or kill ${pid}, or start this one beside it: npm start -- --port 0`;
}

/** What the server of a port says of itself; undefined if it is none of ours, or busy. */
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
