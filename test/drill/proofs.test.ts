import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
} from 'vitest';
import { storageAt } from '../../src/archive/storages.js';
import { formatVerify, verifyEnd } from '../../src/ui/present/verify.js';
import { runVerify } from '../../src/verify/run-verify.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, clockFrom } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import type { Json } from '../helpers/tools.js';

const root = temporaryDirectory('proofs');
const FULLS = ['F20260101T010000Z', 'F20260102T010000Z', 'F20260103T010000Z'];
let count = 0;
let server: Installation;

beforeAll(() => {
  process.env['KMS_BACKUP_STATE_DIR'] = join(root, 'state');
});

beforeEach(async () => {
  server = buildInstallation(join(root, String(++count)));
  for (const day of ['01', '02', '03']) {
    await backUpAt(server, 'full', `2026-01-${day}T01:00:00Z`);
  }
});

afterAll(() => {
  delete process.env['KMS_BACKUP_STATE_DIR'];
  removeTemporary(root);
});

function recordPath(): string {
  return join(server.backupDir, '.kms-backup-verified.json');
}

function readRecord(): Record<string, Json> {
  const { archives } = JSON.parse(readFileSync(recordPath(), 'utf8')) as {
    archives: Record<string, Json>;
  };

  return archives;
}

function verified(
  ...words: string[]
): Promise<{ status: number | null; json: Json }> {
  return kmsJsonInProcess(['verify', server.backupDir, ...words]);
}

function namesIn(json: Json): unknown[] {
  return (json['archives'] as Json[]).map(({ archive }) => archive);
}

function drill(
  ...words: string[]
): Promise<{ status: number | null; json: Json }> {
  const place = ['--server-dir', server.serverDir, '--to', server.serverDir];

  return kmsJsonInProcess(['drill', ...place, ...words]);
}

async function listed(): Promise<string> {
  return (await kmsInProcess(['list-archives', server.backupDir])).stdout;
}

describe('what proved an archive', () => {
  it('is said: the backup that read it back, a verify, or a drill of everything', async () => {
    await verified(join(server.backupDir, `${FULLS[1] ?? ''}.zip`));
    await kmsInProcess([
      'verify',
      join(server.backupDir, `${FULLS[0] ?? ''}.zip`),
    ]);
    await drill('--full');

    const { json } = await kmsJsonInProcess([
      'list-archives',
      server.backupDir,
    ]);
    expect(json['archives']).toMatchObject([
      { verifiedBy: 'verify', drilledAt: null },
      { verifiedBy: 'backup', drilledAt: null },
      { verifiedBy: 'drill', drilledMailboxes: null },
    ]);
    expect(await listed()).toMatch(/\(drill\) +\d{4}-\d\d-\d\d \(everything\)/);
  });

  it('is not a drill of one mailbox, which is shown as what it is', async () => {
    const { status } = await drill();
    const record = readRecord()[FULLS[2] ?? ''];

    expect(status).toBe(0);
    expect(record).toMatchObject({
      by: 'backup',
      at: expect.stringContaining('2026-01-03') as string,
      drilled: { mailboxes: 1 },
    });
    expect(await listed()).toMatch(/2026-01-03 +\d{4}-\d\d-\d\d \(1 mailbox\)/);

    const status1 = await kmsInProcess([
      'status',
      '--server-dir',
      server.serverDir,
    ]);
    expect(status1.stdout).toMatch(/drilled \d{4}-\d\d-\d\d \(1 mailbox\)/);
  });

  it('forgets no drill when the archive is verified, and reads records of earlier versions', async () => {
    await drill();
    await verified();
    expect(readRecord()[FULLS[2] ?? '']).toMatchObject({
      by: 'verify',
      drilled: { mailboxes: 1 },
    });

    const record = JSON.parse(readFileSync(recordPath(), 'utf8')) as {
      archives: Record<string, Json>;
    };
    for (const entry of Object.values(record.archives)) {
      Reflect.deleteProperty(entry, 'by');
    }

    writeFileSync(recordPath(), JSON.stringify(record));
    expect(await listed()).not.toContain('no ');
  });

  it('is nothing that a drill says which found a difference', async () => {
    const path = join(server.backupDir, `${FULLS[2] ?? ''}.zip`);
    const bytes = readFileSync(path);
    const at = bytes.indexOf('00000001.eml') + 60;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
    writeFileSync(path, bytes);

    expect((await drill()).status).toBe(4);
    expect(readRecord()[FULLS[2] ?? '']).not.toHaveProperty('drilled');
  });
});

