import { type Component, COMPONENTS } from '../store/components.js';
import { directoryRuns } from '../archive/zip/directory-runs.js';
import { isMessageAt } from '../archive/entry-kind.js';
import { wholeName } from '../archive/entry-names.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { placeOf } from '../store/entry-place.js';
import { countedMailboxOf } from '../store/mail-names.js';
import { parseVolumeName } from '../archive/names.js';
import type { ReadArchive } from '../archive/verify.js';
import { holdsMessages } from '../store/message-file.js';
import type { OpenChain } from './entries.js';

/** What is wanted of a point, as far as damage may concern it. */
export interface Want {
  /** The parts of a mail server; undefined: everything. */
  readonly components: ReadonlySet<Component> | undefined;
  /** Of the mail, the mailboxes as a summary names them; undefined: all. */
  readonly isMailboxWanted: ((mailbox: string) => boolean) | undefined;
  /** Single messages are wanted: what is there is all there can be. */
  readonly isByName: boolean;
}

/**
 * Whether an archive has all of what is wanted although volumes of it are lost. Two things can prove it:
 * - mail: the summary says how many messages each mailbox has, and the volumes that are left have as many;
 * - other parts: an archive holds its parts one after the other, and the neighbours of the lost volume lie beyond them.
 * Of a differential only the second: a message that the lost volume replaces is still there, as it was in the full.
 */
export function isProvenWhole(
  chain: OpenChain,
  opened: ReadArchive,
  want: Want,
): boolean {
  const { components } = want;
  if (!components) return false;

  const wantsMail = components.has('mail');
  const others = [...components].filter((component) => component !== 'mail');
  const isDifferential =
    chain.archives.length > 1 && opened === chain.archives.at(-1);
  if (isDifferential && (wantsMail || isFirstLost(opened))) return false;

  return (
    (!wantsMail || want.isByName || hasAllMessages(chain, want)) &&
    liesBeside(opened, others)
  );
}

/** The first volume says which full a differential belongs to, and what was deleted. */
function isFirstLost({ archive }: ReadArchive): boolean {
  return archive.lost.some(
    ({ volume }) => parseVolumeName(volume)?.volume === 0,
  );
}

/** Compares the messages of each wanted mailbox with what the point's summary says of it. */
function hasAllMessages(chain: OpenChain, want: Want): boolean {
  const expected = chain.archives.at(-1)?.facts.summary?.mailboxes;
  if (!expected) return false;

  const found = countMessages(chain);
  const wanted = [...new Set([...expected.keys(), ...found.keys()])].filter(
    (mailbox) => want.isMailboxWanted?.(mailbox) ?? true,
  );

  return wanted.every(
    (mailbox) => (found.get(mailbox) ?? 0) === (expected.get(mailbox) ?? 0),
  );
}

/** The messages of a point that can be seen, by mailbox. */
function countMessages({ archives, hidden }: OpenChain): Map<string, number> {
  const counts = new Map<string, number>();
  const last = archives.at(-1);

  for (const opened of archives) {
    for (const { table } of opened.archive.volumes) {
      for (const { prefix, start, end } of directoryRuns(table)) {
        const mailbox = countedMailboxOf(prefix);
        if (mailbox === undefined) continue;

        const hiddenNames = opened === last ? undefined : hidden?.get(prefix);
        const isInMail = holdsMessages(prefix);
        let messages = 0;

        for (let index = start; index < end; index++) {
          const isHidden =
            hiddenNames?.has(wholeName(table.name(index))) === true;
          if (!isHidden && isMessageAt(table, index, isInMail)) messages++;
        }

        if (messages > 0) {
          counts.set(mailbox, (counts.get(mailbox) ?? 0) + messages);
        }
      }
    }
  }

  return counts;
}

/** Whether the parts come before, or after, everything that the lost volumes can hold. */
function liesBeside(
  opened: ReadArchive,
  components: readonly Component[],
): boolean {
  if (components.length === 0) return true;

  const { archive, facts } = opened;
  // In which order the server lays its parts is known from few archives.
  if (
    facts.version?.tool === undefined &&
    facts.summary?.volumes === undefined
  ) {
    return false;
  }

  const volumes = archive.volumes.map(({ file, table }) => ({
    number: parseVolumeName(file.name)?.volume ?? 0,
    ranks: ranksOf(table),
  }));

  return archive.lost.every(({ volume }) => {
    const lost = parseVolumeName(volume)?.volume ?? 0;
    const before =
      volumes
        .findLast(({ number, ranks }) => number < lost && ranks.length > 0)
        ?.ranks.at(-1) ?? -1;

    const after =
      volumes.find(({ number, ranks }) => number > lost && ranks.length > 0)
        ?.ranks[0] ?? Infinity;
    const ranks = components.map((component) => COMPONENTS.indexOf(component));

    return ranks.every((rank) => rank < before || rank > after);
  });
}

/** Which parts a volume's first and last file belong to, by their order. */
function ranksOf(table: EntryTable): number[] {
  const [first, last] = [
    rankFrom(table, 0, 1),
    rankFrom(table, table.count - 1, -1),
  ];

  return first === undefined || last === undefined ? [] : [first, last];
}

/** The rank of the first file from `start` on. */
function rankFrom(
  table: EntryTable,
  start: number,
  step: 1 | -1,
): number | undefined {
  for (let index = start; index >= 0 && index < table.count; index += step) {
    // Directories come after all files.
    const place = table.isDirectory(index)
      ? undefined
      : placeOf(table.name(index));
    if (place) return COMPONENTS.indexOf(place.component);
  }

  return undefined;
}
