import type { FeedRow } from '../feed/feed';
import { adviceOf } from '../feed/advice';
import { rowParts } from '../feed/row-parts';
import { paint } from './paint';
import { labelled, visibleText } from './terminal-text';

/** Formats rows for a terminal: one line each, followed by what to do, which is given once per reason. */
export function feedPrinter(stream: NodeJS.WritableStream): (row: FeedRow) => string[] {
  const given = new Set<string>();
  return (row) => {
    const advice = adviceOf(row).filter(({ about }) => !given.has(about));
    for (const { about } of advice) given.add(about);
    return [
      paint(rowParts(row), stream),
      ...advice.map(({ sentence }) => labelled('', visibleText(sentence), { labelColumns: 10 })),
    ];
  };
}
