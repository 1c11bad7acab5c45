// Measures the time in which each command stops: SIGTERM at several moments of its work on a server of real size.
//   node scripts/bench/stop.mjs SERVER_DIR BACKUP_DIR
// SERVER_DIR is only read. BACKUP_DIR holds an archive, and the results go into a temporary directory beside it.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const [serverDir, backupDir] = process.argv
  .slice(2)
  .map((path) => resolve(path));
if (!serverDir || !backupDir) {
  throw new Error('usage: node scripts/bench/stop.mjs SERVER_DIR BACKUP_DIR');
}

const binary = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const place = mkdtempSync(join(dirname(backupDir), 'kms-stop-'));
const CASES = [
  [
    'backup',
    ['backup', 'full', '--backup-dir', join(place, 'backup')],
    [300, 600, 1500, 6000],
  ],
  ['verify', ['verify', backupDir], [300, 800, 2000]],
  [
    'search',
    ['search', backupDir, '--text', 'nobody wrote this'],
    [300, 800, 2000, 4000],
  ],
  [
    'recover',
    [
      'recover',
      backupDir,
      '--yes',
      '-s',
      join(place, 'store'),
      '-c',
      join(place, 'cfg'),
    ],
    [800, 1500, 3000, 6000],
  ],
  [
    'export to zip',
    ['export', backupDir, '--output', join(place, 'all.zip')],
    [500, 1200, 4000],
  ],
  [
    'export to a Maildir',
    [
      'export',
      backupDir,
      '--format',
      'maildir',
      '--output',
      join(place, 'maildir'),
    ],
    [800, 3000],
  ],
];

async function stop(words, delayMs) {
  const child = spawn(
    process.execPath,
    [binary, ...words, '--server-dir', serverDir],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );

  let output = '';

  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));

  const closed = new Promise((done) => child.once('close', done));
  await Promise.race([sleep(delayMs), closed]);

  const startedMs = performance.now();
  child.kill('SIGTERM');

  const code = await closed;
  const line =
    output.split('\n').find((text) => text.includes('stopped by')) ?? '';

  return {
    code,
    seconds: (performance.now() - startedMs) / 1000,
    line: line.replace(place, '…'),
  };
}

try {
  mkdirSync(join(place, 'backup'));
  for (const [name, words, delaysMs] of CASES) {
    for (const delayMs of delaysMs) {
      const { code, seconds, line } = await stop(words, delayMs);
      const left = readdirSync(place, { recursive: true }).filter((path) =>
        /\.part$|-tmp-|recover\/new/.test(path),
      ).length;
      const cells = [
        name.padEnd(20),
        `${delayMs} ms`.padStart(8),
        String(code).padStart(4),
        `${seconds.toFixed(2)} s`,
        `${left} left`,
      ];
      console.log(`${cells.join('  ')}  ${line}`);
    }
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
