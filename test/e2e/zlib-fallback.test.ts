import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildInstallation, message } from '../helpers/installation.js';
import { Random } from '../helpers/random.js';
import { temporaryDirectory, removeTemporary } from '../helpers/store.js';
import {
  BINARY,
  type Ended,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

it('a Node whose zlib handles are others writes and reads the same by the documented calls', () => {
  const dir = temporaryDirectory('zlib-fallback');
  try {
    const random = new Random(5);
    const large = message('a large one', random, 6_000_000);
    const inbox = {
      '#msgs': {
        '00000001.eml': message('a small one', random, 9000),
        '00000002.eml': large,
      },
    };
    const store = { mail: { 'example.com': { alice: { INBOX: inbox } } } };
    const { serverDir, backupDir } = buildInstallation(join(dir, 'server'), {
      store,
    });
    const [other, calls] = [join(dir, 'other-node.cjs'), join(dir, 'calls')];
    // `reset` is what the documented calls never use; threads load this too.
    writeFileSync(
      other,
      `const { createInflateRaw } = require('node:zlib');
       Object.getPrototypeOf(createInflateRaw()._handle).reset = () => {
         require('node:fs').appendFileSync(${JSON.stringify(calls)}, 'x');
         throw new Error('not in this Node');
       };`,
    );
    const kms = (node: readonly string[], ...args: string[]): Ended =>
      runTool(
        process.execPath,
        [...node, BINARY, ...args, '--server-dir', serverDir],
        { env: QUIET_ENVIRONMENT },
      );
    expectDone(kms(['--require', other], 'backup', 'full'));
    expectDone(kms(['--require', other], 'verify', backupDir));
    expect(readFileSync(calls, 'utf8').length).toBeGreaterThan(1);
    expectDone(kms([], 'verify', backupDir));
  } finally {
    removeTemporary(dir);
  }
});
