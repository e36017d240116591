import { basename, join } from 'node:path';
import { buildSync, type BuildOptions } from 'esbuild';

/** Packages that the function loads only when it needs them, and the file of each beside the handler's. */
const separateFiles = { '@aws-sdk/client-sqs': 'sqs.js', liquidjs: 'liquidjs.js' } as const;

/**
 * The files of the function's code by their names: the same bytes for the same sources on every machine.
 *
 * @param root the folder of the checkout, with `lambda/` and the installed packages
 * @throws esbuild's errors
 */
export function bundledFiles(root: string): ReadonlyMap<string, string> {
  const shared = {
    absWorkingDir: root,
    // Nothing is written there; the sources in the maps are relative to it.
    outdir: 'bundle',
    write: false,
    bundle: true,
    // A CommonJS file with the SDK inside starts faster than ESM and than the runtime's own SDK.
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    target: 'node24',
    minify: true,
    // Node reads a map only with --enable-source-maps, as npm start runs the function.
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
  } satisfies BuildOptions;
  const withoutUnused = unusedCredentialSources(root);
  const handler = buildSync({
    ...shared,
    entryPoints: { index: 'lambda/handler.ts' },
    alias: {
      ...withoutUnused,
      ...Object.fromEntries(Object.entries(separateFiles).map(([name, file]) => [name, `./${file}`])),
    },
    external: Object.values(separateFiles).map((file) => `./${file}`),
    // An `import()` left in the code would load Node's loader of ES modules.
    supported: { 'dynamic-import': false },
  });
  const packages = buildSync({
    ...shared,
    entryPoints: Object.fromEntries(
      Object.entries(separateFiles).map(([name, file]) => [file.replace(/\.js$/, ''), name]),
    ),
    alias: withoutUnused,
  });
  return new Map(
    [...handler.outputFiles, ...packages.outputFiles].map(({ path, text }) => [
      basename(path),
      path.endsWith('.map') ? withoutCheckoutPath(text) : text,
    ]),
  );
}

/** Lambda gives credentials in the environment; the SDK's other sources would be dead weight in every cold start. */
function unusedCredentialSources(root: string): Record<string, string> {
  const stub = join(root, 'lib/forward/absent-credential-source.ts');
  const sources = ['ini', 'process', 'sso', 'web-identity'];
  return Object.fromEntries(sources.map((source) => [`@aws-sdk/credential-provider-${source}`, stub]));
}

/** A source map whose sources are `lambda/…` and `node_modules/…`, wherever checkout and packages are. */
function withoutCheckoutPath(map: string): string {
  return JSON.stringify(JSON.parse(map), (key, value: unknown) =>
    key === 'sources' && Array.isArray(value)
      ? value.map((source) => String(source).replace(/^(?:.*?\/)??(?=node_modules\/)|^(?:\.\.\/)+/, ''))
      : value,
  );
}
