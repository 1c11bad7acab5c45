import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { armor } from 'age-encryption';
import * as vectors from 'cctv-age';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWhole } from '../helpers/sealing.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

/** The test vectors of the age format, by C2SP: each is a file, the secrets that open it, and what is to come of it. */
interface Vector {
  readonly name: string;
  readonly expected: string;
  readonly payload: string | undefined;
  readonly identities: readonly string[];
  readonly passphrases: readonly string[];
  readonly isArmored: boolean;
  readonly file: Buffer;
}

function parse([name, content]: [string, Uint8Array]): Vector {
  const bytes = Buffer.from(content);
  const end = bytes.indexOf('\n\n');
  const lines = bytes.toString('latin1', 0, end).split('\n');
  const all = (key: string): string[] =>
    lines
      .filter((line) => line.startsWith(`${key}: `))
      .map((line) => line.slice(key.length + 2));
  const body = bytes.subarray(end + 2);

  return {
    name,
    expected: all('expect')[0] ?? '',
    payload: all('payload')[0],
    identities: all('identity'),
    passphrases: all('passphrase'),
    isArmored: all('armored').includes('yes'),
    file: all('compressed').includes('zlib') ? inflateSync(body) : body,
  };
}

let dir = '';

beforeAll(() => {
  dir = temporaryDirectory('vectors');
});

afterAll(() => {
  removeTemporary(dir);
});

/** What is read of it, in pieces that fit no chunk. */
async function open(vector: Vector): Promise<string> {
  const file = join(dir, vector.name);
  writeFileSync(file, vector.identities.join('\n'));
  const [passphrase] = vector.passphrases;
  // Archives are never armored: this is what files of identities may be.
  const sealed = vector.isArmored
    ? Buffer.from(armor.decode(vector.file.toString('latin1')))
    : vector.file;
  const source = await openWhole(sealed, {
    ...(vector.identities.length > 0 && { file }),
    ...(passphrase !== undefined && { passphrase }),
  });
  const hash = createHash('sha256');

  for (let at = 0; at < source.sizeBytes; at += 100_000) {
    const length = Math.min(100_000, source.sizeBytes - at);
    hash.update(await source.read(at, length));
  }

  return hash.digest('hex');
}

const all = Object.entries(
  vectors as unknown as Record<string, Uint8Array>,
).map(parse);

/** Of the armor, which archives do not have, any error is right. */
const CODES: Readonly<Record<string, string>> = {
  'no match': 'SEALED',
  'header failure': 'DAMAGED_ARCHIVE',
  'HMAC failure': 'DAMAGED_ARCHIVE',
  'payload failure': 'DAMAGED_ARCHIVE',
};

describe('the vectors of the age format', () => {
  it('are all there', () => {
    expect(all.length).toBeGreaterThanOrEqual(143);
  });

  it.each(all)('$name: $expected', async (vector) => {
    if (vector.expected === 'success') {
      expect(await open(vector)).toBe(vector.payload);
    } else {
      const code = vector.isArmored ? undefined : CODES[vector.expected];
      await expect(open(vector)).rejects.toMatchObject(code ? { code } : {});
    }
  });
});
