import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isKeptByPin } from '../../src/archive/pin-words.js';
import { findPin } from '../../src/archive/pins.js';
import { storageAt } from '../../src/archive/storages.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, rotateAt } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { expectDone, expectEnd } from '../helpers/tools.js';

const FULL = 'F20260101T010000Z';
const DIFFERENTIAL = 'I20260102T010000Z';
const SECOND = 'F20260103T010000Z';
const THIRD = 'F20260104T010000Z';
const LATER = '2026-02-01T01:00:00Z';

let dir = '';
let server: Installation;
beforeEach(() => {
  dir = temporaryDirectory('pins');
  server = buildInstallation(join(dir, 'server'), { keep: 7 });
});
afterEach(() => {
  removeTemporary(dir);
});

const names = (): string[] =>
  readdirSync(server.backupDir).filter((name) => !name.startsWith('.'));
const zips = (): string[] => names().filter((name) => name.endsWith('.zip'));
const pinPath = (stem: string): string =>
  join(server.backupDir, `${stem}.pin.json`);

async function fourNights(): Promise<void> {
  await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
  await backUpAt(server, 'differential', '2026-01-02T01:00:00Z');
  await backUpAt(server, 'full', '2026-01-03T01:00:00Z');
  await backUpAt(server, 'full', '2026-01-04T01:00:00Z');
}

const kms = (...words: string[]): ReturnType<typeof kmsInProcess> =>
  kmsInProcess([...words, '--server-dir', server.serverDir]);
const kmsJson = (...words: string[]): ReturnType<typeof kmsJsonInProcess> =>
  kmsJsonInProcess([...words, '--server-dir', server.serverDir]);

describe('a pin', () => {
  it('keeps an archive from every rotation, and is shown wherever archives are', async () => {
    await fourNights();
    const pinned = await kms('pin', `${SECOND}.zip`, '--reason', 'the move');
    expect(pinned.stdout).toBe(`${SECOND}.zip is pinned: the move\n`);

    expect((await kms('list-archives')).stdout).toContain(
      'yes; pinned: the move',
    );
    expect((await kms('status')).stdout).toMatch(
      new RegExp(`^Pinned +${SECOND}\\.zip, pinned: the move$`, 'm'),
    );
    expect((await kmsJson('status')).json['pins']).toEqual([
      expect.objectContaining({
        archive: `${SECOND}.zip`,
        keeps: true,
        reason: 'the move',
        until: null,
      }),
    ]);

    expectDone(await kms('rotate', '--keep', '1'));
    expect(zips()).toEqual([`${SECOND}.zip`, `${THIRD}.zip`]);
    const { json } = await kmsJson('rotate', '--keep', '1', '--dry-run');
    expect(json).toMatchObject({
      kept: { complete: 1, pinned: 1 },
      verdicts: [
        { verdict: 'keep', reasons: ['pinned: the move'] },
        { verdict: 'keep', reasons: ['newest complete backup'] },
      ],
    });

    expect((await kms('unpin', SECOND)).stdout).toMatch(/is pinned no more/);
    expect((await kms('unpin', SECOND)).stdout).toMatch(/was not pinned/);
    expectDone(await kms('rotate', '--keep', '1'));
    expect(names()).toEqual([`${THIRD}.zip`]);
  });

  it('is set and taken where the archive is named with its directory', async () => {
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    const path = join(server.backupDir, `${FULL}.zip`);
    const words = ['--server-dir', join(dir, 'no-server')];
    expectDone(await kmsInProcess(['pin', path, ...words]));
    expect(names()).toContain(`${FULL}.pin.json`);
    expect((await kmsInProcess(['unpin', path, ...words])).stdout).toMatch(
      /is pinned no more/,
    );

    const twice = await kms('pin', path, '--backup-dir', dir);
    expectEnd(twice, 2, 'USAGE');
    const away = await kms(
      'pin',
      join(server.backupDir, 'F20260109T010000Z.zip'),
    );
    expectEnd(away, 10, 'NOT_FOUND');
    expect(away.stderr).toContain(`Did you mean ${FULL}.zip?`);
  });

  it('of a differential keeps its full, too', async () => {
    await fourNights();
    expect((await kms('pin', DIFFERENTIAL)).stdout).toBe(
      `${DIFFERENTIAL}.zip is pinned\n${FULL}.zip stays with it.\n`,
    );

    const { verdicts } = await rotateAt(server.backupDir, LATER, { keep: 1 });
    expect(
      verdicts.map(({ archive, action, reason }) => [archive, action, reason]),
    ).toEqual([
      [`${FULL}.zip`, 'keep', `${DIFFERENTIAL}.zip, which needs it, is pinned`],
      [`${DIFFERENTIAL}.zip`, 'keep', 'differential of a kept full, pinned'],
      [`${SECOND}.zip`, 'remove', 'over the limit of 1'],
      [`${THIRD}.zip`, 'keep', 'newest complete backup'],
    ]);
  });

  it('past its day keeps nothing, says so, and goes with its archive', async () => {
    await fourNights();
    const text = JSON.stringify({
      schema: 'kms-backup/pin-file/1',
      archive: `${SECOND}.zip`,
      isPinned: true,
      at: '2026-01-05T00:00:00.000Z',
      until: '2026-01-20T12:00:00.000Z',
    });
    writeFileSync(pinPath(SECOND), text);

    const rotate = (at: string) =>
      rotateAt(server.backupDir, at, { keep: 1, isDryRun: true });
    const verdictAt = async (at: string): Promise<string | undefined> =>
      (await rotate(at)).verdicts[2]?.reason;
    expect(await verdictAt('2026-01-20T11:00:00Z')).toBe(
      'pinned until 2026-01-20',
    );
    expect(await verdictAt(LATER)).toBe(
      'over the limit of 1, its pin ended with 2026-01-20',
    );

    await rotateAt(server.backupDir, LATER, { keep: 1 });
    expect(names()).toEqual([`${THIRD}.zip`]);
  });

  it.each([
    ['', 'is no JSON of a pin'],
    ['{"isPinned": false', 'is no JSON of a pin'],
    [
      `{"schema":"kms-backup/pin-file/1","archive":"${FULL}.zip","isPinned":false,"at":"2026-01-01T00:00:00Z"}`,
      'does not say what a pin says',
    ],
    [
      `{"schema":"kms-backup/pin-file/1","archive":"${SECOND}.zip","isPinned":false,"at":"2026-01-01T00:00:00Z","more":1}`,
      'does not say what a pin says',
    ],
    ['x'.repeat(70_000), 'is too large'],
  ])('that says %.30j keeps the archive, and is named', async (text, fault) => {
    await fourNights();
    writeFileSync(pinPath(SECOND), text);

    const { verdicts } = await rotateAt(server.backupDir, LATER, { keep: 1 });
    expect(verdicts[2]).toMatchObject({
      action: 'keep',
      reason: `kept as if pinned: ${SECOND}.pin.json ${fault}`,
    });
    expect((await kms('list-archives')).stdout).toContain(fault);
    expectDone(await kms('pin', SECOND));
    expectDone(await kms('unpin', SECOND));
    expect(
      isKeptByPin(
        await findPin(storageAt(server.backupDir), SECOND),
        new Date(),
      ),
    ).toBe(false);
  });

  it('asks for an archive that is there, a day to come and a free directory', async () => {
    await fourNights();
    const typo = await kms('pin', 'F20260103T010001Z.zip');
    expect([typo.status, typo.stderr]).toEqual([
      10,
      expect.stringContaining(`Did you mean ${SECOND}.zip?`),
    ]);
    expect((await kms('pin', SECOND, '--until', '2020-01-31')).status).toBe(2);
    expect((await kms('pin', SECOND, '--until', '2030-02-31')).status).toBe(2);

    const lock = await storageAt(server.backupDir).lock.take({
      command: 'rotate',
      clock: () => new Date(),
      waitMs: 0,
      hasWaitFlag: true,
    });
    try {
      expect((await kms('pin', SECOND)).status).toBe(11);
    } finally {
      lock.release();
    }

    expect(names()).not.toContain(`${SECOND}.pin.json`);
  });
});

