import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textWidth } from '../../src/ui/terminal-text.js';
import { temporaryDirectory } from '../helpers/configured-server.js';
import { kmsInProcess } from '../helpers/in-process.js';
import {
  type PlantedServer,
  plantedServer,
} from '../helpers/planted-server.js';
import { hasTerminal, typeInto } from '../helpers/terminal.js';
import { kms } from '../helpers/tools.js';

const DOMAIN = 'a-domain-of-a-very-long-name.department.example.com';
const USER = 'a.user.whose.name.is.also.rather.long';
/** `Projekte und Angebote…/日本語の非常に長いフォルダ名` */
const FOLDERS = [
  'INBOX',
  'Projekte und Angebote des letzten und des vorletzten Jahres',
  join('Archive', '&ZeVnLIqeMG6XXl44MGuVdzBEMNUwqTDrMMBUDQ-'),
];
const REASON =
  'kept until the lawyers of both parties have read all of it, at least twice';

let base = '';
let server: PlantedServer;
let archive = '';

function plantFolders(storeDir: string): void {
  for (const [index, folder] of FOLDERS.entries()) {
    const messages = join(storeDir, 'mail', DOMAIN, USER, folder, '#msgs');
    mkdirSync(messages, { recursive: true });
    writeFileSync(
      join(messages, `0000000${String(index)}.eml`),
      `From: ${USER}@${DOMAIN}\r\nSubject: one ${'long subject '.repeat(12)}\r\n\r\ny\r\n`,
    );
  }
}

async function run(...words: string[]): Promise<string> {
  const { stdout, stderr } = await kmsInProcess([
    ...words,
    '--server-dir',
    server.dir,
  ]);
  expect(stderr).not.toMatch(/UNEXPECTED|^Error/m);

  return stdout;
}

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'kms backup-'));
  server = plantedServer(base);
  const storeDir = join(server.dir, 'store');
  plantFolders(storeDir);
  await run('backup', 'full', '--notify', 'never');
  const list = await run('list-archives');
  archive = /\bF\w+\.zip/.exec(list)?.[0] ?? '';

  await run('pin', archive, '--reason', REASON);
  writeFileSync(
    join(storeDir, 'mail', DOMAIN, USER, 'INBOX', '#msgs', '00000009.eml'),
    'Subject: one more\r\n\r\ny\r\n',
  );
  await run(
    'schedule',
    'add',
    ...['--type', 'diff', '--day', 'mon', '--time', '03:00'],
    ...['--description', 'after the weekly maintenance of all the machines'],
  );
});

/** Calls that print tables, or lines as long as a sentence. */
const CALLS: Readonly<Record<string, () => string[]>> = {
  'list-archives': () => ['list-archives', server.backupDir],
  history: () => ['history'],
  status: () => ['status'],
  doctor: () => ['doctor'],
  verify: () => ['verify', server.backupDir],
  'the listing of an archive': () => ['recover', server.backupDir, '--listing'],
  "a recover's plan": () => ['recover', server.backupDir, '--dry-run'],
  diff: () => ['diff', server.backupDir, '--verbose'],
  search: () => ['search', server.backupDir, '--subject', 'one'],
  'a search of one archive': () => [
    'search',
    join(server.backupDir, archive),
    '--subject',
    'one',
  ],
  'schedule list': () => ['schedule', 'list', '--next', '3'],
  'config show': () => ['config', 'show'],
  'target list': () => ['target', 'list'],
  'target show': () => ['target', 'show', 'planted'],
  'rotate --dry-run': () => ['rotate', '--dry-run'],
  'replicate --dry-run': () => [
    'replicate',
    '--dry-run',
    '--to',
    temporaryDirectory(),
  ],
};

const terminal = { isTTY: false, columns: 0 };
const kept: Partial<Record<string, PropertyDescriptor>> =
  Object.getOwnPropertyDescriptors(process.stdout);

async function onTerminal(columns: number, words: string[]): Promise<string> {
  Object.assign(terminal, { isTTY: true, columns });

  try {
    return await run(...words);
  } finally {
    terminal.isTTY = false;
  }
}

beforeAll(() => {
  for (const name of ['isTTY', 'columns'] as const) {
    Object.defineProperty(process.stdout, name, {
      get: () => terminal[name],
      configurable: true,
    });
  }
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
  for (const name of ['isTTY', 'columns'] as const) {
    Reflect.deleteProperty(process.stdout, name);
    const before = kept[name];
    if (before) Object.defineProperty(process.stdout, name, before);
  }
});

/** A word that no line has room for, and a command to copy, stand whole in a line of their own. */
function isWhole(line: string): boolean {
  return !line.trim().includes(' ') || line.trim().startsWith('kms-backup ');
}

/** Ages, durations, times of day, free space, and the title of a column that says nothing of any row. */
const VARIABLE = /^\d+[smhd]$|^\d+(:\d\d)+$|Z$|^\d+\.\d$|^NEEDS$/;

/** All words but those that every call has otherwise: ages, durations, rows of a chart. */
function wordsOf(text: string): string[] {
  return text
    .replaceAll(/\x1b\[[0-9;]*m/g, '')
    .replaceAll(/[▏▎▍▌▋▊▉█#]+/g, '')
    .split(/\s+/)
    .filter((word) => word !== '-' && !VARIABLE.test(word));
}

describe.each(Object.entries(CALLS))('%s', (_, words) => {
  it('on a narrow terminal has no line wider than it, and all that a pipe shows', async () => {
    const call = words();
    const pipe = wordsOf(await run(...call));
    expect(pipe).not.toEqual([]);

    for (const columns of [40, 80]) {
      const screen = await onTerminal(columns, call);
      const wide = screen
        .split('\n')
        .filter((line) => textWidth(line) > columns && !isWhole(line));

      expect(wide).toEqual([]);

      // Ideographs may be broken anywhere; nothing else is.
      const shown = new Set(wordsOf(screen));
      const lost = pipe.filter(
        (word) => !shown.has(word) && /^[\x20-\x7e…]*$/.test(word),
      );
      expect(lost).toEqual([]);
    }
  });
});

describe('what is damaged', () => {
  it('is red where there are colours, and not in a pipe', () => {
    const damaged = temporaryDirectory();
    const bytes = readFileSync(join(server.backupDir, archive));
    bytes.fill(0, 200, 260);
    writeFileSync(join(damaged, archive), bytes);
    const words = ['verify', damaged, '--server-dir', server.dir];

    const coloured = kms(words, {
      env: { FORCE_COLOR: '1', NO_COLOR: undefined },
    });
    expect(coloured.stdout).toMatch(/\x1b\[31mDAMAGED\x1b/);
    expect(kms(words).stdout).toMatch(/^(?!.*\x1b).*DAMAGED/m);
    expect(coloured.status).toBe(4);
  });
});

describe.skipIf(!hasTerminal)('a terminal itself', () => {
  it('gives its width', () => {
    const place = { cwd: server.dir, columns: 80 };
    const { screen } = typeInto(['list-archives'], [], place);
    const lines = screen.split('\n');

    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(screen).toMatch(/^ {4}.*MESSAGES \d/m);
  });
});
