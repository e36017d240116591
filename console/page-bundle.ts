import { join } from 'node:path';
import { build, stop, type BuildOptions, type BuildResult } from 'esbuild';

/** The script and style of a page, ready for a browser. */
export interface PageBundle {
  readonly script: string;
  readonly style: string;
}

/** A page of the console's server: its HTML loads `/console.js` and `/console.css`. */
export interface ConsolePage extends PageBundle {
  readonly html: string;
}

const folder = join(__dirname, 'page');

/** Bundles the console from its sources. */
export async function buildConsolePage(): Promise<ConsolePage> {
  return { html: consoleHtml, ...(await bundlePage('console')) };
}

/** Bundles the playground from its sources, for one HTML file. */
export const buildPlaygroundPage = (): Promise<PageBundle> => bundlePage('playground');

async function bundlePage(name: 'console' | 'playground'): Promise<PageBundle> {
  const styles = ['base', 'parts', name].map((style) => `./style/${style}.css`);
  const [script, style] = await Promise.all([
    bundled({ entryPoints: [join(folder, `${name}.tsx`)] }),
    bundled({
      stdin: {
        contents: styles.map((path) => `@import '${path}';`).join('\n'),
        resolveDir: folder,
        loader: 'css',
      },
    }),
    // Otherwise the child process of esbuild lives as long as this process.
  ]).finally(stop);
  return { script, style };
}

async function bundled(entry: Pick<BuildOptions, 'entryPoints' | 'stdin'>): Promise<string> {
  const { outputFiles }: BuildResult<{ write: false }> = await build({
    ...entry,
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2023',
    charset: 'utf8',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'silent',
  });
  return outputFiles.map(({ text }) => text).join('');
}

const consoleHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Console · CleverTap to Heap</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/console.css">
<script src="/console.js" defer></script>
</head>
<body>
<div id="page"></div>
<noscript>This page needs JavaScript. Without a browser: npm run relay -- tail</noscript>
</body>
</html>
`;
