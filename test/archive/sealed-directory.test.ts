import { createHash, randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Decrypter } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchiveState } from '../../src/archive/archive-state.js';
import { listArchiveFiles } from '../../src/archive/backup-directory.js';
import { inspectStorage } from '../../src/archive/inspect.js';
import { sweepTemporaries } from '../../src/archive/sweep.js';
import type { DirectoryTarget } from '../../src/archive/sealed-directory/sealed-directory.js';
import type { Storage } from '../../src/archive/storage.js';
import { storageAt } from '../../src/archive/storages.js';
import {
  type MirrorEnd,
  mirrorArchives,
} from '../../src/jobs/mirror-archives.js';
import { openServer } from '../../src/jobs/server.js';
import { offerIdentities } from '../../src/sealing/key-ring.js';
import { runVerify } from '../../src/verify/run-verify.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backUpAt, clockFrom } from '../helpers/nights.js';
import { type KeyPair, newKeyPair } from '../helpers/sealing.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { expectDone, hasTool, runTool } from '../helpers/tools.js';

let dir: string;
let server: Installation;
let pair: KeyPair;

const vault = (): string => join(dir, 'vault');
const own = (): string => join(dir, 'own');

beforeEach(async () => {
  dir = temporaryDirectory('sealed-directory');
  server = buildInstallation(join(dir, 'server'), {
    volumeSizeBytes: 20_000_000,
  });
  mkdirSync(vault());
  pair = await newKeyPair();
  writeFileSync(join(dir, 'identity'), pair.identity, { mode: 0o600 });
  offer(undefined);
});

afterEach(() => {
  offerIdentities(undefined);
  removeTemporary(dir);
});

/** What is named on the command line, and nobody to ask. */
function offer(file: string | undefined): void {
  offerIdentities({
    findFile: (usual) => Promise.resolve(file ?? usual),
    askPassphrase: () => Promise.reject(new Error('nobody is asked')),
  });
}

const sealing = (changes: Partial<DirectoryTarget> = {}): Storage =>
  storageAt({
    directory: vault(),
    stateDirectory: own(),
    recipients: [pair.recipient],
    ...changes,
  });

const full = async (
  at: string,
  storage: Storage = sealing(),
): ReturnType<typeof backUpAt> =>
  backUpAt(server, 'full', at, { storage, rotates: false });

const differential = async (
  at: string,
  storage: Storage = sealing(),
): ReturnType<typeof backUpAt> =>
  backUpAt(server, 'differential', at, { storage, rotates: false });

const archivesIn = (place: string): string[] =>
  readdirSync(place).filter((name) => !name.startsWith('.'));

function addMail(name: string, bytes: Uint8Array): void {
  const inbox = join(server.storeDir, 'mail/example.com/alice/INBOX/#msgs');
  mkdirSync(inbox, { recursive: true });
  writeFileSync(join(inbox, `${name}.eml`), bytes);
}

/** Two volumes of two parts. */
function addLargeMail(): void {
  for (let at = 0; at < 4; at++) {
    addMail(`0000000${String(at)}`, randomBytes(9_000_000));
  }
}

function toWords({ facts, base, verifiedAt, fault }: ArchiveState): string {
  const proven = verifiedAt ? 'proven' : 'not proven';
  const needs = base ? `with ${base.files.stem}` : 'without F';

  return `${facts.files.stem} ${fault ?? proven}, ${needs}`;
}