describe('a copy that is pinned at its birth', () => {
  it('says so, and no rotation removes it', async () => {
    const words = ['--pin', 'before the move', '--until', '2099-12-31'];
    const copy = await kms('backup', 'copy', ...words);
    expectDone(copy);
    expect(copy.stdout).toContain(
      'Pinned     until 2099-12-31: before the move\n',
    );
    await kms('backup', 'copy');
    await kms('backup', 'full');
    expectDone(await kms('rotate', '--keep', '1'));

    expect(zips()).toHaveLength(2);
    expect((await kms('backup', 'copy', 'before the move')).status).toBe(2);
  });

  it('has its pin before it has its name, and a copy that gets none leaves no pin', async () => {
    const seen: string[][] = [];
    const storage = {
      ...storageAt(server.backupDir),
      publish: () => {
        seen.push(names());

        return Promise.reject(new Error('no name today'));
      },
    };

    await expect(
      backUpAt(server, 'copy', LATER, { storage, pin: { reason: 'once' } }),
    ).rejects.toThrow('no name today');
    expect(seen).toEqual([
      ['C20260201T010000Z.pin.json', 'C20260201T010000Z.zip.part'],
    ]);
    expect(names()).toEqual([]);
  });

  it('leaves nothing where its run died before it had its name', async () => {
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    const text = readFileSync(join(server.backupDir, `${FULL}.zip`));
    writeFileSync(join(server.backupDir, 'C20260102T010000Z.zip.part'), text);
    writeFileSync(pinPath('C20260102T010000Z'), '{}');
    // Nothing proves that a run died of which the volumes are not there.
    writeFileSync(pinPath('C20250102T010000Z'), '{}');

    await backUpAt(server, 'full', '2026-01-03T01:00:00Z');
    expect(names()).toEqual([
      'C20250102T010000Z.pin.json',
      `${FULL}.zip`,
      `${SECOND}.zip`,
    ]);
  });
});
