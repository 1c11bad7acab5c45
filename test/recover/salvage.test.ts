import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { layoutOf } from '../../scripts/bench/damaged-archives.mjs';
import Export from '../../src/commands/export.js';
import Recover from '../../src/commands/recover.js';
import Verify from '../../src/commands/verify.js';
import type { RecoverReport } from '../../src/recover/request.js';
import { runInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import { backUpAt, type NightOptions } from '../helpers/nights.js';
import { Random } from '../helpers/random.js';
import {
  removeTemporary,
  temporaryDirectory,
  type Tree,
} from '../helpers/store.js';
import { buildZip } from '../helpers/zip-builder.js';

const FULL = 'F20260101T010000Z';
const ALICE = 'mail/example.com/alice/INBOX/#msgs';

const random = new Random(11);
/** Ends in its central directory's first bytes: what repeats nothing is stored, and lies in an archive as it is. */
const WHOLE_INNER = buildZip([
  {
    name: `@backup/store/${ALICE}/00000666.eml`,
    content: random.bytes(700),
    method: 0,
  },
]);
const INNER = WHOLE_INNER.subarray(
  0,
  WHOLE_INNER.indexOf('PK\u0001\u0002') + 6,
);

function store(): Tree {
  const messages = Object.fromEntries(
    [1, 2, 3, 4, 5, 6].map((number): [string, string] => [
      `0000000${String(number)}.eml`,
      message(`number ${String(number)}`, random, 900),
    ]),
  );

  return {
    'a-copy.zip': Buffer.concat([random.bytes(2000), INNER]),
    mail: {
      'example.com': {
        alice: { INBOX: { '#msgs': messages, 'status.fld': 'S1\r\n' } },
        bob: { INBOX: { '#msgs': { '00000001.eml': message('bob') } } },
      },
    },
  };
}

let root = '';
let server: Installation;

beforeEach(() => {
  root = temporaryDirectory('salvage');
  server = buildInstallation(join(root, 'server'), { store: store() });
});
afterEach(() => {
  removeTemporary(root);
});

const volume = (name: string): string => join(server.backupDir, `${name}.zip`);
const backUp = (day: number, options: NightOptions = {}): Promise<unknown> =>
  backUpAt(server, 'full', `2026-01-0${String(day)}T01:00:00Z`, {
    ...{ rotates: false, keep: 9 },
    ...options,
  });

/** Changes a byte in the middle of an entry's data. */
function damageEntry(archive: string, end: string): void {
  const { entries, bytes } = layoutOf(archive);
  const entry = entries.find(({ name }) => name.endsWith(end));
  if (!entry) throw new Error(`no entry ${end}`);

  const at = Math.floor((entry.dataStart + entry.dataEnd) / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
  writeFileSync(archive, bytes);
}

/** Cuts a volume off behind the local header of an entry. */
function cutIn(archive: string, end: string): void {
  const { entries, bytes } = layoutOf(archive);
  const entry = entries.find(({ name }) => name.endsWith(end));
  writeFileSync(archive, bytes.subarray(0, (entry?.dataStart ?? 0) + 5));
}

async function recover(
  ...args: string[]
): Promise<{ exitCode: number; report: Partial<RecoverReport> }> {
  const { exitCode, stdout } = await runInProcess(Recover, [
    ...args,
    ...['--yes', '--json', '--server-dir', server.serverDir],
  ]);

  return { exitCode, report: JSON.parse(stdout) as Partial<RecoverReport> };
}

const live = (): string[] => readdirSync(join(server.storeDir, ALICE)).sort();
const text = (name: string): string =>
  readFileSync(join(server.storeDir, ALICE, name), 'latin1');

describe('a salvage', () => {
  it('leaves out one damaged message, keeps the live one in its place, and is undone by --rollback', async () => {
    await backUp(1);
    damageEntry(volume(FULL), `${ALICE}/00000003.eml`);
    writeFileSync(join(server.storeDir, ALICE, '00000003.eml'), 'live three');
    writeFileSync(join(server.storeDir, ALICE, '00000002.eml'), 'changed two');
    writeFileSync(join(server.storeDir, ALICE, '00000009.eml'), 'since then');

    const refused = await recover(server.backupDir);
    expect(refused.exitCode).toBe(4);
    expect(JSON.stringify(refused.report)).toContain('--salvage');

    const plan = await recover(server.backupDir, '--salvage', '--dry-run');
    const { exitCode, report } = await recover(server.backupDir, '--salvage');

    expect([plan.exitCode, exitCode]).toEqual([3, 3]);
    expect(plan.report.missing).toEqual(report.missing);
    expect(report.missing).toEqual(['example.com/alice/INBOX/00000003']);
    expect(report.lost?.[0]).toMatchObject({ kind: 'message', messages: null });
    expect(text('00000003.eml')).toBe('live three');
    expect(text('00000002.eml')).toContain('number 2');
    expect(live()).not.toContain('00000009.eml');

    const list = `${server.storeDir}.missing-from-${FULL}.txt`;
    expect(readFileSync(list, 'utf8')).toContain('INBOX/00000003\t');

    await recover('--rollback');
    expect(text('00000002.eml')).toBe('changed two');
    expect(live()).toContain('00000009.eml');
  });

  it('keeps every live file where nobody knows what is lost', async () => {
    await backUp(1);
    cutIn(volume(FULL), `${ALICE}/00000004.eml`);
    writeFileSync(join(server.storeDir, ALICE, '00000009.eml'), 'since then');
    const before = live();

    const { exitCode, report } = await recover(server.backupDir, '--salvage');

    expect(exitCode).toBe(3);
    expect(live()).toEqual(before);
    expect(text('00000009.eml')).toBe('since then');
    expect(existsSync(join(server.storeDir, 'mail/example.com/bob'))).toBe(
      true,
    );
    expect(report.carried?.length).toBeGreaterThan(3);
    expect(report.lost?.map(({ kind }) => kind)).toContain('break');
  });

  it('keeps the index, with its flags, of a folder of which all messages are the live ones', async () => {
    const index = (user: string): string =>
      join(server.storeDir, `mail/example.com/${user}/INBOX/index.fld`);
    writeFileSync(index('alice'), 'flags of alice');
    writeFileSync(index('bob'), 'flags of bob');
    await backUp(1);
    cutIn(volume(FULL), `${ALICE}/00000004.eml`);
    writeFileSync(join(server.storeDir, ALICE, '00000009.eml'), 'since then');
    writeFileSync(index('alice'), 'flags in between');
    writeFileSync(index('bob'), 'flags since then');

    await recover(server.backupDir, '--salvage');

    expect(live()).toContain('00000009.eml');
    expect(readFileSync(index('bob'), 'utf8')).toBe('flags since then');
    // Each of the two would hide messages of the other; flags are nowhere else.
    expect(existsSync(index('alice'))).toBe(false);
    const aside = (word: string): string =>
      readFileSync(`${index('alice')}.${word}`, 'utf8');
    expect(aside('before-recover')).toBe('flags in between');
    expect(aside('from-archive')).toBe('flags of alice');
  });

  it('refuses --in-place, which would remove what it cannot bring', async () => {
    await backUp(1);
    const { exitCode } = await recover(
      server.backupDir,
      '--salvage',
      '--in-place',
    );

    expect(exitCode).toBe(2);
  });

  it('takes a damaged message from another archive that has the same one', async () => {
    await backUp(1);
    await backUp(2);
    damageEntry(volume('F20260102T010000Z'), `${ALICE}/00000003.eml`);
    const before = text('00000003.eml');
    rmSync(join(server.storeDir, ALICE, '00000003.eml'));

    const { exitCode, report } = await recover(server.backupDir, '--salvage');

    expect(exitCode).toBe(0);
    expect(report.missing).toEqual([]);
    expect(report.archives).toEqual(['F20260102T010000Z.zip']);
    expect(report.warnings?.join()).toContain(`taken from ${FULL}.zip`);
    expect(text('00000003.eml')).toBe(before);
  });

  it('takes no entry of a zip file that lies in the archive for one of the archive', async () => {
    await backUp(1);
    // The copy's data and the header that follows are overwritten, and the list of entries is gone.
    const { entries, bytes, directoryStart } = layoutOf(volume(FULL));
    const at = entries.findIndex(({ name }) => name.endsWith('a-copy.zip'));
    const copy = entries[at];
    if (!copy) throw new Error('no copy');

    bytes.fill(0, copy.dataStart + 10, copy.dataStart + 60);
    bytes.fill(0, copy.dataEnd, copy.dataEnd + 4);
    writeFileSync(volume(FULL), bytes.subarray(0, directoryStart));

    const { exitCode } = await recover(server.backupDir, '--salvage');

    expect(bytes.includes('00000666.eml')).toBe(true);
    expect(exitCode).toBe(3);
    expect(live()).not.toContain('00000666.eml');
    expect(live()).toContain('00000001.eml');
  });

  it('does not take a volume of another archive', async () => {
    const small = { volumeLimitBytes: 5000 };
    await backUp(1, small);
    for (const name of live()) {
      writeFileSync(
        join(server.storeDir, ALICE, name),
        message(`newer ${name}`, random, 800),
      );
    }

    await backUp(2, small);
    const from = readFileSync(volume(`${FULL}.1`));
    writeFileSync(volume('F20260102T010000Z.1'), from);

    const { exitCode, report } = await recover(
      volume('F20260102T010000Z'),
      '--salvage',
    );

    expect(exitCode).toBe(3);
    expect(report.lost?.map(({ name }) => name)).toContain(
      'F20260102T010000Z.1.zip',
    );
    expect(live().filter((name) => text(name).includes('number'))).toEqual([]);
  });

  it('exports what is left, and lists the rest beside the output', async () => {
    await backUp(1);
    damageEntry(volume(FULL), `${ALICE}/00000003.eml`);
    const output = join(root, 'alice.mbox');
    const call = [
      ...[server.backupDir, '-u', 'alice', '--format', 'mbox'],
      ...['--output', output, '--server-dir', server.serverDir],
    ];

    const refused = await runInProcess(Export, call);
    expect(refused.exitCode).toBe(4);
    expect(refused.output).toContain('export --salvage');

    const { exitCode, stdout } = await runInProcess(Export, [
      ...call,
      ...['--salvage', '--json'],
    ]);
    const json = JSON.parse(stdout) as Record<string, unknown>;

    expect(exitCode).toBe(3);
    expect(json).toMatchObject({
      messages: 5,
      missing: ['example.com/alice/INBOX/00000003'],
      missingList: `${output}.missing-from-${FULL}.txt`,
    });
    expect(readFileSync(output, 'latin1').match(/^From /gm)).toHaveLength(5);
    expect(existsSync(`${output}.missing-from-${FULL}.txt`)).toBe(true);
  });

  it('is what verify advises', async () => {
    await backUp(1);
    damageEntry(volume(FULL), `${ALICE}/00000003.eml`);
    const { exitCode, output } = await runInProcess(Verify, [
      server.backupDir,
      ...['--server-dir', server.serverDir],
    ]);

    expect(exitCode).toBe(4);
    expect(output).toContain('recover --salvage');
  });

  it('creates nothing that another way of recovering would refuse', async () => {
    const evil = join(root, 'evil');
    mkdirSync(evil);
    const archive = join(evil, `${FULL}.zip`);
    const good = `@backup/store/${ALICE}/00000001.eml`;
    writeFileSync(
      archive,
      buildZip(
        [
          { name: good, content: 'good\r\n' },
          { name: `@backup/store/mail/../../../escaped`, content: 'x' },
          { name: '/etc/escaped', content: 'x' },
          { name: `@backup/store/mail/link`, content: '/etc' },
          { name: `@backup/store/mail/a`, content: 'x' },
          { name: `@backup/store/mail/a/b.eml`, content: 'x' },
        ].map((entry) =>
          entry.name.endsWith('link')
            ? {
                ...entry,
                versionMadeBy: 0x0314,
                externalAttributes: (0o120777 << 16) >>> 0,
              }
            : entry,
        ),
      ).subarray(0, -30),
    );

    const { exitCode, report } = await recover(archive, '--salvage');

    expect(exitCode).toBe(3);
    expect(text('00000001.eml')).toBe('good\r\n');
    expect(report.lost?.map(({ entry }) => entry)).toContain(
      '@backup/store/mail/a',
    );
    expect(existsSync(join(root, 'server/escaped'))).toBe(false);
    expect(existsSync(join(root, 'escaped'))).toBe(false);
  });
});
