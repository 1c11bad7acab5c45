import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { codecNamed } from '../../../src/archive/zip/codec.js';
import { Inflater } from '../../../src/archive/zip/wasm/inflater.js';
import { isSound } from '../../../src/archive/zip/wasm/usable-inflater.js';
import { CONTENTS, contentOf, sizeOf } from '../../helpers/contents.js';
import { Random } from '../../helpers/random.js';

const isThorough = process.env['KMS_TEST_THOROUGH'] !== undefined;
const ROUNDS = isThorough ? 20_000 : 100;
const LARGEST_BYTES = 1 << 20;

const own = codecNamed('own');
const inflater = new Inflater();
const memory = Buffer.from(inflater.input.buffer);
const OUTPUT_AT = inflater.inflate(deflateRawSync('a'), 1)?.byteOffset ?? 0;
/** What a round of the inflater writes at most behind the announced size. */
const SLACK_BYTES = 320;

/** A stream of zlib's by any of its settings, or of the engine's. */
function deflateAnyhow(dice: Random, data: Buffer): Buffer {
  if (dice.chance(0.4)) {
    const output = Buffer.alloc(own.deflateBound(data.length));
    const level = dice.int(1, 9);
    const written = own.deflate(data, output, { kind: 'file', level });

    return output.subarray(0, written ?? expect.fail());
  }

  return deflateRawSync(data, {
    level: dice.int(0, 9),
    memLevel: dice.int(1, 9),
    windowBits: dice.int(9, 15),
    strategy: dice.pick([
      constants.Z_DEFAULT_STRATEGY,
      constants.Z_FILTERED,
      constants.Z_HUFFMAN_ONLY,
      constants.Z_RLE,
      constants.Z_FIXED,
    ]),
  });
}

function spoil(dice: Random, stream: Buffer): Buffer {
  const spoiled = Buffer.from(stream);
  const headerBytes = Math.min(spoiled.length, 90);

  for (let faults = dice.int(1, 3); faults > 0; faults--) {
    // A header is where most can be wrong.
    const end = dice.chance(0.6) ? headerBytes : spoiled.length;
    const at = dice.int(0, end - 1);
    spoiled[at] = (spoiled[at] ?? 0) ^ (1 << dice.int(0, 7));
  }

  return dice.chance(0.2)
    ? spoiled.subarray(0, dice.int(0, spoiled.length - 1))
    : spoiled;
}

/** What zlib makes of a stream of a known size; undefined where it refuses it. */
function judge(stream: Buffer, size: number): Buffer | undefined {
  try {
    return inflateRawSync(stream, { maxOutputLength: Math.max(1, size) });
  } catch {
    return undefined;
  }
}

/** Inflates in place, and sees that nothing is written behind the size. */
function inflate(stream: Buffer, size: number): Buffer | undefined {
  const end = OUTPUT_AT + size + SLACK_BYTES;
  const before = Buffer.from(memory.subarray(end, end + 4096).fill(0xa5));
  stream.copy(inflater.input, 100);
  const place = inflater.input.subarray(100, 100 + stream.length);
  const result = inflater.inflate(place, size);

  expect(memory.subarray(end, end + 4096).equals(before)).toBe(true);

  return result;
}

