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

/** Joins the parts to a line, coloured if the stream is a terminal with colours and NO_COLOR is not set. */
export const paint = (parts: readonly Part[], stream: NodeJS.WritableStream): string =>
  parts
    .map(({ tone, string }) => {
      const style = styles[tone];
      return style === undefined ? string : styleText(style, string, { stream });
    })
    .join('');
