import fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { codec } from '../../../src/archive/zip/codec.js';
import { EntryDamage } from '../../../src/archive/zip/entry-damage.js';
import { EntryTableBuilder } from '../../../src/archive/zip/entry-table.js';
import {
  localHeaderBytes,
  putLocalHeader,
} from '../../../src/archive/zip/put-headers.js';
import {
  type EntryPlace,
  openForPieces,
  readHead,
  readHeld,
  readPieces,
  readWhole,
} from '../../../src/archive/zip/read-entry.js';
import { Inflater } from '../../../src/archive/zip/wasm/inflater.js';
import {
  METHOD_DEFLATED,
  METHOD_STORED,
} from '../../../src/archive/zip/zip-format.js';
import { Random } from '../../helpers/random.js';

const NAME = Buffer.from('@backup/store/mail/a.eml');
const DATA_AT = localHeaderBytes(NAME.length);
/** Bytes before the entry, so that offsets in the volume and in the entry differ. */
const BEFORE = 100;

/** What the volume and the table say where they do not say what is right. */
interface Lies {
  readonly size?: number;
  readonly crc?: number;
  readonly data?: Buffer;
  readonly compressedBytes?: number;
}

function deflated(content: Buffer): Buffer {
  const output = Buffer.alloc(codec.deflateBound(content.length));
  const place = { kind: 'file', level: 6 } as const;
  return output.subarray(0, codec.deflate(content, output, place));
}

/** An entry of a volume in memory. */
function place(content: Buffer, method: number, lies: Lies = {}): EntryPlace {
  const isStored = method === METHOD_STORED;
  const data = lies.data ?? (isStored ? content : deflated(content));
  const header = {
    name: NAME,
    method,
    crc: lies.crc ?? crc32(content),
    sizeBytes: lies.size ?? content.length,
    compressedBytes: lies.compressedBytes ?? data.length,
    mtimeTicks: 0n,
    mode: 0,
  };

  const volume = Buffer.alloc(BEFORE + DATA_AT + data.length, 0xee);
  putLocalHeader(volume, BEFORE, header);
  volume.set(data, BEFORE + DATA_AT);

  const builder = new EntryTableBuilder(1, 64);
  builder.add({ ...header, flags: 0, headerOffset: BEFORE, precision: 2 });
  builder.setExtentEnd(0, volume.length);

  const source = {
    name: 'memory.zip',
    sizeBytes: volume.length,
    read: () => Promise.reject(new Error('not asked here')),
    readInto: (into: Uint8Array, offset: number) => {
      into.set(volume.subarray(offset, offset + into.length));
    },
    close: () => undefined,
  };

  return { source, table: builder.build(), index: 0 };
}

async function inPieces(entry: EntryPlace): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await readPieces(openForPieces(entry), (bytes) => {
    pieces.push(Buffer.from(bytes));
  });

  return Buffer.concat(pieces);
}

function held({ source, table, index }: EntryPlace, memory?: Buffer): Buffer {
  const bytes = Buffer.alloc(source.sizeBytes - BEFORE);
  source.readInto(bytes, BEFORE);

  return readHeld(bytes, table, index, memory);
}

const content = fc.oneof(
  fc.uint8Array({ maxLength: 5000 }).map((bytes) => Buffer.from(bytes)),
  fc
    .integer({ min: 1, max: 1000 })
    .map((lines) => Buffer.from('Received: from mail\r\n'.repeat(lines))),
);
const method = fc.constantFrom(METHOD_STORED, METHOD_DEFLATED);

