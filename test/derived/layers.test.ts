import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CONFIG = '.dependency-cruiser.cjs';
/** The same laws for a copy whose node_modules is a link: libraries keep the path by which the laws know them. */
const COPY_CONFIG = 'copy.cjs';
const COPY_CONFIG_TEXT = `const laws = require('./${CONFIG}');
laws.options.preserveSymlinks = true;
module.exports = laws;
`;

interface Rule {
  readonly name: string;
}

interface Violation {
  readonly rule: Rule;
  readonly from: string;
}

/** For each law a file that breaks it, by what it imports. */
const PLANTED: Readonly<
  Record<string, { readonly file: string; readonly imports: string }>
> = {
  'no-cycles': {
    file: 'platform/planted-cycle.ts',
    imports: './planted-cycle-back.js',
  },
  'errors-import-nothing': { file: 'errors.ts', imports: './planted-leaf.js' },
  'platform-knows-nothing-of-mail': {
    file: 'platform/planted.ts',
    imports: '../mail/maildir.js',
  },
  'nouns-stand-on-platform': {
    file: 'server/planted-verb.ts',
    imports: '../rotate/policy.js',
  },
  'store-stands-below': {
    file: 'store/planted.ts',
    imports: '../archive/names.js',
  },
  'history-stands-below': {
    file: 'history/planted.ts',
    imports: '../archive/names.js',
  },
  'imap-stands-below': {
    file: 'imap/planted.ts',
    imports: '../mail/maildir.js',
  },
  'admin-api-stands-below': {
    file: 'admin-api/planted.ts',
    imports: '../server/engine.js',
  },
  'object-store-stands-below': {
    file: 'object-store/planted.ts',
    imports: '../archive/names.js',
  },
  'sealing-knows-no-archive': {
    file: 'sealing/planted.ts',
    imports: '../archive/names.js',
  },
  'archive-stands-alone': {
    file: 'archive/planted.ts',
    imports: '../server/engine.js',
  },
  'zip-knows-no-archive': {
    file: 'archive/zip/planted.ts',
    imports: '../names.js',
  },
  'writing-and-reading-apart': {
    file: 'archive/write/planted.ts',
    imports: '../read/plan-reads.js',
  },
  'compression-behind-the-codec': {
    file: 'backup/planted-compression.ts',
    imports: '../archive/zip/zlib/deflate.js',
  },
  'server-stands-alone': {
    file: 'server/planted.ts',
    imports: '../mail/maildir.js',
  },
  'mail-stands-alone': {
    file: 'mail/planted.ts',
    imports: '../archive/names.js',
  },
  'settings-stand-alone': {
    file: 'settings/planted.ts',
    imports: '../server/engine.js',
  },
  'nobody-reads-settings': {
    file: 'server/planted-settings.ts',
    imports: '../settings/ini-file.js',
  },
  'pages-are-pure': {
    file: 'page/planted.ts',
    imports: 'node:fs',
  },
  'verbs-know-no-ui': {
    file: 'backup/planted-ui.ts',
    imports: '../ui/table.js',
  },
  'verbs-apart': {
    file: 'backup/planted-verb.ts',
    imports: '../rotate/policy.js',
  },
  'jobs-know-no-ui': {
    file: 'jobs/planted.ts',
    imports: '../ui/prompts.js',
  },
  'ui-stands-on-jobs': {
    file: 'ui/planted.ts',
    imports: '../rotate/run-rotate.js',
  },
  'commands-know-no-nouns': {
    file: 'ui/planted-command.ts',
    imports: '../server/installation.js',
  },
  'plans-are-pure': { file: 'rotate/plan-planted.ts', imports: 'node:fs' },
  'oclif-outside': {
    file: 'schedule/planted-oclif.ts',
    imports: '@oclif/core',
  },
};

/** Files that decide and do nothing, each with a way to the world that it must not take. */
const PURE_FILES: readonly (readonly [file: string, imports: string])[] = [
  ['archive/names.ts', 'node:fs'],
  ['archive/entry-names.ts', 'node:fs/promises'],
  ['archive/completeness.ts', '../platform/clock.js'],
  ['archive/damage.ts', 'node:child_process'],
  ['archive/sets.ts', './storages.js'],
  ['archive/read/plan-reads.ts', '../../platform/clock.js'],
  ['backup/plan-archive.ts', 'node:fs'],
  ['backup/compare-store.ts', '../archive/local-storage.js'],
  ['backup/mass-loss.ts', '../platform/clock.js'],
  ['drill/plan-sample.ts', 'node:fs'],
  ['recover/plan-additive.ts', 'node:fs'],
  ['rotate/plan-rotation.ts', 'node:fs'],
  ['rotate/policy.ts', '../archive/backup-directory.js'],
  ['rotate/policy-newest.ts', '../platform/clock.js'],
  ['schedule/plan-due.ts', 'node:fs'],
];

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kms-layers-'));
  cpSync(join(ROOT, 'src'), join(folder, 'src'), { recursive: true });
  for (const name of [CONFIG, 'tsconfig.json', 'package.json']) {
    cpSync(join(ROOT, name), join(folder, name));
  }

  writeFileSync(join(folder, COPY_CONFIG), COPY_CONFIG_TEXT);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the laws of the rooms', () => {
  it('refuse one forbidden import of each kind, by name', () => {
    const rules = readRules();
    for (const { file, imports } of Object.values(PLANTED)) {
      plant(file, `import '${imports}';\n`);
    }

    plant('platform/planted-cycle-back.ts', `import './planted-cycle.js';\n`);
    plant('planted-leaf.ts', 'export {};\n');
    for (const rule of rules.filter(({ name }) =>
      name.startsWith('one-home-'),
    )) {
      plant(
        `status/planted-${rule.name.replaceAll(/[^\w-]/g, '')}.ts`,
        `import '${rule.name.slice('one-home-'.length)}';\n`,
      );
    }

    const broken = new Set(cruise().map(({ rule }) => rule.name));

    expect([...broken].sort()).toEqual(rules.map(({ name }) => name).sort());
  });

  it('refuse a way to a disk or a clock in each file that is pure', () => {
    for (const [file, imports] of PURE_FILES) {
      expect(existsSync(join(folder, 'src', file)), file).toBe(true);
      plant(file, `import '${imports}';\n`);
    }

    const refused = cruise()
      .filter(({ rule }) => rule.name === 'plans-are-pure')
      .map(({ from }) => from);

    expect(refused).toEqual(
      expect.arrayContaining(PURE_FILES.map(([file]) => `src/${file}`)),
    );
  });
});

function readRules(): readonly Rule[] {
  const require = createRequire(import.meta.url);
  const { forbidden } = require(join(ROOT, CONFIG)) as {
    forbidden: readonly Rule[];
  };

  return forbidden;
}

/** Puts a line before what a file of the copy holds, or makes the file. */
function plant(file: string, line: string): void {
  const path = join(folder, 'src', file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, line, { flag: 'a' });
}

/** The laws that the checker finds broken, and by which file. */
function cruise(): readonly Violation[] {
  const checker = join(
    'node_modules',
    'dependency-cruiser',
    'bin',
    'dependency-cruise.mjs',
  );
  const args = [
    checker,
    '--config',
    COPY_CONFIG,
    '--output-type',
    'json',
    'src',
  ];
  const { stdout } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: readonly Violation[] };
  };

  return summary.violations;
}
