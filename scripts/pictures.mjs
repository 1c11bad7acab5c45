// Makes the pictures of the README from the product itself: a recorded terminal session, the status page in light and
// dark, a notification. Run it again after a change of what they show: npm run build && node scripts/pictures.mjs
// Needs tmux, faketime and chromium.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillNights } from './pictures/nights.mjs';
import { photograph } from './pictures/photograph.mjs';
import { recordSession } from './pictures/record.mjs';
import { sessionSvg } from './pictures/session-svg.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const pictures = join(root, 'docs', 'pictures');

/** The commands of the session, in this order. */
const SESSION = [
  'kms-backup list-archives',
  'kms-backup search ../backup -u alice -f Drafts --since 2020-01-01',
  'kms-backup recover ../backup -d example.com -u alice -f INBOX --additive --yes',
  'kms-backup backup diff',
  'kms-backup status',
];

const directory = mkdtempSync(join(tmpdir(), 'kms-'));
try {
  const binary = join(directory, 'bin');
  mkdirSync(binary);
  writeFileSync(
    join(binary, 'kms-backup'),
    `#!/bin/sh\nexec '${process.execPath}' '${root}bin/run.js' "$@"\n`,
  );
  chmodSync(join(binary, 'kms-backup'), 0o755);
  // No mail server of this machine plays a part, and the pictures show the same times everywhere.
  const env = {
    PATH: `${binary}:${process.env.PATH}`,
    HOME: directory,
    LANG: 'C.UTF-8',
    TZ: 'Europe/Prague',
  };
  env.KMS_BACKUP_PID_FILE = '/nonexistent/kms.pid';
  const place = join(directory, 'srv');
  const run = (night, ...words) => {
    const command = ['-f', night, 'kms-backup', ...words];
    const { status, stderr } = spawnSync('faketime', command, {
      env,
      cwd: join(place, 'mailserver'),
      encoding: 'utf8',
    });

    if (status !== 0) {
      throw new Error(
        `kms-backup ${words.join(' ')} ended with ${status}: ${stderr}`,
      );
    }
  };

  const tonight = await fillNights(place, run);
  mkdirSync(pictures, { recursive: true });
  run(tonight, 'status', '--html', join(directory, 'status.html'));
  photograph(
    join(directory, 'status.html'),
    join(pictures, 'status-light.png'),
    { height: 1560 },
  );
  photograph(
    join(directory, 'status.html'),
    join(pictures, 'status-dark.png'),
    { height: 1560, isDark: true },
  );

  const spool = join(place, 'mailserver', 'kms-backup.spool');
  const newest = readdirSync(spool)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .at(-1);
  writeFileSync(
    join(directory, 'mail.html'),
    JSON.parse(readFileSync(join(spool, newest), 'utf8')).html,
  );
  photograph(join(directory, 'mail.html'), join(pictures, 'notification.png'), {
    width: 760,
    height: 640,
  });

  rmSync(join(place, 'mailserver', 'kms-backup.ini'));
  const steps = recordSession(SESSION, {
    env,
    cwd: join(place, 'mailserver'),
    now: tonight,
  });
  writeFileSync(join(pictures, 'session.svg'), sessionSvg(steps));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
