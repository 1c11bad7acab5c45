import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Decrypter,
  generateHybridIdentity,
  identityToRecipient,
} from 'age-encryption';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RandomAccessSource } from '../../src/archive/zip/source.js';
import { CHUNK_BYTES } from '../../src/sealing/payload.js';
import { findPayload } from '../../src/sealing/key-ring.js';
import { Sealer } from '../../src/sealing/sealer.js';
import { unseal } from '../../src/sealing/unsealed-source.js';
import {
  type KeyPair,
  memorySource,
  newKeyPair,
  openWhole,
  sealWhole,
} from '../helpers/sealing.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';
import { hasTool } from '../helpers/tools.js';

let dir = '';
let file = '';
let pair: KeyPair;

beforeAll(async () => {
  dir = temporaryDirectory('ranges');
  file = join(dir, 'identities');
  pair = await newKeyPair();
  writeFileSync(file, `# a comment\n${pair.identity}\n`);
});

afterAll(() => {
  removeTemporary(dir);
});

/** A comparison by vitest takes seconds for a megabyte. */
function expectSame(bytes: Buffer, expected: Buffer): void {
  expect(bytes.length).toBe(expected.length);
  expect(bytes.equals(expected)).toBe(true);
}

/** Around the ends of chunks. */
const sizes = fc.oneof(
  fc.constantFrom(0, 1),
  fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: -2, max: 2 }))
    .map(([chunks, more]) => chunks * CHUNK_BYTES + more),
  fc.integer({ min: 0, max: 300_000 }),
);

/** A file of this size, and pieces and ranges of it as fractions. */
const files = fc.record({
  size: sizes,
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
  ranges: fc.array(
    fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    ),
    { minLength: 1, maxLength: 5 },
  ),
});

const atOf = (fraction: number, size: number): number =>
  Math.floor(fraction * size);

