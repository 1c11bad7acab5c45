import { closeSync, fsyncSync, openSync, readFileSync } from 'node:fs';
import { writeFully } from '../platform/atomic-file.js';
import { isJsonObject } from '../platform/own-file.js';
import { exists } from '../server/recover-state.js';

/**
 * The list of what an additive recover adds, one JSON text a line. A line is on the disk before what it names is done, so that
 * a rollback finds everything: what was not done after all is not there.
 */

/** A directory as it was, or a change in it. */
export type AddedLine =
  | DirectoryBefore
  /** A directory that was not there. */
  | { readonly kind: 'made'; readonly path: string }
  | AddedFile
  | FileAside
  /** Nothing is missing: a later call begins a list of its own. */
  | { readonly kind: 'end' };

/** A directory in which something is added, as it was. */
export interface DirectoryBefore {
  readonly kind: 'directory';
  readonly path: string;
  /** Ticks of 100 ns since 1970-01-01 UTC, in decimal. */
  readonly mtimeTicks: string;
  /** SHA-256 of the names in it, hexadecimal. */
  readonly names: string;
  /** The same of its messages alone. */
  readonly messages: string;
}

/** A file that is put where none was. */
export interface AddedFile {
  readonly kind: 'message' | 'file';
  readonly path: string;
  /** What `identityOf` says of it. */
  readonly identity: string;
}

/** A live file that got another name. */
export interface FileAside {
  readonly kind: 'aside';
  readonly path: string;
  readonly aside: string;
  /** The directory of the messages that it describes. */
  readonly holder: string;
}

const KINDS: ReadonlySet<unknown> = new Set([
  'directory',
  'made',
  'message',
  'file',
  'aside',
  'end',
]);

/** Adds lines to a list, which is made with the first of them. @throws {Error} the operating system's */
export function writeAdded(path: string, lines: readonly AddedLine[]): void {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  // A line that a full disk or a crash cut short ends here.
  const separator = exists(path) ? '\n' : '';
  const fd = openSync(path, 'a', 0o600);

  try {
    writeFully(fd, Buffer.from(separator + text));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The lines of a list; one that is not there has none, and a line that was cut short names nothing that was done. */
export function readAdded(path: string): AddedLine[] {
  if (!exists(path)) return [];

  return readFileSync(path, 'utf8').split('\n').flatMap(parseLine);
}

/** True where the call that wrote the list has come to its end. */
export function isEnded(lines: readonly AddedLine[]): boolean {
  return lines.at(-1)?.kind === 'end';
}

function parseLine(line: string): AddedLine[] {
  if (line === '') return [];

  try {
    const value: unknown = JSON.parse(line);

    return isLine(value) ? [value] : [];
  } catch {
    return []; // cut short
  }
}

function isLine(value: unknown): value is AddedLine {
  return (
    isJsonObject(value) &&
    KINDS.has(value['kind']) &&
    Object.values(value).every((field) => typeof field === 'string')
  );
}
