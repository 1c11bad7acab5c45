import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { armor, Encrypter } from 'age-encryption';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { type KeyPair, newKeyPair, sealWhole } from '../helpers/sealing.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { hasTerminal, typeInto } from '../helpers/terminal.js';
import {
  expectDone,
  expectEnd,
  hasTool,
  kms,
  runTool,
} from '../helpers/tools.js';

let dir = '';
/** A full of several volumes, and a differential, sealed. */
let sealed = '';
let server: Installation;
let pair: KeyPair;
let identity = '';

beforeAll(async () => {
  dir = temporaryDirectory('sealed');
  sealed = join(dir, 'sealed');
  identity = join(dir, 'identity');
  server = buildInstallation(join(dir, 'server'), {
    volumeSizeBytes: 150_000,
  });
  const inbox = join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs');
  mkdirSync(inbox, { recursive: true });
  for (let at = 0; at < 30; at++) {
    const text = randomBytes(10_000).toString('base64');
    writeFileSync(join(inbox, `000001${String(at)}.eml`), mail('old', text));
  }

  expectDone(await kmsInProcess(['backup', 'full', ...ofServer()]));
  writeFileSync(join(inbox, '00000abc.eml'), mail('new', 'words'));
  expectDone(await kmsInProcess(['backup', 'diff', ...ofServer()]));

  pair = await newKeyPair();
  writeFileSync(identity, `# the key of the safe\n\n${pair.identity}\n`);
  mkdirSync(sealed);
  for (const name of readdirSync(server.backupDir)) {
    if (!name.endsWith('.zip')) continue;
    const plain = readFileSync(join(server.backupDir, name));
    const bytes = await sealWhole([pair.recipient], plain);
    writeFileSync(join(sealed, `${name}.age`), bytes);
  }
});

afterAll(() => {
  removeTemporary(dir);
});

beforeEach(() => {
  rmSync(join(sealed, '.kms-backup-verified.json'), { force: true });
});

const mail = (subject: string, text: string): string =>
  `From: bob@example.com\r\nSubject: ${subject}\r\n\r\n${text}\r\n`;
const ofServer = (): string[] => ['--server-dir', server.serverDir];
const withIdentity = (file = identity): string[] => ['--identity', file];

/** The archives that a document tells of. */
const archivesIn = (json: Record<string, unknown>): Record<string, unknown>[] =>
  json['archives'] as Record<string, unknown>[];

/** A copy of the sealed archives in which one file is changed. */
function changed(
  name: string,
  change: (bytes: Buffer) => Uint8Array,
): { readonly place: string; readonly file: string } {
  const place = join(dir, name);
  cpSync(sealed, place, { recursive: true });
  const [first = ''] = readdirSync(place).filter((file) =>
    /^F\d+T\d+Z\.zip\.age$/.test(file),
  );
  const file = join(place, first);
  writeFileSync(file, change(readFileSync(file)));

  return { place, file };
}

describe('sealed archives, with an identity', () => {
  it('are listed, verified and compared as those that are not sealed', async () => {
    const plain = await kmsJsonInProcess(['list-archives', server.backupDir]);
    const listed = await kmsJsonInProcess([
      'list-archives',
      sealed,
      ...withIdentity(),
    ]);
    const facts = (json: Record<string, unknown>): unknown[] =>
      archivesIn(json).map(({ archive, type, messages, base, volumes }) => ({
        archive,
        type,
        messages,
        base,
        volumes,
      }));
    expect(facts(listed.json)).toEqual(facts(plain.json));
    expect(archivesIn(listed.json)).toMatchObject([
      { isSealed: true, isRecoverable: true },
      { isSealed: true, isRecoverable: true },
    ]);

    const verified = await kmsJsonInProcess([
      'verify',
      sealed,
      ...withIdentity(),
    ]);
    expect(verified).toMatchObject({ status: 0, json: { isSound: true } });

    const diff = await kmsJsonInProcess([
      'diff',
      server.backupDir,
      sealed,
      ...withIdentity(),
    ]);
    expect(diff.json).toMatchObject({ totals: { new: 0, deleted: 0 } });
  });

  it('are recovered byte for byte, in threads', async () => {
    const to = join(dir, 'recovered');
    expectDone(
      await kmsInProcess([
        ...['recover', sealed, '-y', '-s', to, '--threads', '2'],
        ...withIdentity(),
        ...ofServer(),
      ]),
    );
    for (const part of ['mail', 'lists']) {
      if (!existsSync(join(server.storeDir, part))) continue;
      expectDone(
        runTool('diff', ['-r', join(server.storeDir, part), join(to, part)]),
      );
    }
  });

  it('are named by either name, and an identity by its variable', async () => {
    const [file = ''] = readdirSync(sealed).filter((name) => /^I/.test(name));
    for (const name of [file, file.replace('.age', '')]) {
      const { status, json } = await kmsJsonInProcess([
        'recover',
        join(sealed, name),
        '-l',
        ...withIdentity(),
        ...ofServer(),
      ]);
      expect({ status, archives: json['archives'] }).toMatchObject({
        status: 0,
      });
    }

    expectDone(
      kms(['list-archives', sealed], {
        env: { KMS_BACKUP_IDENTITY: identity },
      }),
    );
  });

  it('are searched, and no header is kept beside them', async () => {
    const { status, json } = await kmsJsonInProcess([
      ...['search', sealed, '--subject', 'new'],
      ...withIdentity(),
      ...ofServer(),
    ]);
    expect(status).toBe(0);
    expect(json['messages']).toHaveLength(1);
    expect(json['recover']).toMatch(/--identity/);
    expect(readdirSync(sealed).filter((name) => /headers/.test(name))).toEqual(
      [],
    );
  });

  it('find the identity in kms-backup.ini', async () => {
    const ini = join(server.serverDir, 'kms-backup.ini');
    writeFileSync(ini, `[backup]\nidentity-file = ${identity}\n`);
    try {
      const { json } = await kmsJsonInProcess([
        'list-archives',
        sealed,
        ...ofServer(),
      ]);
      expect(archivesIn(json)[0]).toMatchObject({ isRecoverable: true });
    } finally {
      rmSync(ini);
    }
  });
});

