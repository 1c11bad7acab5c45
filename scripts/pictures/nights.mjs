// Two weeks in the life of a sample mail server, each night backed up by the product itself.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Dice } from '../../dist/demo/dice.js';
import { sampleMessage } from '../../dist/demo/sample-mail.js';
import { buildSampleServer } from '../../dist/demo/sample-server.js';
import { messageFileName } from '../../dist/demo/sample-store.js';

const NIGHTS = 16;
const FIRST = Date.UTC(2026, 10, 8, 1);
const DAY_MS = 86_400_000;

/** `2026-11-08 01:00:00`, as faketime takes it. */
const moment = (ms) =>
  new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** Builds the server in `place` and backs it up night by night; returns the moment after the last night. */
export async function fillNights(place, run) {
  const { serverDir, storeDir } = buildSampleServer(place);
  const inbox = join(
    storeDir,
    'mail',
    'example.com',
    'alice',
    'INBOX',
    '#msgs',
  );

  // No mail service listens there: the notification stays in the spool, where the picture is taken from.
  writeFileSync(
    join(serverDir, 'kms-backup.ini'),
    '[smtp]\nhost = 127.0.0.1\nport = 1\nto = admin@example.com\n',
  );

  const dice = new Dice(16);
  let uid = 1000;

  for (let night = 0; night < NIGHTS; night++) {
    const at = FIRST + night * DAY_MS;
    const isSunday = new Date(at).getUTCDay() === 0;

    for (let count = 6 + (night % 5) * 3; count > 0; count--, uid++) {
      writeFileSync(
        join(inbox, messageFileName(uid)),
        sampleMessage(dice, uid).text,
        { mode: 0o600 },
      );
    }

    run(
      moment(at),
      'backup',
      isSunday ? 'full' : 'diff',
      '--notify',
      night === NIGHTS - 1 ? 'always' : 'never',
    );
  }

  for (let lost = 1001; lost < 1013; lost++) {
    rmSync(join(inbox, messageFileName(lost)));
  }

  return moment(FIRST + NIGHTS * DAY_MS - DAY_MS / 2);
}
