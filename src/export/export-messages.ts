import { setImmediate as nextTurn } from 'node:timers/promises';
import { statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { KmsError } from '../errors.js';
import { toSystemError } from '../platform/system-error.js';
import {
  openOutputFile,
  outputError,
  STANDARD_OUTPUT,
  type OutputFile,
} from '../platform/output-file.js';
import { OutputTree } from '../platform/output-tree.js';
import type { OnProgress } from '../platform/progress.js';
import { type ExportedMessage, folderOf } from './exported-message.js';
import {
  layOutFolders,
  layOutMaildir,
  layOutMbox,
  layOutMboxFiles,
} from './layouts.js';
import { packArchive, type PackFormat } from './pack-archive.js';
import type { PackEntry } from './pack-entry.js';

/** The formats of an export. */
export type ExportFormat = 'zip' | 'tar' | 'tar.gz' | 'mbox' | 'maildir';

export interface ExportOptions {
  readonly messages: AsyncIterable<ExportedMessage>;
  /** The number of mailboxes, folders and messages of a selection. A Maildir and an mbox separate several mailboxes and folders. */
  readonly scope: {
    readonly mailboxes: number;
    readonly folders: number;
    readonly messages: number;
  };
  readonly format: ExportFormat;
  /** A file, a directory (Maildir; mbox with a final `/`: one file a folder) or `-` for standard output. */
  readonly output: string;
  readonly overwrite: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

export interface ExportReport {
  readonly format: ExportFormat;
  readonly output: string;
  readonly messages: number;
  /** Of the messages, before packing. */
  readonly sizeBytes: number;
}

const MESSAGES_A_TURN = 64;

/**
 * Writes messages in the wanted format. The output appears under its name when it is whole; after any error nothing does.
 * @throws {UsageError} when the output exists or cannot be made there
 * @throws {FailedError} when it cannot be written: disk full, a reader that ended, a directory that vanished
 */
export async function exportMessages(
  options: ExportOptions,
): Promise<ExportReport> {
  const counter = { messages: 0, sizeBytes: 0 };
  const counted: ExportOptions = {
    ...options,
    messages: countMessages(options, counter),
  };

  const isTree = isTreeOutput(options.format, options.output);

  await (isTree ? writeTree(counted) : writeFile(counted));

  return { format: options.format, output: options.output, ...counter };
}

async function* countMessages(
  options: ExportOptions,
  counter: { messages: number; sizeBytes: number },
): AsyncGenerator<ExportedMessage> {
  for await (const message of options.messages) {
    // Reading and writing are done in one go: without a pause no signal would be heard.
    if (counter.messages % MESSAGES_A_TURN === 0) await nextTurn();
    options.signal?.throwIfAborted();
    yield message;
    counter.messages++;
    counter.sizeBytes += message.bytes.length;
    options.onProgress?.({
      phase: 'exporting',
      doneItems: counter.messages,
      totalItems: options.scope.messages,
      doneBytes: counter.sizeBytes,
      current: folderOf(message),
    });
  }
}

/** The packing that an output's name asks for, for formats that are not packed by themselves. */
function packingOf(output: string): PackFormat | undefined {
  if (/\.zip$/i.test(output)) return 'zip';
  if (/\.(tar\.gz|tgz)$/i.test(output)) return 'tar.gz';
  // A Maildir has many files: on standard output it can only be a tar.
  return /\.tar$/i.test(output) || output === STANDARD_OUTPUT
    ? 'tar'
    : undefined;
}

function isTreeOutput(format: ExportFormat, output: string): boolean {
  if (format === 'maildir') return packingOf(output) === undefined;
  if (format !== 'mbox' || output === STANDARD_OUTPUT) return false;
  return (
    /[/\\]$/.test(output) ||
    (statSync(output, { throwIfNoEntry: false })?.isDirectory() ?? false)
  );
}

async function writeTree(options: ExportOptions): Promise<void> {
  const separator = process.platform === 'win32' ? ';' : ':';
  const entries =
    options.format === 'maildir'
      ? layOutMaildir(options.messages, maildirOptions(options, separator))
      : layOutMboxFiles(options.messages);

  let tree: OutputTree | undefined;

  try {
    tree = new OutputTree(options.output);

    for await (const { name, bytes, modifiedAt } of entries) {
      if (bytes) tree.append(name, bytes, modifiedAt);
      else tree.addDirectory(name);
    }

    tree.commit();
  } catch (error) {
    tree?.discard();
    throw toExportError(options, error);
  }
}

async function writeFile(options: ExportOptions): Promise<void> {
  let file: OutputFile | undefined;
  try {
    file = openOutputFile(options.output, options.overwrite);
    await writeStream(options, file);
    file.commit();
  } catch (error) {
    await file?.discard();
    throw toExportError(options, error);
  }
}

function writeStream(options: ExportOptions, file: OutputFile): Promise<void> {
  if (options.format === 'mbox') {
    const signal = options.signal ? { signal: options.signal } : {};
    const bytes = layOutMbox(options.messages, options.scope.folders > 1);

    return pipeline(bytes, file.stream, { end: file.endsStream, ...signal });
  }

  const isMaildir = options.format === 'maildir';
  const entries: AsyncIterable<PackEntry> = isMaildir
    ? layOutMaildir(options.messages, maildirOptions(options, ':'))
    : layOutFolders(options.messages);

  const format =
    options.format === 'maildir'
      ? (packingOf(options.output) ?? 'tar')
      : options.format;

  return packArchive(format, entries, { ...file, signal: options.signal });
}

function maildirOptions(
  options: ExportOptions,
  separator: ':' | ';',
): { hasManyMailboxes: boolean; separator: ':' | ';' } {
  return { hasManyMailboxes: options.scope.mailboxes > 1, separator };
}

/** Errors of the archive stay what they are; the system's are about the output. */
function toExportError(options: ExportOptions, error: unknown): unknown {
  if (options.signal?.aborted) return options.signal.reason;
  if (error instanceof KmsError) return error;

  // Nothing else is read through a descriptor.
  const isRead =
    error instanceof Error && 'syscall' in error && error.syscall === 'read';
  const unread = isRead
    ? toSystemError(error, { fact: 'an archive cannot be read' })
    : undefined;

  return unread ?? outputError(options.output, error);
}
