/** How much a part of a backup is that no archive tells about yet. */
import { join } from 'node:path';
import { Turns } from '../platform/turns.js';
import type { DirectoryIdentity } from '../platform/look-again.js';
import { walkTree } from '../store/walk.js';
import { sizeOf } from './estimate.js';
import type { Source } from './sources.js';

/** Files, and their bytes before compression. */
export interface Amount {
  readonly files: number;
  readonly bytes: number;
}

/** Lists as a backup does, and looks at each file as its estimate does. */
export async function measureTree(
  { path, entryName }: Source,
  exclude: readonly DirectoryIdentity[],
): Promise<Amount> {
  const turns = new Turns();
  let [files, bytes] = [0, 0];

  await walkTree(path, entryName, {
    exclude,
    onDirectory: (directory, names) => {
      files += names.length;
      for (const name of names) bytes += sizeOf(join(directory.path, name));

      return turns.pass();
    },
  });

  return { files, bytes };
}
