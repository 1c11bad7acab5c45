import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { codecNamed } from '../../src/archive/zip/codec.js';
import { buildInstallation, message } from '../helpers/installation.js';
import { Random } from '../helpers/random.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import {
  BINARY,
  expectDone,
  QUIET_ENVIRONMENT,
  runTool,
} from '../helpers/tools.js';

const LEVEL = 6;
/** More files than the main thread packs by itself. */
const MESSAGES = 1100;

function deflatedBy(name: 'own' | 'zlib', data: Uint8Array): Buffer {
  const output = Buffer.alloc(2 * data.length);
  const place = { kind: 'file', level: LEVEL } as const;

  return output.subarray(0, codecNamed(name).deflate(data, output, place));
}

it.each(['own', 'zlib'] as const)(
  'engine = %s compresses every file by that engine, in each thread, and verifies',
  (engine) => {
    const dir = temporaryDirectory(`engine-${engine}`);
    try {
      const random = new Random(5);
      const mail = Buffer.from(message('the same', random, 3000));
      const large = message('a large one', random, 5_000_000);
      const names = Array.from({ length: MESSAGES }, (_, uid) =>
        uid.toString(16),
      );
      const messages = Object.fromEntries(
        names.map((name) => [`${name.padStart(8, '0')}.eml`, mail] as const),
      );
      const inbox = { '#msgs': { ...messages, 'ffffffff.eml': large } };
      const { serverDir, backupDir } = buildInstallation(join(dir, 'server'), {
        store: { mail: { 'example.com': { alice: { INBOX: inbox } } } },
      });
      writeFileSync(
        join(serverDir, 'kms-backup.ini'),
        `[backup]\nengine = ${engine}\nthreads = 2\nlevel = ${LEVEL}\n`,
      );
      const kms = (...args: string[]) =>
        runTool(
          process.execPath,
          [BINARY, ...args, '--server-dir', serverDir],
          { env: QUIET_ENVIRONMENT },
        );

      expectDone(kms('backup', 'full'));
      expectDone(kms('verify', backupDir));

      const [volume = ''] = readdirSync(backupDir).filter((name) =>
        name.endsWith('.zip'),
      );
      const bytes = readFileSync(join(backupDir, volume)).toString('latin1');
      const count = (stream: Buffer): number =>
        bytes.split(stream.toString('latin1')).length - 1;

      expect(count(deflatedBy(engine, mail))).toBe(MESSAGES);
      expect(count(deflatedBy(engine === 'own' ? 'zlib' : 'own', mail))).toBe(
        0,
      );
    } finally {
      removeTemporary(dir);
    }
  },
);
