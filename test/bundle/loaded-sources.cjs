'use strict';
// Loads a bundled function, invokes it with an event if one is given, and prints the files and Node modules it loaded
// and the sources whose functions were called. Plain JavaScript, so that nothing but the function is loaded.

const { readFileSync } = require('node:fs');
const { Session } = require('node:inspector/promises');
const { SourceMap } = require('node:module');
const { basename, dirname } = require('node:path');
const { fileURLToPath } = require('node:url');

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
  const scripts = result
    .filter(({ url }) => url.startsWith('file:') || url.startsWith('/'))
    .map(({ url, functions }) => ({ file: url.startsWith('/') ? url : fileURLToPath(url), functions }))
    .filter(({ file }) => dirname(file) === dirname(bundle));
  return {
    files: Object.keys(require.cache)
      .filter((file) => dirname(file) === dirname(bundle))
      .map((file) => basename(file))
      .sort(),
    sources: [...new Set(scripts.flatMap(sourcesOf))].sort(),
    modules,
  };
}

/** A file is bundled from many sources: its source map locates the middle of each function. */
function sourcesOf({ file, functions }) {
  const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
  const code = readFileSync(file, 'utf8');
  const lines = [0];
  for (let at = code.indexOf('\n'); at !== -1; at = code.indexOf('\n', at + 1)) lines.push(at + 1);
  const sources = [];
  for (const { ranges } of functions) {
    const { startOffset, endOffset, count } = ranges[0];
    if (count === 0 || endOffset - startOffset === code.length) continue;
    const middle = Math.floor((startOffset + endOffset) / 2);
    const line = lines.findLastIndex((start) => start <= middle);
    const { originalSource } = map.findEntry(line, middle - lines[line]);
    if (originalSource !== undefined) sources.push(originalSource);
  }
  return sources;
}
