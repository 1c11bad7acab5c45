import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePlainCentralDirectory } from '../../../src/archive/zip/plain-central-directory.js';

/** A central header (APPNOTE 4.3.12) without extra fields. */
function headerOf(name: Buffer): Buffer {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(name.length, 28);
  return Buffer.concat([header, name]);
}

const isPlain = (name: Buffer): boolean => {
  const bytes = headerOf(name);
  return parsePlainCentralDirectory({ bytes, entries: 1 }) !== undefined;
};

describe('a name without the UTF-8 flag', () => {
  it('is plain where every byte is a printable ASCII character other than a backslash', () => {
    const byte = fc.oneof(
      fc.integer({ min: 0x20, max: 0x7e }),
      fc.integer({ min: 0, max: 255 }),
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.array(byte, { maxLength: 40 }),
        (some, most) => {
          for (const name of [Buffer.from(some), Buffer.from(most)]) {
            const expected =
              name.length > 0 &&
              name.every((one) => one >= 0x20 && one < 0x7f && one !== 0x5c);
            expect(isPlain(name), name.toString('hex')).toBe(expected);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is not plain with any other byte at any place', () => {
    for (let length = 1; length <= 9; length++) {
      for (let at = 0; at < length; at++) {
        for (let byte = 0; byte < 256; byte++) {
          const name = Buffer.alloc(length, 'a');
          name[at] = byte;
          expect(isPlain(name), name.toString('hex')).toBe(
            byte >= 0x20 && byte < 0x7f && byte !== 0x5c,
          );
        }
      }
    }
  });
});
