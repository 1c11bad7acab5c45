import { Random } from './random.js';

/**
 * Content of every kind that compression meets, and of those that it meets never but should survive: the same for the same
 * dice.
 */

const WORDS =
  'the quarterly figures before Friday please read attached table and answer to all meeting server account'.split(
    ' ',
  );

type Maker = (dice: Random, size: number) => Buffer;

export const CONTENTS: Readonly<Record<string, Maker>> = {
  noise: (dice, size) => dice.bytes(size),
  'one byte': (dice, size) => Buffer.alloc(size, dice.int(0, 255)),
  period: (dice, size) => {
    const pattern = dice.bytes(dice.pick([2, 3, 5, 7, 8, 9, 64, 258, 32_768]));

    return filled(size, () => pattern);
  },
  'few symbols': (dice, size) => {
    const symbols = dice.bytes(dice.int(2, 6));

    return filled(size, () =>
      Buffer.of(symbols[dice.int(0, 5) % symbols.length] ?? 0),
    );
  },
  // Each symbol half as often as the one before it: codes as long as they may be.
  skewed: (dice, size) =>
    filled(size, () =>
      Buffer.of(Math.clz32(dice.bytes(4).readUInt32LE(0)) * 7),
    ),
  // Each symbol 1.6 times as often as the next one: Huffman codes longer than they may be.
  fibonacci: (dice, size) => {
    const nth = (): number => Math.log(1 - dice.next()) / Math.log(0.618);

    return filled(size, () => Buffer.of(Math.min(30, nth()) * 8));
  },
  'far copies': (dice, size) => {
    const piece = dice.bytes(dice.int(3, 300));
    const gap = dice.pick([2040, 2048, 32_766, 32_768, 32_769, 65_535]);

    return filled(size, (at) =>
      at % 2 === 0 ? piece : dice.bytes(gap - piece.length),
    );
  },
  text: (dice, size) => filled(size, () => Buffer.from(`${dice.pick(WORDS)} `)),
  'base64 of noise': (dice, size) =>
    base64Lines(dice.bytes(size)).subarray(0, size),
  'base64 of text': (dice, size) =>
    base64Lines(textOf(dice, size)).subarray(0, size),
  'base64 without lines': (dice, size) =>
    Buffer.from(dice.bytes(size).toString('base64')).subarray(0, size),
  'an attachment that comes again': (dice, size) => {
    const attachment = base64Lines(dice.bytes(dice.int(900, 12_000)));

    return filled(size, () =>
      Buffer.concat([attachment, textOf(dice, dice.int(0, 400))]),
    );
  },
  mail: (dice, size) =>
    filled(size, () =>
      dice.chance(0.5)
        ? textOf(dice, dice.int(0, 4000))
        : base64Lines(dice.bytes(dice.int(0, 9000))),
    ),
  'of everything': (dice, size) =>
    filled(size, () => contentOf(dice, dice.int(1, 3000))),
};

/** Some content of some kind. */
export function contentOf(dice: Random, size: number): Buffer {
  const kinds = Object.keys(CONTENTS).filter(
    (kind) => kind !== 'of everything',
  );

  return CONTENTS[dice.pick(kinds)]?.(dice, size) ?? Buffer.alloc(0);
}

/** A size: often tiny, where the edges are, seldom large. */
export function sizeOf(dice: Random, largest: number): number {
  const most = dice.pick([20, 20, 300, 3000, 20_000, 70_000, largest]);

  return dice.int(0, Math.min(most, largest));
}

function textOf(dice: Random, size: number): Buffer {
  return CONTENTS['text']?.(dice, size) ?? Buffer.alloc(0);
}

function base64Lines(bytes: Buffer): Buffer {
  return Buffer.from(
    bytes.toString('base64').replaceAll(/.{76}/g, '$&\r\n'),
    'latin1',
  );
}

/** Pieces one after the other, cut to the size. */
function filled(size: number, piece: (index: number) => Buffer): Buffer {
  const output = Buffer.alloc(size);

  for (let at = 0, index = 0; at < size; index++) {
    const bytes = piece(index);
    at += bytes.copy(output, at);
    if (bytes.length === 0 && index > size) break;
  }

  return output;
}
