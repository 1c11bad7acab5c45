import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { combineCrc32 } from '../../../src/archive/zip/crc32.js';

it('the checksum of joined pieces comes from that of each', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 3000 }),
      fc.uint8Array({ maxLength: 3000 }),
      (first, second) => {
        expect(combineCrc32(crc32(first), crc32(second), second.length)).toBe(
          crc32(Buffer.concat([first, second])),
        );
      },
    ),
  );
});

it('joining in any order of steps gives the same, as with pieces of gigabytes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 0xffffffff }), {
        minLength: 3,
        maxLength: 3,
      }),
      fc.integer({ min: 0, max: 2 ** 40 }),
      fc.integer({ min: 0, max: 2 ** 40 }),
      ([a = 0, b = 0, c = 0], lengthB, lengthC) => {
        const left = combineCrc32(combineCrc32(a, b, lengthB), c, lengthC);
        const right = combineCrc32(
          a,
          combineCrc32(b, c, lengthC),
          lengthB + lengthC,
        );
        expect(left).toBe(right);
      },
    ),
  );
});
