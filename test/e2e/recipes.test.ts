import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { storageAt } from '../../src/archive/storages.js';
import { sampleConfig } from '../../src/demo/sample-config.js';
import {
  buildSampleServer,
  type SampleServer,
} from '../../src/demo/sample-server.js';
import { message } from '../helpers/installation.js';
import { writeKerioArchive } from '../helpers/kerio-archive.js';
import { backUpAt } from '../helpers/nights.js';
import {
  compareTrees,
  removeTemporary,
  temporaryDirectory,
} from '../helpers/store.js';
import {
  BINARY,
  type Ended,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
  said,
} from '../helpers/tools.js';

/** The recipes at the top of docs/operating.md, called line by line by the shell as they stand there. */

const PAPER = readFileSync(
  fileURLToPath(new URL('../../docs/operating.md', import.meta.url)),
  'utf8',
);

/** The command lines of a recipe, in their order. */
function linesOf(recipe: string): string[] {
  const text = PAPER.split(`\n## ${recipe}\n`)[1]?.split('\n## ')[0] ?? '';
  const blocks = [...text.matchAll(/```\n([^`]*)```/g)];

  return blocks
    .flatMap(([, block = '']) => block.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

const FULL_AT = '2025-11-22T01:00:03Z';
const DIFFERENTIAL_AT = '2025-11-23T01:00:02Z';
const ALICE = 'mail/example.com/alice/INBOX/#msgs';
/** The lost mail of the recipe. */
const LOST = `${ALICE}/0000001b.eml`;

let dir = '';
/** The server that was backed up, as the night of the differential left it. */
let origin: SampleServer;
let original = '';
let lost: Buffer;
/** What the recipes call beside kms-backup, in their order. */
let called = '';

/** Both layouts of archives: this program's, and the server's own with `D` differentials and without extra fields. */
const LAYOUTS = ['ours', 'kerio'] as const;

beforeAll(async () => {
  dir = temporaryDirectory('recipes');
  called = join(dir, 'called');
  makePrograms(join(dir, 'bin'));
  origin = buildSampleServer(join(dir, 'data'));
  lost = readFileSync(join(origin.storeDir, LOST));
  for (const layout of LAYOUTS) mkdirSync(join(dir, layout));

  age(origin.serverDir);
  await backUp('full', FULL_AT);
  // Between the nights alice loses a mail, and gets another.
  rmSync(join(origin.storeDir, LOST));
  writeFileSync(
    join(origin.storeDir, ALICE, '0000ffff.eml'),
    message('of Sunday'),
  );
  await backUp('differential', DIFFERENTIAL_AT);

  original = join(dir, 'original');
  expectDone(runTool('cp', ['-a', origin.serverDir, original]));
});
afterAll(() => {
  removeTemporary(dir);
});

function makePrograms(directory: string): void {
  mkdirSync(directory);
  const programs = {
    'kms-backup': `exec '${process.execPath}' '${BINARY}' "$@"`,
    systemctl: `echo "$*" >> '${called}'`,
  };

  for (const [name, text] of Object.entries(programs)) {
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
}

/** What the server made before the full was not changed since: its own differentials go by that time. */
function age(directory: string): void {
  const time = new Date('2025-11-01T12:00:00Z');
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });

  for (const path of paths) utimesSync(join(directory, path), time, time);
}

/** One night, by this program and by the server. */
async function backUp(
  type: 'full' | 'differential',
  at: string,
): Promise<void> {
  await backUpAt(origin, type, at, { storage: storageAt(join(dir, 'ours')) });
  writeKerioArchive(join(dir, 'kerio'), origin, {
    startedAt: new Date(at),
    ...(type === 'full'
      ? { letter: 'F' }
      : { letter: 'D', changedSince: new Date('2025-11-02T00:00:00Z') }),
  });
}

/** Calls a line of a recipe as a shell does; the server is in its usual place, which is the current directory here. */
function run(line: string, archives: string, serverDir: string): Ended {
  return runTool('sh', ['-c', line.replaceAll('/srv/backup', archives)], {
    cwd: serverDir,
    env: {
      ...QUIET_ENVIRONMENT,
      PATH: `${join(dir, 'bin')}:${process.env['PATH'] ?? ''}`,
    },
  });
}

const callsOf = (): string[] =>
  readFileSync(called, 'utf8').trimEnd().split('\n');

/** Names and bytes. */
const CONTENT = { mtimeToleranceNs: undefined, modes: false };
/** What no backup holds, what is adapted, and what recover keeps. */
const NOT_RECOVERED =
  /^mailserver(\.cfg)?$|search\.fld$|^store\/(logs|queue|tmp)\/|\.kms-backup-recover/;

describe.skipIf(process.platform === 'win32').each(LAYOUTS)(
  'archives in the layout %s',
  (layout) => {
    const archives = (): string => join(dir, layout);

    beforeEach(() => {
      rmSync(called, { force: true });
      rmSync(join(dir, 'data'), { recursive: true, force: true });
    });

    it('give a user the lost mail back, by the line that search prints', () => {
      mkdirSync(join(dir, 'data'));
      expectDone(runTool('cp', ['-a', original, origin.serverDir]));
      const [search = '', stop = '', ...rest] = linesOf('A user lost a mail');

      const found = run(search, archives(), origin.serverDir);
      expectDone(found);
      const printed = /^ +(kms-backup recover .*)$/m.exec(found.stdout)?.[1];
      const archive = /\/([A-Z]\d{8}T\d{6}Z\.zip) /.exec(printed ?? '')?.[1];

      for (const line of [stop, ...rest]) {
        const real = line.replace(/[A-Z]\d{8}T\d{6}Z\.zip/, archive ?? '');
        const ended = run(real, archives(), origin.serverDir);
        expectDone(ended);
        if (!real.startsWith('kms-backup')) continue;

        expect(real.replaceAll('/srv/backup', archives())).toMatch(
          new RegExp(`^${printed ?? 'nothing'} --(dry-run|yes)$`),
        );
        expect(said(ended)).toContain('add 1, skip 0 identical');
      }

      expect(readFileSync(join(origin.storeDir, LOST))).toEqual(lost);
      expect(callsOf()).toEqual(['stop kerio-connect', 'start kerio-connect']);
      // Nothing else goes or changes, and a mail that came in since stays; indexes are the server's to mend. What was added is noted.
      const others = compareTrees(original, origin.serverDir, {
        ...CONTENT,
        ignore: (path) =>
          /0000001b\.eml$|\.fld|\.kms-backup-recover/.test(path),
      });
      expect(others).toEqual([]);
    });

    it.each([
      ['as it is installed', true],
      ['without mailserver.cfg', false],
    ])('make a bare server %s the old one', (_, isConfigured) => {
      const serverDir = join(dir, 'data/opt/kerio/mailserver');
      const storeDir = join(serverDir, 'store');
      mkdirSync(serverDir, { recursive: true });
      if (isConfigured) {
        const fresh = sampleConfig(storeDir, join(storeDir, 'backup'));
        writeFileSync(join(serverDir, 'mailserver.cfg'), fresh.mailserver);
      }

      // The program alone tells where the server is, where its mailserver.cfg does not.
      writeFileSync(join(serverDir, 'mailserver'), '');

      const lines = linesOf('The server burnt down');
      const ended = lines.map((line) => run(line, archives(), serverDir));
      for (const one of ended) expectDone(one);

      expect(lines.at(-1)).toBe('kms-backup status');
      for (const name of readdirSync(archives()).filter((it) =>
        /zip$/.test(it),
      )) {
        expect(ended.at(-1)?.stdout).toContain(name);
      }

      const read = (directory: string, name: string): string =>
        readFileSync(join(directory, name), 'utf8');
      expect(read(serverDir, 'mailserver.cfg')).toBe(
        read(original, 'mailserver.cfg')
          .replaceAll(`>${origin.storeDir}/`, `>${storeDir}/`)
          .replace(`>${origin.backupDir}<`, `>${archives()}<`),
      );
      const differences = compareTrees(original, serverDir, {
        ...CONTENT,
        ignore: (path) => NOT_RECOVERED.test(path),
      });
      // The server's differentials do not say what was deleted.
      expect(differences).toEqual(
        layout === 'kerio' ? [`unexpected: store/${LOST}`] : [],
      );
      expect(callsOf()).toEqual(['stop kerio-connect', 'start kerio-connect']);
    });
  },
);
