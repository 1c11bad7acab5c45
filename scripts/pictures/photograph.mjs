// A picture of a page as a browser shows it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
];

export function photograph(
  page,
  picture,
  { width = 1100, height, isDark = false },
) {
  const profile = mkdtempSync(join(tmpdir(), 'kms-backup-browser-'));
  try {
    const scheme = isDark
      ? ['--force-dark-mode', '--blink-settings=preferredColorScheme=0']
      : [];
    const size = [
      `--window-size=${width},${height}`,
      '--hide-scrollbars',
      `--user-data-dir=${profile}`,
    ];

    const made = spawnSync(
      'chromium',
      [
        ...QUIET,
        ...scheme,
        ...size,
        `--screenshot=${picture}`,
        `file://${page}`,
      ],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    );

    if (made.status !== 0) {
      throw new Error(`no picture ${picture}: ${made.error ?? made.stderr}`);
    }
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}