describe('sealed archives, without an identity that opens them', () => {
  // Of those above this process keeps what it has learned.
  let closed = '';

  beforeAll(() => {
    closed = join(dir, 'closed');
    cpSync(sealed, closed, { recursive: true });
  });

  it('are listed as closed, and are not called damaged', async () => {
    const { status, stdout } = await kmsInProcess(['list-archives', closed]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/sealed: needs --identity/);

    const { status: end, json } = await kmsJsonInProcess(['verify', closed]);
    expect(end).toBe(3);
    expect(archivesIn(json)).toMatchObject([
      { isSealed: true, damage: [] },
      { isSealed: true, damage: [] },
    ]);
    expect(existsSync(join(closed, '.kms-backup-verified.json'))).toBe(false);
  });

  it('are refused by what reads them, with what is needed', async () => {
    const other = join(dir, 'other');
    writeFileSync(other, (await newKeyPair()).identity);

    for (const identities of [[], withIdentity(other)]) {
      for (const command of [
        ['recover', closed, '--dry-run'],
        ['search', closed, '--subject', 'new'],
        ['export', closed, '-o', join(dir, 'never.zip')],
        ['diff', closed],
      ]) {
        const ended = await kmsInProcess([
          ...command,
          ...identities,
          ...ofServer(),
        ]);
        expectEnd(ended, 2, 'SEALED');
      }
    }
  });

  it('are refused with the fault of the file of identities', async () => {
    const file = join(dir, 'wrong');
    for (const text of ['', `${pair.recipient}\n`, '# no\nsecret\n']) {
      writeFileSync(file, text);
      const ended = await kmsInProcess([
        ...['verify', closed],
        ...withIdentity(file),
      ]);
      expectEnd(ended, 2, 'CONFIGURATION');
      expect(ended.stderr).not.toMatch(/secret/);
    }

    const missing = await kmsInProcess([
      ...['verify', closed],
      ...withIdentity(join(dir, 'nowhere')),
    ]);
    expectEnd(missing, 2, 'CONFIGURATION');
  });
});

describe('sealed archives that were changed', () => {
  it('lose what lay in the changed chunk, and nothing else', async () => {
    const { place } = changed('flipped', (bytes) => {
      const at = bytes.length >> 2;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return bytes;
    });
    const { status, json } = await kmsJsonInProcess([
      ...['verify', place],
      ...withIdentity(),
    ]);
    expect(status).toBe(4);
    const [full] = archivesIn(json) as [{ problems: unknown[] }];
    expect(full.problems.length).toBeGreaterThan(0);
  });

  it.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, -1000)],
    ['added to', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(99)])],
    ['without a header', (bytes: Buffer) => bytes.subarray(30)],
    ['empty', () => Buffer.alloc(0)],
  ])('are damaged when they are %s', async (name, change) => {
    const { place, file } = changed(name, change);
    const ended = await kmsInProcess([...['verify', place], ...withIdentity()]);
    expect(ended.status).toBe(4);
    expectEnd(
      await kmsInProcess([
        ...['recover', file, '--dry-run'],
        ...withIdentity(),
        ...ofServer(),
      ]),
      4,
      'DAMAGED_ARCHIVE',
    );
  });

  it('are read plain where somebody left a volume plain beside them', async () => {
    const { file, place } = changed('opened', (bytes) => bytes.subarray(1));
    const plain = file.replace('.age', '');
    cpSync(plain.replace(place, server.backupDir), plain);
    const { status } = await kmsInProcess([
      ...['verify', place],
      ...withIdentity(),
    ]);
    expect(status).toBe(0);
  });
});

describe.skipIf(!hasTool('age') || !hasTool('unzip'))('Debian', () => {
  it('recovers them without this program: age -d and unzip', () => {
    const opened = join(dir, 'by-hand');
    mkdirSync(opened);
    for (const name of readdirSync(sealed)) {
      if (!name.startsWith('F')) continue;
      const zip = join(opened, name.replace('.age', ''));
      expectDone(
        runTool('age', ['-d', '-i', identity, '-o', zip, join(sealed, name)]),
      );
      expectDone(runTool('unzip', ['-q', '-o', zip, '-d', opened]));
    }

    expect(existsSync(join(opened, '@backup/store/mail'))).toBe(true);
  });
});

describe('an identity that a passphrase protects', () => {
  it.skipIf(!hasTerminal)('is asked for on a terminal', async () => {
    const locked = join(dir, 'locked');
    const encrypter = new Encrypter();
    encrypter.setScryptWorkFactor(10);
    encrypter.setPassphrase('one two three');
    const bytes = await encrypter.encrypt(readFileSync(identity));
    writeFileSync(locked, armor.encode(bytes));

    const args = ['list-archives', sealed, '--identity', locked];
    const { status, screen } = typeInto(args, [
      ['Passphrase of', 'one two three\r'],
    ]);
    expect(status).toBe(0);
    expect(screen).toMatch(/ yes/);
    expectEnd(kms(args), 2, 'USAGE');

    const wrong = { KMS_BACKUP_IDENTITY_PASSPHRASE: 'another' };
    expectEnd(kms(args, { env: wrong }), 2, 'CONFIGURATION');
  });
});
