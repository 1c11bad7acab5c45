import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readStable } from '../../../src/archive/write/stable-read.js';
import { toReadFault } from '../../../src/archive/write/read-fault.js';
import { removeTemporary, temporaryDirectory } from '../../helpers/store.js';

const root = temporaryDirectory('stable-read');
const input = Buffer.alloc(10_001);
const roomFor = (): Buffer => input;

afterAll(() => {
  removeTemporary(root);
});

describe('a file of the store', () => {
  it('is read whole, or left to another where it is large', () => {
    const path = join(root, 'a.eml');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 10_000 }), (content) => {
        writeFileSync(path, content);
        const file = readStable(path, roomFor, 5000);

        if (content.length > 5000) {
          expect(file).toBe('large');
          return;
        }

        expect(file).toMatchObject({
          data: Buffer.from(content),
          isSettled: true,
        });
      }),
      { numRuns: 40 },
    );
  });

  it.runIf(process.platform === 'linux')(
    'has memory of its own where it has another size than was said',
    () => {
      const file = readStable('/proc/version', roomFor, 5000); // says 0
      if (file === 'large') expect.fail();

      expect(file).toMatchObject({ data: Buffer.from('L'), isSettled: false });
      expect(file.data.buffer).not.toBe(input.buffer);
    },
  );

  it('is gone where a directory stands in its place', () => {
    mkdirSync(join(root, 'folder'));
    expect(faultOf(join(root, 'folder')).errno).toMatch(/ENOENT|EISDIR/);
    expect(faultOf(join(root, 'nothing'))).toEqual({
      errno: 'ENOENT',
      reason: 'ENOENT',
    });
  });

  it.skipIf(process.platform === 'win32')(
    'is never read through a link, unless it may be one',
    () => {
      const target = join(root, 'target');
      const link = join(root, 'link');
      writeFileSync(target, 'content');
      symlinkSync(target, link);

      expect(faultOf(link)).toEqual({
        errno: 'ELOOP',
        reason: 'symbolic link, not followed',
      });
      expect(
        readStable(link, roomFor, 5000, { followsLinks: true }),
      ).toMatchObject({ data: Buffer.from('content') });
    },
  );
});

function faultOf(path: string): ReturnType<typeof toReadFault> {
  try {
    readStable(path, roomFor, 5000, { asksPlace: true });
  } catch (error) {
    return toReadFault(error);
  }

  throw new Error(`${path} was read`);
}
