// Compares how fast a built executable and `node bin/run.js` start: ten runs of each, in turn, and their medians.
//   node scripts/bench/start.mjs build/kms-backup-VERSION-linux-x64/kms-backup
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostTarget, nodeBinary } from '../node-binaries.mjs';
import { buildSampleServer } from '../../dist/demo/sample-server.js';
import { median } from './measure.mjs';

const RUNS = 10;

function milliseconds([program, ...args]) {
  const started = performance.now();
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });

  if (status !== 0) {
    throw new Error(
      `${program} ${args.join(' ')} ended with ${status}: ${stderr}`,
    );
  }

  return performance.now() - started;
}

const [executable] = process.argv.slice(2);
if (executable === undefined) {
  throw new Error('which executable? See build/ after `npm run build:bin`');
}

const script = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const host = hostTarget();
// The same Node for both: another version starts faster or slower by itself.
const node = host === undefined ? process.execPath : nodeBinary(host);
const starts = {
  executable: [resolve(executable)],
  'node bin/run.js': [node, script],
};
const directory = mkdtempSync(join(tmpdir(), 'kms-backup-start-'));
try {
  const { serverDir } = buildSampleServer(join(directory, 'server'));
  for (const words of [
    ['--version'],
    ['schedule', 'list', '--server-dir', serverDir],
  ]) {
    const times = Object.fromEntries(
      Object.keys(starts).map((name) => [name, []]),
    );
    for (let run = 0; run < RUNS; run++) {
      for (const [name, command] of Object.entries(starts)) {
        times[name].push(milliseconds([...command, ...words]));
      }
    }

    const medians = Object.entries(times).map(
      ([name, all]) => `${name} ${median(all).toFixed(0)} ms`,
    );
    console.log(`${words.slice(0, 2).join(' ')}: ${medians.join(', ')}`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
