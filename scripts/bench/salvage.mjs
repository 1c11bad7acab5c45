// Damages archives and lets several tools bring back what is left: how many whole messages come, how many files are left with wrong
// bytes, and how many messages come that the server never had.
//   node scripts/bench/salvage.mjs [ARCHIVES]
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
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
import {
  damage,
  KINDS,
  layoutOf,
  makeMessages,
  stateOf,
  writeStore,
} from './damaged-archives.mjs';

const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const count = Number(process.argv[2] ?? 40);
const root = mkdtempSync(join(tmpdir(), 'kms-backup-salvage-'));
const messages = makeMessages(1);
const PREFIX = '@backup/store/';

/** Each writes what it finds below a directory; it says whether it met damage. */
const TOOLS = {
  'kms-backup --salvage': (dir, to) =>
    call(process.execPath, [
      ...[program, 'recover', dir, '--salvage', '--yes', '--quiet'],
      ...['--server-dir', to, '--store', join(to, PREFIX), '--cfgdir', to],
    ]),
  unzip: (dir, to) =>
    each(dir, (file) => call('unzip', ['-oq', file, '-d', to])),
  'zip -FF, unzip': (dir, to) =>
    each(dir, (file) => {
      const fixed = join(to, 'fixed.zip');
      rmSync(fixed, { force: true });
      const end = call('zip', ['-FF', file, '--out', fixed], 'y\n');
      if (!existsSync(fixed)) return end;

      return Math.max(end, call('unzip', ['-oq', fixed, '-d', to]));
    }),
  '7zz x': (dir, to) =>
    each(dir, (file) => call('7zz', ['x', '-y', `-o${to}`, file])),
};

function call(command, args, input = '') {
  return spawnSync(command, args, { input, timeout: 120_000 }).status ?? 1;
}

function each(dir, extract) {
  const files = readdirSync(dir).filter((name) => name.endsWith('.zip'));

  return Math.max(
    1 - files.length,
    ...files.map((name) => extract(join(dir, name))),
  );
}

function makeServer() {
  const dir = join(root, 'server');
  mkdirSync(join(root, 'backups'), { recursive: true });
  writeStore(join(dir, 'store'), messages);
  writeFileSync(
    join(dir, 'mailserver.cfg'),
    `<config>\r\n<table name="Directories">\r\n  <variable name="StoreDir">${dir}/store/</variable>\r\n  <variable name="BackupDir">${root}/backups</variable>\r\n</table>\r\n</config>\r\n`,
  );
  writeFileSync(join(dir, 'users.cfg'), '<config>\r\n</config>\r\n');
  const args = ['--server-dir', dir, '--volume-size', '60KB', '--quiet'];
  call(process.execPath, [program, 'backup', 'full', ...args]);
}

/** @returns the whole messages that came, the files with wrong bytes, and messages of nobody on this server */
function judge(to, whole) {
  const store = join(to, PREFIX);
  const found = existsSync(store)
    ? readdirSync(store, { recursive: true }).filter((path) =>
        /\.eml$/.test(path),
      )
    : [];
  const isRight = (path) =>
    messages.get(path)?.equals(readFileSync(join(store, path))) ?? false;

  return {
    brought: found.filter((path) => whole.has(path) && isRight(path)).length,
    wrong: found.filter((path) => messages.has(path) && !isRight(path)).length,
    strange: found.filter((path) => !messages.has(path)).length,
  };
}

const totals = new Map();
let wholeMessages = 0;

try {
  makeServer();
  const sound = join(root, 'backups');
  const layouts = readdirSync(sound)
    .filter((name) => name.endsWith('.zip'))
    .map((name) => [name, layoutOf(join(sound, name)).entries]);

  for (let seed = 1; seed <= count; seed++) {
    const dir = join(root, 'damaged');
    cpSync(sound, dir, { recursive: true });
    rmSync(join(dir, '.kms-backup-verified.json'), { force: true });
    const { touched } = damage(dir, seed, [KINDS[seed % KINDS.length]]);
    const whole = new Set(
      layouts.flatMap(([volume, entries]) =>
        entries
          .filter((entry) => stateOf(entry, touched.get(volume)) === 'whole')
          .map(({ name }) => name.slice(PREFIX.length)),
      ),
    );

    wholeMessages += [...messages.keys()].filter((path) =>
      whole.has(path),
    ).length;

    for (const [tool, extract] of Object.entries(TOOLS)) {
      const to = join(root, 'to');
      mkdirSync(to, { recursive: true });
      extract(dir, to);
      const known = totals.get(tool) ?? { brought: 0, wrong: 0, strange: 0 };
      const found = judge(to, whole);
      for (const [key, number] of Object.entries(found)) known[key] += number;

      totals.set(tool, known);
      rmSync(to, { recursive: true, force: true });
    }

    rmSync(dir, { recursive: true, force: true });
  }

  console.log(
    `${count} damaged archives, ${wholeMessages} messages whole in them`,
  );
  for (const [tool, { brought, wrong, strange }] of totals) {
    const share = ((100 * brought) / wholeMessages).toFixed(1);
    console.log(
      `${tool.padEnd(22)} ${brought} (${share} %), ${wrong} with wrong bytes, ${strange} of nobody`,
    );
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
