import {
  mkdirSync,
  readFileSync,
  readSync,
  openSync,
  closeSync,
  renameSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  errnoOf,
  ExitCode,
  FailedError,
  messageOf,
  NoSpaceError,
  SystemError,
} from '../../src/errors.js';
import {
  naming,
  toKnownError,
  toSystemError,
} from '../../src/platform/system-error.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

let dir = '';
beforeAll(() => {
  dir = temporaryDirectory('system-error');
});
afterAll(() => {
  removeTemporary(dir);
});

/** An error as Node makes it of a number that it has no name for. */
function unnamed(errno: number): Error {
  const name = `Unknown system error ${String(errno)}`;
  return Object.assign(new Error(`${name}: ${name}, write`), {
    errno,
    code: name,
    syscall: 'write',
  });
}

function refused(code: string, syscall = 'read', path?: string): Error {
  return Object.assign(new Error(`${code}: words of the system, ${syscall}`), {
    code,
    errno: -1,
    syscall,
    path,
  });
}

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }

  return undefined;
}

describe('what the operating system refuses', () => {
  it.each([
    ['ENOSPC', 'NO_SPACE', ExitCode.noSpace],
    ['EDQUOT', 'NO_SPACE', ExitCode.noSpace],
    ['EIO', 'IO_ERROR', ExitCode.failed],
    ['EUCLEAN', 'IO_ERROR', ExitCode.failed],
    ['EROFS', 'READ_ONLY', ExitCode.failed],
    ['EACCES', 'NO_PERMISSION', ExitCode.failed],
    ['EPERM', 'NO_PERMISSION', ExitCode.failed],
    ['ESTALE', 'NOT_REACHABLE', ExitCode.failed],
    ['ENXIO', 'NOT_REACHABLE', ExitCode.failed],
    ['ENODEV', 'NOT_REACHABLE', ExitCode.failed],
    ['ETIMEDOUT', 'NOT_REACHABLE', ExitCode.failed],
    ['EHOSTDOWN', 'NOT_REACHABLE', ExitCode.failed],
    ['ENOTCONN', 'NOT_REACHABLE', ExitCode.failed],
    ['EINTR', 'BUSY', ExitCode.failed],
    ['EBUSY', 'BUSY', ExitCode.failed],
    ['EMFILE', 'LIMIT', ExitCode.failed],
    ['ENFILE', 'LIMIT', ExitCode.failed],
    ['EFBIG', 'TOO_LARGE', ExitCode.failed],
    ['ENAMETOOLONG', 'BAD_PATH', ExitCode.failed],
    ['ELOOP', 'BAD_PATH', ExitCode.failed],
    ['ENOENT', 'CHANGED', ExitCode.failed],
    ['EOPNOTSUPP', 'NOT_SUPPORTED', ExitCode.failed],
    ['EINVAL', 'NOT_SUPPORTED', ExitCode.failed],
    ['EADV', 'SYSTEM_ERROR', ExitCode.failed],
  ])(
    '%s has a class, words, hints and an exit code',
    (errno, code, exitCode) => {
      const known = toSystemError(refused(errno, 'read', '/srv/backup/x'));
      expect(known).toMatchObject({ code, exitCode });
      expect(known?.hints.length).toBeGreaterThan(0);
      expect(known?.message).toMatch(
        new RegExp(
          String.raw`^cannot read /srv/backup/x: [a-z].* \(${errno}\)$`,
        ),
      );
    },
  );

  it.runIf(process.platform === 'linux')(
    'is known by its number where Node has no name for it',
    () => {
      expect(toSystemError(unnamed(-122))).toBeInstanceOf(NoSpaceError);
      expect(toSystemError(unnamed(-116))).toMatchObject({
        code: 'NOT_REACHABLE',
        errno: 'ESTALE',
      });
      expect(errnoOf(unnamed(-116))).toBe('ESTALE');
      expect(messageOf(unnamed(-122))).toBe('EDQUOT, write');
      expect(errnoOf(unnamed(-999))).toBe('UNKNOWN');
      expect(toSystemError(unnamed(-999))).toMatchObject({
        code: 'SYSTEM_ERROR',
      });
    },
  );

  it('says which file, also where the call was made through a descriptor', () => {
    const fd = openSync(dir, 'r');
    const error = caught(() =>
      naming(dir, () => readSync(fd, Buffer.alloc(1))),
    );
    closeSync(fd);
    expect(toSystemError(error)?.message).toBe(
      `cannot read ${dir}: a directory is where a file should be (EISDIR)`,
    );
  });

  it('says both names of a rename', () => {
    const [from, to] = [join(dir, 'a'), join(dir, 'b')];
    mkdirSync(to);
    const error = caught(() => {
      renameSync(from, to);
    });
    expect(toSystemError(error)?.message).toBe(
      `cannot rename ${from} to ${to}: it is not there (ENOENT)`,
    );
  });

  it("takes the caller's words and keeps the system's error as the cause", () => {
    const cause = caught(() => readFileSync(join(dir, 'none')));
    const known = toSystemError(cause, {
      fact: 'the record cannot be read',
      hints: ['Nothing was changed.'],
    });
    expect(known).toMatchObject({
      message: 'the record cannot be read: it is not there (ENOENT)',
      cause,
    });
    expect(known?.hints).toContain('Nothing was changed.');
    expect(errnoOf(known)).toBe('ENOENT');
    expect(toSystemError(known, { fact: 'something else' })).toBe(known);
  });
});

describe('what is no refusal of the operating system', () => {
  it.each([
    ['a mistake of this program', new TypeError('x is not a function')],
    ['a descriptor that was closed twice', refused('EBADF', 'close')],
    [
      "an error of Node's own",
      Object.assign(new Error('too large'), { code: 'ERR_BUFFER_TOO_LARGE' }),
    ],
    [
      "an error of zlib's",
      Object.assign(new Error('bad'), { code: 'Z_DATA_ERROR', errno: -3 }),
    ],
    ['no error at all', 'EIO'],
  ])('%s stays what it is', (_, error) => {
    expect(toSystemError(error)).toBeUndefined();
    expect(toKnownError(error)).toBeUndefined();
  });

  it('an error of ours is known, and no error of the system', () => {
    const own = new FailedError('it failed');
    expect(toKnownError(own)).toBe(own);
    expect(errnoOf(own)).toBeUndefined();
    expect(errnoOf(new SystemError('IO_ERROR', 'EIO', 'x'))).toBe('EIO');
  });
});
