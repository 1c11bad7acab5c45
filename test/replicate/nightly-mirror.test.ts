import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMirrorRecord } from '../../src/archive/mirror-record.js';
import { storageAt } from '../../src/archive/storages.js';
import { FailedError } from '../../src/errors.js';
import { warningTexts } from '../../src/jobs/run-warnings.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import { backUpAt } from '../helpers/nights.js';

let dir: string;
let away: string;
let server: Installation;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kms-mirror-'));
  server = buildInstallation(dir);
  away = join(dir, 'away');
  mkdirSync(away);
  const ini = join(dir, 'kms-backup.ini');
  appendFileSync(ini, '[mirror]\nto = away\nlast = 1\n');
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

const zips = (): string[] =>
  readdirSync(away).filter((name) => name.endsWith('.zip'));

describe('the night with a second place', () => {
  it('copies each archive there after its rotation, and notes what is there', async () => {
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    const { mirror, warnings } = await backUpAt(
      server,
      'differential',
      '2026-01-02T01:00:00Z',
    );

    expect(warnings).toEqual([]);
    expect(mirror?.report.archives.map(({ action }) => action)).toEqual([
      'there',
      'copied',
    ]);
    await backUpAt(server, 'full', '2026-01-03T01:00:00Z');
    expect(zips()).toEqual(['F20260103T010000Z.zip']);
  });

  it('is what the record is about, whatever is copied elsewhere by hand', async () => {
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    const elsewhere = join(dir, 'elsewhere');
    mkdirSync(elsewhere);
    await kmsInProcess(['replicate', '--server-dir', dir, '--to', elsewhere]);
    const record = await readMirrorRecord(storageAt(server.backupDir));
    expect(readdirSync(elsewhere)).toContain('F20260101T010000Z.zip');
    expect(record?.to).toBe(away);
  });

  it('and a place that is away is a warning, and what is lost with the rotation is named', async () => {
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    rmSync(away, { recursive: true });
    await backUpAt(server, 'full', '2026-01-02T01:00:00Z');
    const { report, warnings, mirror, rotation } = await backUpAt(
      server,
      'full',
      '2026-01-03T01:00:00Z',
      { keep: 1 },
    );

    expect(mirror).toBeUndefined();
    expect(report.archive).toBe('F20260103T010000Z.zip');
    expect(rotation?.failures).toBe(0);
    expect(warningTexts(warnings)).toEqual([
      'F20260102T010000Z.zip was removed and was not in the second place',
      expect.stringMatching(
        /^the copy to the second place failed: the backup disk seems not to be mounted \(1 archive was here .*away is not there; F20260103T010000Z\.zip may not be there$/,
      ),
    ]);
    expect(warnings.map(({ source }) => source)).toEqual(['mirror', 'mirror']);
    const record = await readMirrorRecord(storageAt(server.backupDir));
    expect(record?.archives).toEqual(['F20260101T010000Z.zip']);
  });

  it('and a place that would be packed is a warning, and nothing is copied', async () => {
    writeFileSync(
      join(dir, 'kms-backup.ini'),
      `[mirror]\nto = ${server.storeDir}\n`,
    );
    const { mirror, warnings } = await backUpAt(
      server,
      'full',
      '2026-01-01T01:00:00Z',
    );

    expect(mirror).toBeUndefined();
    expect(warningTexts(warnings)).toEqual([
      expect.stringMatching(
        /^the copy to the second place failed: .*lies in the mail store/,
      ),
    ]);
  });

  it('and a login that is refused there is a warning', async () => {
    const reachMirror = (): Promise<void> =>
      Promise.reject(new FailedError('cannot log in at \\\\nas\\away'));
    const { report, warnings } = await backUpAt(
      server,
      'full',
      '2026-01-01T01:00:00Z',
      { reachMirror },
    );

    expect(report.archive).toBe('F20260101T010000Z.zip');
    expect(warningTexts(warnings)).toEqual([
      expect.stringContaining('failed: cannot log in at \\\\nas\\away'),
    ]);
    expect(zips()).toEqual([]);
  });

  it('and status says how far the second place is behind, without asking it', async () => {
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    const words = ['status', '--server-dir', server.serverDir];
    expect((await kmsInProcess(words)).stdout).toContain(
      `up to date, F20260101T010000Z.zip in ${away}`,
    );

    rmSync(away, { recursive: true });
    await backUpAt(server, 'full', '2026-01-02T01:00:00Z');
    expect((await kmsInProcess(words)).stdout).toContain(
      `24h behind, F20260101T010000Z.zip in ${away}`,
    );
    const page = join(dir, 'status.html');
    await kmsInProcess([...words, '--html', page]);
    expect(readFileSync(page, 'utf8')).toContain(
      `<dt>Off-site</dt><dd>24h behind<small>F20260101T010000Z.zip in ${away}</small></dd>`,
    );
    expect((await kmsJsonInProcess(words)).json).toMatchObject({
      mirror: { to: away, behindMs: 86_400_000 },
    });
  });

  it('names what is not copied', async () => {
    const { warnings } = await backUpAt(
      server,
      'full',
      '2026-01-01T01:00:00Z',
      { readsBack: false },
    );

    expect(warningTexts(warnings)).toEqual([
      `F20260101T010000Z.zip is not in ${away}: it is not verified; run verify`,
    ]);
  });
});
