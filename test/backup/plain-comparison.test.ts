import { expect, it } from 'vitest';
import { parsePlainCentralDirectory } from '../../src/archive/zip/plain-central-directory.js';
import {
  headerBytes,
  putCentralHeader,
} from '../../src/archive/zip/put-headers.js';
import { PlainComparison } from '../../src/backup/plain-comparison.js';

/** 2026-02-01 01:00 UTC */
const TAKEN_AT = 17_699_076_000_000_000n;
const OLD = TAKEN_AT - 1_000_000_000_001n;

const FILE = { sizeBytes: 1200, mtimeTicks: OLD, mode: 0o100600 };

/** Whether a file is surely the one that an archive of this program has. */
function isUnchanged(entry: typeof FILE, file: typeof FILE): boolean {
  const name = Buffer.from('a.eml');
  const bytes = Buffer.alloc(headerBytes(name.length, false));
  const header = {
    ...entry,
    name,
    method: 0,
    crc: 0,
    compressedBytes: entry.sizeBytes,
  };
  const end = putCentralHeader(bytes, 0, header, 0);
  const table = parsePlainCentralDirectory({ bytes: bytes.subarray(0, end) });
  if (!table) throw new Error('a header of this program is plain');

  const result = {
    sizes: Float64Array.of(0, file.sizeBytes),
    mtimes: BigInt64Array.of(0n, file.mtimeTicks),
    modes: Uint16Array.of(0, file.mode),
    crcs: new Uint32Array(0),
  };
  const plain = new PlainComparison(result, TAKEN_AT);

  return plain.isUnchanged({ table, index: 0 }, 1);
}

it.each([OLD, 0n, -1n, -17_699_076_000_000_123n, 1n << 32n, (1n << 32n) - 1n])(
  'knows the file of an entry by its time %d, and no other',
  (mtimeTicks) => {
    const entry = { ...FILE, mtimeTicks };
    const later = { ...FILE, mtimeTicks: mtimeTicks + 1n };
    const muchLater = { ...FILE, mtimeTicks: mtimeTicks + (1n << 32n) };

    expect(isUnchanged(entry, entry)).toBe(true);
    expect(isUnchanged(entry, later)).toBe(false);
    expect(isUnchanged(entry, muchLater)).toBe(false);
    expect(isUnchanged(later, entry)).toBe(false);
  },
);

it('is not sure of another size or mode', () => {
  expect(isUnchanged(FILE, { ...FILE, sizeBytes: 1201 })).toBe(false);
  expect(isUnchanged(FILE, { ...FILE, mode: 0o100640 })).toBe(false);
});

it('is not sure of what was written while the full was made', () => {
  const young = { ...FILE, mtimeTicks: TAKEN_AT - 20_000_000n };
  const later = { ...FILE, mtimeTicks: TAKEN_AT + 600_000_000n };

  expect(isUnchanged(young, young)).toBe(false);
  expect(isUnchanged(later, later)).toBe(false);
});
