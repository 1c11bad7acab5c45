import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  deflateInto,
  inflateInto,
  inflatePieces,
} from '../../../src/archive/zip/zlib-handle.js';
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

function deflate(
  data: Uint8Array,
  room = data.length + 1000,
): Buffer | undefined {
  const output = Buffer.alloc(room, 0xee);
  const bytes = deflateInto(data, output, SETTINGS, constants.Z_FINISH);
  return bytes === undefined ? undefined : output.subarray(0, bytes);
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
      const packed = deflate(data);
      expect(packed?.equals(deflateRawSync(data, SETTINGS))).toBe(true);
      const output = Buffer.alloc(data.length + 1);
      expect(inflateInto(packed ?? Buffer.alloc(0), output)).toEqual({
        written: data.length,
        unread: 0,
      });
      expect(output.subarray(0, data.length).equals(data)).toBe(true);
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
    expect(
      inflateRawSync(output.subarray(0, first + second)).equals(
        Buffer.concat([MAIL, MAIL]),
      ),
    ).toBe(true);
  });

  it('says that the result does not fit, and goes on well', () => {
    const exact = deflate(MAIL)?.length ?? 0;
    expect(deflate(MAIL, exact - 1)).toBeUndefined();
    expect(deflate(MAIL, 0)).toBeUndefined();
    expect(deflate(new Random(2).bytes(4000), 3999)).toBeUndefined();
    expect(inflateRawSync(deflate(MAIL) ?? Buffer.alloc(0)).equals(MAIL)).toBe(
      true,
    );
  });

  it('counts the bytes behind a stream', () => {
    const packed = Buffer.concat([deflateRawSync(MAIL), Buffer.from('PK')]);
    expect(inflateInto(packed, Buffer.alloc(MAIL.length + 1))).toEqual({
      written: MAIL.length,
      unread: 2,
    });
  });

  it('stops at the end of the output', () => {
    const bomb = deflateRawSync(Buffer.alloc(1 << 20));
    expect(inflateInto(bomb, Buffer.alloc(101)).written).toBe(101);
  });

  it('throws what zlib says of broken and unfinished data, and reads the next', () => {
    const packed = deflateRawSync(MAIL);
    const code = (data: Buffer): unknown => {
      try {
        inflateInto(data, Buffer.alloc(MAIL.length + 1));
        return 'nothing thrown';
      } catch (error) {
        return (error as { code?: unknown }).code;
      }
    };

    expect(code(packed.subarray(0, -1))).toBe('Z_BUF_ERROR');
    expect(code(Buffer.alloc(50, 0xff))).toBe('Z_DATA_ERROR');
    expect(inflateInto(packed, Buffer.alloc(MAIL.length + 1)).written).toBe(
      MAIL.length,
    );
  });

  it('inflates a stream in pieces of any size, and stops at its end', async () => {
    const data = Buffer.concat([
      new Random(3).bytes(40_000),
      Buffer.alloc(1 << 20),
      MAIL,
    ]);
    const packed = deflateRawSync(data);
    const inflate = async (
      bytes: Buffer,
      pieceBytes: number,
    ): Promise<[number, Buffer]> => {
      const memory = Buffer.alloc(pieceBytes);
      const pieces = function* (): Generator<Buffer> {
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          yield memory.subarray(0, bytes.copy(memory, 0, at, at + pieceBytes));
        }
      };

      const output: Buffer[] = [];
      const taken = await inflatePieces(pieces(), (chunk) =>
        output.push(Buffer.from(chunk)),
      );
      return [taken, Buffer.concat(output)];
    };

    for (const pieceBytes of [1, 4096, 1 << 18, packed.length]) {
      const [taken, output] = await inflate(
        Buffer.concat([packed, Buffer.from('PK')]),
        pieceBytes,
      );
      expect([taken, output.equals(data)]).toEqual([packed.length, true]);
    }

    await expect(inflate(packed.subarray(0, -1), 4096)).rejects.toMatchObject({
      code: 'Z_BUF_ERROR',
    });
    await expect(inflate(Buffer.alloc(50, 0xff), 4096)).rejects.toMatchObject({
      code: 'Z_DATA_ERROR',
    });
    await expect(inflate(Buffer.alloc(0), 1)).rejects.toMatchObject({
      code: 'Z_BUF_ERROR',
    });
  });
});
