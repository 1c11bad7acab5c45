import { closeSync, type Dirent, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.js';
import {
  HEADER_LIMIT_BYTES,
  holdsAllHeaders,
  readMessageHeaders,
} from '../mail/message-headers.js';
import { isMessagePath } from '../store/message-file.js';
import type { SearchHit } from './run-search.js';
import { readBytes } from '../platform/read-bytes.js';

const FIRST_LOOK_BYTES = 16 << 10;

/**
 * Those of the hits that are no longer in the store. A message that was moved to another folder of its mailbox is still
 * there: it is known by its Message-ID. One without a Message-ID counts as there while a file of its name is.
 * @param storeDir the live store; mail that moves meanwhile is no error
 */
export function onlyDeleted(
  hits: readonly SearchHit[],
  storeDir: string,
): SearchHit[] {
  const live = new Map<string, Set<string>>();
  return hits.filter((hit) => {
    const mailbox = mailboxPathOf(hit.storePath);
    let known = live.get(mailbox);

    if (!known) {
      known = new Set(readMessageMarks(join(storeDir, mailbox), mailbox));
      live.set(mailbox, known);
    }

    return !known.has(
      hit.messageId === ''
        ? hit.storePath.normalize()
        : hit.messageId.toLowerCase(),
    );
  });
}

/** `mail/example.com/alice`, or `mail/#public`. */
function mailboxPathOf(storePath: string): string {
  const levels = storePath.split('/');
  // A message may lie above all mailboxes, in its domain's directory.
  return levels
    .slice(0, Math.min(levels.length - 1, levels[1] === '#public' ? 2 : 3))
    .join('/');
}

/** The Message-IDs, and the paths below the store, composed, of all messages of a mailbox: a disk may decompose names. */
function* readMessageMarks(
  directory: string,
  storePath: string,
): Generator<string> {
  for (const entry of listDirectory(directory)) {
    const [path, below] = [
      join(directory, entry.name),
      `${storePath}/${entry.name}`,
    ];

    if (entry.isDirectory()) yield* readMessageMarks(path, below);
    if (!entry.isFile() || !isMessagePath(below)) continue;

    yield below.normalize();

    const id = readMessageId(path);
    if (id !== '') yield id.toLowerCase();
  }
}

function listDirectory(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    // The mailbox, or a folder of it, is gone: so are its messages.
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

const buffer = Buffer.allocUnsafeSlow(HEADER_LIMIT_BYTES);

function readMessageId(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      let length = readBytes(fd, buffer, 0, FIRST_LOOK_BYTES, 0);
      if (
        length === FIRST_LOOK_BYTES &&
        !holdsAllHeaders(buffer.subarray(0, length))
      ) {
        length += readBytes(fd, buffer, length, buffer.length - length, length);
      }

      return readMessageHeaders(buffer.subarray(0, length)).messageId;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // The live store moves while it is read.
    if (errnoOf(error) === 'ENOENT') return '';

    throw error;
  }
}
