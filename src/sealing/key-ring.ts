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
  headerIn,
  type Identities,
  isForPassphrase,
  isSealed,
  unwrapFileKey,
} from './age-headers.js';
import { readIdentities } from './identity-file.js';
import { payloadKey, SALT_BYTES } from './payload.js';
import type { Payload } from './unsealed-source.js';

/** Where the identities of a process come from. */
export interface IdentitySource {
  /** The file that holds them; undefined where none is named. @param usual the one of the place that is read */
  findFile(usual: string | undefined): Promise<string | undefined>;
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

/** Says whether this process has anything to open sealed files with; nobody is asked. @param usualFile that of the place */
export async function holdsIdentity(usualFile?: string): Promise<boolean> {
  if (!source) return false;

  return (
    source.hasPassphrase === true ||
    (await source.findFile(usualFile)) !== undefined
  );
}

/** Says where identities come from, until others say so. */
export function offerIdentities(offered: IdentitySource | undefined): void {
  source = offered;
  identities.clear();
  passphrase = undefined;
}

/**
 * What opens the chunks of a sealed file.
 * @throws {SealedError} where no identity of this process does · {DamagedArchiveError} where its header is none
 */
export async function findPayload(
  sealed: RandomAccessSource,
  usualFile?: string,
): Promise<Payload> {
  const { header, salt } = await readHead(sealed);
  const opener = await openerOf(header, sealed.name, usualFile);
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
  usualFile: string | undefined,
): Promise<Opener> {
  if (!source) throw withoutIdentity(name);

  if (isForPassphrase(header)) {
    passphrase ??= source.askPassphrase('the sealed archives');

    return {
      keys: [],
      passphrases: [await passphrase],
      words: 'that passphrase',
    };
  }

  const reading = identities.get(usualFile) ?? readFile(source, usualFile);
  identities.set(usualFile, reading);
  const { file, keys } = await reading;
  if (file === undefined) throw withoutIdentity(name);

  return { keys, passphrases: [], words: `an identity in ${file}` };
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
    hints: ['Name another file of identities with --identity FILE.'],
  });
}