describe('verify --unverified', () => {
  it('reads what no verify has read, what was never proven first, and then has nothing to do', async () => {
    await verified(join(server.backupDir, `${FULLS[0] ?? ''}.zip`));
    await kmsInProcess([
      'verify',
      join(server.backupDir, `${FULLS[0] ?? ''}.zip`),
    ]);
    const record = JSON.parse(readFileSync(recordPath(), 'utf8')) as {
      archives: Json;
    };
    Reflect.deleteProperty(record.archives, FULLS[2] ?? '');
    writeFileSync(recordPath(), JSON.stringify(record));

    const first = await verified('--unverified');
    const second = await verified('--unverified');

    expect(namesIn(first.json)).toEqual([
      `${FULLS[2] ?? ''}.zip`,
      `${FULLS[1] ?? ''}.zip`,
    ]);
    expect(first.json['left']).toEqual([]);
    expect(namesIn(second.json)).toEqual([]);
    expect([first.status, second.status]).toEqual([0, 0]);
  });

  it('stops when the time is over, records what was proven until then, and ends with 3', async () => {
    const end = await runVerify({
      place: { storage: storageAt(server.backupDir), fileName: undefined },
      clock: clockFrom('2026-02-01T01:00:00Z'),
      threads: 1,
      onlyUnverified: true,
      limitMs: 500,
      onArchive: ({ archive }) => {
        // The first archive takes all of the time.
        const until = Date.now() + 600;
        while (archive !== '' && Date.now() < until);
      },
    });

    expect(end.reports).toHaveLength(1);
    expect(end.left).toHaveLength(2);
    expect(readRecord()[FULLS[0] ?? '']).toMatchObject({ by: 'verify' });
    expect(readRecord()[FULLS[1] ?? '']).toMatchObject({ by: 'backup' });

    const { status, json } = await verified('--max-duration', '0s');
    expect(status).toBe(3);
    expect(json['left']).toHaveLength(3);
  });

  it('stops within an archive, and says nothing of it', async () => {
    const end = await runVerify({
      place: { storage: storageAt(server.backupDir), fileName: undefined },
      clock: clockFrom('2026-02-01T01:00:00Z'),
      threads: 1,
      limitMs: 1,
      onProgress: () => {
        const until = Date.now() + 50;
        while (Date.now() < until);
      },
    });

    expect(end.reports).toEqual([]);
    expect(end.left).toHaveLength(3);
    expect(readRecord()[FULLS[0] ?? '']).toMatchObject({ by: 'backup' });
  });

  it('finds an archive that is known to be damaged damaged again', async () => {
    rmSync(recordPath());
    const path = join(server.backupDir, `${FULLS[1] ?? ''}.zip`);
    const bytes = readFileSync(path);
    bytes.writeUInt8(
      bytes.readUInt8(bytes.length >> 1) ^ 0xff,
      bytes.length >> 1,
    );
    writeFileSync(path, bytes);

    expect((await verified('--unverified')).status).toBe(4);
    const again = await verified('--unverified');
    expect(again.status).toBe(4);
    expect(namesIn(again.json)).toEqual([`${FULLS[1] ?? ''}.zip`]);
  });
});

