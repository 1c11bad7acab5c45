import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import {
  type FileNode,
  listTree,
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import { expectEnd, type Json } from '../helpers/tools.js';

const root = temporaryDirectory('drill');
const FULL = 'F20260101T010000Z.zip';
const USERS = ['alice', 'bob', 'carol', 'dora', 'erik'];
const INBOX = 'store/mail/example.com/alice/INBOX/#msgs';

const template = join(root, 'template');
let count = 0;
let server: Installation;
let scratch = '';

/** A file that is older than every backup of it. */
function oldFile(content: string): FileNode {
  return { content, mtimeSeconds: 1_700_000_000 };
}

function mailboxOf(user: string): Tree {
  const messages = {
    '00000001.eml': oldFile(message(`${user} one`)),
    '00000002.eml': oldFile(message(`${user} two`)),
  };

  return {
    INBOX: {
      '#msgs': messages,
      'status.fld': oldFile(`S ${user}\r\n`),
    },
  };
}

beforeAll(async () => {
  process.env['KMS_BACKUP_STATE_DIR'] = join(root, 'state');

  const built = buildInstallation(template, {
    storeDir: join(template, 'store'),
    store: {
      mail: {
        'example.com': Object.fromEntries(
          USERS.map((user) => [user, mailboxOf(user)]),
        ),
      },
    },
  });
  await backUpAt(built, 'full', '2026-01-01T01:00:00Z');
});

beforeEach(() => {
  const dir = join(root, `server-${String(++count)}`);
  cpSync(template, dir, { recursive: true, preserveTimestamps: true });

  const path = join(dir, 'mailserver.cfg');
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(template, dir));
  server = {
    serverDir: dir,
    storeDir: join(dir, 'store'),
    backupDir: join(dir, 'backups'),
  };
  scratch = join(dir, 'scratch');
  mkdirSync(scratch);
});

afterAll(() => {
  delete process.env['KMS_BACKUP_STATE_DIR'];
  removeTemporary(root);
});

const words = (...more: string[]): string[] => [
  'drill',
  '--server-dir',
  server.serverDir,
  '--to',
  scratch,
  ...more,
];

const drilled = (
  ...more: string[]
): Promise<{ status: number | null; json: Json }> =>
  kmsJsonInProcess(words(...more));

/** Changes one byte of the data of an entry, by what is stored before it. */
function damage(archive: string, entryName: string): void {
  const path = join(server.backupDir, archive);
  const bytes = readFileSync(path);
  const at = bytes.indexOf(entryName) + entryName.length + 40;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  writeFileSync(path, bytes);
}

