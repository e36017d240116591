import { writeFileSync } from 'node:fs';
import { startSurroundings } from './function';
import { cpuOfAnEvent } from './handler';

// node --import tsx bench/plot.ts docs/performance.svg
// Measures how the cost of an event changes with what stands around it, and draws it.

interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface Panel {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly series: readonly Series[];
}

const panelWidth = 380;
const panelHeight = 300;
const margin = { left: 60, right: 20, top: 40, bottom: 50 };
/** Of a palette that colour-blind people can tell apart (Okabe and Ito). */
const colours = ['#0072b2', '#d55e00', '#009e73'];

async function run(file: string): Promise<void> {
  const { environment, stop } = await startSurroundings(0);
  const cpu = async (messages: number, profiles: number): Promise<number> => {
    const invocations = Math.max(1, Math.round(2000 / (messages * profiles)));
    return cpuOfAnEvent({ messages, profiles, invocations: Math.min(100, invocations) }, environment);
  };
  const inBatch: [number, number][] = [];
  for (const messages of [1, 3, 10, 30, 100, 300, 1000]) inBatch.push([messages, await cpu(messages, 1)]);
  const inWebhook: [number, number][] = [];
  for (const profiles of [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]) {
    inWebhook.push([profiles, await cpu(1000 / profiles, profiles)]);
  }
  await stop();

  writeFileSync(
    file,
    drawing([
      {
        title: 'Webhooks of one event',
        xTitle: 'webhooks in a batch',
        yTitle: 'µs CPU for an event',
        series: [{ name: 'the function, warm', points: inBatch }],
      },
      {
        title: 'A thousand events',
        xTitle: 'profiles in a webhook',
        yTitle: 'µs CPU for an event',
        series: [{ name: 'the function, warm', points: inWebhook }],
      },
      {
        title: 'Batch window (computed)',
        xTitle: 'seconds',
        yTitle: 'requests to Heap for 1000 events',
        series: [1, 10, 100].map((millions) => ({
          name: `${millions} million a day`,
          points: [1, 2, 5, 10, 20, 60, 300].map(
            (seconds) => [seconds, requestsAt(millions, seconds)] as const,
          ),
        })),
      },
    ]),
  );
}

/** With webhooks of one event that arrive evenly: a batch is what a window collects, and 1000 messages at most. */
function requestsAt(millionsADay: number, windowSeconds: number): number {
  const events = ((millionsADay * 1e6) / 86_400) * windowSeconds;
  return 1000 / Math.min(1000, Math.max(1, events));
}

function drawing(panels: readonly Panel[]): string {
  const parts = panels.map(
    (panel, index) => `<g transform="translate(${index * panelWidth} 0)">${draw(panel)}</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${panels.length * panelWidth} ${panelHeight}" ` +
      'font-family="sans-serif" font-size="11">',
    `<rect width="100%" height="100%" fill="white"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** Both axes are logarithmic. */
function draw({ title, xTitle, yTitle, series }: Panel): string {
  const all = series.flatMap(({ points }) => points);
  const x = axis(
    all.map(([value]) => value),
    margin.left,
    panelWidth - margin.right,
  );
  const y = axis(
    all.map(([, value]) => value),
    panelHeight - margin.bottom,
    margin.top,
  );
  const bottom = panelHeight - margin.bottom;
  const lines = series.flatMap(({ name, points }, index) => {
    const colour = colours[index % colours.length] ?? 'black';
    const path = points.map(([px, py]) => `${x.at(px).toFixed(1)},${y.at(py).toFixed(1)}`).join(' ');
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...points.map(
        ([px, py]) =>
          `<circle cx="${x.at(px).toFixed(1)}" cy="${y.at(py).toFixed(1)}" r="3" fill="${colour}"/>`,
      ),
      `<text x="${panelWidth - margin.right}" y="${margin.top + 14 * index}" text-anchor="end" fill="${colour}">${name}</text>`,
    ];
  });
  return [
    `<text x="${panelWidth / 2}" y="20" text-anchor="middle" font-size="13" font-weight="bold">${title}</text>`,
    `<path d="M${margin.left} ${margin.top}V${bottom}H${panelWidth - margin.right}" fill="none" stroke="black"/>`,
    ...x.ticks.map(
      (tick) => `<text x="${x.at(tick)}" y="${bottom + 16}" text-anchor="middle">${tick}</text>`,
    ),
    ...y.ticks.map(
      (tick) => `<text x="${margin.left - 6}" y="${y.at(tick) + 4}" text-anchor="end">${tick}</text>`,
    ),
    `<text x="${(panelWidth + margin.left) / 2}" y="${panelHeight - 12}" text-anchor="middle">${xTitle}</text>`,
    `<text transform="translate(14 ${panelHeight / 2}) rotate(-90)" text-anchor="middle">${yTitle}</text>`,
    ...lines,
  ].join('\n');
}

/** A logarithmic axis from one power of ten to another, around the values, drawn between two places. */
function axis(
  values: readonly number[],
  from: number,
  to: number,
): { readonly at: (value: number) => number; readonly ticks: readonly number[] } {
  const least = Math.floor(Math.log10(Math.min(...values)));
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
  return {
    at: (value) => from + ((Math.log10(value) - least) / (most - least)) * (to - from),
    ticks: Array.from({ length: most - least + 1 }, (_, index) => 10 ** (least + index)),
  };
}

const [, , file = 'docs/performance.svg'] = process.argv;
run(file).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
