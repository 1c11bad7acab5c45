// The two ways to read a central directory, on one volume: our plain lane and yauzl behind a window.
//   node scripts/build.mjs && node scripts/bench/central-directory.mjs [VOLUME.zip]
import {
  parsePlainCentralDirectory,
  readCentralDirectory,
} from '../../dist/archive/zip/plain-central-directory.js';
import { readOddCentralDirectory } from '../../dist/archive/zip/odd-central-directory.js';
import { openLocalFile } from '../../dist/archive/local-file.js';
import { openPromise } from 'yauzl';
import { median } from './measure.mjs';
import { backUp, smallStore } from './small-store.mjs';

const ROUNDS = 7;
const path = process.argv[2] ?? backUp(smallStore());
const source = openLocalFile(path, path);

const lanes = {
  'plain lane': async () =>
    parsePlainCentralDirectory(await readCentralDirectory(source)).count,
  'yauzl behind a window': async () =>
    (await readOddCentralDirectory(source)).table.count,
  'yauzl on the file': async () => {
    const zip = await openPromise(path);
    let count = 0;
    for await (const entry of zip.eachEntry()) {
      count += entry.fileName === '' ? 0 : 1;
    }

    return count;
  },
};
const times = new Map(Object.keys(lanes).map((name) => [name, []]));
let entries = 0;
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, read] of Object.entries(lanes)) {
    const started = performance.now();
    entries = await read();
    if (round > 0) times.get(name).push(performance.now() - started);
  }
}

source.close();
console.log(`${entries} entries, median of ${ROUNDS}`);
for (const [name, ms] of times) {
  console.log(`${name.padEnd(22)} ${median(ms).toFixed(1).padStart(8)} ms`);
}
