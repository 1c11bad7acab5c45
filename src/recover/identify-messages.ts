import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Turns } from '../platform/turns.js';
import { contentKey, type KnownMessage } from './plan-additive.js';
import type { ArchivedMessage } from './archived-folders.js';
import { readIfThere } from './live-folder.js';

/** Telling equal messages from others by all of their bytes: mail is left out only where these are the same. */

/** Messages that lie in one directory. */
export interface DirectoryMessages {
  readonly directory: string;
  readonly messages: readonly ArchivedMessage[];
}

/** The same messages, each with a text for its whole content. */
export interface IdentifiedMessages {
  readonly staged: readonly KnownMessage[];
  readonly live: readonly KnownMessage[];
}

/**
 * The text of a content is its checksum and size where no other message has these; else a digest of the bytes is added, for
 * which a file is read once. A message that is gone meanwhile is left out.
 */
export async function identifyMessages(
  staged: DirectoryMessages,
  live: DirectoryMessages,
  turns: Turns,
): Promise<IdentifiedMessages> {
  const keyed = {
    staged: await addKeys(staged, turns),
    live: await addKeys(live, turns),
  };
  const doubtful = findDoubtful(keyed.staged, keyed.live);

  return {
    staged: await toKnown(keyed.staged, doubtful, turns),
    live: await toKnown(keyed.live, doubtful, turns),
  };
}

interface KeyedMessage {
  readonly name: string;
  readonly path: string;
  /** Checksum and size. */
  readonly key: string;
}

/** A message that was split has no checksum of its own yet. */
async function addKeys(
  { directory, messages }: DirectoryMessages,
  turns: Turns,
): Promise<KeyedMessage[]> {
  const keyed: KeyedMessage[] = [];

  for (const { name, crc, sizeBytes } of messages) {
    const path = join(directory, name);
    const bytes = crc === undefined ? readIfThere(path) : undefined;
    const checksum = bytes ? crc32(bytes) : crc;
    if (checksum === undefined) continue;

    keyed.push({ name, path, key: contentKey(checksum, sizeBytes) });
    await turns.pass();
  }

  return keyed;
}

/** The keys that a staged message shares with another, staged or live. */
function findDoubtful(
  staged: readonly KeyedMessage[],
  live: readonly KeyedMessage[],
): ReadonlySet<string> {
  const once = new Set<string>();
  const doubtful = new Set<string>();

  for (const { key } of staged) {
    if (once.has(key)) doubtful.add(key);
    once.add(key);
  }

  for (const { key } of live) if (once.has(key)) doubtful.add(key);

  return doubtful;
}

async function toKnown(
  messages: readonly KeyedMessage[],
  doubtful: ReadonlySet<string>,
  turns: Turns,
): Promise<KnownMessage[]> {
  const known: KnownMessage[] = [];

  for (const { name, path, key } of messages) {
    if (!doubtful.has(key)) {
      known.push({ name, content: key });
      continue;
    }

    const bytes = readIfThere(path);
    if (bytes) known.push({ name, content: `${key}:${digestOf(bytes)}` });

    await turns.pass();
  }

  return known;
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