describe('the inflater', () => {
  it('reads every kind of content by every kind of stream', () => {
    const dice = new Random(11);

    for (let round = 0; round < ROUNDS; round++) {
      const data = contentOf(dice, sizeOf(dice, LARGEST_BYTES));
      const stream = deflateAnyhow(dice, data);
      const result = inflate(stream, data.length);
      expect(result?.equals(data), `round ${round}`).toBe(true);
      expect(inflater.usedBytes).toBe(stream.length);
    }
  });

  it('reads every length up to 600 bytes', () => {
    for (const kind of ['text', 'noise', 'one byte', 'fibonacci']) {
      const dice = new Random(12);

      for (let size = 0; size <= 600; size++) {
        const data = CONTENTS[kind]?.(dice, size) ?? expect.fail(kind);
        const result = inflate(deflateAnyhow(dice, data), size);
        expect(result?.equals(data), `${size} ${kind}`).toBe(true);
      }
    }
  });

  it('accepts of spoiled streams none that zlib refuses, and none otherwise', () => {
    const dice = new Random(13);
    let accepted = 0;

    for (let round = 0; round < ROUNDS * 15; round++) {
      const data = contentOf(dice, dice.int(0, 3000));
      const stream = spoil(dice, deflateAnyhow(dice, data));
      const result = inflate(stream, data.length);
      if (!result) continue;

      accepted++;
      const used = stream.subarray(0, inflater.usedBytes);
      expect(judge(used, data.length)?.equals(result)).toBe(true);
      expect(judge(used.subarray(0, -1), data.length)).toBeUndefined();
    }

    expect(accepted).toBeGreaterThan(ROUNDS / 2);
  });

  it('accepts of bytes that are no stream none that zlib refuses', () => {
    const dice = new Random(14);

    for (let round = 0; round < ROUNDS * 15; round++) {
      const noise = dice.bytes(dice.int(0, 200));
      // Most begin with a dynamic block.
      if (noise.length > 0 && dice.chance(0.7)) {
        noise[0] = ((noise[0] ?? 0) & 0xf8) | 5;
      }

      const size = dice.int(0, 400);
      const result = inflate(noise, size);
      const used = noise.subarray(0, inflater.usedBytes);
      if (result) expect(judge(used, size)?.equals(result)).toBe(true);
    }
  });

  it('changes no answer of the codec', () => {
    const dice = new Random(16);
    const zlib = codecNamed('zlib');

    for (let round = 0; round < ROUNDS * 10; round++) {
      const data = contentOf(dice, dice.int(0, 3000));
      const sound = deflateAnyhow(dice, data);
      const stream = dice.chance(0.5) ? sound : spoil(dice, sound);
      const memory = dice.chance(0.5) ? Buffer.alloc(4000) : undefined;
      const room = { size: dice.int(0, 1) + data.length, memory };

      const answerOf = (codec: typeof own): string => {
        try {
          const { bytes, unread } = codec.inflate(stream, room);

          return `${unread} ${bytes.toString('base64')}`;
        } catch (error) {
          return String(error);
        }
      };

      expect(answerOf(own) === answerOf(zlib), `round ${round}`).toBe(true);
    }

    expect(own.inputMemory()).toBeDefined();
    expect(zlib.inputMemory()).toBeUndefined();
  });

  it('refuses what is longer than was said, cut off, or too large for it', () => {
    const data = CONTENTS['text']?.(new Random(15), 5000) ?? expect.fail();
    const stream = deflateRawSync(data);

    expect(inflate(stream, 4999)).toBeUndefined();
    expect(inflate(stream.subarray(0, -1), 5000)).toBeUndefined();
    expect(inflater.hasRoomFor(100, LARGEST_BYTES + 1)).toBe(false);
    expect(inflater.inflate(stream, LARGEST_BYTES + 1)).toBeUndefined();
    // What follows a stream is not its own.
    expect(inflate(Buffer.concat([stream, stream]), 5000)?.equals(data)).toBe(
      true,
    );
    expect(inflater.usedBytes).toBe(stream.length);
  });

  it('is not used when it is wrong, or too lenient', () => {
    const liar = (
      inflate: (stream: Buffer, size: number) => Buffer | undefined,
    ): boolean =>
      isSound({
        inflate: (data, size) => inflate(Buffer.from(data), size),
        get usedBytes() {
          return inflater.usedBytes;
        },
      });

    expect(liar((stream, size) => inflater.inflate(stream, size))).toBe(true);
    expect(liar((stream) => inflater.inflate(stream, 2000))).toBe(false);
    expect(
      liar((stream, size) => inflater.inflate(stream, size)?.fill(7)),
    ).toBe(false);
    expect(
      liar((stream, size) =>
        inflater.inflate(Buffer.concat([stream, Buffer.of(0, 0)]), size),
      ),
    ).toBe(false);
  });
});
