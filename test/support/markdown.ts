/** The anchor that GitHub gives a heading. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');

/** The anchors of a page. GitHub numbers those of equal headings. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseOf(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = anchorOf(heading);
    let count = 0;
    while (anchors.has(count === 0 ? anchor : `${anchor}-${count}`)) count += 1;
    anchors.add(count === 0 ? anchor : `${anchor}-${count}`);
  }
  return anchors;
}

/** The targets of a page's links and images, in order. */
export const linksOf = (page: string): string[] => [
  ...[...proseOf(page).matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)].map(([, target = '']) => target),
  ...[...proseOf(page).matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)].map(([, target = '']) => target),
];

/** A page without its code blocks, in which `#` starts a comment. */
const proseOf = (page: string): string => page.replace(/^( *)(`{3,}|~{3,}).*\n[^]*?^\1\2.*$/gm, '');
