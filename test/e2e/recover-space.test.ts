import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  buildInstallation,
  type Installation,
  message,
} from '../helpers/installation.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  type Ended,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
  said,
} from '../helpers/tools.js';

/** The space that a recover plans with is that of the disks it really writes to: here a domain is a link to one of its own. */

let dir = '';
let disk = '';
let server: Installation;

const MAIL = 'example.com/alice/INBOX/#msgs';
const call = (flags: string): string =>
  `'${process.execPath}' '${BINARY}' recover '${server.backupDir}' --server-dir '${server.serverDir}' --yes ${flags}; echo "$?:"`;

beforeAll(async () => {
  dir = temporaryDirectory('space');
  disk = join(dir, 'disk');
  mkdirSync(disk);
  server = buildInstallation(join(dir, 'server'), {
    store: {
      mail: {
        'example.com': {
          alice: {
            INBOX: {
              '#msgs': { '00000001.eml': message('x'.repeat(1_500_000)) },
            },
          },
        },
        'example.org': {
          bob: { INBOX: { '#msgs': { '00000001.eml': message('bob') } } },
        },
      },
    },
  });
  expectDone(
    await kmsInProcess(['backup', 'full', '--server-dir', server.serverDir]),
  );
});
afterAll(() => {
  removeTemporary(dir);
});

/** Runs commands where the domain lies on a disk of this size. @returns undefined where nothing can be mounted */
function onDisk(size: string, ...lines: string[]): Ended | undefined {
  const domain = join(server.storeDir, 'mail/example.com');
  const script = [
    `mount -t tmpfs -o size=${size} tmpfs '${disk}' || exit 77`,
    `mv '${domain}' '${dir}/away' && mkdir -p '${disk}/${MAIL}' && ln -s '${disk}/example.com' '${domain}'`,
    `trap "rm '${domain}' && mv '${dir}/away' '${domain}'" EXIT`,
    `echo new > '${disk}/${MAIL}/00000002.eml'`,
    ...lines,
  ];
  const ended = runTool('unshare', ['-m', 'sh', '-c', script.join('\n')], {
    env: QUIET_ENVIRONMENT,
  });

  return ended.status === 77 || /unshare/.test(ended.stderr)
    ? undefined
    : ended;
}

it('a full disk behind a link ends a recover before anything is extracted', (context) => {
  const ended = onDisk(
    '2m',
    call('--quiet'),
    call('-u alice --additive --quiet'),
    `find '${disk}' '${server.storeDir}' -name '.kms*'`,
  );
  if (!ended) return context.skip('needs mount');

  expect(said(ended)).toMatch(/^0 .*14:\n14:\n$/s);
  expect(
    ended.stderr.match(
      /are needed beside the present store, .* are free at \S*\/disk$/gm,
    ),
  ).toHaveLength(2);
  expect(ended.stderr.match(/^Code: NO_SPACE$/gm)).toHaveLength(2);
});

it('what the mail server needs stays free on that disk too', (context) => {
  const ended = onDisk(
    '40m',
    `left=$(df --output=avail -B1 '${disk}' | tail -1)`,
    // What is left is what the new state needs, and half of what is reserved.
    `head -c $((left - 3400000)) /dev/zero > '${disk}/filler'`,
    call('--quiet'),
    call('-d example.org --quiet'),
    call('-d example.com --no-keep-old --dry-run'),
  );
  if (!ended) return context.skip('needs mount');

  expect(said(ended)).toMatch(/14:\n0:\n[^]*0:\n/);
  expect(ended.stderr).toMatch(
    /cannot be kept for a rollback: .* would be left free at \S*\/disk,.*Code: NO_SPACE/s,
  );
});

it('plan and report name the disks', (context) => {
  const ended = onDisk('40m', call(''), call('-d example.org --dry-run'));
  if (!ended) return context.skip('needs mount');

  expect(said(ended)).toMatch(/0:\n[^]*0:\n/);
  const kept = String.raw`\.kms-backup-recover\/old`;
  expect(ended.stderr).toMatch(
    new RegExp(
      String.raw`Keeps {5}what it replaces, .* in\n[^:]*\/disk\/${kept}\n`,
    ),
  );
  expect(ended.stderr).toMatch(
    /Space {5}2\.9 MiB needed, \S+ \S+ free at \S*\/disk\n {10}\S+ \S+ needed, \S+ \S+ free at \S+\n/,
  );
  expect(ended.stdout).toMatch(
    new RegExp(
      String.raw`Kept {7}the state before, .* in\n[^:]*\/disk\/${kept}\n`,
    ),
  );
  // Another domain has nothing to do with that disk.
  expect(ended.stdout).toMatch(
    new RegExp(
      String.raw`Keeps {5}.* in\n {10}\S*\/store\/${kept}\.2\nSpace {5}\S+ KiB needed, \S+ \S+ free\n`,
    ),
  );
});
