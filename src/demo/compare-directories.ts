import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every path below a directory, and what it must be again after a recover. */
export type DirectoryPicture = ReadonlyMap<
  string,
  { readonly content: Buffer | undefined; readonly mtimeNs: bigint }
>;

/**
 * All files and directories below `directory` whose relative path (with `/`) `isWanted` accepts, with their bytes and
 * times. Held in memory: meant for the sample server alone.
 */
export function pictureOf(
  directory: string,
  isWanted: (path: string) => boolean,
): DirectoryPicture {
  const picture = new Map<
    string,
    { content: Buffer | undefined; mtimeNs: bigint }
  >();

  const visit = (relative: string): void => {
    for (const name of readdirSync(join(directory, relative))) {
      const path = relative === '' ? name : `${relative}/${name}`;
      if (!isWanted(path)) continue;

      const stat = lstatSync(join(directory, path), { bigint: true });
      const isDirectory = stat.isDirectory();
      const content = isDirectory
        ? undefined
        : readFileSync(join(directory, path));

      picture.set(path, { content, mtimeNs: stat.mtimeNs });
      if (isDirectory) visit(path);
    }
  };

  visit('');

  return picture;
}

/** A recovered time may be off by this much: setting times is exact to the microsecond only. */
const TIME_TOLERANCE_NS = 1000n;

/** One line a difference: `missing: …`, `unexpected: …`, `other content: …`, `other time: …`; empty where equal. */
export function comparePictures(
  before: DirectoryPicture,
  after: DirectoryPicture,
): string[] {
  const differences: string[] = [];
  for (const [path, was] of before) {
    const is = after.get(path);
    if (!is) {
      differences.push(`missing: ${path}`);
    } else if (!sameContent(was.content, is.content)) {
      differences.push(`other content: ${path}`);
    } else if (
      was.content &&
      distance(was.mtimeNs, is.mtimeNs) > TIME_TOLERANCE_NS
    ) {
      differences.push(`other time: ${path}`);
    }
  }

  for (const path of after.keys()) {
    if (!before.has(path)) differences.push(`unexpected: ${path}`);
  }

  return differences;
}

function sameContent(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}

function distance(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a;
}
