// What a full backup costs besides reading and deflating: processor time for each message, beside a loop that only reads.
//   node scripts/bench/rest.mjs [DIR] [STORE]
// DIR is where the store lies or is made (default: in memory), STORE one of docs/benchmarks.md (default: B).
import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { codecNamed } from '../../dist/archive/zip/codec.js';
import { emptyDirectory } from './directories.mjs';
import { kms } from './kms.mjs';
import { measure } from './measure.mjs';
import { ensureStore } from './stores.mjs';

const [root = '/dev/shm/kms-backup-bench', name = 'B'] = process.argv.slice(2);
/** A store of so few messages shows what the program's start takes. */
const FEW = 100_000;

const input = Buffer.allocUnsafeSlow(128 << 20);
const output = Buffer.allocUnsafeSlow(128 << 20);
const codec = codecNamed('own');

/** Reads every file of a tree, and does something with its content. Returns their number. */
function readAll(directory, useContent) {
  let files = 0;

  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);

    if (entry.isDirectory()) {
      files += readAll(path, useContent);
      continue;
    }

    lstatSync(path);
    useContent(readOne(path));
    files++;
  }

  return files;
}

function readOne(path) {
  const fd = openSync(path);
  fstatSync(fd);
  const bytes = readSync(fd, input);
  closeSync(fd);

  return input.subarray(0, bytes);
}

function deflate(content) {
  codec.deflate(content, output.subarray(0, content.length), {
    kind: 'file',
    level: 6,
  });
}

/** Processor seconds of a loop in this thread, after one in which everything was compiled. */
function timeLoop(directory, useContent) {
  readAll(directory, useContent);
  const before = process.cpuUsage();
  const files = readAll(directory, useContent);
  const { user, system } = process.cpuUsage(before);

  return { files, seconds: (user + system) / 1e6 };
}

async function timeFull(serverDir) {
  const directory = join(root, `rest-${process.pid}`);
  emptyDirectory(directory);

  try {
    return await measure(
      kms`backup full --server-dir ${serverDir} --backup-dir ${directory} --json`,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const { storeDir, serverDir } = ensureStore(root, name, 1);
const tiny = ensureStore(join(root, 'tiny'), 'B', FEW);
const reading = timeLoop(storeDir, () => undefined);
const both = timeLoop(storeDir, deflate);
const full = await timeFull(serverDir);
const start = await timeFull(tiny.serverDir);

const deflating = both.seconds - reading.seconds;
const rest = full.processorSeconds - start.processorSeconds - deflating;
const each = (seconds) => `${((seconds / reading.files) * 1e6).toFixed(1)} µs`;

console.log(`${reading.files} files of store ${name}, processor time of each
walk, stat, open, read, close in a loop   ${each(reading.seconds)}
deflating in a loop                       ${each(deflating)}
a full backup without its start           ${each(full.processorSeconds - start.processorSeconds)}
of that, what is not deflating            ${each(rest)}, ${(rest / reading.seconds).toFixed(2)} of the loop that reads
the start of a backup                     ${start.processorSeconds.toFixed(2)} s`);
