// Full backups, and backups of a store that changed little or not at all.
import {
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { archiveBytes, kms, treeBytes } from './kms.mjs';
import { pathsToChange } from './stores.mjs';

const SOURCES = ['mailserver.cfg', 'users.cfg', 'store'];
export const RESTIC = (work) => ({
  RESTIC_PASSWORD: 'bench',
  RESTIC_CACHE_DIR: join(work, 'restic-cache'),
});
export const BORG = (work) => ({
  BORG_BASE_DIR: join(work, 'borg-base'),
  BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
  BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
});

const fresh = (dir) => {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
};

/** Full backup, with each tool's own defaults where no level is named. */
export function fullJob({ store, work, tools, run }) {
  const cwd = store.serverDir;
  const out = (name) => join(work, 'full', name);

  const ours = (name, ...flags) => ({
    ...kms(
      'backup',
      'full',
      '--server-dir',
      store.serverDir,
      '--backup-dir',
      out(name),
      '--json',
      ...flags,
    ),
    name,
    before: () => fresh(out(name)),
    diskBytes: () => archiveBytes(out(name)),
  });

  const zipper = (name, tool, ...command) => ({
    name,
    tool,
    command,
    cwd,
    before: () => fresh(out(name)),
    diskBytes: () => archiveBytes(out(name)),
  });

  const zipOf = (name) => join(out(name), 'x.zip');

  return [
    ours('kms-backup'),
    ours('kms-backup --no-verify', '--no-verify'),
    ours('kms-backup --threads 1', '--threads', '1'),
    zipper(
      'zip -6',
      'zip',
      'zip',
      '-q',
      '-r',
      '-6',
      zipOf('zip -6'),
      ...SOURCES,
    ),
    zipper(
      'zip -1',
      'zip',
      'zip',
      '-q',
      '-r',
      '-1',
      zipOf('zip -1'),
      ...SOURCES,
    ),
    zipper('7zz', '7zz', '7zz', 'a', '-bd', '-tzip', zipOf('7zz'), ...SOURCES),
    zipper(
      '7zz -mx1',
      '7zz',
      '7zz',
      'a',
      '-bd',
      '-tzip',
      '-mx1',
      zipOf('7zz -mx1'),
      ...SOURCES,
    ),
    zipper(
      'bsdtar',
      'bsdtar',
      'bsdtar',
      '-c',
      '--format',
      'zip',
      '-f',
      zipOf('bsdtar'),
      ...SOURCES,
    ),
    {
      ...zipper(
        'archiver',
        'node',
        process.execPath,
        peerScript(),
        store.serverDir,
        zipOf('archiver'),
      ),
      isSlow: true,
    },
    {
      name: 'restic',
      tool: 'restic',
      command: [
        'restic',
        '-q',
        '-r',
        out('restic'),
        'backup',
        '--force',
        ...SOURCES,
      ],
      cwd,
      env: RESTIC(work),
      before: async () => {
        fresh(out('restic'));
        await run({
          command: ['restic', '-q', '-r', out('restic'), 'init'],
          env: RESTIC(work),
        });
      },
      diskBytes: () => treeBytes(out('restic')),
    },
    {
      name: 'borg',
      tool: 'borg',
      command: [
        'borg',
        'create',
        '--files-cache',
        'disabled',
        `${out('borg')}::full`,
        ...SOURCES,
      ],
      cwd,
      env: BORG(work),
      before: async () => {
        fresh(out('borg'));
        await run({
          command: ['borg', 'init', '-e', 'none', out('borg')],
          env: BORG(work),
        });
      },
      diskBytes: () => treeBytes(out('borg')),
    },
  ].filter(
    ({ tool }) => tool === undefined || tool === 'node' || tools.has(tool),
  );
}

function peerScript() {
  return new URL('./archiver-peer.mjs', import.meta.url).pathname;
}

/** Every tool's archive of the whole store, that the other jobs start from. Made once a run, outside all measuring. */
export async function makeBases({ store, work, tools, run }) {
  const base = (name) => join(work, 'base', name);
  const cwd = store.serverDir;

  fresh(join(work, 'base'));
  mkdirSync(base('kms'));
  await run(
    kms(
      'backup',
      'full',
      '--server-dir',
      store.serverDir,
      '--backup-dir',
      base('kms'),
      '--json',
    ),
  );

  if (tools.has('zip')) {
    await run({
      command: ['zip', '-q', '-r', '-6', `${base('zip')}.zip`, ...SOURCES],
      cwd,
    });
  }

  if (tools.has('restic')) {
    await run({
      command: ['restic', '-q', '-r', base('restic'), 'init'],
      env: RESTIC(work),
    });
    await run({
      command: ['restic', '-q', '-r', base('restic'), 'backup', ...SOURCES],
      cwd,
      env: RESTIC(work),
    });
  }

  if (tools.has('borg')) {
    rmSync(join(work, 'borg-base'), { recursive: true, force: true });
    await run({
      command: ['borg', 'init', '-e', 'none', base('borg')],
      env: BORG(work),
    });
    await run({
      command: ['borg', 'create', `${base('borg')}::full`, ...SOURCES],
      cwd,
      env: BORG(work),
    });
    cpSync(base('borg'), base('borg.kept'), { recursive: true });
    cpSync(join(work, 'borg-base'), base('borg-base.kept'), {
      recursive: true,
    });
  }

  if (tools.has('rsync')) {
    cpSync(store.serverDir, base('mirror'), {
      recursive: true,
      preserveTimestamps: true,
    });
  }

  return base;
}

/** The second backup of a store that did not change: what it costs to find that out. */
export function unchangedJob({ store, work, tools, base }) {
  const cwd = store.serverDir;
  const copy = (name) => join(work, 'second', name);

  const copied = (name, from) => () => {
    rmSync(copy(name), { recursive: true, force: true });
    cpSync(base(from), copy(name), {
      recursive: true,
      preserveTimestamps: true,
    });
  };

  const diff = (name, ...flags) => ({
    ...kms(
      'backup',
      'diff',
      '--server-dir',
      store.serverDir,
      '--backup-dir',
      copy(name),
      '--json',
      ...flags,
    ),
    name,
    before: copied(name, 'kms'),
  });

  const zipDiff = join(work, 'second', 'zip-diff.zip');

  return [
    diff('kms-backup'),
    { ...diff('kms-backup --checksum', '--checksum'), isSlow: true },
    {
      name: 'zip -DF',
      tool: 'zip',
      command: [
        'zip',
        '-q',
        '-r',
        '-DF',
        `${base('zip')}.zip`,
        ...SOURCES,
        '--out',
        zipDiff,
      ],
      cwd,
      okCodes: [0, 12],
      before: () => rmSync(zipDiff, { force: true }),
    },
    {
      name: 'restic',
      tool: 'restic',
      command: ['restic', '-q', '-r', copy('restic'), 'backup', ...SOURCES],
      cwd,
      env: RESTIC(work),
      before: copied('restic', 'restic'),
    },
    {
      name: 'borg',
      tool: 'borg',
      command: ['borg', 'create', `${base('borg')}::second`, ...SOURCES],
      cwd,
      env: BORG(work),
      before: () => {
        // Borg remembers a repository by its place and its security directory: both are put back as they were.
        for (const [dir, kept] of [
          [base('borg'), base('borg.kept')],
          [join(work, 'borg-base'), base('borg-base.kept')],
        ]) {
          rmSync(dir, { recursive: true, force: true });
          cpSync(kept, dir, { recursive: true, preserveTimestamps: true });
        }
      },
    },
    {
      name: 'rsync -an',
      tool: 'rsync',
      command: ['rsync', '-an', `${cwd}/`, `${base('mirror')}/`],
    },
  ].filter(({ tool }) => tool === undefined || tools.has(tool));
}

/** Changes one file in a hundred, same size, and returns what puts the store back. */
export function changeOnePercent(store, divisor) {
  const kept = pathsToChange(store, divisor).map((path) => {
    const [content, { mtime }] = [readFileSync(path), statSync(path)];
    const changed = Buffer.from(content);
    changed.fill('x', changed.length >> 1, (changed.length >> 1) + 40);
    writeFileSync(path, changed);
    return { path, content, mtime };
  });

  return () => {
    for (const { path, content, mtime } of kept) {
      writeFileSync(path, content);
      utimesSync(path, mtime, mtime);
    }
  };
}
