import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { Random } from '../helpers/random.js';
import {
  makeRunningServer,
  type RunningServer,
} from '../helpers/running-server.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { expectDone } from '../helpers/tools.js';

/** Each is a choice of what is done to a server that runs, while mail comes in and is read. */
const ROUNDS = Number(
  process.env['KMS_TEST_ROUNDS'] ??
    (process.env['KMS_TEST_THOROUGH'] === '1' ? 1000 : 2),
);

let dir = '';
let server: Installation;
let engine: RunningServer;
const random = new Random(18);

beforeAll(async () => {
  dir = temporaryDirectory('running');
  server = buildInstallation(join(dir, 'server'));
  engine = makeRunningServer(server.serverDir);
  const ini = join(server.serverDir, 'kms-backup.ini');
  writeFileSync(ini, readFileSync(ini, 'utf8').replace('= 9s', '= 6s'));
  engine.behave({ isBusy: true });
  await engine.start();
  expectDone(await kms('backup', 'full'));
});
afterAll(() => {
  engine.kill();
  removeTemporary(dir);
});

const kms = (...words: string[]) =>
  kmsInProcess([...words, '--server-dir', server.serverDir]);
const inbox = (): string =>
  join(server.storeDir, 'mail/example.com/alice/INBOX');
const stored = (): string[] =>
  readdirSync(join(inbox(), '#msgs')).map((name) =>
    readFileSync(join(inbox(), '#msgs', name), 'utf8'),
  );

/** What is set last, by what is asked for. */
const settings = new Map<string, string>();

async function act(): Promise<void> {
  const restart = '--restart-server';
  const keep = String(random.int(1, 90));

  switch (random.int(0, 2)) {
    case 0:
      // Lost, and brought back beside what came in since.
      rmSync(join(inbox(), '#msgs/00000001.eml'), { force: true });
      expectDone(
        await kms(
          ...['recover', server.backupDir, '--additive', '--yes', restart],
          ...['-u', 'alice@example.com', '-f', 'INBOX'],
        ),
      );
      return;
    case 1:
      expectDone(await kms('config', 'set', `keep=${keep}`, restart));
      settings.set('RotationLimit', keep);
      return;
    default:
      expectDone(await kms('log', 'enable', 'store-backup', restart));
      settings.set('LogName', 'debug');
  }
}

/** Every promise of the server to its users, and every answer of this program, holds. */
function expectNothingLost(): void {
  const texts = stored();
  const ids = new Set(texts.map((text) => text.split('\r\n')[0]));
  const read = new Set<string>();
  const lines = readFileSync(join(server.serverDir, 'stand-in.ledger'), 'utf8');

  for (const line of lines.split('\n').filter(Boolean)) {
    const [kind, what] = [line.slice(0, 4), line.slice(5)];
    if (kind === 'mail') expect(ids, what).toContain(what);
    else read.add(what);
  }

  const index = readFileSync(join(inbox(), 'index.fld'), 'utf8');
  for (const name of read) {
    expect(index).toContain(`U${name.slice(0, -4)} F1`);
  }

  for (const subject of ['one', 'two']) {
    expect(texts.some((text) => text.includes(`Subject: ${subject}`))).toBe(
      true,
    );
  }

  const config = readFileSync(join(server.serverDir, 'mailserver.cfg'), 'utf8');
  for (const [name, value] of settings) {
    expect(config).toContain(`"${name}">${value}<`);
  }
}

it(`loses no message, flag or setting in ${String(ROUNDS)} rounds on a server that runs`, async () => {
  for (let round = 1; round <= ROUNDS; round++) {
    await act();

    // A ledger is written beside the files: what is compared is a server that has ended.
    engine.stop();
    while (engine.pid() !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }

    expectNothingLost();
    await engine.start();
  }

  console.log(`rounds without a loss: ${String(ROUNDS)}`);
});
