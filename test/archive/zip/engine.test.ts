import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { codecNamed } from '../../../src/archive/zip/codec.js';
import { Engine, type Piece } from '../../../src/archive/zip/wasm/engine.js';
import { isSound } from '../../../src/archive/zip/wasm/usable-engine.js';
import { CONTENTS, contentOf, sizeOf } from '../../helpers/contents.js';
import { message } from '../../helpers/installation.js';
import { Random } from '../../helpers/random.js';

const isThorough = process.env['KMS_TEST_THOROUGH'] !== undefined;
const ROUNDS = isThorough ? 20_000 : 200;
const LARGEST_BYTES = 1_200_000;
const LEVELS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

const own = codecNamed('own');
const engine = new Engine();

function make(kind: string, dice: Random, size: number): Buffer {
  return CONTENTS[kind]?.(dice, size) ?? expect.fail(kind);
}

function deflate(data: Uint8Array, level: number): Buffer {
  const output = Buffer.alloc(own.deflateBound(data.length));
  const written = own.deflate(data, output, { kind: 'file', level });

  return output.subarray(0, written ?? expect.fail('longer than its bound'));
}

describe('the engine deflates', () => {
  it('every kind of content at every level into a stream that zlib reads', () => {
    const dice = new Random(1);

    for (let round = 0; round < ROUNDS; round++) {
      const data = contentOf(dice, sizeOf(dice, LARGEST_BYTES));
      const stream = deflate(data, dice.pick(LEVELS));
      expect(inflateRawSync(stream).equals(data), `round ${round}`).toBe(true);
    }
  });

  it('what lies in its memory as what is copied there', () => {
    const dice = new Random(3);

    for (let round = 0; round < ROUNDS; round++) {
      const data = contentOf(dice, sizeOf(dice, 100_000));
      const copied = deflate(data, 6);
      const room = own.deflateMemory(data.length) ?? expect.fail();
      room.set(data);
      const stream = deflate(room.subarray(0, data.length), 6);

      expect(stream.equals(copied), `round ${round}`).toBe(true);
    }
  });

  it('nothing that lies there and has another size', () => {
    const window = Buffer.alloc(0);
    const data = engine.room(100).subarray(0, 99);

    expect(() =>
      engine.deflate({ data, window, level: 6, isLast: true }),
    ).toThrow('in the memory of the engine');
  });

  it('every length up to 600 bytes', () => {
    for (const kind of ['text', 'noise', 'one byte', 'few symbols']) {
      for (let size = 0; size <= 600; size++) {
        const data = make(kind, new Random(size), size);
        const stream = deflate(data, LEVELS[size % 9] ?? 6);
        expect(inflateRawSync(stream).equals(data), `${size} ${kind}`).toBe(
          true,
        );
      }
    }
  });

  it('what repeats from the end of the window, and not from behind it', () => {
    const dice = new Random(7);
    const letters = Buffer.from(
      Array.from({ length: 70_000 }, () => dice.int(40, 90)),
    );

    for (let distance = 32_760; distance <= 32_775; distance++) {
      const data = Buffer.from(letters);
      data.copy(data, 100 + distance, 100, 200);

      for (const level of LEVELS) {
        const stream = deflate(data, level);
        expect(inflateRawSync(stream).equals(data), `${distance}`).toBe(true);
      }
    }
  });

  it('nothing by what the input before it left in memory', () => {
    for (const level of LEVELS) {
      for (const size of [4, 300, 5000]) {
        const zeros = Buffer.alloc(size);
        const first = deflate(zeros, level);
        const second = deflate(zeros, level);
        expect(inflateRawSync(second).equals(zeros)).toBe(true);
        expect(second.equals(first)).toBe(true);
      }
    }
  });

  it('the longest codes side by side', () => {
    const dice = new Random(8);
    const common = CONTENTS['fibonacci']?.(dice, 30_000) ?? expect.fail();
    const rare = Buffer.from(Array.from({ length: 24 }, (_, at) => 230 + at));
    const data = Buffer.concat([common, rare]);

    for (const level of LEVELS) {
      expect(inflateRawSync(deflate(data, level)).equals(data)).toBe(true);
    }
  });

  it('pieces that end at a byte, each with what lies before it', () => {
    const dice = new Random(2);

    for (let round = 0; round < ROUNDS / 6; round++) {
      const data = contentOf(dice, sizeOf(dice, 300_000));
      const level = dice.pick(LEVELS);
      const pieces: Buffer[] = [];

      for (let at = 0, isLast = false; !isLast;) {
        const end = Math.min(data.length, at + sizeOf(dice, 100_000));
        isLast = end === data.length && dice.chance(0.7);
        pieces.push(
          Buffer.from(
            engine.deflate({
              data: data.subarray(at, end),
              window: data.subarray(Math.max(0, at - 32_768), at),
              level,
              isLast,
            }),
          ),
        );
        at = end;
      }

      const stream = Buffer.concat(pieces);
      expect(inflateRawSync(stream).equals(data), `round ${round}`).toBe(true);
    }
  });

  it('the same data to the same bytes, whatever came before', () => {
    const dice = new Random(3);
    const inputs = Array.from({ length: 120 }, (_, index) => ({
      data: contentOf(dice, sizeOf(dice, 60_000)),
      level: LEVELS[index % 9] ?? 6,
    }));
    const first = inputs.map(({ data, level }) => deflate(data, level));

    for (let round = 0; round < 3; round++) {
      for (let turn = 0; turn < inputs.length; turn++) {
        const index = dice.int(0, inputs.length - 1);
        const { data, level } = inputs[index] ?? expect.fail();
        const again = deflate(data, level);
        expect(first[index]?.equals(again), `input ${index}`).toBe(true);
        if (dice.chance(0.3)) deflate(dice.bytes(dice.int(0, 9000)), 6);
      }
    }
  });

  it.each(Object.entries(storeKinds()))(
    'no larger at a higher level: %s',
    (_kind, files) => {
      const sizes = LEVELS.map((level) =>
        files.reduce((sum, data) => sum + deflate(data, level).length, 0),
      );

      expect(sizes).toEqual(sizes.toSorted((one, other) => other - one));
    },
  );

  it.each([
    ['mail', 1],
    ['text', 1.01],
    ['base64', 1.01],
    ['executables', 1.02],
  ])('%s to hardly more than zlib does at level 6', (kind, most) => {
    const files = storeKinds()[kind] ?? expect.fail();
    const sumOf = (size: (data: Buffer) => number): number =>
      files.reduce((sum, data) => sum + size(data), 0);

    const own = sumOf((data) => deflate(data, 6).length);
    const zlib = sumOf((data) => deflateRawSync(data, { level: 6 }).length);
    expect(own / zlib).toBeLessThan(most);
  });
});

