import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecNamed } from '../../../src/archive/zip/codec.js';
import {
  type Codec,
  type DeflatePlace,
  InflateError,
} from '../../../src/archive/zip/codec-types.js';
import { deflateInto } from '../../../src/archive/zip/zlib/deflate-into.js';
import { Random } from '../../helpers/random.js';

const SETTINGS = {
  level: 6,
  strategy: constants.Z_DEFAULT_STRATEGY,
  windowBits: 15,
  memLevel: 8,
};
const MAIL = Buffer.from(
  'Received: from mail.example.com by kerio; Mon, 16 Jan 2006 22:00:07 +0100\r\n'.repeat(
    40,
  ),
);
const ATTACHMENT = Buffer.from(
  new Random(6).bytes(20_000).toString('base64').replaceAll(/.{76}/g, '$&\r\n'),
);

/** Bytes like those of mail: text, attachments, noise and zeros in any order. */
const content = fc
  .array(
    fc.oneof(
      fc.constantFrom(MAIL, ATTACHMENT, Buffer.alloc(3000)),
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 9 }).map((seed) => new Random(seed).bytes(900)),
    ),
    { maxLength: 6 },
  )
  .map((pieces) => Buffer.concat(pieces));
const level = fc.integer({ min: 1, max: 9 });

/** The codec's functions, as the tests call them. */
function callsOf(codec: Codec) {
  const deflate = (data: Uint8Array, place: DeflatePlace): Buffer => {
    const output = Buffer.alloc(codec.deflateBound(data.length), 0xee);
    return output.subarray(0, codec.deflate(data, output, place));
  };

  const inflate = (data: Uint8Array, size: number): Buffer =>
    codec.inflate(data, { size }).bytes;

  const faultOf = (data: Uint8Array, size: number): unknown => {
    try {
      codec.inflate(data, { size });
      return undefined;
    } catch (error) {
      return error instanceof InflateError ? error.fault : error;
    }
  };

  return { deflate, inflate, faultOf };
}

