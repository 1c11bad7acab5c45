import { beforeEach, describe, expect, it } from 'vitest';
import {
  forgo,
  optionally,
  type OptionalCall,
} from '../../src/platform/optional-calls.js';
import { takeNotes } from '../../src/platform/run-notes.js';

beforeEach(() => {
  takeNotes();
});

const refusal = (code: string): Error =>
  Object.assign(new Error(`${code}: no`), { code, syscall: 'fsync' });
const refuse = (code: string) => (): never => {
  throw refusal(code);
};

describe('what a file system does not offer', () => {
  it.each<[OptionalCall, string[]]>([
    [
      'sync-directory',
      [
        'EOPNOTSUPP',
        'ENOTSUP',
        'ENOTTY',
        'ENOSYS',
        'EINVAL',
        'EBADF',
        'EPERM',
        'EISDIR',
      ],
    ],
    ['sync-file', ['EOPNOTSUPP', 'ENOSYS', 'EINVAL']],
    ['mode', ['EPERM', 'EACCES', 'EOPNOTSUPP', 'ENOSYS']],
    ['owner', ['EPERM', 'EINVAL', 'EOPNOTSUPP', 'ENOSYS']],
    ['time', ['EPERM', 'EACCES', 'EOPNOTSUPP', 'ENOSYS']],
    ['link', ['EPERM', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']],
  ])('%s is done without, and said once', (call, errnos) => {
    for (const errno of errnos) {
      expect(optionally(call, '/mnt/share', refuse(errno))).toBe(false);
    }

    const notes = takeNotes();
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({ kind: 'remark' });
    expect(notes[0]?.text).toContain(
      `the file system of /mnt/share does not offer`,
    );
    expect(takeNotes()).toEqual([]);
  });

  it.each<[OptionalCall, string]>([
    ['sync-directory', 'EIO'],
    ['sync-file', 'EIO'],
    ['sync-file', 'EPERM'],
    ['sync-file', 'EDQUOT'],
    ['mode', 'EROFS'],
    ['owner', 'ESTALE'],
    ['time', 'EIO'],
    ['link', 'ENOSPC'],
  ])('%s that fails with %s is an error', (call, errno) => {
    expect(() => optionally(call, '/mnt/share', refuse(errno))).toThrow(errno);
    expect(takeNotes()).toEqual([]);
  });

  it('is no word for a mistake of ours', () => {
    expect(() => {
      forgo('mode', '/mnt/share', new TypeError('x'));
    }).toThrow(TypeError);
  });
});
