/**
 * The plan of an additive recover of one folder: mail is added under names of its own and nothing is overwritten. Pure.
 */

import { formatMessageFile } from '../store/message-file.js';
import { FOLDER_FILES, REBUILT_FILES } from '../store/store-path.js';

/** A message as far as the plan must tell it from others. */
export interface KnownMessage {
  /** The file's name: `0000000a.eml`. */
  readonly name: string;
  /** Stands for the whole content: messages of one text are equal. */
  readonly content: string;
}

/** The content of a message by checksum and size: those of one text are perhaps equal. */
export function contentKey(crc: number, sizeBytes: number): string {
  return `${crc.toString(16)}:${sizeBytes}`;
}

/** The step for one message of the archive. */
export type AdditiveStep =
  | { readonly kind: 'add'; readonly name: string; readonly as: string }
  /** Another message has its name. */
  | { readonly kind: 'rename'; readonly name: string; readonly as: string }
  /** The folder holds it already, perhaps under another name. */
  | { readonly kind: 'skip'; readonly name: string; readonly sameAs: string };

/** The live folder; an absent one has no messages and no files. */
export interface LiveFolder {
  readonly messages: readonly KnownMessage[];
  /** Every name in `#msgs`, also of files that are no messages. */
  readonly names: readonly string[];
  /** The files beside `#msgs`: `status.fld`, `index.fld`, … */
  readonly files: readonly string[];
}

/** The folder as the archive has it, and what is done about the live index. */
export interface ArchivedMail {
  readonly messages: readonly KnownMessage[];
  /**
   * The files beside its messages. Only `FOLDER_FILES` come from the archive: what describes single messages (index, search, indexlog)
   * would name messages that are not there.
   */
  readonly files: readonly string[];
  /** The live index is set aside, so that the server makes it anew. */
  readonly reindexes: boolean;
}

export interface AdditivePlan {
  readonly steps: readonly AdditiveStep[];
  /** Files of the archive's folder that are written: `status.fld` and the like, where the live folder has none. */
  readonly addFiles: readonly string[];
  /**
   * What describes single messages of the live folder, where the server is to make it anew. Else it stays: flags live in index.fld alone,
   * and a server supplements what its index does not name (docs/kerio.md 7.3). Set aside, not removed: whoever needs the flags back
   * finds them.
   */
  readonly setAside: readonly string[];
}

const LARGEST_NAME = 0xffffffff;

/**
 * Plans one folder. Messages keep their order; the same input gives the same plan, and applied twice the second run
 * skips everything the first one added.
 * Example: live `00000001` (A) and `00000002` (B); archive `00000001` (C), `00000002` (B), `00000005` (D):
 * C is renamed to `00000006`, B is skipped, D is added as `00000005`.
 * @throws {RangeError} when no hexadecimal name is free
 */
export function planAdditive(
  live: LiveFolder,
  archived: ArchivedMail,
): AdditivePlan {
  const present = new Map(
    live.messages.map(({ content, name }) => [content, name]),
  );
  const taken = new Set(live.names.map(foldName));
  const reserved = new Set(archived.messages.map(({ name }) => foldName(name)));
  const nextFree = freeNames(taken, reserved);

  const steps = archived.messages.map((message): AdditiveStep => {
    const { name, content } = message;
    const sameAs = present.get(content);
    if (sameAs !== undefined) return { kind: 'skip', name, sameAs };

    const isFree = !taken.has(foldName(name));
    const as = isFree ? name : nextFree();

    taken.add(foldName(as));
    present.set(content, as);

    return { kind: isFree ? 'add' : 'rename', name, as };
  });

  const isChanged = steps.some(({ kind }) => kind !== 'skip');
  const missing = archived.files.filter(
    (file) => FOLDER_FILES.has(file) && !live.files.includes(file),
  );

  return {
    steps,
    addFiles: missing,
    setAside:
      isChanged && archived.reindexes
        ? REBUILT_FILES.filter((file) => live.files.includes(file))
        : [],
  };
}

/** Windows and macOS do not tell `0000000A.eml` from `0000000a.eml`, macOS not a composed name from a decomposed one. */
function foldName(name: string): string {
  return name.normalize().toLowerCase();
}

/**
 * Names above every known one, as the server gives them: 8 lower-case hexadecimal digits, counting up. When the numbers
 * are used up at the top, the lowest free one.
 */
function freeNames(
  taken: ReadonlySet<string>,
  reserved: ReadonlySet<string>,
): () => string {
  let next = 1;
  for (const name of [...taken, ...reserved]) {
    next = Math.max(next, numberOf(name) + 1);
  }

  let lowest = 1;

  return () => {
    while (next <= LARGEST_NAME) {
      const name = formatMessageFile(next++);
      if (!taken.has(name) && !reserved.has(name)) return name;
    }

    for (; lowest <= LARGEST_NAME; lowest++) {
      const name = formatMessageFile(lowest);
      if (!taken.has(name) && !reserved.has(name)) return name;
    }

    throw new RangeError('the folder has no free message name left');
  };
}

function numberOf(name: string): number {
  const match = /^([0-9a-f]{1,8})\.eml$/.exec(name);
  return match ? parseInt(match[1] ?? '0', 16) : -1;
}

/** The plan in figures, for a line of the report. */
export function countAdditive(plan: AdditivePlan): {
  add: number;
  rename: number;
  skip: number;
} {
  const count = (kind: AdditiveStep['kind']): number =>
    plan.steps.filter((step) => step.kind === kind).length;
  return { add: count('add'), rename: count('rename'), skip: count('skip') };
}
