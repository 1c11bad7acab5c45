import { expect, it } from 'vitest';
import {
  EntryTableBuilder,
  TimePrecision,
} from '../../src/archive/zip/entry-table.js';
import { NameFinder } from '../../src/backup/name-finder.js';
import { packNames } from '../../src/store/name-list.js';
import { Random } from '../helpers/random.js';

const PREFIX = 'mail/ä/';
const POOL = Array.from({ length: 60 }, (_, at) =>
  at % 7 === 0 ? `ü${at}.eml` : `${(at * 37).toString(16)}.eml`,
);

function tableOf(
  names: readonly string[],
): ReturnType<EntryTableBuilder['build']> {
  const builder = new EntryTableBuilder(names.length, 0);

  for (const name of names) {
    builder.add({
      name: Buffer.from(PREFIX + name),
      rawName: undefined,
      flags: 0,
      method: 0,
      crc: 0,
      sizeBytes: 0,
      compressedBytes: 0,
      headerOffset: 0,
      mode: 0,
      mtimeTicks: 0n,
      precision: TimePrecision.tick,
      piece: undefined,
      dataOffset: undefined,
    });
  }

  return builder.build();
}

it('finds every file of an entry, in whatever order they are asked for', () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const listed = POOL.filter(() => random.chance(0.8));
    const asked = POOL.filter(() => random.chance(0.8));
    if (random.chance(0.5)) asked.push(...asked.splice(0, random.int(0, 30)));

    const finder = new NameFinder(packNames(listed), Buffer.byteLength(PREFIX));
    const table = tableOf(asked);

    for (const [index, name] of asked.entries()) {
      const place = listed.indexOf(name);

      expect(finder.find(table, index)).toBe(place < 0 ? NaN : place);
    }
  }
});
