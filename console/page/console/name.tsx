import type { JSX } from 'preact';
import { visibleText } from '../../../relay/terminal/terminal-text';

/** In characters: a row has no room for more. */
const longest = 120;

/** A string from a payload. It cannot reorder the text around it. */
export function Name({ children }: { readonly children: string }): JSX.Element {
  const text = children.length > longest ? `${children.slice(0, longest).toWellFormed()}…` : children;
  return <bdi>{visibleText(text)}</bdi>;
}
