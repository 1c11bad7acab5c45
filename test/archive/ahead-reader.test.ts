import { describe, expect, it } from 'vitest';
import {
  AheadReader,
  type Ranges,
} from '../../src/archive/object-storage/ahead-reader.js';
import type { ObjectVersion } from '../../src/archive/object-storage/range-reader.js';
import { endsEarly } from '../../src/archive/zip/source.js';
import { Random } from '../helpers/random.js';

const MIB = 1 << 20;
const SIZE = 64 * MIB;

/** The bytes of a distant object: each place says where it is. */
const content = new Uint8Array(SIZE);
for (let at = 0; at < SIZE; at += 4096) {
  new DataView(content.buffer).setUint32(at, at);
}

const object: ObjectVersion = { key: 'F.zip', etag: '"1"', sizeBytes: SIZE };

/** A server that answers when it is told to, and counts. */
class Server implements Ranges {
  readonly asked: (readonly [start: number, end: number])[] = [];
  most = 0;
  failsFrom = Infinity;
  #open = 0;

  read(_: ObjectVersion, offset: number, length: number): Promise<Buffer> {
    return this.fetch(_, offset, offset + length);
  }

  async fetch(_: ObjectVersion, start: number, end: number): Promise<Buffer> {
    if (end > SIZE) throw endsEarly(SIZE, end);

    this.asked.push([start, end]);
    this.most = Math.max(this.most, ++this.#open);
    await new Promise((answer) => setTimeout(answer, 2));
    this.#open -= 1;
    if (end > this.failsFrom) {
      throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    }

    return Buffer.from(content.subarray(start, end));
  }

  get bytes(): number {
    return this.asked.reduce((sum, [start, end]) => sum + end - start, 0);
  }
}

const isRight = (bytes: Buffer, offset: number, length: number): boolean =>
  bytes.equals(content.subarray(offset, offset + length));

describe('reading ahead of an object that is read from end to end', () => {
  it('fetches each byte about once, several pieces at a time', async () => {
    const server = new Server();
    const reader = new AheadReader(server);

    for (let at = 0; at < SIZE; at += 2 * MIB) {
      expect(isRight(await reader.read(object, at, 2 * MIB), at, 2 * MIB)).toBe(
        true,
      );
    }

    expect(server.most).toBeGreaterThanOrEqual(4);
    expect(server.bytes).toBe(SIZE);
  });

  it('asks for no more than what is wanted where ranges lie apart or are short', async () => {
    const server = new Server();
    const reader = new AheadReader(server);

    for (const at of [0, 20 * MIB, 10 * MIB]) {
      await reader.read(object, at, MIB);
    }

    for (let at = 40 * MIB; at < 41 * MIB; at += 64 << 10) {
      await reader.read(object, at, 64 << 10);
    }

    expect(server.bytes).toBe(4 * MIB);
  });

  it.each([1, 2, 3, 4, 5])(
    'gives the right bytes whatever is read beside each other, history %i',
    async (seed) => {
      const dice = new Random(seed);
      const reader = new AheadReader(new Server());

      for (let at = 0; at < SIZE;) {
        const reads = Array.from({ length: dice.int(1, 4) }, () => {
          const near = Math.max(0, at + dice.int(-100_000, 100_000));
          const isFar = dice.chance(0.1);
          const start = Math.min(isFar ? dice.int(0, SIZE) : near, SIZE);
          const length = Math.min(dice.int(0, 4 * MIB), SIZE - start);
          if (!isFar) at = start + length;

          return { start, length };
        });

        const answers = await Promise.all(
          reads.map(({ start, length }) => reader.read(object, start, length)),
        );
        const wrong = reads.filter(({ start, length }, place) => {
          const bytes = answers[place] ?? Buffer.alloc(0);
          return !isRight(bytes, start, length);
        });
        expect(wrong).toEqual([]);
        if (reads.every(({ length }) => length === 0)) break;
      }
    },
  );

  it('tells the error of what cannot be read, and of nothing that nobody asked for', async () => {
    const server = new Server();
    const reader = new AheadReader(server);
    server.failsFrom = 12 * MIB;

    for (let at = 0; at < 12 * MIB; at += 2 * MIB) {
      expect(isRight(await reader.read(object, at, 2 * MIB), at, 2 * MIB)).toBe(
        true,
      );
    }

    await expect(reader.read(object, 12 * MIB, 2 * MIB)).rejects.toMatchObject({
      code: 'ECONNRESET',
    });

    server.failsFrom = Infinity;
    const bytes = await reader.read(object, 12 * MIB, 2 * MIB);
    expect(isRight(bytes, 12 * MIB, 2 * MIB)).toBe(true);
  });

  it('refuses to read behind the end', async () => {
    const reader = new AheadReader(new Server());
    for (let at = 0; at < 6 * MIB; at += 2 * MIB) {
      await reader.read(object, at, 2 * MIB);
    }

    await expect(reader.read(object, 6 * MIB, SIZE)).rejects.toThrow(
      'the file ends',
    );
  });
});