describe.each(['own', 'zlib'] as const)('the codec %s', (name) => {
  const codec = codecNamed(name);
  const { deflate, inflate, faultOf } = callsOf(codec);

  it('gives back a small file', () => {
    fc.assert(
      fc.property(content, level, (data, level) => {
        const stream = deflate(data, { kind: 'file', level });
        expect(inflate(stream, data.length).equals(data)).toBe(true);
        expect(inflateRawSync(stream).equals(data)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('makes one stream of the chunks of a large file', () => {
    fc.assert(
      fc.property(
        fc.array(content, { minLength: 1, maxLength: 4 }),
        level,
        (chunks, level) => {
          const stream = chunks.map((data, index) =>
            deflate(data, {
              kind: 'chunk',
              level,
              before: Buffer.concat(chunks.slice(0, index)),
              isLast: index === chunks.length - 1,
            }),
          );
          const whole = Buffer.concat(chunks);
          expect(inflateRawSync(Buffer.concat(stream)).equals(whole)).toBe(
            true,
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('writes texts as zlib does where nobody chooses anything', () => {
    for (const text of [MAIL, Buffer.alloc(0), ATTACHMENT]) {
      expect(deflate(text, { kind: 'text' }).equals(deflateRawSync(text))).toBe(
        true,
      );
    }
  });

  it('has no chunk that is longer than its bound', () => {
    const noise = new Random(7).bytes(100_000);
    for (const data of [noise, ATTACHMENT, noise.subarray(0, 1)]) {
      const place = { kind: 'chunk', level: 6, isLast: false } as const;
      const output = Buffer.alloc(codec.deflateBound(data.length));
      const before = new Uint8Array(0);
      expect(codec.deflate(data, output, { ...place, before })).toBeDefined();
    }
  });

  it('says that a result does not fit, and goes on well', () => {
    const place = { kind: 'file', level: 6 } as const;
    const exact = deflate(MAIL, place).length;
    for (const room of [0, exact - 1]) {
      expect(codec.deflate(MAIL, Buffer.alloc(room), place)).toBeUndefined();
    }

    const noise = new Random(2).bytes(4000);
    expect(codec.deflate(noise, Buffer.alloc(3999), place)).toBeUndefined();
    expect(inflate(deflate(MAIL, place), MAIL.length).equals(MAIL)).toBe(true);
  });

  it('counts the bytes behind a stream', () => {
    const data = Buffer.concat([deflateRawSync(MAIL), Buffer.from('PK')]);
    expect(codec.inflate(data, { size: MAIL.length }).unread).toBe(2);
  });

  it('refuses a stream that gives more than its room, whoever has the memory', () => {
    const bomb = deflateRawSync(Buffer.alloc(4 << 20));
    expect(faultOf(bomb, 100)).toBe('too long');
    expect(faultOf(bomb, (4 << 20) - 1)).toBe('too long');
    expect(() =>
      codec.inflate(bomb, { size: 100, memory: Buffer.alloc(5000) }),
    ).toThrow(InflateError);
  });

  it('says that data are broken or unfinished, and reads the next', () => {
    const stream = deflateRawSync(MAIL);
    for (const size of [MAIL.length, 2 << 20]) {
      expect(faultOf(stream.subarray(0, -1), size)).toBe('broken');
      expect(faultOf(Buffer.alloc(50, 0xff), size)).toBe('broken');
      expect(inflate(stream, size).equals(MAIL)).toBe(true);
    }
  });

  it('gives the beginning of a stream that is cut off', () => {
    const stream = deflateRawSync(ATTACHMENT).subarray(0, 2000);
    for (const size of [ATTACHMENT.length, 2 << 20]) {
      const { bytes } = codec.inflate(stream, { size, isBeginning: true });
      expect(bytes.length).toBeGreaterThan(1000);
      expect(bytes.equals(ATTACHMENT.subarray(0, bytes.length))).toBe(true);
    }
  });

  it('inflates a stream in pieces of any size, and stops at its end', async () => {
    const data = Buffer.concat([
      new Random(3).bytes(40_000),
      Buffer.alloc(1 << 20),
      MAIL,
    ]);
    const stream = deflateRawSync(data);

    for (const pieceBytes of [1, 4096, 1 << 18, stream.length]) {
      const followed = Buffer.concat([stream, Buffer.from('PK')]);
      const [used, output] = await inflateInPieces(codec, followed, pieceBytes);
      expect([used, output.equals(data)]).toEqual([stream.length, true]);
    }

    for (const broken of [
      stream.subarray(0, -1),
      Buffer.alloc(50, 0xff),
      Buffer.alloc(0),
    ]) {
      await expect(inflateInPieces(codec, broken, 4096)).rejects.toMatchObject({
        fault: 'broken',
      });
    }
  });
});

/** Inflates pieces that all lie in the same memory; returns the bytes used and the result. */
async function inflateInPieces(
  codec: Codec,
  data: Buffer,
  pieceBytes: number,
): Promise<[number, Buffer]> {
  const memory = Buffer.alloc(pieceBytes);
  const pieces = function* (): Generator<Buffer> {
    for (let at = 0; at < data.length; at += pieceBytes) {
      yield memory.subarray(0, data.copy(memory, 0, at, at + pieceBytes));
    }
  };

  const output: Buffer[] = [];
  const used = await codec.inflatePieces(pieces(), (chunk) =>
    output.push(Buffer.from(chunk)),
  );

  return [used, Buffer.concat(output)];
}

describe('a zlib state that is used again', () => {
  it('gives for each input what the documented calls give, whatever came before it', () => {
    for (const data of [
      MAIL,
      new Random(1).bytes(5000),
      MAIL.subarray(300, 1700),
      Buffer.alloc(0),
      MAIL,
    ]) {
      const output = Buffer.alloc(data.length + 1000, 0xee);
      const bytes = deflateInto(data, output, SETTINGS, constants.Z_FINISH);
      const stream = output.subarray(0, bytes);
      expect(stream.equals(deflateRawSync(data, SETTINGS))).toBe(true);
      expect(inflateRawSync(stream).equals(data)).toBe(true);
    }
  });

  it('joins parts that end with a sync flush', () => {
    const output = Buffer.alloc(10_000);
    const first =
      deflateInto(MAIL, output, SETTINGS, constants.Z_SYNC_FLUSH) ?? 0;
    const huffman = {
      ...SETTINGS,
      strategy: constants.Z_HUFFMAN_ONLY,
      memLevel: 9,
    };
    const second =
      deflateInto(MAIL, output.subarray(first), huffman, constants.Z_FINISH) ??
      0;
    const stream = output.subarray(0, first + second);
    expect(inflateRawSync(stream).equals(Buffer.concat([MAIL, MAIL]))).toBe(
      true,
    );
  });
});
