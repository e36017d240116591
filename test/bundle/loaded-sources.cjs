'use strict';
// Loads a bundled function, invokes it with an event if one is given, and prints which sources had a function called
// and which modules of Node were loaded for it. Plain JavaScript, so that nothing else is loaded beside the function.

const { readFileSync } = require('node:fs');
const { Session } = require('node:inspector/promises');
const { SourceMap } = require('node:module');

const [, , bundle, eventFile] = process.argv;

main().then(
  (found) => process.stderr.write(JSON.stringify(found), () => process.exit(0)),
  (error) => process.stderr.write(String(error.stack), () => process.exit(1)),
);

async function main() {
  const event = eventFile === undefined ? undefined : JSON.parse(readFileSync(eventFile, 'utf8'));
  const loadedBefore = new Set(process.moduleLoadList);
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  const { handler } = require(bundle);
  const modules = process.moduleLoadList.filter((name) => !loadedBefore.has(name));
  if (event !== undefined) await handler(event, { getRemainingTimeInMillis: () => 60_000 });
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return { modules, sources: sourcesOf(result.find(({ url }) => url.endsWith(bundle)).functions) };
}

/** The bundle is one file: its source map knows where the middle of a function comes from. */
function sourcesOf(functions) {
  const map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, 'utf8')));
  const code = readFileSync(bundle, 'utf8');
  const lines = [0];
  for (let at = code.indexOf('\n'); at !== -1; at = code.indexOf('\n', at + 1)) lines.push(at + 1);
  const sources = new Set();
  for (const { ranges } of functions) {
    const { startOffset, endOffset, count } = ranges[0];
    if (count === 0 || endOffset - startOffset === code.length) continue;
    const middle = Math.floor((startOffset + endOffset) / 2);
    const line = lines.findLastIndex((start) => start <= middle);
    const { originalSource } = map.findEntry(line, middle - lines[line]);
    if (originalSource !== undefined)
      sources.add(originalSource.replace(/^.*?(node_modules|lambda)\//, '$1/'));
  }
  return [...sources].sort();
}
