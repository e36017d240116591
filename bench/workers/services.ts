import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { printResult } from './function';

// The two services the function calls, over TLS as in a deployment: Heap, which takes every request and answers after a
// while, and Secrets Manager. local/fake-heap.ts checks and keeps each event, which costs more than sending it.

const [, , latencyMs = '', key = '', cert = ''] = process.argv;

const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
  request.resume().on('end', () => {
    if (request.url === '/api/track') setTimeout(() => response.end('{}'), Number(latencyMs));
    else if (request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue')
      response.end(JSON.stringify({ SecretString: '{"appId":"1234567890"}' }));
    // A dead letter or a retry: neither belongs into a benchmark, and the function then keeps the message.
    else response.writeHead(500).end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  printResult(`https://127.0.0.1:${address.port}`);
});
