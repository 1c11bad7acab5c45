import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { giveTime } from '../../src/platform/file-times.js';
import { kmsInProcess } from '../helpers/in-process.js';
import { buildInstallation, message } from '../helpers/installation.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { expectDone } from '../helpers/tools.js';

const dir = temporaryDirectory('odd-times');
afterAll(() => {
  removeTemporary(dir);
});

/** In ticks of 100 ns: 1902, a second and a half before 1970, 2106, 2200. */
const TICKS = [
  -21_000_000_000_000_000n,
  -15_000_000n,
  42_949_672_960_000_000n,
  72_582_912_001_230_000n,
];

it('times before 1970 and after 2106 come back, and the next differential finds nothing changed', async () => {
  const messages = Object.fromEntries(
    TICKS.map((_, at) => [`0000000${at}.eml`, message(String(at))]),
  );
  const server = buildInstallation(join(dir, 'server'), {
    store: {
      mail: { 'example.com': { alice: { INBOX: { '#msgs': messages } } } },
    },
    backupDir: join(dir, 'backup'),
  });
  mkdirSync(server.backupDir, { recursive: true });
  const paths = TICKS.map((_, at) =>
    join(
      server.storeDir,
      `mail/example.com/alice/INBOX/#msgs/0000000${at}.eml`,
    ),
  );
  for (const [at, path] of paths.entries()) {
    expect(giveTime(path, TICKS[at] ?? 0n)).toBe(true);
  }

  const timesOf = (): bigint[] =>
    paths.map((path) => statSync(path, { bigint: true }).mtimeNs / 1000n);
  const before = timesOf();

  const own = ['--server-dir', server.serverDir];
  expectDone(await kmsInProcess(['backup', 'full', ...own]));
  expectDone(
    await kmsInProcess(['recover', server.backupDir, '--yes', ...own]),
  );
  expect(timesOf()).toEqual(before);
  const { stdout } = await kmsInProcess(['backup', 'diff', '--json', ...own]);
  expect(JSON.parse(stdout)).toMatchObject({
    messages: { new: 0, changed: 0, unchanged: TICKS.length, deleted: 0 },
  });
});
