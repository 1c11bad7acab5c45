// Calls an executable as people do, by its name from PATH among others, and runs the entry for the operating system's
// scheduler that it prints as a scheduler does: from the root directory, with an empty environment.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { brokenLinks } from './broken-links.mjs';

/** @param executable one for this machine · @param directory where files may be made */
export async function tryEntries({ executable, directory }) {
  checkLinks(dirname(executable));

  const folder = dirname(executable);
  const [links, copies] = ['links 100%', 'copies'].map((name) =>
    join(directory, name),
  );

  for (const place of [links, copies]) mkdirSync(place);
  symlinkSync(executable, join(links, 'kms-linked'));
  copyFileSync(executable, join(copies, 'kms renamed'));

  const calls = {
    'by name from PATH': {
      word: basename(executable),
      PATH: folder,
      cwd: directory,
    },
    'by a relative path': { word: `./${basename(executable)}`, cwd: folder },
    'by a link from PATH': { word: 'kms-linked', PATH: links, cwd: directory },
    'renamed, from PATH': { word: 'kms renamed', PATH: copies, cwd: directory },
  };

  let count = 0;

  for (const [how, call] of Object.entries(calls)) {
    await tryEntry(how, call, join(directory, `entries ${++count}`));
  }
}

/** The program of a Debian package, unpacked and called from its usr/bin. */
export async function tryDebianPackage({ file, directory }) {
  const place = join(directory, 'debian');
  const unpacked = spawnSync('dpkg-deb', ['-x', file, place], {
    encoding: 'utf8',
  });
  if (unpacked.status !== 0) {
    throw new Error(`dpkg-deb -x ${file}: ${unpacked.stderr}`);
  }

  checkLinks(join(place, 'usr/share/doc/kms-backup'));

  const call = {
    word: 'kms-backup',
    PATH: join(place, 'usr/bin'),
    cwd: directory,
  };

  await tryEntry(
    'from the Debian package',
    call,
    join(directory, 'debian server'),
  );
}

/** @param word what is typed · @param PATH undefined: no directories · @param place where a server may be made */
export async function tryEntry(how, { word, PATH, cwd }, place) {
  const { buildSampleServer } =
    await import('../../dist/demo/sample-server.js');
  const { serverDir, backupDir } = buildSampleServer(place);
  const env = PATH === undefined ? {} : { PATH };

  const exported = run(
    [word, 'schedule', 'export', '--to', 'cron', '--server-dir', serverDir],
    { cwd, env },
  );

  const line = /^\d+ \d+ \* \* \S+ (.*)$/m.exec(exported)?.[1];
  if (line === undefined) {
    throw new Error(`${how}: no line for cron in\n${exported}`);
  }

  const said = run(
    ['env', '-i', '/bin/sh', '-c', line.replaceAll('\\%', '%')],
    { cwd: '/', env: process.env },
  );

  const archives = readdirSync(backupDir).filter((name) =>
    /^F.*\.zip$/.test(name),
  );
  if (archives.length === 1 && said === '') return;

  throw new Error(
    `${how}: ${line}\nmade ${archives.length} archives and said: ${said}`,
  );
}

/** The documents beside a program: each link of theirs leads to another. */
function checkLinks(directory) {
  const files = readdirSync(directory, { recursive: true });
  const broken = brokenLinks(files, (path) =>
    readFileSync(join(directory, path), 'utf8'),
  );

  if (broken.length > 0) {
    throw new Error(
      `links in ${directory} that lead nowhere: ${broken.join(', ')}`,
    );
  }
}

/** By a shell's search of PATH, so that the program sees the name as it was typed. @throws unless it ends with 0 */
function run([command, ...args], { cwd, env }) {
  const words = ['-c', 'exec "$0" "$@"', command, ...args];
  const { status, stdout, stderr } = spawnSync('/bin/sh', words, {
    cwd,
    env,
    encoding: 'utf8',
  });

  if (status === 0) return stdout + stderr;

  throw new Error(
    `${[command, ...args].join(' ')} ended with ${status}:\n${stdout}${stderr}`,
  );
}
