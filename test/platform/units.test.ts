import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  formatCount,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
} from '../../src/platform/units.js';

it.each([
  ['600MB', 600_000_000],
  ['2GiB', 2_147_483_648],
  ['2G', 2_147_483_648],
  ['1.5 MiB', 1_572_864],
  ['1048576', 1_048_576],
  ['2XB', undefined],
  ['-1', undefined],
  ['1e9', undefined],
  ['', undefined],
  ['9999999999GiB', undefined],
])('the size %j is %s bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

it.each([
  ['90s', 90_000],
  ['90', 90_000],
  ['1h30m', 5_400_000],
  ['26h', 93_600_000],
  ['250ms', 250],
  ['2D', 172_800_000],
  ['10 m', undefined],
  ['m', undefined],
  ['', undefined],
])('the duration %j is %s ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it('a size that is printed is read again to the twentieth part of its unit', () => {
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER >>> 0 }), (bytes) => {
      const read = parseSize(formatSize(bytes)) ?? NaN;

      expect(Math.abs(read - bytes)).toBeLessThanOrEqual(bytes / 20 + 1);
    }),
  );
});

it.each([
  [9_000, '0:09'],
  [725_000, '12:05'],
  [3_723_000, '1:02:03'],
])('%d ms are printed as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it('a count keeps its digits', () => {
  fc.assert(
    fc.property(fc.nat(), (count) => {
      expect(Number(formatCount(count).replaceAll(',', ''))).toBe(count);
    }),
  );
});
