import { loadFunction, printResult, spentSoFar } from './function';

// Starts a cold function like Lambda: loads the handler, then invokes it once.

const [, , asset = '', event = ''] = process.argv;

const handler = loadFunction(asset);
const ready = spentSoFar();
void handler(JSON.parse(event)).then(() => {
  printResult({ ready, done: spentSoFar() });
});
