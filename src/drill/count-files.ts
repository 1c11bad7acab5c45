import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.js';
import { Turns } from '../platform/turns.js';
import { isOwnName } from '../store/components.js';

/** The number of files below directories, without those of this program; a directory that is not there has none. */
export async function countFiles(
  directories: readonly string[],
): Promise<number> {
  const turns = new Turns();
  const open = [...directories];
  let count = 0;

  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    await turns.pass();

    for (const entry of listIfThere(next)) {
      if (isOwnName(entry.name)) continue;

      if (entry.isDirectory()) open.push(join(next, entry.name));
      else count++;
    }
  }

  return count;
}

function listIfThere(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];

    throw error;
  }
}
