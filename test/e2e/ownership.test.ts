import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { writeKerioArchive } from '../helpers/kerio-archive.js';
import {
  listTree,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import { expectDone, kms } from '../helpers/tools.js';

let dir = '';
afterEach(() => {
  removeTemporary(dir);
});

/** Whom each recovered path belongs to, as `uid:gid`, without doubles. */
function ownersBelow({ storeDir }: Installation): string[] {
  const owners = listTree(storeDir).map((path) => {
    const { uid, gid } = lstatSync(join(storeDir, path));
    return `${String(uid)}:${String(gid)}`;
  });
  return [...new Set(owners)];
}

function recoverInto(prepare: (server: Installation) => void): Installation {
  dir = temporaryDirectory('owner');
  const server = buildInstallation(join(dir, 'server'));
  expectDone(kms(['backup', 'full', '--server-dir', server.serverDir]));
  prepare(server);
  expectDone(
    kms([
      'recover',
      server.backupDir,
      '--server-dir',
      server.serverDir,
      '--yes',
      '--no-keep-old',
    ]),
  );
  return server;
}

describe.runIf(process.getuid?.() === 0)('recovered as root', () => {
  it('mail belongs to whom the store belonged to', () => {
    const server = recoverInto(({ storeDir }) => {
      for (const path of ['', ...listTree(storeDir)]) {
        chownSync(join(storeDir, path), 1234, 1235);
      }
    });
    expect(ownersBelow(server)).toEqual(['1234:1235']);
  });

  it('mail of an archive that names no directories belongs there too, directories included', () => {
    const server = recoverInto((own) => {
      for (const path of ['', ...listTree(own.storeDir)]) {
        chownSync(join(own.storeDir, path), 1234, 1235);
      }

      chmodSync(join(own.storeDir, 'mail'), 0o750);
      removeTemporary(own.backupDir);
      mkdirSync(own.backupDir);
      writeKerioArchive(own.backupDir, own, {
        letter: 'F',
        startedAt: new Date(),
      });
    });
    expect(ownersBelow(server)).toEqual(['1234:1235']);
    expect(
      lstatSync(join(server.storeDir, 'mail/example.com/alice/INBOX')).mode &
        0o777,
    ).toBe(0o750);
  });

  it('mail belongs to root where the store does', () => {
    expect(ownersBelow(recoverInto(() => undefined))).toEqual(['0:0']);
  });

  it('mail has the group of the part that it replaces, also below a directory that hands on another', () => {
    const server = recoverInto(({ storeDir }) => {
      chownSync(storeDir, 0, 1236);
      chmodSync(storeDir, 0o2755);
      for (const path of listTree(storeDir)) {
        chownSync(join(storeDir, path), 0, 0);
      }
    });
    expect(ownersBelow(server)).toEqual(['0:0']);
  });
});
