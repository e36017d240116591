import { basename, join } from 'node:path';
import { buildSync, type BuildOptions, type BuildResult } from 'esbuild';

/** Packages that the function loads lazily, each with its own file beside the handler's. */
const separateFiles = { '@aws-sdk/client-sqs': 'sqs.js', liquidjs: 'liquidjs.js' } as const;

/**
 * Bundles the function's files by name. The same sources give the same bytes on every machine.
 *
 * @param root the folder of the checkout, with `lambda/` and the installed packages
 * @throws the errors of esbuild
 */
export const bundledFiles = (root: string): ReadonlyMap<string, string> =>
  new Map(
    bundle(root).flatMap(({ outputFiles }) =>
      outputFiles.map(({ path, text }): [string, string] => [
        basename(path),
        path.endsWith('.map') ? withoutCheckoutPath(text) : text,
      ]),
    ),
  );

/**
 * The packages whose code is in the function's files, as folders relative to the root, sorted.
 *
 * @param root the folder of the checkout, with `lambda/` and the installed packages
 * @throws the errors of esbuild
 */
export function bundledPackages(root: string): string[] {
  const sources = bundle(root).flatMap(({ metafile }) =>
    Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([source, { bytesInOutput }]) => (bytesInOutput > 0 ? source : [])),
    ),
  );
  const folders = sources.flatMap(
    (source) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source)?.[0] ?? [],
  );
  return [...new Set(folders)].sort();
}

type Bundle = BuildResult<{ write: false; metafile: true }>;

function bundle(root: string): Bundle[] {
  const shared = {
    absWorkingDir: root,
    // esbuild writes nothing here; sources in the maps are relative to it.
    outdir: 'bundle',
    write: false,
    metafile: true,
    bundle: true,
    // One CommonJS file that includes the SDK starts faster than ESM or the runtime's own SDK.
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    target: 'node24',
    minify: true,
    // Node reads maps only with --enable-source-maps, as under npm start.
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
    // A remaining `import()` would load Node's ES module loader.
    supported: { 'dynamic-import': false },
  });
  const packages = buildSync({
    ...shared,
    entryPoints: Object.fromEntries(
      Object.entries(separateFiles).map(([name, file]) => [file.replace(/\.js$/, ''), name]),
    ),
    alias: withoutUnused,
  });
  return [handler, packages];
}

/** Lambda passes credentials in the environment; other SDK providers would only slow down cold starts. */
function unusedCredentialSources(root: string): Record<string, string> {
  const stub = join(root, 'lib/forward/absent-credential-source.ts');
  const sources = ['ini', 'process', 'sso', 'web-identity'];
  return Object.fromEntries(sources.map((source) => [`@aws-sdk/credential-provider-${source}`, stub]));
}

/** A source map with paths `lambda/…` and `node_modules/…`, independent of the machine. */
function withoutCheckoutPath(map: string): string {
  return JSON.stringify(JSON.parse(map), (key, value: unknown) =>
    key === 'sources' && Array.isArray(value)
      ? value.map((source) => String(source).replace(/^(?:.*?\/)??(?=node_modules\/)|^(?:\.\.\/)+/, ''))
      : value,
  );
}
