import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPin, type Pin, writePin } from '../../src/archive/pins.js';
import type { Storage } from '../../src/archive/storage.js';
import { storageAt } from '../../src/archive/storages.js';
import { mirrorArchives } from '../../src/jobs/mirror-archives.js';
import { openServer } from '../../src/jobs/server.js';
import { limitPolicy } from '../../src/rotate/choose-policy.js';
import { runRotate } from '../../src/rotate/run-rotate.js';
import { sweepPins } from '../../src/rotate/sweep-pins.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, clockFrom } from '../helpers/nights.js';
import { rulesOf } from '../helpers/retention.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

const FIRST = 'F20260101T010000Z';
const SECOND = 'F20260102T010000Z';

let dir = '';
let server: Installation;
beforeEach(async () => {
  dir = temporaryDirectory('pinned-mirror');
  mkdirSync(join(dir, 'away'));
  server = buildInstallation(join(dir, 'server'));
  await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
  await backUpAt(server, 'full', '2026-01-02T01:00:00Z');
});
afterEach(() => {
  removeTemporary(dir);
});

const home = (): Storage => storageAt(server.backupDir);
const pinAt = (at: string, more: Partial<Pin> = {}): Pin => ({
  isPinned: true,
  at: new Date(at),
  ...more,
});

const replicate = (storage: Storage): ReturnType<typeof mirrorArchives> =>
  mirrorArchives({
    server: openServer({ 'server-dir': server.serverDir }),
    source: home(),
    mirror: { storage, retention: rulesOf({ last: 1 }), isUsual: true },
    keepsDifferentials: false,
    rotates: true,
    isDryRun: false,
    isNewTarget: false,
    lockWaitMs: 0,
    clock: clockFrom('2026-02-01T01:00:00Z'),
  });

describe('a pin in a second place', () => {
  it('is there with its archive, keeps it there, and follows what is said later, here or there', async () => {
    const away = (): Storage => storageAt(join(dir, 'away'));
    const namesThere = (): string[] =>
      readdirSync(join(dir, 'away')).filter((name) => !name.startsWith('.'));
    const pin = pinAt('2026-01-03T00:00:00Z', { reason: 'the move' });

    await writePin(home(), FIRST, pin);
    await replicate(away());
    expect(namesThere()).toEqual([
      `${FIRST}.pin.json`,
      `${FIRST}.zip`,
      `${SECOND}.zip`,
    ]);
    expect(await findPin(away(), FIRST)).toEqual(pin);

    // What was said there later is true there.
    const there = pinAt('2026-01-05T00:00:00Z', { reason: 'the law' });
    await writePin(away(), FIRST, there);
    await writePin(
      home(),
      FIRST,
      pinAt('2026-01-04T00:00:00Z', { isPinned: false }),
    );
    await replicate(away());
    expect(await findPin(away(), FIRST)).toEqual(there);
    expect(namesThere()).toContain(`${FIRST}.zip`);
  });

  it('is taken away there, too', async () => {
    const away = storageAt(join(dir, 'away'));
    await writePin(home(), FIRST, pinAt('2026-01-03T00:00:00Z'));
    await replicate(away);

    // Only what the rules of that place would have is wanted, so the archive goes with its pin.
    await writePin(
      away,
      FIRST,
      pinAt('2026-01-04T00:00:00Z', { isPinned: false }),
    );
    await writePin(
      home(),
      FIRST,
      pinAt('2026-01-04T00:00:00Z', { isPinned: false }),
    );
    await replicate(away);
    expect(
      readdirSync(join(dir, 'away')).filter((name) => !name.startsWith('.')),
    ).toEqual([`${SECOND}.zip`]);
  });

  it('that nobody understands goes there as it is, and keeps the archive', async () => {
    const away = storageAt(join(dir, 'away'));
    const name = `${FIRST}.pin.json`;
    writeFileSync(join(server.backupDir, name), '{ "isPinned": tru');
    await replicate(away);

    expect(readFileSync(join(dir, 'away', name), 'utf8')).toBe(
      '{ "isPinned": tru',
    );
    expect(readdirSync(join(dir, 'away'))).toContain(`${FIRST}.zip`);
  });

  it('goes in the next run where the rotation died after the last volume', async () => {
    const name = join(server.backupDir, `${FIRST}.pin.json`);
    await writePin(home(), FIRST, pinAt('2026-01-03T00:00:00Z'));
    utimesSync(name, 1_767_400_000, 1_767_400_000);
    const storage = home();
    const clock = clockFrom('2026-02-01T01:00:00Z');

    // Not as long as anything of the archive is there.
    await sweepPins(storage, clock);
    expect(existsSync(name)).toBe(true);

    rmSync(join(server.backupDir, `${FIRST}.zip`));
    await runRotate({
      storage,
      policy: limitPolicy(7, false),
      isDryRun: false,
      lockWaitMs: 0,
      clock,
    });
    expect(existsSync(name)).toBe(false);
  });
});
