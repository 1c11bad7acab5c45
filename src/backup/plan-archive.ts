import type { ArchiveType, DifferentialLetter } from '../archive/names.js';
import { LARGEST_LIST_BYTES } from '../archive/summary.js';
import { codec } from '../archive/zip/codec.js';
import type { DirectoryIdentity } from '../platform/look-again.js';
import type { Component } from '../store/components.js';
import { isMessagePath } from '../store/message-file.js';
import type { Comparison, PlannedFiles } from './comparison.js';
import type { KeptOut } from './kept-out.js';
import type { LeftOut } from './left-out.js';
import type { ListedStore } from './list-store.js';
import type { MailArchive, MessageCounts, ReuseReport } from './request.js';
import type { SkippedPath, WalkedDirectory } from '../store/list-directory.js';

/** The content of one archive, as data alone: a plan can be printed and compared. */
export interface BackupPlan {
  /** A differential without a usable base becomes a full. */
  readonly type: ArchiveType;
  readonly letter: DifferentialLetter;
  /** The full that a differential is measured against. */
  readonly base: BaseName | undefined;
  /** The components that were looked for. */
  readonly components: readonly Component[];
  /** The same where they are fewer than the server includes. */
  readonly parts: readonly Component[] | undefined;
  /** Undefined where it was not asked for, or cannot be taken. */
  readonly mailArchive: MailArchive | undefined;
  /** The files to pack: one list a component, in the archive's order. */
  readonly groups: readonly (readonly PlannedFiles[])[];
  readonly fileCount: number;
  /** The entry names that the base has and the store no longer has; directories end in `/`. */
  readonly deleted: readonly string[];
  /** All directories that were listed. */
  readonly directories: readonly WalkedDirectory[];
  /** Single files, as directories with one name: the configuration. */
  readonly singles: readonly WalkedDirectory[];
  /** Directories that are never entered: those of archives. */
  readonly exclude: readonly DirectoryIdentity[];
  readonly keptOut: KeptOut;
  readonly leftOut: LeftOut;
  readonly messages: Omit<MessageCounts, 'vanished'>;
  readonly skipped: readonly SkippedPath[];
  readonly warnings: readonly string[];
  /** What is to be copied out of older archives; undefined where nothing was asked for. */
  readonly reused: ReuseReport | undefined;
}

/** The name and digest by which a differential names its base. */
interface BaseName {
  readonly stem: string;
  readonly digest: string;
}

/** The decisions besides the comparison. */
export interface PlanChoices {
  readonly type: ArchiveType;
  readonly letter: DifferentialLetter;
  readonly base: BaseName | undefined;
  readonly warnings: readonly string[];
}

/** Packs what is new and changed; where there is no base, everything is new. */
export function planArchive(
  listed: ListedStore,
  comparison: Comparison,
  choices: PlanChoices,
): BackupPlan {
  const { groups } = comparison;

  return {
    ...choices,
    reused: undefined,
    components: listed.components,
    parts: listed.parts,
    mailArchive: listed.mailArchive,
    groups,
    fileCount: groups.flat().reduce((sum, { names }) => sum + names.count, 0),
    deleted: comparison.deleted,
    directories: listed.groups.flatMap(({ directories }) => directories),
    singles: listed.groups.flatMap(({ singles }) => singles),
    exclude: listed.exclude,
    keptOut: listed.keptOut,
    warnings: [...choices.warnings, ...listed.keptOut.warnings],
    leftOut: listed.leftOut,
    messages: countChanges(comparison),
    skipped: listed.skipped,
  };
}

function countChanges({
  messages,
  deleted,
}: Comparison): Omit<MessageCounts, 'vanished'> {
  return {
    total: messages.new + messages.changed + messages.unchanged,
    new: messages.new,
    changed: messages.changed,
    unchanged: messages.unchanged,
    deleted: deleted.filter(isMessagePath).length,
  };
}

/** The text of `.deleted.txt`: an entry name a line. */
export function formatDeleted(deleted: readonly string[]): string {
  return deleted.map((name) => `${name}\n`).join('');
}

/** Says whether the list of deleted names fits beside the version text: a recover looks for it in the first volume. */
export function fitsVolume(
  deleted: readonly string[],
  limitBytes: number,
): boolean {
  const text = formatDeleted(deleted);
  if (text.length > LARGEST_LIST_BYTES) return false;

  const mostBytes = Math.floor(limitBytes / 2);
  if (text.length <= mostBytes) return true;

  // One byte more: an output that is full counts as not fitting.
  const room = Buffer.allocUnsafeSlow(mostBytes + 1);

  return codec.deflate(Buffer.from(text), room, { kind: 'text' }) !== undefined;
}