describe('a directory with recipients', () => {
  it('gets nothing that is not sealed, and keeps what else lies there', async () => {
    await backUpAt(server, 'full', '2025-12-01T01:00:00Z', {
      storage: storageAt(vault()),
    });
    addLargeMail();
    await full('2026-01-01T01:00:00Z');

    expect(archivesIn(vault())).toEqual([
      'F20251201T010000Z.zip',
      'F20260101T010000Z.1.zip.age',
      'F20260101T010000Z.seal.json',
      'F20260101T010000Z.zip.age',
    ]);
    expect(readdirSync(join(own(), 'spool'))).toEqual([]);
    const [copy = ''] = readdirSync(own());
    expect(copy).toBe('.kms-backup-F20260101T010000Z.index.zip');
    expect(statSync(join(own(), copy)).mode & 0o777).toBe(0o600);

    const seal = readFileSync(join(vault(), 'F20260101T010000Z.seal.json'));
    expect(seal.toString()).not.toMatch(/alice|example\.com/);
    const { volumes } = JSON.parse(seal.toString()) as {
      volumes: { key: string; sha256: string }[];
    };
    for (const { key, sha256 } of volumes) {
      const bytes = readFileSync(join(vault(), key));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    }
  });

  it('gets differentials and is rotated by a host without an identity', async () => {
    await full('2026-01-01T01:00:00Z');
    addMail('new', Buffer.from('Subject: new\r\n\r\nnew\r\n'));
    const { report } = await differential('2026-01-02T01:00:00Z');
    expect(report).toMatchObject({ type: 'differential', warnings: [] });
    expect(report.messages).toMatchObject({ new: 1, unchanged: 2 });

    for (const storage of [sealing(), storageAt(vault())]) {
      expect((await inspectStorage(storage)).map(toWords)).toEqual([
        'F20260101T010000Z proven, without F',
        'I20260102T010000Z proven, with F20260101T010000Z',
      ]);
    }

    const { rotation } = await backUpAt(
      server,
      'full',
      '2026-01-03T01:00:00Z',
      { storage: sealing(), keep: 1 },
    );
    expect(rotation?.failures).toBe(0);
    expect(archivesIn(vault())).toEqual([
      'F20260103T010000Z.seal.json',
      'F20260103T010000Z.zip.age',
    ]);

    // This process has looked at the other one.
    const elsewhere = join(dir, 'elsewhere');
    cpSync(vault(), elsewhere, { recursive: true });
    offer(join(dir, 'identity'));
    const [state] = await inspectStorage(storageAt(elsewhere));
    expect(state?.facts.told).toBeUndefined();
    expect(state).toMatchObject({ isRecoverable: true });
  });

  it('gets a full where the base is of the other kind', async () => {
    await full('2026-01-01T01:00:00Z', storageAt(vault()));
    const sealed = await differential('2026-01-02T01:00:00Z');
    expect(sealed.report.type).toBe('full');
    expect(sealed.report.warnings.join()).toMatch(/is not sealed/);

    offer(join(dir, 'identity'));
    const plain = await differential(
      '2026-01-03T01:00:00Z',
      storageAt(vault()),
    );
    expect(plain.report.type).toBe('full');
    expect(plain.report.warnings.join()).toMatch(/is sealed, and nobody/);
  });

  it('is proven by the SHA-256 of what was sealed, where nobody opens it', async () => {
    addLargeMail();
    await full('2026-01-01T01:00:00Z');
    const place = { storage: storageAt(vault()), fileName: undefined };
    const clock = clockFrom('2026-02-01T01:00:00Z');

    const { reports } = await runVerify({ place, clock });
    expect(reports).toMatchObject([
      { isSealed: true, isSound: true, seal: { isRead: true }, volumes: 2 },
    ]);

    const file = join(vault(), 'F20260101T010000Z.1.zip.age');
    const bytes = readFileSync(file);
    bytes[90_000] = (bytes[90_000] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const changed = await runVerify({ place, clock });
    expect(changed.reports[0]?.fault).toMatch(/1.zip.age: its SHA-256/);

    // Who opens it learns what is lost; the record beside the archives does not say it.
    offer(join(dir, 'identity'));
    const opened = await runVerify({ place, clock });
    expect(JSON.stringify(opened.reports)).toMatch(/alice/);
    const record = readFileSync(join(vault(), '.kms-backup-verified.json'));
    expect(record.toString()).toMatch(/"isSound": false/);
    expect(record.toString()).not.toMatch(/alice/);
  });

  it('believes no copy of an index that lies in it', async () => {
    await full('2026-01-01T01:00:00Z');
    const name = '.kms-backup-F20260101T010000Z.index.zip';
    cpSync(join(own(), name), join(vault(), name));
    rmSync(join(own(), name));

    const { report } = await differential('2026-01-02T01:00:00Z');
    expect(report.type).toBe('full');
    expect(report.warnings.join()).toMatch(/nor a copy of its index/);
  });

  it('keeps the index of a full that is on another disk for a month', async () => {
    await full('2026-01-01T01:00:00Z');
    const away = join(dir, 'away');
    cpSync(vault(), away, { recursive: true });
    for (const name of archivesIn(vault())) rmSync(join(vault(), name));
    await full('2026-01-10T01:00:00Z');
    const copies = (): string[] =>
      readdirSync(own()).filter((name) => name.startsWith('.kms'));
    expect(copies()).toHaveLength(2);

    await full('2026-02-10T01:00:00Z');
    await sealing().settleDeadRuns?.();
    expect(copies()).toEqual(['.kms-backup-F20260210T010000Z.index.zip']);
  });
});

describe('the copy into a second place that seals', () => {
  const replicate = (storage = sealing()): Promise<MirrorEnd> =>
    mirrorArchives({
      source: storageAt(server.backupDir),
      mirror: { storage, retention: undefined, isUsual: true },
      server: openServer({ 'server-dir': server.serverDir }),
      isNewTarget: false,
      keepsDifferentials: false,
      rotates: true,
      isDryRun: false,
      lockWaitMs: 0,
      clock: clockFrom('2026-02-01T01:00:00Z'),
    });
  const actionsOf = ({ report }: MirrorEnd): string[] =>
    report.archives.map(
      ({ action, reason }) => `${action}${reason ? `: ${reason}` : ''}`,
    );

  it('is whole, proven and made once', async () => {
    addLargeMail();
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    expect(actionsOf(await replicate())).toEqual(['copied']);
    expect(archivesIn(vault())).toEqual([
      'F20260101T010000Z.1.zip.age',
      'F20260101T010000Z.seal.json',
      'F20260101T010000Z.zip.age',
    ]);
    expect(actionsOf(await replicate())).toEqual(['there']);

    // A run that died before its record, and one that died between two names.
    rmSync(join(vault(), '.kms-backup-verified.json'));
    const file = join(vault(), 'F20260101T010000Z.zip.age');
    const before = statSync(file);
    expect(actionsOf(await replicate())).toEqual(['copied']);
    expect(statSync(file).ino).toBe(before.ino);

    renameSync(file, `${file}.part`);
    expect(actionsOf(await replicate())).toEqual(['copied']);
    expect((await inspectStorage(sealing())).map(toWords)).toEqual([
      'F20260101T010000Z proven, without F',
    ]);
  });

  it('refuses an archive of which some lies there plain', async () => {
    addLargeMail();
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z');
    const name = 'F20260101T010000Z.1.zip';
    cpSync(join(server.backupDir, name), join(vault(), name));
    const [action = ''] = actionsOf(await replicate());
    expect(action).toMatch(/^left: .*1\.zip is there, which is not sealed/);
    expect(archivesIn(vault())).toEqual([name]);
  });
});

describe('a passphrase', () => {
  it('seals and opens in place of recipients', async () => {
    const passphraseFile = join(dir, 'passphrase');
    writeFileSync(passphraseFile, 'one two three\n', { mode: 0o600 });
    const storage = sealing({ recipients: { passphraseFile }, passphraseFile });
    await full('2026-01-01T01:00:00Z', storage);

    const [state] = await inspectStorage(storage);
    expect(state).toMatchObject({ isRecoverable: true });
    expect(state?.facts.told).toBeUndefined();

    const sealed = join(vault(), 'F20260101T010000Z.zip.age');
    const decrypter = new Decrypter();
    decrypter.addPassphrase('one two three');
    const plain = await decrypter.decrypt(readFileSync(sealed));
    expect(Buffer.from(plain.subarray(0, 2)).toString()).toBe('PK');
  });

  it('is read of a file for its owner alone', async () => {
    const passphraseFile = join(dir, 'passphrase');
    writeFileSync(passphraseFile, 'one two three\n', { mode: 0o644 });
    const storage = sealing({ recipients: { passphraseFile }, passphraseFile });
    await expect(full('2026-01-01T01:00:00Z', storage)).rejects.toMatchObject({
      code: 'CONFIGURATION',
    });
    expect(archivesIn(vault())).toEqual([]);
  });
});

describe('what a run leaves in a sealed directory that dies', () => {
  const stem = 'F20260101T010000Z';
  const die = (names: readonly string[]): void => {
    for (const name of names) {
      writeFileSync(join(vault(), name), 'left');
    }
  };

  it.each([
    [[`${stem}.zip.age.part`]],
    [[`${stem}.1.zip.age.part`, `${stem}.zip.age.part`]],
    [[`${stem}.seal.json`, `${stem}.zip.age.part`]],
    [
      [
        `${stem}.1.zip.age`,
        `${stem}.2.zip.age`,
        `${stem}.seal.json`,
        `${stem}.zip.age.part`,
      ],
    ],
  ])('%s goes with the next run', async (names) => {
    die(names);
    mkdirSync(join(own(), 'spool'), { recursive: true });
    writeFileSync(join(own(), 'spool', `${stem}.zip.part`), 'plain');

    const { removed } = await sweepTemporaries(sealing());
    expect([...removed].sort()).toEqual([...names].sort());
    expect(removed.at(-1)).toBe(`${stem}.zip.age.part`);
    expect(archivesIn(vault())).toEqual([]);
    expect(readdirSync(join(own(), 'spool'))).toEqual([]);
  });

  it('proves nothing against an archive that has its name', async () => {
    await full('2026-01-01T01:00:00Z');
    die([`${stem}.zip.age.part`]);
    const { removed } = await sweepTemporaries(sealing());
    expect(removed).toEqual([`${stem}.zip.age.part`]);
    expect(await listArchiveFiles(sealing())).toHaveLength(1);
  });
});

describe.skipIf(!hasTool('age') || !hasTool('unzip'))('Debian', () => {
  it('recovers a sealed directory without this program', async () => {
    await full('2026-01-01T01:00:00Z');
    const zip = join(dir, 'opened.zip');
    const sealed = join(vault(), 'F20260101T010000Z.zip.age');
    const identity = join(dir, 'identity');
    expectDone(runTool('age', ['-d', '-i', identity, '-o', zip, sealed]));
    expectDone(runTool('unzip', ['-q', '-o', zip, '-d', join(dir, 'out')]));
    expect(existsSync(join(dir, 'out/@backup/store/mail'))).toBe(true);
  });
});
