import type { JSX } from 'preact';
import { visibleText } from '../../../relay/terminal/terminal-text';

/** Nobody reads a longer name in a line. */
const longest = 120;

/** A string that a sender chose, as text that cannot reorder what stands around it. */
export function Name({ children }: { readonly children: string }): JSX.Element {
  const text = children.length > longest ? `${children.slice(0, longest).toWellFormed()}…` : children;
  return <bdi>{visibleText(text)}</bdi>;
}
