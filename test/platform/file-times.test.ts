import {
  closeSync,
  openSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  giveTime,
  isAsSet,
  LAST_TICKS,
  msOfTicks,
  ticksOf,
} from '../../src/platform/file-times.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

const dir = temporaryDirectory('file-times');
const file = join(dir, 'file');
writeFileSync(file, '');
afterAll(() => {
  removeTemporary(dir);
});

const SECOND = 10_000_000n;
const nanosecondsOf = (path: string): bigint =>
  statSync(path, { bigint: true }).mtimeNs;

/** A time, and what each Node set of it on ext4: measured. */
const MEASURED: readonly (readonly [
  ticks: bigint,
  upTo22Ns: bigint,
  from24Ns: bigint,
])[] = [
  [
    11_376_216_071_234_567n,
    1_137_621_607_123_456_000n,
    1_137_621_607_123_456_001n,
  ],
  [
    17_956_496_791_234_561n,
    1_795_649_679_123_456_000n,
    1_795_649_679_123_456_001n,
  ],
  [-15_000_000n, -1_500_000_000n, -1_500_000_000n],
  [-10_000_005n, -1_000_001_000n, -1_000_001_000n],
  [
    42_949_672_962_500_000n,
    4_294_967_296_250_000_000n,
    4_294_967_296_250_000_000n,
  ],
  [
    -21_474_836_482_500_000n,
    -2_147_483_648_250_000_000n,
    -2_147_483_648_250_000_000n,
  ],
];

describe('the time of a file', () => {
  it('is the microsecond before it at most, whatever Node sets it, and known again then', () => {
    const ticks = fc.bigInt({
      min: -2_147_483_646n * SECOND,
      max: 8_589_934_591n * SECOND,
    });
    const wanted = fc.oneof(
      ticks,
      fc.bigInt({ min: -3n * SECOND, max: 3n * SECOND }),
    );
    fc.assert(
      fc.property(wanted, (time) => {
        expect(giveTime(file, time)).toBe(true);
        const set = nanosecondsOf(file);
        const apart = time * 100n - set;
        expect(apart > -1000n && apart < 2000n).toBe(true);
        expect(isAsSet(ticksOf({ mtimeNs: set }), time)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('is set through a descriptor too', () => {
    const fd = openSync(file, 'r+');
    expect(giveTime(file, -15_000_000n, fd)).toBe(true);
    closeSync(fd);
    expect(nanosecondsOf(file)).toBe(-1_500_000_000n);
  });

  it('is known again by one Node where another one set it', () => {
    for (const [ticks, upTo22, from24] of MEASURED) {
      for (const mtimeNs of [upTo22, from24, ticks * 100n]) {
        expect(isAsSet(ticksOf({ mtimeNs }), ticks)).toBe(true);
      }
    }
  });

  it('is another one as soon as it is not what a recover sets', () => {
    fc.assert(
      fc.property(
        fc.bigInt({
          min: 10_000_000_000_000_000n,
          max: 20_000_000_000_000_000n,
        }),
        fc.bigInt({ min: -200n, max: 200n }),
        (ticks, apart) => {
          const mayBe = [
            ticks,
            ...[0n, 1n, 2n].map((more) => (ticks / 10n) * 10n + more),
          ];
          if (!mayBe.includes(ticks + apart)) {
            expect(isAsSet(ticks + apart, ticks)).toBe(false);
          }
        },
      ),
    );
  });

  it('is rounded down, before 1970 too, and never wraps around', () => {
    expect([
      ticksOf({ mtimeNs: -1n }),
      ticksOf({ mtimeNs: 199n }),
      msOfTicks(-1n),
    ]).toEqual([-1n, 1n, -1]);
    expect(ticksOf({ mtimeNs: 1n << 80n })).toBe(LAST_TICKS);
    expect(ticksOf({ mtimeNs: -(1n << 80n) })).toBe(-(1n << 63n));
  });

  it('that the file system cannot keep is told', () => {
    utimesSync(file, 1, 1);
    const isKept = giveTime(file, 400_000_000_000n * SECOND);
    expect(isKept).toBe(
      nanosecondsOf(file) === 400_000_000_000n * 1_000_000_000n,
    );
  });
});
