import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import { buildInstallation, message } from '../helpers/installation.js';
import { Random } from '../helpers/random.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

describe('recover(backup(store)) is the store', () => {
  let dir = '';
  beforeEach(() => {
    dir = temporaryDirectory('large');
  });
  afterEach(() => {
    removeTemporary(dir);
  });

  it('for 70,000 files in one folder', async () => {
    const names = Array.from(
      { length: 70_000 },
      (_, i) => `${(i + 1).toString(16).padStart(8, '0')}.eml`,
    );
    const messages = Object.fromEntries(
      names.map((name, i) => [
        name,
        i % 1000 === 0 ? '' : `Subject: ${String(i)}\r\n`,
      ]),
    );
    const store = {
      mail: { 'example.com': { alice: { INBOX: { '#msgs': messages } } } },
    };
    const server = buildInstallation(join(dir, 'server'), { store });
    const ofServer = ['--server-dir', server.serverDir];
    const expected = join(dir, 'expected');
    expectDone(await kmsInProcess(['backup', 'full', ...ofServer]));
    renameSync(server.storeDir, expected);
    expectDone(
      await kmsInProcess(['recover', server.backupDir, '--yes', ...ofServer]),
    );
    expect(compareTrees(expected, server.storeDir)).toEqual([]);
    // No volume may need Zip64, whose readers are rarer.
    expect(
      readdirSync(server.backupDir).filter((name) => name.endsWith('.zip')),
    ).toHaveLength(2);
  });

  it('for a file of more than 2 GiB in parts, within 300 MB of memory', async () => {
    const server = buildInstallation(join(dir, 'server'));
    const path = join(server.storeDir, 'mail/example.com/alice/huge.mbox');
    writeHuge(path, 2.25 * 2 ** 30);
    const peak = (args: string[]): number => {
      const command = [
        '-f',
        '%M',
        process.execPath,
        BINARY,
        ...args,
        '--server-dir',
        server.serverDir,
      ];
      const ended = runTool('/usr/bin/time', command, {
        env: QUIET_ENVIRONMENT,
        timeoutMs: 240_000,
      });
      expect(`${String(ended.status)} ${ended.stderr}`).toMatch(
        /^0 .*?\d+\n$/s,
      );
      return Number(ended.stderr.trim().split('\n').at(-1)) / 1024;
    };

    const skipped = await kmsInProcess([
      'backup',
      'full',
      '--server-dir',
      server.serverDir,
    ]);
    expect(skipped.status).toBe(3);
    expect(skipped.stdout + skipped.stderr).toContain('huge.mbox');
    const flags = [
      '--oversize',
      'split',
      '--volume-size',
      '500MB',
      '--level',
      '1',
    ];
    expect(peak(['backup', 'full', ...flags])).toBeLessThan(300);
    const kept = join(dir, 'huge.mbox');
    runTool('mv', [path, kept]);
    expect(peak(['recover', server.backupDir, '--yes'])).toBeLessThan(300);
    expect(runTool('cmp', [kept, path]).status).toBe(0);
  });
});

/** A file with text and base64 at both ends and holes of zeros between: quick to make, not alike anywhere that matters. */
function writeHuge(path: string, sizeBytes: number): void {
  const random = new Random(3);
  const fd = openSync(path, 'w');
  ftruncateSync(fd, sizeBytes);
  for (let at = 0; at < sizeBytes; at += 256 << 20) {
    const block = Buffer.from(
      message(`block at ${String(at)}`, random, 3_000_000),
    );
    writeSync(fd, block, 0, block.length, at + 12_345);
  }

  writeSync(fd, Buffer.from('the end'), 0, 7, sizeBytes - 7);
  closeSync(fd);
}