describe('a sealed file', () => {
  it('gives every range of what was sealed, in whatever pieces it came', async () => {
    await fc.assert(
      fc.asyncProperty(files, async ({ size, cuts, ranges }) => {
        const plain = randomBytes(size);
        const sealed = await sealWhole(
          [pair.recipient],
          plain,
          cuts.map((cut) => atOf(cut, size)),
        );
        const source = await openWhole(sealed, { file });
        expect(source.sizeBytes).toBe(size);

        for (const [from, part] of ranges) {
          const offset = atOf(from, size);
          const length = Math.min(size - offset, atOf(part, size - offset + 1));
          const expected = plain.subarray(offset, offset + length);
          expectSame(await source.read(offset, length), expected);
          const into = Buffer.alloc(length);
          source.readInto(into, offset);
          expectSame(into, expected);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is refused where a bit of it is flipped, and wherever it is cut off', async () => {
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        fc.boolean(),
        async (size, place, isCut) => {
          const sealed = await sealWhole([pair.recipient], randomBytes(size));
          const at = atOf(place, sealed.length);
          const bytes = isCut ? sealed.subarray(0, at) : Buffer.from(sealed);
          if (!isCut) bytes[at] = (bytes[at] ?? 0) ^ 4;

          const read = async (): Promise<void> => {
            const source = await openWhole(bytes, { file });
            await source.read(0, source.sizeBytes);
          };

          await expect(read()).rejects.toThrow();
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is refused where chunks were added, taken away or exchanged', async () => {
    const plain = randomBytes(3 * CHUNK_BYTES);
    const sealed = await sealWhole([pair.recipient], plain);
    const start = sealed.length - 3 * (CHUNK_BYTES + 16);
    const head = sealed.subarray(0, start);
    const [a, b, c] = [0, 1, 2].map((number) => {
      const at = start + number * (CHUNK_BYTES + 16);
      return sealed.subarray(at, at + CHUNK_BYTES + 16);
    }) as [Buffer, Buffer, Buffer];
    const orders = [[a, b], [a, c], [b, a, c], [a, b, c, c], [a, b, b, c], []];

    for (const order of orders) {
      const read = async (): Promise<void> => {
        const bytes = Buffer.concat([head, ...order]);
        const source = await openWhole(bytes, { file });
        await source.read(0, source.sizeBytes);
      };

      await expect(read()).rejects.toThrow();
    }
  });

  it('reads as zeros where it was changed, and tells where, if somebody listens', async () => {
    const plain = randomBytes(3 * CHUNK_BYTES);
    const sealed = await sealWhole([pair.recipient], plain);
    const at = sealed.length - CHUNK_BYTES - 100;
    sealed[at] = (sealed[at] ?? 0) ^ 1;
    await openWhole(sealed, { file });
    const source = memorySource(sealed);
    const told: unknown[] = [];
    const opened = await unseal(source, await findPayload(source), (changed) =>
      told.push(changed),
    );
    const read = await opened.read(CHUNK_BYTES - 1, CHUNK_BYTES + 2);

    expect(read.subarray(0, 1)).toEqual(
      plain.subarray(CHUNK_BYTES - 1, CHUNK_BYTES),
    );
    expect(read.subarray(1, -1).every((byte) => byte === 0)).toBe(true);
    expect(read.subarray(-1)).toEqual(
      plain.subarray(2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 1),
    );
    expect(told).toEqual([{ start: CHUNK_BYTES, end: 2 * CHUNK_BYTES }]);
  });

  it('has what is read of it at once fetched before, where its place has to be waited for', async () => {
    const plain = randomBytes(5 * CHUNK_BYTES);
    const sealed = await sealWhole([pair.recipient], plain);
    await openWhole(sealed, { file });
    const there = memorySource(sealed);
    const held: { start: number; end: number }[] = [];
    const distant: RandomAccessSource = {
      ...there,
      hold: (offset, length) => {
        held.push({ start: offset, end: offset + length });
        return Promise.resolve();
      },
      readInto: (into, offset) => {
        const end = offset + into.length;
        const isHeld = held.some((h) => h.start <= offset && end <= h.end);
        if (!isHeld) throw new Error(`bytes ${offset} to ${end} are away`);
        there.readInto(into, offset);
      },
    };
    const opened = await unseal(distant, await findPayload(there));
    const into = Buffer.alloc(2 * CHUNK_BYTES);

    expect(() => {
      opened.readInto(into, CHUNK_BYTES - 1);
    }).toThrow('are away');
    await opened.hold?.(CHUNK_BYTES - 1, into.length);
    opened.readInto(into, CHUNK_BYTES - 1);

    expectSame(into, plain.subarray(CHUNK_BYTES - 1, 3 * CHUNK_BYTES - 1));
    expect(held).toHaveLength(1);
    await opened.hold?.(opened.sizeBytes - 1, 2);
    expect(held).toHaveLength(1);
  });

  it('has a key of its own each time, and is not gone on with after its end', async () => {
    const plain = Buffer.from('the same mail');
    const [one, other] = [
      await sealWhole([pair.recipient], plain),
      await sealWhole([pair.recipient], plain),
    ];
    expect(one.subarray(-29)).not.toEqual(other.subarray(-29));

    const sealer = await Sealer.for([pair.recipient]);
    sealer.end();
    expect(() => sealer.push(plain)).toThrow('ended');
    expect(() => sealer.end()).toThrow('ended');
  });

  it('opens for each of its recipients, those after quantum computers too', async () => {
    const second = await newKeyPair();
    const hybrid = await generateHybridIdentity();
    const recipients = [
      pair.recipient,
      second.recipient,
      await identityToRecipient(hybrid),
    ];
    const plain = randomBytes(100_000);
    const sealed = await sealWhole(recipients, plain);

    for (const identity of [pair.identity, second.identity, hybrid]) {
      writeFileSync(join(dir, 'one'), identity);
      const source = await openWhole(sealed, { file: join(dir, 'one') });
      expectSame(await source.read(0, plain.length), plain);

      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      expectSame(Buffer.from(await decrypter.decrypt(sealed)), plain);
    }
  });

  it('is refused to others, and what is no recipient is no recipient', async () => {
    const other = await newKeyPair();
    writeFileSync(join(dir, 'other'), other.identity);
    const sealed = await sealWhole([pair.recipient], Buffer.from('x'));

    await expect(
      openWhole(sealed, { file: join(dir, 'other') }),
    ).rejects.toMatchObject({ code: 'SEALED', exitCode: 2 });
    await expect(openWhole(sealed, {})).rejects.toMatchObject({
      code: 'SEALED',
    });
    for (const text of ['age1', 'age1abc', 'AGE-SECRET-KEY-1', 'ssh-rsa A']) {
      await expect(Sealer.for([text])).rejects.toMatchObject({
        code: 'CONFIGURATION',
      });
    }
  });
});

const hasAge = hasTool('age');

describe.skipIf(!hasAge)("Debian's age", () => {
  const age = (args: readonly string[], input: Buffer): Buffer => {
    const ended = spawnSync('age', args, { input, maxBuffer: 1 << 28 });
    expect(ended.stderr.toString()).toBe('');
    return ended.stdout;
  };

  it.each([0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 1_000_000])(
    'opens what is sealed here, and the other way round: %i bytes',
    async (size) => {
      const plain = randomBytes(size);
      const ours = await sealWhole([pair.recipient], plain);
      expectSame(age(['-d', '-i', file], ours), plain);

      const theirs = age(['-r', pair.recipient], plain);
      const source = await openWhole(theirs, { file });
      expectSame(await source.read(0, size), plain);
    },
  );
});
