// The jobs `unchanged` and `changed`: the second backup of a store, of which nothing or little changed.
import {
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { argv } from '../argv.mjs';
import { restoreBorg } from './bases.mjs';
import { replaceByCopy } from './directories.mjs';
import { kms } from './kms.mjs';
import {
  borgEnvironment,
  installed,
  resticEnvironment,
  SOURCES,
} from './peers.mjs';
import { pathsToChange } from './stores.mjs';

/** @param isReused whether a second full that copies what is unchanged takes part */
export function secondJob({ store, work, tools, base, isReused }) {
  const cwd = store.serverDir;
  const copy = (name) => join(work, 'second', name);

  return installed(tools, [
    ...ourSeconds(cwd, copy, base),
    ...(isReused ? [ourReusing(cwd, copy('kms-reuse'), base)] : []),
    zipSecond(cwd, copy('zip-diff.zip'), base),
    {
      name: 'restic',
      tool: 'restic',
      command: argv`restic -q -r ${copy('restic')} backup ${SOURCES}`,
      cwd,
      env: resticEnvironment(work),
      before: () => replaceByCopy(copy('restic'), base('restic')),
    },
    {
      name: 'borg',
      tool: 'borg',
      command: argv`borg create ${base('borg')}::second ${SOURCES}`,
      cwd,
      env: borgEnvironment(work),
      before: () => restoreBorg(work, base),
    },
    {
      name: 'rsync -an',
      tool: 'rsync',
      command: argv`rsync -an ${cwd}/ ${base('mirror')}/`,
    },
  ]);
}

function ourSeconds(serverDir, copy, base) {
  const diff = (name, flags) => ({
    ...kms`backup diff --server-dir ${serverDir} --backup-dir ${copy(name)} --json ${flags}`,
    name,
    before: () => replaceByCopy(copy(name), base('kms')),
  });

  return [
    diff('kms-backup', []),
    { ...diff('kms-backup --checksum', ['--checksum']), isSlow: true },
  ];
}

function ourReusing(serverDir, directory, base) {
  return {
    ...kms`backup full --reuse --server-dir ${serverDir} --backup-dir ${directory} --json`,
    name: 'kms-backup --reuse',
    before: () => replaceByCopy(directory, base('kms')),
  };
}

function zipSecond(cwd, output, base) {
  return {
    name: 'zip -DF',
    tool: 'zip',
    command: argv`zip -q -r -DF ${base('zip')}.zip ${SOURCES} --out ${output}`,
    cwd,
    // zip ends with 12 where it has nothing to do.
    okCodes: [0, 12],
    before: () => rmSync(output, { force: true }),
  };
}

/** Changes one file in a hundred, without a change of its size, and returns a function that puts the store back. */
export function changeOnePercent(store, divisor) {
  const originals = pathsToChange(store, divisor).map((path) => {
    const content = readFileSync(path);
    const { mtime, nlink } = statSync(path);
    const changed = Buffer.from(content);
    const middle = changed.length >> 1;

    changed.fill('x', middle, middle + 40);
    // Another name of the same file keeps its content.
    if (nlink > 1) rmSync(path);
    writeFileSync(path, changed);

    return { path, content, mtime };
  });

  return () => {
    for (const { path, content, mtime } of originals) {
      writeFileSync(path, content);
      utimesSync(path, mtime, mtime);
    }
  };
}
