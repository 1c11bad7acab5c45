import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePlainCentralDirectory } from '../../../src/archive/zip/plain-central-directory.js';
import {
  type EntryTable,
  TimePrecision,
} from '../../../src/archive/zip/entry-table.js';
import { checkLocalHeader } from '../../../src/archive/zip/local-header.js';
import { readOddCentralDirectory } from '../../../src/archive/zip/odd-central-directory.js';
import {
  formatEndRecord,
  headerBytes,
  localHeaderBytes,
  putCentralHeader,
  putLocalHeader,
} from '../../../src/archive/zip/put-headers.js';
import type { RandomAccessSource } from '../../../src/archive/zip/source.js';
import {
  type EntryHeader,
  METHOD_DEFLATED,
  METHOD_STORED,
} from '../../../src/archive/zip/zip-format.js';

const uint32 = fc.integer({ min: 0, max: 0xfffffffe });
/** Names that the plain lane and yauzl both take: no control character, no backslash, no absolute path. */
const name = fc
  .array(fc.stringMatching(/^[a-zäß漢😀 .@#]{1,12}$/u), {
    minLength: 1,
    maxLength: 4,
  })
  .map((steps) => Buffer.from(`m${steps.join('/m')}`));
const piece = fc.record({
  index: uint32,
  count: uint32,
  offsetBytes: fc.maxSafeNat(),
  totalBytes: fc.maxSafeNat(),
});
const header: fc.Arbitrary<EntryHeader> = fc
  .record({
    name,
    method: fc.constantFrom(METHOD_STORED, METHOD_DEFLATED),
    crc: uint32,
    sizeBytes: uint32,
    compressedBytes: uint32,
    // 1601 to 30828, what NTFS can say.
    mtimeTicks: fc.bigInt(
      -116_444_736_000_000_000n,
      9_000_000_000_000_000_000n,
    ),
    mode: fc.integer({ min: 0, max: 0xffff }),
    piece: fc.option(piece, { nil: undefined }),
  })
  // A stored entry has one size.
  .map((one) =>
    one.method === METHOD_STORED
      ? { ...one, compressedBytes: one.sizeBytes }
      : one,
  );

function putCentral(one: EntryHeader, headerOffset: number): Buffer {
  const bytes = Buffer.alloc(headerBytes(one.name.length, true), 0xee);
  return bytes.subarray(0, putCentralHeader(bytes, 0, one, headerOffset));
}

function putLocal(one: EntryHeader): Buffer {
  const bytes = Buffer.alloc(localHeaderBytes(one.name.length), 0xee);
  expect(putLocalHeader(bytes, 0, one)).toBe(bytes.length);
  return bytes;
}

function plainTable(headers: readonly EntryHeader[]): EntryTable {
  const bytes = Buffer.concat(headers.map((one, at) => putCentral(one, at)));
  const entries = headers.length;
  const table = parsePlainCentralDirectory({ bytes, entries });
  if (!table) throw new Error('the central directory is not plain');

  return table;
}

/** A volume in memory: only a central directory and its end record. */
function volumeOf(headers: readonly EntryHeader[]): RandomAccessSource {
  const central = Buffer.concat(headers.map((one, at) => putCentral(one, at)));
  const end = formatEndRecord(headers.length, central.length, 0);
  const bytes = Buffer.concat([central, end]);

  return {
    name: 'memory.zip',
    sizeBytes: bytes.length,
    read: (offset, length) =>
      Promise.resolve(Buffer.from(bytes.subarray(offset, offset + length))),
  } as RandomAccessSource;
}

function expectEntries(
  table: EntryTable,
  headers: readonly EntryHeader[],
): void {
  expect(table.count).toBe(headers.length);
  for (const [index, one] of headers.entries()) {
    expect({
      name: table.name(index),
      method: table.method(index),
      crc: table.crc(index),
      sizeBytes: table.size(index),
      compressedBytes: table.compressedSize(index),
      mtimeTicks: table.mtimeTicks(index),
      mode: table.mode(index),
      piece: table.piece(index),
      precision: table.precision(index),
      headerOffset: table.headerOffset(index),
    }).toEqual({
      ...one,
      name: Buffer.from(one.name).toString('utf8'),
      precision: TimePrecision.tick,
      headerOffset: index,
    });
  }
}

describe('headers that this tool writes', () => {
  it('say the same when the plain lane reads them', () => {
    fc.assert(
      fc.property(fc.array(header, { maxLength: 5 }), (headers) => {
        expectEntries(plainTable(headers), headers);
      }),
      { numRuns: 150 },
    );
  });

  it('say the same when yauzl reads them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(header, { minLength: 1, maxLength: 5 }),
        async (headers) => {
          const { table } = await readOddCentralDirectory(volumeOf(headers));
          expectEntries(table, headers);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('say the same after a table was handed to another thread', () => {
    fc.assert(
      fc.property(
        fc.array(header, { minLength: 1, maxLength: 5 }),
        (headers) => {
          const indices = headers.map((_, index) => index);
          expectEntries(plainTable(headers).gather(indices), headers);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('have the lengths that are announced', () => {
    fc.assert(
      fc.property(header, (one) => {
        const nameBytes = one.name.length;
        expect(putLocal(one).length + putCentral(one, 0).length).toBe(
          headerBytes(nameBytes, one.piece !== undefined),
        );
      }),
    );
  });

  it('agree with each other', () => {
    fc.assert(
      fc.property(header, (one) => {
        const local = putLocal(one);
        expect(checkLocalHeader(local, plainTable([one]), 0)).toBe(
          local.length,
        );
      }),
    );
  });
});

describe('a local header', () => {
  const one: EntryHeader = {
    name: Buffer.from('@backup/a.eml'),
    method: METHOD_DEFLATED,
    crc: 0x12345678,
    sizeBytes: 1000,
    compressedBytes: 500,
    mtimeTicks: 0n,
    mode: 0o100644,
  };

  it.each([
    ['signature', 0, 'there is no local header at byte 0'],
    ['encryption flag', 6, 'it is encrypted'],
    ['method', 8, 'its two headers name different methods'],
    ['checksum', 14, 'its two headers have different checksums'],
    ['compressed size', 18, 'its two headers have different compressed sizes'],
    ['size', 22, 'its two headers have different sizes'],
    ['name length', 26, 'its two headers have different names'],
    ['name', 33, 'its two headers have different names'],
    ['length of extra fields', 29, 'its local header is cut off'],
  ])('with another %s is told', (_, at, message) => {
    const local = putLocal(one);
    local[at] = (local[at] ?? 0) ^ 1;
    expect(() => checkLocalHeader(local, plainTable([one]), 0)).toThrow(
      message,
    );
  });

  it('may leave checksum and sizes to a data descriptor', () => {
    const local = putLocal(one);
    local.writeUInt16LE(0x0008, 6);
    local.fill(0, 14, 26);
    expect(checkLocalHeader(local, plainTable([one]), 0)).toBe(local.length);
  });
});
