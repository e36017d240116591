import { posix } from 'node:path';

/** What is packed, and where the rest can be read. */
export interface Packed {
  /** Whether the package contains a file or folder, by its path in the repository. */
  readonly contains: (path: string) => boolean;
  /** The repository on GitHub as `owner/name`; undefined if it is not known. */
  readonly repository: string | undefined;
  /** The tag that links name, e.g. `v0.2.0`. */
  readonly tag: string;
}

/**
 * Rewrites the relative links of a page that leave the package: to URLs of the repository, or to their text alone if it is
 * not known. Pictures without a URL are left out.
 *
 * @param page its path in the repository, e.g. `docs/release.md`
 */
export function withPackedLinks(page: string, text: string, packed: Packed): string {
  const urlOf = (link: string): string | undefined => packedUrl(page, link, packed);
  // Every other part is a code block.
  return text
    .split(/(^ *(?:`{3,}|~{3,}).*\n[^]*?^ *(?:`{3,}|~{3,}) *$)/m)
    .map((part, index) => (index % 2 === 1 ? part : rewritten(part, urlOf)))
    .join('');
}

const rewritten = (prose: string, urlOf: (link: string) => string | undefined): string =>
  prose
    .replace(/<picture>[^]*?<\/picture>\n*/g, (picture) => {
      const isShown = [...picture.matchAll(source)].every(([, , link = '']) => urlOf(link) !== undefined);
      return isShown ? picture : '';
    })
    .replace(source, (_, attribute: string, link: string) => `${attribute}="${urlOf(link) ?? ''}"`)
    .replace(
      /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g,
      (_, image: string, name: string, link: string) => {
        const url = urlOf(link);
        if (url !== undefined) return `${image}[${name}](${url})`;
        return image === '' ? name : '';
      },
    );

const source = /\b(src|srcset|href)="([^"]+)"/g;

/** Undefined for a link that leads nowhere. */
function packedUrl(page: string, link: string, { contains, repository, tag }: Packed): string | undefined {
  if (/^(?:[a-z]+:|#)/.test(link)) return link;
  const [file = '', anchor] = link.split('#');
  const path = posix.join(posix.dirname(page), file).replace(/\/$/, '');
  if (contains(path)) return link;
  if (repository === undefined) return undefined;
  if (/\.(?:png|svg|webp)$/.test(path))
    return `https://raw.githubusercontent.com/${repository}/${tag}/${path}`;
  return `https://github.com/${repository}/blob/${tag}/${path}${anchor === undefined ? '' : `#${anchor}`}`;
}
