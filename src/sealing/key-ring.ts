/**
 * The identities that this process has, as it has a login at a network disk. Whoever opens a sealed file asks for them; until then nobody reads
 * a file of secrets or is asked for a passphrase.
 */
import { readFileSync } from 'node:fs';
import type { RandomAccessSource } from '../archive/zip/source.js';
import {
  ConfigurationError,
  DamagedArchiveError,
  errnoOf,
  SealedError,
} from '../errors.js';
import { toUnreadableSettings } from '../platform/system-error.js';
import {
  expectHeader,
  headerIn,
  type Identities,
  isForPassphrase,
  isSealed,
  unwrapFileKey,
} from './age-headers.js';
import { readIdentities } from './identity-file.js';
import { forgetPassphrases, passphraseIn } from './passphrase-file.js';
import { payloadKey, SALT_BYTES } from './payload.js';
import type { Payload } from './unsealed-source.js';

/** The files of a place that open what is sealed there, where no others are named; absolute. */
export interface UsualSecrets {
  readonly identityFile?: string | undefined;
  readonly passphraseFile?: string | undefined;
}

/** Where the identities of a process come from. */
export interface IdentitySource {
  /** The file that holds them; undefined where none is named. @param usual the one of the place that is read */
  findFile(usual: string | undefined): Promise<string | undefined>;
  /** A passphrase for which nobody is asked; of files, the one with the passphrase of archives. */
  readonly passphraseFile?: string | undefined;
  /** It has a passphrase, for which nobody is asked. */
  readonly hasPassphrase?: boolean;
  /** @throws {UsageError} where there is nobody to ask */
  askPassphrase(of: string): Promise<string>;
}

/** The first bytes that are read of a file; a header for ten recipients of today is shorter. */
const HEAD_BYTES = 16_384;
/** No header is longer. */
const MOST_HEAD_BYTES = 1 << 20;

/** What opens the files that were opened, by names that their openers give. */
export const openedPayloads = new Map<string, Payload>();

let source: IdentitySource | undefined;
/** By the usual file of the place. */
const identities = new Map<string | undefined, Promise<IdentitiesOfFile>>();
let passphrase: Promise<string> | undefined;

/** The keys of a file, and the file. */
interface IdentitiesOfFile {
  readonly file: string | undefined;
  readonly keys: readonly string[];
}

/** Says whether this process has anything to open sealed files with; nobody is asked. @param usual that of the place */
export async function holdsIdentity(
  usual: UsualSecrets = {},
): Promise<boolean> {
  if (!source) return false;

  const { hasPassphrase = false, passphraseFile } = source;
  if (hasPassphrase || (passphraseFile ?? usual.passphraseFile)) return true;

  return (await source.findFile(usual.identityFile)) !== undefined;
}

/** Says where identities come from, until others say so. */
export function offerIdentities(offered: IdentitySource | undefined): void {
  source = offered;
  identities.clear();
  passphrase = undefined;
  forgetPassphrases();
}

/**
 * What opens the chunks of a sealed file.
 * @throws {SealedError} where no identity of this process does · {DamagedArchiveError} where its header is none
 */
export async function findPayload(
  sealed: RandomAccessSource,
  usual: UsualSecrets = {},
): Promise<Payload> {
  if (source) expectHeader();

  const { header, salt } = await readHead(sealed);
  const opener = await openerOf(header, sealed.name, usual);
  const fileKey = await unwrapFileKey(header, opener, sealed.name);
  if (!fileKey) throw sealedForOthers(sealed.name, opener);

  return {
    key: payloadKey(fileKey, salt),
    startBytes: header.length + SALT_BYTES,
  };
}

/** The header of a sealed file, and what stands between it and the chunks. */
async function readHead(
  sealed: RandomAccessSource,
): Promise<{ header: Buffer; salt: Buffer }> {
  const { name, sizeBytes } = sealed;

  for (const most of [HEAD_BYTES, MOST_HEAD_BYTES]) {
    const bytes = await sealed.read(0, Math.min(most, sizeBytes));
    if (!isSealed(bytes)) break;

    const header = headerIn(bytes);
    const end = header ? header.length + SALT_BYTES : Infinity;
    if (header && end <= bytes.length) {
      return { header, salt: bytes.subarray(header.length, end) };
    }
  }

  throw new DamagedArchiveError(`${name} has no whole header of age`);
}

/** What opens files with such a header, and what messages call it. */
interface Opener extends Identities {
  readonly words: string;
}

async function openerOf(
  header: Buffer,
  name: string,
  { identityFile, passphraseFile }: UsualSecrets,
): Promise<Opener> {
  if (!source) throw withoutIdentity(name);
  if (isForPassphrase(header)) {
    return openerByPassphrase(source, passphraseFile);
  }

  const reading =
    identities.get(identityFile) ?? readFile(source, identityFile);
  identities.set(identityFile, reading);
  const { file, keys } = await reading;
  if (file === undefined) throw withoutIdentity(name);

  return { keys, passphrases: [], words: `an identity in ${file}` };
}

/** What is named for this call, else what the place has, else what somebody types. */
async function openerByPassphrase(
  from: IdentitySource,
  usual: string | undefined,
): Promise<Opener> {
  const { passphraseFile, hasPassphrase = false } = from;
  const file = passphraseFile ?? (hasPassphrase ? undefined : usual);

  if (file !== undefined) {
    return {
      keys: [],
      passphrases: [passphraseIn(file)],
      words: `the passphrase in ${file}`,
    };
  }

  passphrase ??= from.askPassphrase('the sealed archives');

  return {
    keys: [],
    passphrases: [await passphrase],
    words: 'that passphrase',
  };
}

async function readFile(
  from: IdentitySource,
  usualFile: string | undefined,
): Promise<IdentitiesOfFile> {
  const file = await from.findFile(usualFile);
  if (file === undefined) return { file, keys: [] };

  const bytes = readSecret(file);
  const ask = (): Promise<string> => from.askPassphrase(file);

  return { file, keys: await readIdentities(bytes, file, ask) };
}

function readSecret(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') {
      throw new ConfigurationError(`there is no file of identities ${file}`);
    }

    throw toUnreadableSettings(error, 'cannot read the identity file', [
      'Name the file that age-keygen wrote.',
    ]);
  }
}

function withoutIdentity(name: string): SealedError {
  return new SealedError(`${name} is sealed, and no identity was given`, {
    hints: [
      'Name the file that holds the identity, AGE-SECRET-KEY-1…, with --identity FILE.',
    ],
  });
}

function sealedForOthers(name: string, { words }: Opener): SealedError {
  return new SealedError(`${name} is not sealed for ${words}`, {
    hints: [
      'Name another file with --identity FILE, or --passphrase-file FILE where a passphrase seals the archives.',
    ],
  });
}
