// A share that asks for a password, which Wine does not know: \\nas\guarded is not there before a login. The programs that
// log in and out are stand-ins for Windows' powershell.exe and net.exe, one Node executable under both names, and write
// down how they were called, as a list of processes would show it.
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeExecutable } from '../../scripts/bundle/single-executable.mjs';
import { WINE_NODE_VERSION } from '../../scripts/node-binaries.mjs';

export const DISK_USER = 'NAS\\kms';
export const DISK_PASSWORD = 'pla!nted "secret" %PATH% $7';

const SHARE = '\\\\nas\\guarded';
/** A text of JavaScript that has this value. */
const literal = (value) => JSON.stringify(JSON.stringify(value));

/** The stand-ins' program; `GUARDED_SHARE` is the directory that Wine keeps the machine's shares in. */
const PROGRAM = `
  const { appendFileSync, existsSync, renameSync } = require('node:fs');
  const { basename, join } = require('node:path');
  const { GUARDED_SHARE: nas, KMS_DISK_SHARE, KMS_DISK_USER, KMS_DISK_PASSWORD } = process.env;
  const [open, closed] = [join(nas, 'guarded'), join(nas, 'guarded.closed')];
  const call = JSON.stringify([basename(process.execPath), ...process.argv.slice(2)]);
  const login = JSON.stringify([KMS_DISK_SHARE, KMS_DISK_USER, KMS_DISK_PASSWORD]);
  appendFileSync(join(nas, 'calls'), call + '\\n');
  if (call === ${literal(['net.exe', 'use', SHARE, '/delete'])}) {
    renameSync(open, closed);
  } else if (!call.startsWith('["powershell.exe",')) {
    console.error('unexpected call: ' + call);
    process.exitCode = 1;
  } else if (existsSync(open)) {
    console.log('IN USE');
  } else if (login !== ${literal([SHARE, DISK_USER, DISK_PASSWORD])}) {
    console.error('The specified network password is not correct.');
    process.exitCode = 1;
  } else {
    renameSync(closed, open);
  }
`;

/** Sets the share up; `home` is a directory for the programs, `shares` where Wine keeps the shares of \\nas. */
export async function guardShare(home, shares) {
  const programs = join(home, 'programs');
  const [open, closed] = [
    join(shares, 'guarded'),
    join(shares, 'guarded.closed'),
  ];
  for (const directory of [programs, closed]) mkdirSync(directory);
  const main = join(home, 'stand-in.cjs');
  writeFileSync(main, PROGRAM);
  await makeExecutable({
    target: 'win-x64',
    main,
    executable: join(programs, 'powershell.exe'),
    version: WINE_NODE_VERSION,
  });
  linkSync(join(programs, 'powershell.exe'), join(programs, 'net.exe'));
  const calls = join(shares, 'calls');
  return {
    /** Its content, while nobody is logged in. */
    closed,
    env: {
      WINEPATH: `Z:${programs.replaceAll('/', '\\')}`,
      GUARDED_SHARE: `Z:${shares.replaceAll('/', '\\')}`,
    },
    isOpen: () => existsSync(open),
    /** The calls since this was asked last, with their arguments. */
    takeCalls: () => {
      const lines = existsSync(calls)
        ? readFileSync(calls, 'utf8').trim().split('\n')
        : [];
      rmSync(calls, { force: true });
      return lines.map((line) => JSON.parse(line));
    },
    /** Somebody else logs in. */
    open: () => {
      renameSync(closed, open);
    },
    close: () => {
      renameSync(open, closed);
    },
  };
}
