import { CopyRecord } from './copy-record.js';
import { HeldFiles } from './held-files.js';
import type { ListedFile } from './pack-tasks.js';
import { isGoneFault, isHeldFault, type ReadFault } from './read-fault.js';

export interface PackedCounts {
  readonly files: number;
  readonly messages: number;
  /** The bytes of the files, before they are deflated. */
  readonly sourceBytes: number;
}

/** A file that is not in the archive as it should be, and why. */
export interface PackIssue {
  readonly kind: 'unreadable' | 'oversize' | 'unsettled';
  /** The name of its entry. */
  readonly name: string;
  readonly reason: string;
}

/** A file that could not be read, with the system's error where it refused. */
export interface UnreadFile extends ReadFault {
  readonly name: string;
}

/** The record of a run of the packer: the files that are in the archive, and those that are not. */
export class PackRecord {
  readonly issues: PackIssue[] = [];
  /** The issues that are paths which could not be read. */
  readonly unread: UnreadFile[] = [];
  /** Entry names of files that were gone when their turn came. */
  readonly vanished = new Set<string>();
  /** Entry names of files that became several pieces. */
  readonly split: string[] = [];
  readonly held = new HeldFiles();
  /** Why zlib took the place of our own engine, in the first thread that had to say so. */
  engineFault: string | undefined;
  readonly copied = new CopyRecord();
  #counts = { files: 0, messages: 0, sourceBytes: 0 };

  constructor(
    private readonly onProgress: ((packed: PackedCounts) => void) | undefined,
  ) {}

  get counts(): PackedCounts {
    return this.#counts;
  }

  add({ files, messages, sourceBytes }: PackedCounts): void {
    this.#counts.files += files;
    this.#counts.messages += messages;
    this.#counts.sourceBytes += sourceBytes;
    this.onProgress?.(this.#counts);
  }

  /** Bytes of a large file, chunk by chunk; the file itself is counted by `addLargeFile`. */
  addSourceBytes(sourceBytes: number): void {
    this.add({ files: 0, messages: 0, sourceBytes });
  }

  /** @param bytesBefore the bytes that were counted before the first chunk: a file that is packed twice counts once */
  addLargeFile(
    packed: { readonly sizeBytes: number; readonly isMessage: boolean },
    bytesBefore: number,
  ): void {
    this.#counts.sourceBytes = bytesBefore + packed.sizeBytes;
    this.add({ files: 1, messages: packed.isMessage ? 1 : 0, sourceBytes: 0 });
  }

  addIssue(kind: PackIssue['kind'], name: string, reason: string): void {
    this.issues.push({ kind, name, reason });
  }

  /** A file that could not be read: vanished, held by another program for now, or unreadable. */
  addUnread(file: ListedFile, fault: ReadFault): void {
    if (isGoneFault(fault)) this.vanished.add(file.name);
    else if (isHeldFault(fault)) this.held.add(file, fault.errno);
    else this.#addUnreadable(file.name, fault);
  }

  addUnsettled(name: string): void {
    this.addIssue('unsettled', name, 'it changed while it was read, twice');
  }

  #addUnreadable(name: string, { errno, reason }: ReadFault): void {
    this.unread.push({ name, reason, errno });
    this.addIssue('unreadable', name, reason);
  }
}
