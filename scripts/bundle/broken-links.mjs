// The documents of a package name each other: every relative link must lead to something that is in the package too.
import { posix } from 'node:path';

const LINK =
  /\]\(([^)\s]+)(?:\s+"[^"]*")?\)|<(?:img|a)\b[^>]*?\b(?:src|href)="([^"]+)"|^\[[^\]]+\]:\s+(\S+)/gm;

/**
 * The links of Markdown documents that lead nowhere, as `README.md: docs/none.md`.
 * @param paths all files of the package, with forward slashes · @param read the text of one of them
 */
export function brokenLinks(paths, read) {
  const places = new Set(
    paths.flatMap((path) => [path, ...directoriesOf(path)]),
  );

  return paths
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      relativeLinks(read(path))
        .filter(
          (link) =>
            !places.has(
              posix.join(posix.dirname(path), link).replace(/\/$/, ''),
            ),
        )
        .map((link) => `${path}: ${link}`),
    );
}

function relativeLinks(text) {
  const links = [...text.replace(/^```[^]*?^```/gm, '').matchAll(LINK)].map(
    ([, ...found]) => found.find(Boolean),
  );
  return links
    .filter((link) => !/^(?:[a-z][a-z0-9+.-]*:|#|\/\/)/i.test(link))
    .map((link) => decodeURIComponent(link.split('#')[0]));
}

function directoriesOf(path) {
  const directory = posix.dirname(path);
  return directory === '.' ? [] : [directory, ...directoriesOf(directory)];
}