describe('an archive that the mail server may be writing', () => {
  const UNFINISHED = 'F20260104T010000Z.zip';

  /** The server names it at once, and keeps no record; @param ageMs since its last byte */
  function cutOff(ageMs: number): void {
    const bytes = readFileSync(join(server.backupDir, `${FULLS[2] ?? ''}.zip`));
    const path = join(server.backupDir, UNFINISHED);
    const seconds = (Date.now() - ageMs) / 1000;
    writeFileSync(path, bytes.subarray(0, bytes.length / 2));
    utimesSync(path, seconds, seconds);
  }

  /** A real process that is called so, in the server's own directory. */
  async function startServer(): Promise<void> {
    const program = join(server.serverDir, 'mailserver');
    copyFileSync('/bin/sleep', program);
    const engine = spawn(program, ['60'], { stdio: 'ignore' });
    onTestFinished(() => void engine.kill('SIGKILL'));
    await once(engine, 'spawn');
  }

  const status = async (...words: string[]): Promise<Json> => {
    const place = ['--server-dir', server.serverDir];

    return (await kmsJsonInProcess(['status', ...place, ...words])).json;
  };

  /** As list-archives has the newest, and whether a warning of status names it. */
  async function seen(): Promise<{ newest: Json; isWarned: boolean }> {
    const words = [server.backupDir, '--server-dir', server.serverDir];
    const list = await kmsJsonInProcess(['list-archives', ...words]);
    const { warnings } = await status();
    const [newest = {}] = (list.json['archives'] as Json[]).slice(-1);
    const name = String(newest['archive']);
    const isWarned = (warnings as string[]).some((text) =>
      text.startsWith(`${name} can`),
    );

    return { newest, isWarned };
  }

  const verify = (isRunning: boolean): ReturnType<typeof runVerify> =>
    runVerify({
      place: { storage: storageAt(server.backupDir), fileName: undefined },
      clock: () => new Date(),
      isServerAtWork: () => Promise.resolve(isRunning),
    });

  it('is left to the next verify, and counts neither way', async () => {
    cutOff(60_000);
    const end = await verify(true);
    expect(end).toMatchObject({
      left: [],
      unfinished: [UNFINISHED],
    });
    expect(end.reports.map(({ isSound }) => isSound)).toEqual(
      FULLS.map(() => true),
    );
    expect(verifyEnd(end)).toEqual({ exitCode: 0 });
    expect(formatVerify(end)).toContain(
      `${UNFINISHED} seems to be being written by the mail server now`,
    );
    expect(Object.keys(readRecord())).toEqual(FULLS);
  });

  it.each([
    ['was written to last night', 8 * 3_600_000, true],
    ['has no server here that could', 60_000, false],
    ['is dated in the future by a wrong clock', -86_400_000, true],
  ])('is damaged where it %s', async (_, ageMs, isRunning) => {
    cutOff(ageMs);
    const end = await verify(isRunning);
    expect(end.unfinished).toEqual([]);
    expect(verifyEnd(end)).toEqual({ exitCode: 4 });
  });

  it.skipIf(process.platform !== 'linux')(
    'is left to the next drill too',
    async () => {
      cutOff(60_000);
      const alone = await drill();

      await startServer();
      const atWork = await drill();
      expect([alone.status, atWork.status]).toEqual([4, 0]);
      expect(atWork.json).toMatchObject({
        archive: `${FULLS[2] ?? ''}.zip`,
        faults: [],
        warnings: [
          `${UNFINISHED} is newer, but seems to be being written by the mail server now`,
        ],
      });
    },
  );

  it('is none that was whole before', async () => {
    const path = join(server.backupDir, `${FULLS[2] ?? ''}.zip`);
    writeFileSync(path, readFileSync(path).subarray(0, 200));
    const end = await verify(true);
    expect(end.unfinished).toEqual([]);
    expect(verifyEnd(end)).toEqual({ exitCode: 4 });
  });

  it.skipIf(process.platform !== 'linux')(
    'is said to be that by lists, status, page and doctor, which judge as if it were not there',
    async () => {
      await startServer();
      const place = ['--server-dir', server.serverDir];
      const page = join(server.serverDir, 'page.html');
      const metrics = join(server.serverDir, 'state.prom');
      const before = await status();
      cutOff(60_000);
      const after = await status('--html', page, '--prometheus', metrics);

      for (const field of ['level', 'warnings', 'criticalWarnings'] as const) {
        expect(after[field]).toEqual(before[field]);
      }

      const { full } = after['last'] as Json;
      const newest = { archive: `${FULLS[2] ?? ''}.zip` };
      expect(full).toMatchObject(newest);
      expect(after['newestRecoverable']).toMatchObject(newest);
      expect((await seen()).newest).toMatchObject({
        archive: UNFINISHED,
        isRecoverable: false,
        isBeingWritten: true,
        damage: [],
        fault: 'seems to be being written by the mail server now',
      });

      const html = readFileSync(page, 'utf8');
      expect(html).toContain('not yet: seems to be being written');
      expect(html).not.toMatch(/class="taken broken"|<dd>2026-01-04/);
      expect(readFileSync(metrics, 'utf8')).toContain(
        `kms_backup_state_warnings ${String((before['warnings'] as []).length)}\n`,
      );

      const check = await kmsInProcess(['status', '--check', ...place]);
      const [line = '', ...rows] = check.stdout.split('\n');
      expect(line).not.toContain(UNFINISHED);
      expect(rows.join('\n')).toMatch(
        /At work +F20260104T010000Z\.zip seems to be being written/,
      );

      const { stdout } = await kmsInProcess(['doctor', ...place]);
      expect(stdout).not.toContain(`${UNFINISHED} cannot`);
    },
  );

  it.skipIf(process.platform !== 'linux')(
    'is damaged for lists and status where it was cut off last night, or was whole before',
    async () => {
      cutOff(60_000);
      const alone = await seen();
      await startServer();
      cutOff(8 * 3_600_000);
      const lastNight = await seen();

      rmSync(join(server.backupDir, UNFINISHED));
      const own = join(server.backupDir, `${FULLS[2] ?? ''}.zip`);
      writeFileSync(own, readFileSync(own).subarray(0, 200));
      const ours = await seen();

      for (const { newest, isWarned } of [alone, lastNight, ours]) {
        expect(isWarned).toBe(true);
        expect(newest).toMatchObject({
          isRecoverable: false,
          isBeingWritten: false,
        });
      }
    },
  );
});
