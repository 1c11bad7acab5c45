import { closeSync, type Dirent, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.js';
import { readFileHeaders } from '../mail/read-file-headers.js';
import { isMessagePath } from '../store/message-file.js';
import type { SearchHit } from './run-search.js';

/** Of so many messages of a mailbox each is looked for in its own place before all of the mailbox is read. */
const FEW_MESSAGES = 32;

/** A message of an archive, as it is looked for in the store. */
export type SoughtMessage = Pick<SearchHit, 'storePath' | 'messageId'>;

/**
 * The mail of the live store. A message that was moved to another folder of its mailbox is still there: it is known by its
 * Message-ID. One without a Message-ID counts as there while a file of its name is.
 */
export class LiveMail {
  /** The marks of mailboxes that were read whole. */
  readonly #marks = new Map<string, ReadonlySet<string>>();
  readonly #asked = new Map<string, number>();

  /** @param storeDir mail that moves meanwhile is no error */
  constructor(private readonly storeDir: string) {}

  has({ storePath, messageId }: SoughtMessage): boolean {
    const mailbox = mailboxPathOf(storePath);
    const id = messageId.toLowerCase();

    if (this.#isEarly(mailbox) && this.#isInItsPlace(storePath, id)) {
      return true;
    }

    return this.#marksOf(mailbox).has(id === '' ? storePath.normalize() : id);
  }

  #isEarly(mailbox: string): boolean {
    const asked = this.#asked.get(mailbox) ?? 0;
    this.#asked.set(mailbox, asked + 1);

    return asked < FEW_MESSAGES && !this.#marks.has(mailbox);
  }

  #isInItsPlace(storePath: string, id: string): boolean {
    return readMessageId(join(this.storeDir, storePath))?.toLowerCase() === id;
  }

  #marksOf(mailbox: string): ReadonlySet<string> {
    let marks = this.#marks.get(mailbox);

    if (!marks) {
      marks = new Set(readMessageMarks(join(this.storeDir, mailbox), mailbox));
      this.#marks.set(mailbox, marks);
    }

    return marks;
  }
}

/** Those of the hits that are no longer in the store. */
export function onlyDeleted(
  hits: readonly SearchHit[],
  storeDir: string,
): SearchHit[] {
  const live = new LiveMail(storeDir);

  return hits.filter((hit) => !live.has(hit));
}

/** `mail/example.com/alice`, or `mail/#public`. */
export function mailboxPathOf(storePath: string): string {
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

    const id = readMessageId(path) ?? '';
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

const NO_FILE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR']);

/** Undefined where there is no such file. */
function readMessageId(path: string): string | undefined {
  try {
    const fd = openSync(path, 'r');
    try {
      return readFileHeaders(fd).messageId;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // The live store moves while it is read, and a directory may be a file by now.
    if (NO_FILE.has(errnoOf(error) ?? '')) return undefined;

    throw error;
  }
}
