import { EventEmitter } from 'node:events';
import https from 'node:https';
import { Readable } from 'node:stream';

/** A Heap inside this process, so that only the function's own work is measured, without the network. */
export interface Sink {
  /** The bodies sent since the last call, in chunks as written. */
  readonly take: () => Buffer[][];
  /** From now on requests reach Heap. */
  readonly close: () => void;
}

/** Must be called before the function is loaded. Requests to other services are still sent. */
export function openSink(): Sink {
  const bodies: Buffer[][] = [];
  let isOpen = true;
  const { request } = https;
  const sunk = (url: unknown, options: unknown, onResponse: (response: object) => void): unknown => {
    if (!isOpen || !String(url).endsWith('/api/track'))
      return Reflect.apply(request, https, [url, options, onResponse]);
    const body: Buffer[] = [];
    // Like a socket, encode strings.
    const write = (chunk?: Buffer | string): void => {
      if (chunk !== undefined) body.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    };
    const end = (chunk?: Buffer | string): void => {
      write(chunk);
      bodies.push(body);
      const response = Object.assign(Readable.from([Buffer.from('{}')]), { statusCode: 200, headers: {} });
      response.on('close', () => sunkRequest.emit('close'));
      setImmediate(onResponse, response);
    };
    const sunkRequest = Object.assign(new EventEmitter(), { write, end });
    return sunkRequest;
  };
  Object.assign(https, { request: sunk });
  return {
    take: () => bodies.splice(0),
    close: () => {
      isOpen = false;
    },
  };
}
