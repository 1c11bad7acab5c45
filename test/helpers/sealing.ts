import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import {
  endsEarly,
  type RandomAccessSource,
} from '../../src/archive/zip/source.js';
import { findPayload, offerIdentities } from '../../src/sealing/key-ring.js';
import { Sealer } from '../../src/sealing/sealer.js';
import { unseal } from '../../src/sealing/unsealed-source.js';

/** A pair of keys, as `age-keygen` makes one. */
export interface KeyPair {
  readonly identity: string;
  readonly recipient: string;
}

export async function newKeyPair(): Promise<KeyPair> {
  const identity = await generateX25519Identity();

  return { identity, recipient: await identityToRecipient(identity) };
}

/** The bytes of a file in memory. */
export function memorySource(bytes: Buffer): RandomAccessSource {
  const slice = (offset: number, length: number): Buffer => {
    if (offset + length > bytes.length) {
      throw endsEarly(bytes.length, offset + length);
    }

    return bytes.subarray(offset, offset + length);
  };

  return {
    name: 'sealed',
    sizeBytes: bytes.length,
    read: (offset, length) => Promise.resolve(slice(offset, length)),
    readInto: (into, offset) => {
      into.set(slice(offset, into.length));
    },
    close: () => undefined,
  };
}

/** A sealed file. @param cuts where the stream of bytes is cut into pieces */
export async function sealWhole(
  recipients: readonly string[],
  plain: Buffer,
  cuts: readonly number[] = [],
): Promise<Buffer> {
  const sealer = await Sealer.for(recipients);
  const edges = [0, ...[...cuts].sort((a, b) => a - b), plain.length];

  const pieces = edges
    .slice(1)
    .map((end, at) => sealer.push(plain.subarray(edges[at], end)));

  return Buffer.concat([sealer.head, ...pieces, sealer.end()]);
}

/** Opens a sealed file with the identities in this file, or this passphrase. */
export async function openWhole(
  sealed: Buffer,
  { file, passphrase = '' }: { file?: string; passphrase?: string },
): Promise<RandomAccessSource> {
  offerIdentities({
    findFile: () => Promise.resolve(file),
    askPassphrase: () => Promise.resolve(passphrase),
  });
  const source = memorySource(sealed);

  return unseal(source, await findPayload(source));
}