describe('a drill', () => {
  it('recovers one mailbox that chance chose, the same again by its seed, and removes it', async () => {
    const before = listTree(server.storeDir);
    const { status, json } = await drilled('--seed', '7');
    const again = await drilled('--seed', '7');

    expect(status).toBe(0);
    expect(json).toMatchObject({
      schema: 'kms-backup/drill/1',
      isSound: true,
      archive: FULL,
      isWhole: false,
      chance: { seed: 7, among: 5 },
      recovered: { messages: 2 },
      opened: 2,
      faults: [],
      keptIn: null,
    });
    expect(again.json['drilled']).toEqual(json['drilled']);
    expect(readdirSync(scratch)).toEqual([]);
    expect(listTree(server.storeDir)).toEqual(before);
  });

  it('comes to every mailbox in the course of nights', async () => {
    const names = new Set<string>();
    for (let seed = 0; seed < 40 && names.size < USERS.length; seed++) {
      const { json } = await drilled('--seed', String(seed));
      for (const name of json['drilled'] as string[]) names.add(name);
    }

    expect([...names].sort()).toEqual(
      USERS.map((user) => `${user}@example.com`),
    );
  });

  it('of a share recovers so many mailboxes, and of a user that one', async () => {
    const share = await drilled('--sample', '40%');
    const user = await drilled('-u', 'bob@example.com');

    expect(share.json['drilled']).toHaveLength(2);
    expect(user.json['drilled']).toEqual(['bob@example.com']);
    expect(user.json['chance']).toBeNull();
  });

  it('of everything compares each file with the archive and with the live one', async () => {
    const { status, json } = await drilled('--full');

    expect(status).toBe(0);
    expect(json).toMatchObject({
      isWhole: true,
      recovered: { messages: 10, files: 17 },
      whole: { files: 17 },
      // mailserver.cfg names other paths here, and users.cfg is a copy.
      liveSame: 15,
      liveChanged: 2,
      estimate: { basis: 'measured' },
    });
  });

  it('keeps what was recovered where it is asked to, for nobody else to read', async () => {
    const { json } = await drilled('-u', 'alice', '--keep');
    const kept = json['keptIn'] as string;

    expect(statSync(kept).mode & 0o777).toBe(0o700);
    expect(
      readFileSync(join(kept, INBOX, '00000001.eml')).equals(
        readFileSync(join(server.serverDir, INBOX, '00000001.eml')),
      ),
    ).toBe(true);
  });

  it('says of live files that changed since only that they did', async () => {
    writeFileSync(join(server.serverDir, INBOX, '00000001.eml'), 'another\r\n');
    rmSync(join(server.serverDir, INBOX, '00000002.eml'));
    const { status, json } = await drilled('-u', 'alice');

    expect(status).toBe(0);
    expect(json).toMatchObject({ liveSame: 1, liveChanged: 2, faults: [] });
  });

  it('ends with 4 where a live file has another content with the old size and time', async () => {
    const path = join(server.serverDir, INBOX, '00000001.eml');
    const { atime, mtime } = statSync(path);
    const text = readFileSync(path, 'latin1');
    writeFileSync(path, text.replace('Dear', 'Deer'), 'latin1');
    utimesSync(path, atime, mtime);

    const { status, json } = await drilled('-u', 'alice');

    expect(status).toBe(4);
    expect(json['faults']).toMatchObject([
      { name: expect.stringContaining('00000001.eml') as string },
    ]);
  });

  it('ends with 4 where the mailbox is damaged, and with 0 where another one is', async () => {
    damage(FULL, 'alice/INBOX/#msgs/00000001.eml');
    const [hit, missed] = [
      await drilled('-u', 'alice'),
      await drilled('-u', 'bob'),
    ];

    expect(hit).toMatchObject({ status: 4, json: { isSound: false } });
    expect(missed.status).toBe(0);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('ends with 4 where the newest archive is damaged, although an older one can be recovered', async () => {
    await backUpAt(server, 'full', '2026-01-08T01:00:00Z');
    const path = join(server.backupDir, 'F20260108T010000Z.zip');
    writeFileSync(path, readFileSync(path).subarray(0, -30));

    const { status, json } = await drilled();

    expect(status).toBe(4);
    expect(json).toMatchObject({
      archive: FULL,
      faults: [{ name: 'F20260108T010000Z.zip' }],
    });
  });

  it('names a message that does not open, and does not take that for damage', async () => {
    writeFileSync(join(server.serverDir, INBOX, '00000003.eml'), '\0\0\0\0');
    await backUpAt(server, 'differential', '2026-01-02T01:00:00Z');

    const { status, json } = await drilled('-u', 'alice');

    expect(status).toBe(0);
    expect(json).toMatchObject({ opened: 2, unopened: [{}] });
  });

  it('goes nowhere near the live store or the archives, through a link neither', async () => {
    const link = join(server.serverDir, 'link');
    symlinkSync(join(server.storeDir, 'mail'), link);
    const call = (to: string) =>
      kmsInProcess(['drill', '--server-dir', server.serverDir, '--to', to]);

    for (const to of [server.storeDir, link, server.backupDir]) {
      expectEnd(await call(to), 2, 'USAGE');
    }

    expectEnd(await call(join(root, 'nothing')), 10, 'NOT_FOUND');
    expect(existsSync(join(server.storeDir, 'mail', 'example.com'))).toBe(true);
  });

  it('takes one of the ways to say what is drilled', async () => {
    expectEnd(await kmsInProcess(words('--full', '-u', 'a')), 2, 'USAGE');
    expectEnd(await kmsInProcess(words('--full', '--seed', '1')), 2, 'USAGE');
    expectEnd(await kmsInProcess(words('--sample', '0%')), 2, 'USAGE');
    expectEnd(await kmsInProcess(words('-u', 'nobody')), 10, 'NOT_FOUND');
  });
});
