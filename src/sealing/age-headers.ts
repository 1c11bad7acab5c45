/** The headers of age files, and files of identities, by the package of age's author. No other file knows it. */
import type { Stanza } from 'age-encryption';
import {
  ConfigurationError,
  DamagedArchiveError,
  messageOf,
} from '../errors.js';
import {
  unwrapWithPassphrase,
  wrapWithPassphrase,
} from './passphrase-stanza.js';

/** Those who can open what is sealed: `age1…`, or whoever knows what stands in a file. Age forbids both at once. */
export type Recipients = readonly string[] | PassphraseFile;

interface PassphraseFile {
  /** Absolute. */
  readonly passphraseFile: string;
}

/** What opens sealed files. */
export interface Identities {
  /** `AGE-SECRET-KEY-1…` */
  readonly keys: readonly string[];
  readonly passphrases: readonly string[];
}

/** Takes 30 ms to load: whoever has nothing sealed never does. */
const loadAge = async (): Promise<typeof import('age-encryption')> =>
  await import('age-encryption');

/** Loads it while a header is on its way. */
export function expectHeader(): void {
  // Who needs it is told where it cannot be loaded.
  loadAge().catch(() => undefined);
}

const LF = 0x0a;
const FIRST_LINE = 'age-encryption.org/v1\n';
const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----';
/** What the package says of identities that a file was not sealed for. */
const NO_MATCH = /no identity matched/;
const HEADER_END = Buffer.from('\n---');

/** The header of a file from its first bytes; undefined where it goes on behind them. */
export function headerIn(bytes: Buffer): Buffer | undefined {
  const lastLine = bytes.indexOf(HEADER_END);
  const end = lastLine < 0 ? -1 : bytes.indexOf(LF, lastLine + 1);

  return end < 0 ? undefined : bytes.subarray(0, end + 1);
}

/** Says whether a file begins as one that age made. */
export function isSealed(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, FIRST_LINE.length) === FIRST_LINE;
}

/**
 * A new file key, and the header that gives it to the recipients, or to a passphrase.
 * @throws {ConfigurationError} where one of them is no recipient
 */
export async function wrapFileKey(
  recipients: readonly string[] | { readonly passphrase: string },
): Promise<{ header: Buffer; fileKey: Uint8Array }> {
  const { Encrypter, Stanza } = await loadAge();
  const encrypter = new Encrypter();
  let fileKey = new Uint8Array();

  if ('passphrase' in recipients) {
    const { passphrase } = recipients;
    encrypter.addRecipient({
      wrapFileKey: async (key) => {
        const { args, body } = await wrapWithPassphrase(key, passphrase);

        return [new Stanza(args, body)];
      },
    });
  } else {
    addRecipients(encrypter, recipients);
  }

  // One more recipient is handed the key, and takes no place in the header.
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = Uint8Array.from(key);

      return [];
    },
  });

  const file = Buffer.from(await encrypter.encrypt(new Uint8Array()));
  const header = headerIn(file);
  if (!header) throw new Error('age made no header');

  return { header, fileKey };
}

function addRecipients(
  encrypter: import('age-encryption').Encrypter,
  recipients: readonly string[],
): void {
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw new ConfigurationError(`${recipient} is no recipient of age`, {
        hints: ['age-keygen prints one that begins with age1.'],
      });
    }
  }
}

/**
 * The file key that a header gives to these identities; undefined where it is for others.
 * @throws {DamagedArchiveError} where it is no header, or was changed
 */
export async function unwrapFileKey(
  header: Buffer,
  { keys, passphrases }: Identities,
  name: string,
): Promise<Uint8Array | undefined> {
  const { Decrypter } = await loadAge();
  const decrypter = new Decrypter();

  for (const key of keys) decrypter.addIdentity(key);

  for (const phrase of passphrases) {
    decrypter.addIdentity({
      unwrapFileKey: (stanzas: Stanza[]) =>
        unwrapWithPassphrase(stanzas, phrase),
    });
  }

  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    const reason = messageOf(error);
    if (NO_MATCH.test(reason)) return undefined;

    throw new DamagedArchiveError(
      `${name}: its header is not what was sealed: ${reason}`,
    );
  }
}

/** Says whether a header gives its key to whoever knows a passphrase; age writes no other recipient beside. */
export function isForPassphrase(header: Buffer): boolean {
  return header.includes('\n-> scrypt ');
}

/**
 * The content of a file that may be sealed with a passphrase, and may be written in letters (armor). Another file is its own content.
 * @throws {ConfigurationError} where it is not what was sealed, or with another passphrase
 */
export async function openWithPassphrase(
  bytes: Buffer,
  path: string,
  askPassphrase: () => Promise<string>,
): Promise<Buffer> {
  const isArmored = bytes.toString('latin1', 0, ARMOR.length) === ARMOR;
  if (!isArmored && !isSealed(bytes)) return bytes;

  const passphrase = await askPassphrase();
  const { armor, Decrypter } = await loadAge();
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);

  try {
    const sealed = isArmored ? armor.decode(bytes.toString('latin1')) : bytes;

    return Buffer.from(await decrypter.decrypt(sealed));
  } catch (error) {
    throw new ConfigurationError(
      NO_MATCH.test(messageOf(error))
        ? `that passphrase does not open ${path}`
        : `${path} is not what was sealed: ${messageOf(error)}`,
    );
  }
}
