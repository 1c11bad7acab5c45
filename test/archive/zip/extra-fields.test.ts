import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromDosTime, toDosTime } from '../../../src/archive/zip/dos-time.js';
import { TimePrecision } from '../../../src/archive/zip/entry-table.js';
import {
  formatTimeFields,
  putNtfsTimes,
  putPiece,
  putUnixTime,
  readExtras,
} from '../../../src/archive/zip/extra-fields.js';

const SECOND = 10_000_000n;
/** All that NTFS can say: 1601 to 30828. */
const ticks = fc.bigInt(-116_444_736_000_000_000n, 9_000_000_000_000_000_000n);
/** All that a Unix time of 32 bits can say. */
const seconds = fc.bigInt(-0x80000000n, 0x7fffffffn);

function lay(put: (into: Buffer, at: number) => number): Buffer {
  const bytes = Buffer.alloc(64, 0xee);
  return bytes.subarray(0, put(bytes, 0));
}

const read = (bytes: Buffer, dos = 0): ReturnType<typeof readExtras> =>
  readExtras(bytes, 0, bytes.length, dos);

describe('extra fields', () => {
  it('give back the NTFS time, whatever stands beside it', () => {
    fc.assert(
      fc.property(ticks, ticks, (mtime, other) => {
        const ntfs = lay((into, at) => putNtfsTimes(into, at, mtime));
        const unix = lay((into, at) => putUnixTime(into, at, other));
        for (const fields of [[ntfs], [unix, ntfs], [ntfs, unix]]) {
          expect(read(Buffer.concat(fields))).toMatchObject({
            mtimeTicks: mtime,
            precision: TimePrecision.tick,
          });
        }
      }),
    );
  });

  it('give back a Unix time in whole seconds', () => {
    fc.assert(
      fc.property(seconds, (value) => {
        const unix = lay((into, at) => putUnixTime(into, at, value * SECOND));
        expect(read(unix)).toMatchObject({
          mtimeTicks: value * SECOND,
          precision: TimePrecision.second,
        });
      }),
    );
  });

  it('leave a Unix time out where 32 bits do not hold it', () => {
    fc.assert(
      fc.property(ticks, (mtime) => {
        const fields = formatTimeFields(mtime);
        const second = Math.floor(Number(mtime) / 1e7);
        const isHeld = second >= -0x80000000 && second <= 0x7fffffff;
        expect(fields.length).toBe(isHeld ? 45 : 36);
        expect(read(fields).mtimeTicks).toBe(mtime);
      }),
    );
  });

  it('give back the place of a piece', () => {
    const piece = {
      index: 1,
      count: 0xffffffff,
      offsetBytes: Number.MAX_SAFE_INTEGER,
      totalBytes: 2 ** 40,
    };
    const field = lay((into, at) => putPiece(into, at, piece));
    expect(read(field).piece).toEqual(piece);
    expect(read(Buffer.concat([field, formatTimeFields(0n)])).piece).toEqual(
      piece,
    );
  });

  it('are never read beyond the header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const fields = Buffer.from(bytes);
        const behind = Buffer.concat([fields, formatTimeFields(1n)]);
        const outcome = (all: Buffer): unknown => {
          try {
            return readExtras(all, 0, fields.length, 0x21 << 16);
          } catch (error) {
            return String(error);
          }
        };

        expect(outcome(behind)).toEqual(outcome(fields));
      }),
      { numRuns: 500 },
    );
  });

  it('without a time leave that of MS-DOS', () => {
    const { date, time } = toDosTime(1_234_567_890n * SECOND);
    const extras = read(Buffer.alloc(0), date * 65_536 + time);
    expect(extras.precision).toBe(TimePrecision.dos);
    expect(extras.mtimeTicks).toBe(1_234_567_890n * SECOND);
  });
});

describe('an MS-DOS time', () => {
  it('gives back local time to two seconds', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date(1980, 0, 1),
          max: new Date(2107, 11, 31),
          noInvalidDate: true,
        }),
        (at) => {
          const [year, month, day, hour, minute, second] = fromDosTime(
            toDosTime(BigInt(at.getTime()) * 10_000n),
          );
          expect([year, month, day, hour, minute, second]).toEqual([
            at.getFullYear(),
            at.getMonth() + 1,
            at.getDate(),
            at.getHours(),
            at.getMinutes(),
            at.getSeconds() & ~1,
          ]);
        },
      ),
    );
  });

  it('stays within what it can say', () => {
    expect(fromDosTime(toDosTime(0n)).slice(0, 3)).toEqual([1980, 1, 1]);
    const late = BigInt(new Date(2200, 0, 1).getTime()) * 10_000n;
    expect(fromDosTime(toDosTime(late))).toEqual([2107, 12, 31, 23, 59, 58]);
  });
});
