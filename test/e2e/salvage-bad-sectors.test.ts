import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type EntryLayout,
  layoutOf,
} from '../../scripts/bench/damaged-archives.mjs';
import type { RecoverReport } from '../../src/recover/request.js';
import { buildInstallation, message } from '../helpers/installation.js';
import { backUpAt } from '../helpers/nights.js';
import { Random } from '../helpers/random.js';
import { canRefuse, kmsRefused } from '../helpers/refuse-calls.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

const FULL = 'F20260101T010000Z.zip';
const PREFIX = '@backup/store/';
const BLOCK = 4096;

const root = temporaryDirectory('bad-sectors');

afterAll(() => {
  removeTemporary(root);
});

/** The first and the last byte of the disk's block in which a byte lies. */
function blockOf(byte: number): readonly [number, number] {
  const start = byte - (byte % BLOCK);

  const last = start + BLOCK - 1;

  return [start, last];
}

function touches({ offset, dataEnd }: EntryLayout, byte: number): boolean {
  const [first, last] = blockOf(byte);

  return offset <= last && dataEnd > first;
}

describe.skipIf(!canRefuse)('bad sectors (needs gcc)', () => {
  it('of the list of entries and of messages: all others are brought, and each range is named', async () => {
    const random = new Random(5);
    const messages = Object.fromEntries(
      Array.from({ length: 90 }, (_, at) => [
        `${(at + 1).toString(16).padStart(8, '0')}.eml`,
        message(`number ${String(at)}`, random, 2000),
      ]),
    );
    const server = buildInstallation(join(root, 'server'), {
      store: {
        mail: {
          'example.com': {
            alice: {
              INBOX: {
                '#msgs': messages,
              },
            },
          },
        },
      },
    });
    await backUpAt(server, 'full', '2026-01-01T01:00:00Z', {});

    const archive = join(server.backupDir, FULL);
    const { entries, directoryStart, bytes } = layoutOf(archive);
    const both = directoryStart + bytes.length;
    const middle = Math.floor(both / 2);
    const early = entries[12]?.offset ?? 0;
    // Neither of its headers can be read.
    const nameless = entries.find(
      ({ central }) => central[0] > blockOf(middle)[0],
    );
    const bad = [early, nameless?.offset ?? 0];

    const place = join(root, 'place');
    const storeDir = join(place, 'store');
    const cfgDir = join(place, 'cfg');
    mkdirSync(cfgDir, { recursive: true });
    const { status, stdout } = kmsRefused(
      [
        'recover',
        server.backupDir,
        '--salvage',
        '--yes',
        '--json',
        '--store',
        storeDir,
        '--cfgdir',
        cfgDir,
        '--server-dir',
        cfgDir,
      ],
      {
        call: 'read',
        below: archive,
        errno: constants.errno.EIO,
        bytes: [...bad, middle].map(blockOf),
      },
    );

    const report = JSON.parse(stdout) as RecoverReport;
    const mail = entries.filter(({ name }) => name.endsWith('.eml'));
    const lost = mail.filter((entry) =>
      bad.some((byte) => touches(entry, byte)),
    );
    const whole = mail.filter((entry) => !lost.includes(entry));
    const pathOf = (dir: string, { name }: EntryLayout): string =>
      join(dir, name.slice(PREFIX.length));

    expect(status).toBe(3);
    expect(lost.length).toBeGreaterThan(1);
    expect(whole.length).toBeGreaterThan(70);
    for (const entry of whole) {
      expect(readFileSync(pathOf(storeDir, entry))).toEqual(
        readFileSync(pathOf(server.storeDir, entry)),
      );
    }

    for (const entry of lost) {
      expect(existsSync(pathOf(storeDir, entry))).toBe(false);
    }

    const named = report.lost.map(({ entry }) => entry);
    const byName = lost.filter((entry) => touches(entry, early));
    expect(named).toEqual(
      expect.arrayContaining(byName.map(({ name }) => name)),
    );
    expect(report.lost.map(({ kind }) => kind)).toContain('break');

    const told = report.warnings.filter((line) => line.includes('be read'));
    for (const byte of [...bad, middle]) {
      const [first] = blockOf(byte);
      expect(told.join('\n')).toContain(
        `bytes ${first.toLocaleString('en')} to`,
      );
    }
  });
});