/** What stores hold, each kind by itself. */
function storeKinds(): Record<string, Buffer[]> {
  const sizes = [200, 900, 3000, 6000, 20_000, 90_000];
  const madeOf = (kind: string): Buffer[] =>
    sizes.map((size) => make(kind, new Random(size), size));

  const texts = readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => readFileSync(`docs/${name}`));
  const mail = sizes.flatMap((size) => [
    Buffer.from(message('mail', new Random(size), size)),
    ...texts.map((text) =>
      Buffer.concat([text.subarray(0, size), ...madeOf('base64 of noise')]),
    ),
  ]);

  return {
    mail,
    text: [...texts, Buffer.concat(texts)],
    base64: [
      ...madeOf('base64 of noise'),
      ...madeOf('base64 of text'),
      ...madeOf('an attachment that comes again'),
    ],
    executables: [readFileSync(process.execPath).subarray(-1_000_000)],
  };
}

describe('where the engine does not serve', () => {
  it('one whose streams are wrong at a single level is not used', () => {
    expect(isSound(engine)).toBe(true);

    for (const wrong of [1, 3, 6, 9]) {
      const liar = {
        deflate: (piece: Piece): Uint8Array => {
          const stream = engine.deflate(piece);
          if (piece.level === wrong) stream[9] = (stream[9] ?? 0) ^ 4;

          return stream;
        },
      };

      expect(isSound(liar), `level ${wrong}`).toBe(false);
    }
  });

  it('zlib does its work on a Node without WebAssembly', () => {
    const codecUrl = new URL(
      '../../../dist/archive/zip/codec.js',
      import.meta.url,
    );
    const script = `
      const { codecNamed } = await import(${JSON.stringify(codecUrl.href)});
      const data = Buffer.from('a line that repeats itself '.repeat(50));
      const streams = ['own', 'zlib'].map((name) => {
        const output = Buffer.alloc(2000);
        const place = { kind: 'file', level: 6 };
        return output.subarray(0, codecNamed(name).deflate(data, output, place));
      });
      console.log(typeof WebAssembly, streams[0].equals(streams[1]));
    `;
    const run = (...flags: string[]): string =>
      execFileSync(
        process.execPath,
        [...flags, '--input-type=module', '--eval', script],
        { encoding: 'utf8' },
      ).trim();

    expect(run('--jitless')).toBe('undefined true');
    expect(run()).toBe('object false');
  });
});
