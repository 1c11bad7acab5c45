import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { measureKms } from '../helpers/peak-memory.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { buildZip } from '../helpers/zip-builder.js';

/** The memory that an archive takes does not grow with its volumes. */

const root = temporaryDirectory('flat');
afterAll(() => {
  removeTemporary(root);
});

const DIRECTORY = `@backup/store/lists/${`${'d'.repeat(250)}/`.repeat(12)}`;
/** Their names make a central directory of 8 MB. */
const ENTRIES = 2600;

function peakOf(volumes: number): number {
  const directory = join(root, String(volumes));
  mkdirSync(directory);

  for (let volume = 0; volume < volumes; volume++) {
    const names = Array.from(
      { length: ENTRIES },
      (_, at) => `${DIRECTORY}${String(volume)}-${String(at)}`,
    );
    const suffix = volume === 0 ? '' : `.${String(volume)}`;
    writeFileSync(
      join(directory, `F20260101T010000Z${suffix}.zip`),
      buildZip(names.map((name) => ({ name, content: '' }))),
    );
  }

  const args = ['verify', directory, '--quick', '--server-dir', root];
  const { peakMebibytes, stdout, stderr } = measureKms(root, args);
  expect(stdout + stderr).toContain('.summary.txt');

  return peakMebibytes;
}

it('24 volumes with 190 MB of names take little more memory than 12', () => {
  const few = peakOf(12);
  const many = peakOf(24);
  expect(many).toBeLessThan(few + 50);
});
