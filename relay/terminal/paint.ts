import { styleText } from 'node:util';
import type { Part, Tone } from '../feed/row-parts';

type Style = Parameters<typeof styleText>[0];

const styles: Readonly<Record<Tone, Style | undefined>> = {
  good: 'green',
  bad: 'red',
  waiting: 'yellow',
  plain: undefined,
  faint: 'dim',
};

/** The parts as a line; in colours where the stream is a terminal that takes them and NO_COLOR does not forbid it. */
export const paint = (parts: readonly Part[], stream: NodeJS.WritableStream): string =>
  parts
    .map(({ tone, string }) => {
      const style = styles[tone];
      return style === undefined ? string : styleText(style, string, { stream });
    })
    .join('');
