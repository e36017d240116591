import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { printResult } from './function';

// The two services the function calls, over TLS as in a deployment: Secrets Manager, and a Heap that accepts each
// request after a delay. local/fake-heap.ts is unsuitable: it checks and keeps each event, which costs more than sending it.

const [, , latencyMs = '', key = '', cert = ''] = process.argv;

const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
  request.resume().on('end', () => {
    if (request.url === '/api/track') setTimeout(() => response.end('{}'), Number(latencyMs));
    else if (request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue')
      response.end(JSON.stringify({ SecretString: '{"appId":"1234567890"}' }));
    // A dead letter or a retry: neither belongs in a benchmark, and with this answer the function keeps the message.
    else response.writeHead(500).end();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  printResult(`https://127.0.0.1:${address.port}`);
});
