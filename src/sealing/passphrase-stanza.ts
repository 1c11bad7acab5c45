/**
 * What stands in a header for whoever knows a passphrase. By the system's scrypt, in a thread of it: the package's takes longer, and nothing
 * else has its turn meanwhile.
 */
import {
  createCipheriv,
  createDecipheriv,
  randomBytes,
  scrypt,
} from 'node:crypto';
import { promisify } from 'node:util';

/** Base-2 logarithms of scrypt's work factor: age's own, about a second, and the most that is done for a file. */
const WORK_FACTOR = 18;
const MOST_WORK_FACTOR = 20;

const LABEL = 'age-encryption.org/v1/scrypt';
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const BLOCK = 8;
const CIPHER = 'chacha20-poly1305';
const NONCE = Buffer.alloc(12);
const TAG_BYTES = 16;
const TAG = { authTagLength: TAG_BYTES };
const SEALED_KEY_BYTES = 32;

/** A recipient's lines of a header. */
interface Lines {
  readonly args: string[];
  readonly body: Uint8Array;
}

/** The lines that give a file key to a passphrase; never twice the same. */
export async function wrapWithPassphrase(
  fileKey: Uint8Array,
  passphrase: string,
): Promise<Lines> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(passphrase, salt, WORK_FACTOR);
  const cipher = createCipheriv(CIPHER, key, NONCE, TAG);
  const sealed = [cipher.update(fileKey), cipher.final(), cipher.getAuthTag()];
  const salted = salt.toString('base64').replace(/=+$/, '');

  return {
    args: ['scrypt', salted, String(WORK_FACTOR)],
    body: Buffer.concat(sealed),
  };
}

/**
 * The file key; null where it is another passphrase's, or another kind of recipient's.
 * @throws {Error} where age forbids such lines
 */
export async function unwrapWithPassphrase(
  stanzas: readonly Lines[],
  passphrase: string,
): Promise<Uint8Array | null> {
  const lines = stanzas.find(({ args }) => args[0] === 'scrypt');
  if (!lines) return null;
  if (stanzas.length > 1) throw new Error('a passphrase stands alone');

  const { salt, workFactor } = parse(lines.args);
  if (workFactor > MOST_WORK_FACTOR) throw new Error('too much work');
  if (lines.body.length !== SEALED_KEY_BYTES) throw new Error('no file key');

  return open(lines.body, await derive(passphrase, salt, workFactor));
}

function parse(args: readonly string[]): {
  readonly salt: Buffer;
  readonly workFactor: number;
} {
  const [, salted = '', factor = ''] = args;
  const salt = Buffer.from(salted, 'base64');
  // What it is written as again must be the same: nothing is overlooked.
  const isExact = salt.toString('base64').replace(/=+$/, '') === salted;
  const isSalt = isExact && salt.length === SALT_BYTES;
  const isRight = args.length === 3 && isSalt && /^[1-9]\d*$/.test(factor);
  if (!isRight) throw new Error('invalid scrypt lines');

  return { salt, workFactor: Number(factor) };
}

function open(body: Uint8Array, key: Buffer): Uint8Array | null {
  const at = body.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, NONCE, TAG);
  decipher.setAuthTag(body.subarray(at));

  try {
    return Buffer.concat([
      decipher.update(body.subarray(0, at)),
      decipher.final(),
    ]);
  } catch {
    return null;
  }
}

const scryptAside = promisify<
  string,
  Buffer,
  number,
  { N: number; r: number; p: number; maxmem: number },
  Buffer
>(scrypt);

/** Takes 128 bytes of memory for each block of each step: 256 MiB. */
function derive(
  passphrase: string,
  salt: Uint8Array,
  workFactor: number,
): Promise<Buffer> {
  const N = 2 ** workFactor;
  const maxmem = 130 * BLOCK * (N + 2);
  const salted = Buffer.concat([Buffer.from(LABEL), salt]);

  return scryptAside(passphrase, salted, KEY_BYTES, {
    N,
    r: BLOCK,
    p: 1,
    maxmem,
  });
}
