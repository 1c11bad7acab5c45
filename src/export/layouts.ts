import { formatMaildirFolder, formatMaildirName } from '../mail/maildir.js';
import { formatMboxMessage } from '../mail/mbox.js';
import { readMessageHeaders } from '../mail/message-headers.js';
import { encodeFolderName } from '../store/folder-name.js';
import { type ExportedMessage, folderOf } from './exported-message.js';
import type { PackEntry } from './pack-entry.js';
import { safeFileName, UniqueNames, UniquePaths } from './safe-names.js';

type Messages = AsyncIterable<ExportedMessage>;

/** Plain .eml files in the folders people know: `example.com/alice/INBOX/Ärzte/0000000a.eml`. */
export async function* layOutFolders(
  messages: Messages,
): AsyncGenerator<PackEntry> {
  const paths = new UniquePaths();
  const files = new UniqueNames();

  for await (const message of messages) {
    const key = folderOf(message);
    const folder = key === '' ? '' : `${paths.pathFor(key, safePath(key))}/`;

    yield {
      name: folder + files.newName(folder, stem(message.name), '.eml'),
      bytes: message.bytes,
      modifiedAt: message.modifiedAt,
    };
  }
}

export interface MaildirOptions {
  /** With several mailboxes each gets a directory of its own; with one, the root is its INBOX. */
  readonly hasManyMailboxes: boolean;
  readonly separator: ':' | ';';
}

/** A Maildir++ tree: `cur`, `new` and `tmp` in every folder, flags in the file names. */
export async function* layOutMaildir(
  messages: Messages,
  options: MaildirOptions,
): AsyncGenerator<PackEntry> {
  const paths = new UniquePaths();
  const begun = new Set<string>();
  let sequence = 0;

  for await (const message of messages) {
    const root =
      options.hasManyMailboxes && message.mailbox !== ''
        ? `${safePath(message.mailbox)}/`
        : '';

    const folder = formatMaildirFolder(
      message.folder.split('/').map(encodeFolderName),
    );
    const key = folderOf(message);
    const prefix =
      folder === '' ? root : `${paths.pathFor(key, `${root}${folder}`)}/`;

    // A reader expects the root's three directories even where INBOX itself holds nothing.
    for (const at of [root, prefix]) {
      if (!begun.has(at)) {
        yield* beginMaildir(at, at !== root, message.modifiedAt);
      }

      begun.add(at);
    }

    const { bytes, modifiedAt, flags } = message;

    const name = formatMaildirName(
      {
        receivedAt: modifiedAt,
        sequence: ++sequence,
        name: stem(message.name),
        sizeBytes: bytes.length,
        flags,
      },
      options.separator,
    );

    yield { name: `${prefix}cur/${name}`, bytes, modifiedAt };
  }
}

function* beginMaildir(
  prefix: string,
  isSubfolder: boolean,
  modifiedAt: Date,
): Generator<PackEntry> {
  for (const part of ['cur/', 'new/', 'tmp/']) {
    yield { name: `${prefix}${part}`, bytes: undefined, modifiedAt };
  }

  // Maildir++ marks a subfolder so that a delivery into it is told from one into a mailbox.
  if (isSubfolder) {
    yield {
      name: `${prefix}maildirfolder`,
      bytes: Buffer.alloc(0),
      modifiedAt,
    };
  }
}

/** The bytes of one mbox file; with several folders each message says in X-Kerio-Folder where it lay. */
export async function* layOutMbox(
  messages: Messages,
  hasManyFolders: boolean,
): AsyncGenerator<Buffer> {
  for await (const message of messages) {
    yield mboxBytes(message, hasManyFolders);
  }
}

/** One mbox file for each folder: pieces to be appended to `example.com/alice/INBOX.mbox`. */
export async function* layOutMboxFiles(
  messages: Messages,
): AsyncGenerator<PackEntry> {
  const paths = new UniquePaths();
  for await (const message of messages) {
    const key = folderOf(message);
    const name = paths.pathFor(key, `${safePath(key)}.mbox`);

    yield {
      name,
      bytes: mboxBytes(message, false),
      modifiedAt: message.modifiedAt,
    };
  }
}

function mboxBytes(message: ExportedMessage, withFolder: boolean): Buffer {
  const headers = readMessageHeaders(message.bytes);
  return formatMboxMessage(message.bytes, {
    sender: headers.from,
    receivedAt: message.modifiedAt,
    flags: message.flags,
    folder: withFolder ? folderOf(message) : undefined,
  });
}

function safePath(path: string): string {
  return path.split('/').map(safeFileName).join('/');
}

function stem(name: string): string {
  return safeFileName(name.replace(/\.eml$/i, ''));
}