describe('an entry', () => {
  it('is the same read whole, in pieces and from memory', async () => {
    await fc.assert(
      fc.asyncProperty(content, method, async (bytes, method) => {
        const entry = place(bytes, method);
        const memory = Buffer.alloc(bytes.length + 1);
        for (const read of [
          readWhole(entry),
          held(entry),
          held(entry, memory),
          await inPieces(entry),
        ]) {
          expect(read.equals(bytes)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each(['content', 'length', 'end'])(
    'is not called damaged because our own inflater is wrong about its %s',
    (what) => {
      const bytes = Buffer.from('Received: from mail\r\n'.repeat(50));
      const entry = place(bytes, METHOD_DEFLATED);
      const memory = Buffer.alloc(bytes.length + 1);
      const expectSame = (): void => {
        expect(held(entry, memory).equals(bytes)).toBe(true);
      };

      // It is made, tried and used after some hundred streams.
      for (let times = 0; times < 400; times++) expectSame();

      const lengthBytes = bytes.length - (what === 'length' ? 1 : 0);
      const spies = [
        vi
          .spyOn(Inflater.prototype, 'inflate')
          .mockReturnValue(Buffer.alloc(lengthBytes)),
        vi
          .spyOn(Inflater.prototype, 'usedBytes', 'get')
          .mockReturnValue(
            entry.table.compressedSize(0) - (what === 'end' ? 1 : 0),
          ),
      ];

      try {
        expectSame();
        expect(spies[0]).toHaveBeenCalledOnce();
      } finally {
        vi.restoreAllMocks();
      }
    },
  );

  it('is the same in pieces when it is longer than one', async () => {
    const bytes = new Random(4).bytes(2_500_000);
    for (const method of [METHOD_STORED, METHOD_DEFLATED]) {
      expect((await inPieces(place(bytes, method))).equals(bytes)).toBe(true);
      expect(readWhole(place(bytes, method)).equals(bytes)).toBe(true);
    }
  });

  it('has a head that is its beginning', () => {
    fc.assert(
      fc.property(
        content,
        method,
        fc.nat({ max: 6000 }),
        (bytes, method, limit) => {
          const head = readHead(place(bytes, method), limit);
          expect(head.equals(bytes.subarray(0, head.length))).toBe(true);
          const entry = place(bytes, method);
          const all = entry.table.compressedSize(0);
          expect(readHead(entry, all).equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a damaged entry', () => {
  const text = Buffer.from(
    'From: alice@example.com\r\n\r\nHello\r\n'.repeat(9),
  );
  const stream = deflated(text);
  const damages: readonly [string, number, Lies][] = [
    ['its checksum is wrong', METHOD_DEFLATED, { crc: 1 }],
    ['its checksum is wrong', METHOD_STORED, { crc: 1 }],
    [
      'it inflates to more than its declared size',
      METHOD_DEFLATED,
      { size: text.length - 1 },
    ],
    [
      `it inflates to ${text.length} bytes, declared are ${text.length + 1}`,
      METHOD_DEFLATED,
      { size: text.length + 1 },
    ],
    [
      'bytes follow its compressed data',
      METHOD_DEFLATED,
      { data: Buffer.concat([stream, Buffer.from('PK')]) },
    ],
    [
      'its compressed data are broken (unexpected end of file)',
      METHOD_DEFLATED,
      { data: stream.subarray(0, -1) },
    ],
    [
      'its compressed data are broken (invalid block type)',
      METHOD_DEFLATED,
      { data: Buffer.alloc(50, 0xff) },
    ],
    [
      'it is stored, but its two sizes differ',
      METHOD_STORED,
      { size: text.length + 1 },
    ],
    [
      'its data reach into the next entry',
      METHOD_DEFLATED,
      { compressedBytes: stream.length + 1 },
    ],
    [
      'it is compressed with the unknown method 95',
      95,
      { data: Buffer.from('xz') },
    ],
  ];

  it.each(damages)(
    'is told in the same words however it is read: %s',
    async (words, method, lies) => {
      const entry = place(text, method, lies);
      for (const read of [readWhole, held, inPieces]) {
        const error = await Promise.resolve()
          .then(() => read(entry))
          .catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(EntryDamage);
        expect((error as Error).message).toBe(words);
      }
    },
  );
});
