// Compares archiver with our own writer: time, memory, the facts in its entries, a file that vanishes, a full disk.
//   node scripts/build.mjs && node scripts/bench/archiver-compare.mjs
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readEntries } from '../../dist/archive/zip/central-directory.js';
import { openLocalFile } from '../../dist/archive/local-file.js';
import { archiveBytes } from './directories.mjs';
import { kms, KMS_ENVIRONMENT as env } from './kms.mjs';
import { measure, median } from './measure.mjs';
import { backUp, emptyWork, smallStore, WORK } from './small-store.mjs';

const ROUNDS = 3;
const LIMIT_MS = 60_000;
const PEER = fileURLToPath(new URL('archiver-peer.mjs', import.meta.url));
const PRECISIONS = ['2 s', '1 s', '100 ns'];

const store = smallStore();
const ours = (from = store, into = emptyWork('kms')) =>
  kms`backup full --server-dir ${from.serverDir} --backup-dir ${into}`.command;
const theirs = (from, into, ...more) => [
  process.execPath,
  PEER,
  from,
  join(into, 'archiver.zip'),
  ...more,
];

async function race() {
  const [a, b] = [
    { seconds: [], peaks: [] },
    { seconds: [], peaks: [] },
  ];

  for (let round = 0; round < ROUNDS; round++) {
    for (const [one, command] of [
      [a, ours()],
      [b, theirs(store.storeDir, emptyWork('archiver'))],
    ]) {
      spawnSync('sync');

      const { seconds, peakBytes } = await measure({ command, env });
      one.seconds.push(seconds);
      one.peaks.push(peakBytes);
    }
  }

  const line = (name, { seconds, peaks }, bytes) =>
    console.log(
      `${name.padEnd(11)} ${median(seconds).toFixed(1)} s, ${Math.round(Math.max(...peaks) / 2 ** 20)} MiB at most, archive ${(bytes / 2 ** 20).toFixed(1)} MiB`,
    );

  line('kms-backup', a, archiveBytes(join(WORK, 'kms')));
  line('archiver', b, archiveBytes(join(WORK, 'archiver')));
  console.log(
    `ratio       ${(median(b.seconds) / median(a.seconds)).toFixed(1)}`,
  );
}

async function describe(name, path) {
  const source = openLocalFile(path, name);
  const { table } = await readEntries(source);
  const at = Math.floor(table.count / 2);
  const hasDescriptor = (table.columns.flags[at] & 8) !== 0;

  source.close();
  console.log(
    `${name.padEnd(11)} times to ${PRECISIONS[table.columns.precisions[at]]}, ${hasDescriptor ? 'data descriptors' : 'sizes in the local headers'}`,
  );
}

/** Runs a command, calls `meanwhile` beside it, and prints its end. */
async function observe(name, command, meanwhile = () => undefined) {
  const child = spawn(command[0], command.slice(1), {
    env: { ...process.env, ...env },
  });
  let said = '';

  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => (said += bytes));
  }

  const ended = new Promise((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? signal)),
  );
  const timer = wait(LIMIT_MS, 'hangs', { ref: false });

  await meanwhile();

  const result = await Promise.race([ended, timer]);
  child.kill('SIGKILL');

  const lines = said.trim().split('\n').filter(Boolean);

  const telling =
    lines.find((line) => /ENOENT|ENOSPC|vanished|full|Error/.test(line)) ??
    lines.at(-1) ??
    'says nothing';

  console.log(
    `${name.padEnd(24)} exit ${result}: ${telling.trim().slice(0, 110)}`,
  );
}

/** Removes the last folders as soon as something is written. */
async function vanish(from, into) {
  for (let tries = 0; tries < 2000; tries++) {
    const isWriting = readdirSync(into).some(
      (name) =>
        name.includes('.zip') &&
        statSync(join(into, name), { throwIfNoEntry: false })?.size > 0,
    );

    if (isWriting) break;

    await wait(5);
  }

  const domain = join(from, 'mail', 'example.com');
  for (const user of readdirSync(domain).slice(-40)) {
    rmSync(join(domain, user), { recursive: true, force: true });
  }
}

async function loseFiles() {
  for (const name of ['kms-backup', 'archiver', 'archiver as documented']) {
    const copy = join(emptyWork('vanishing'), 'mailserver');
    cpSync(store.serverDir, copy, {
      recursive: true,
      preserveTimestamps: true,
    });

    const from = { serverDir: copy, storeDir: join(copy, 'store') };
    const into = emptyWork('into');

    const command =
      name === 'kms-backup'
        ? ours(relocate(from), into)
        : theirs(
            from.storeDir,
            into,
            ...(name === 'archiver' ? [] : ['--documented']),
          );

    await observe(name, command, () => vanish(from.storeDir, into));

    const zip = readdirSync(into).find((file) => file.endsWith('.zip'));
    const isWhole =
      zip !== undefined &&
      spawnSync('unzip', ['-tqq', join(into, zip)]).status === 0;

    console.log(
      `${' '.repeat(25)}${isWhole ? 'a whole archive is there' : 'no whole archive is there'}`,
    );
  }
}

function relocate(from) {
  const path = join(from.serverDir, 'mailserver.cfg');
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replaceAll(store.storeDir, from.storeDir),
  );
  return from;
}

/** A disk of 4 MiB, in a mount namespace of its own. */
async function fillDisk() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/unshare')) {
    console.log('a full disk can only be made by root, with unshare: left out');
    return;
  }

  const small = (command) => {
    const into = join(WORK, 'into');
    return [
      'unshare',
      '-m',
      'sh',
      '-c',
      `mount -t tmpfs -o size=4m none '${into}' && exec "$@"`,
      'sh',
      ...command,
    ];
  };

  const into = emptyWork('into');

  await observe('kms-backup', small(ours(store, into)));
  await observe('archiver', small(theirs(store.storeDir, into)));
  await observe(
    'archiver as documented',
    small(theirs(store.storeDir, into, '--documented')),
  );
}

console.log(
  `== ${readdirSync(join(store.storeDir, 'mail', 'example.com')).length} mailboxes, 20,214 mails, level 6`,
);
await race();
console.log('== what the entries say');
await describe('kms-backup', backUp(store));
await describe('archiver', join(WORK, 'archiver', 'archiver.zip'));
console.log('== forty mailboxes vanish while they are backed up');
await loseFiles();
console.log('== the disk is full after 4 MiB');
await fillDisk();
