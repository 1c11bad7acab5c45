import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Turns } from '../../src/platform/turns.js';
import { planAdditive } from '../../src/recover/plan-additive.js';
import type { ArchivedMessage } from '../../src/recover/archived-folders.js';
import { identifyMessages } from '../../src/recover/identify-messages.js';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kms-identify-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('messages of one checksum and size', () => {
  it('are two where their bytes differ, staged or live, and one where they are the same', async () => {
    const [one, other] = findCollision();
    const staged = write('staged', {
      '1.eml': one,
      '2.eml': other,
      '3.eml': one,
      '4.eml': 'alone',
    });
    const live = write('live', { '9.eml': other });

    const known = await identifyMessages(staged, live, new Turns());
    const { steps } = planAdditive(
      { messages: known.live, names: ['9.eml'], files: [] },
      { messages: known.staged, files: [], reindexes: false },
    );

    expect(steps).toEqual([
      { kind: 'add', name: '1.eml', as: '1.eml' },
      { kind: 'skip', name: '2.eml', sameAs: '9.eml' },
      { kind: 'skip', name: '3.eml', sameAs: '1.eml' },
      { kind: 'add', name: '4.eml', as: '4.eml' },
    ]);
  });

  it('have the checksum of their whole bytes where they were split', async () => {
    const staged = write('split', { '1.eml': 'in pieces' });
    const pieces = staged.messages.map((message) => ({
      ...message,
      crc: undefined,
    }));

    const known = await identifyMessages(
      { ...staged, messages: pieces },
      write('live-split', { '7.eml': 'in pieces' }),
      new Turns(),
    );

    expect(known.staged[0]?.content).toBe(known.live[0]?.content);
  });
});

function write(
  name: string,
  contents: Readonly<Record<string, string>>,
): { directory: string; messages: ArchivedMessage[] } {
  const directory = join(folder, name);
  mkdirSync(directory);

  const messages = Object.entries(contents).map(([file, content]) => {
    writeFileSync(join(directory, file), content);

    return { name: file, crc: crc32(content), sizeBytes: content.length };
  });

  return { directory, messages };
}

/** Two texts of one length and one CRC-32: among 400,000 there are such with near certainty. */
function findCollision(): [string, string] {
  const known = new Map<number, string>();

  for (let number = 0; number < 4_000_000; number++) {
    // Consecutive numbers differ in few bits, which a CRC always tells apart.
    const text = Buffer.from(
      (Math.imul(number, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0') +
        (Math.imul(number + 77, 0x85ebca6b) >>> 0)
          .toString(16)
          .padStart(8, '0'),
    ).toString('latin1');
    const crc = crc32(text);
    const twin = known.get(crc);
    if (twin !== undefined && twin !== text) return [twin, text];

    known.set(crc, text);
  }

  throw new Error('no two texts of one checksum');
}
