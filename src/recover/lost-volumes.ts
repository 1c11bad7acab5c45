import { type Component, COMPONENTS } from '../store/components.js';
import { isMessageAt } from '../archive/entry-kind.js';
import type { EntryTable } from '../archive/zip/entry-table.js';
import { placeOf } from '../store/entry-place.js';
import { countedMailboxOf } from '../store/mail-names.js';
import { parseVolumeName } from '../archive/names.js';
import type { OpenVolume } from '../archive/open-archive.js';
import type { ReadArchive } from '../archive/verify.js';
import { holdsMessages } from '../store/message-file.js';
import {
  type ChainIndex,
  type ChainRun,
  runsOf,
} from '../archive/chain-index.js';
import { isHidden } from './index-mail.js';
import { type Want, wantsMailbox } from './want.js';

/**
 * Tells whether an archive has all of what is wanted although volumes of it are lost. Two things can prove it:
 * - mail: the summary says how many messages each mailbox has, and the volumes that are left have as many;
 * - other parts: an archive holds its parts one after the other, and the neighbours of the lost volume lie beyond them.
 * Of a differential only the second: a message that the lost volume replaces is still there, as it was in the full.
 */
export function isProvenWhole(
  chain: ChainIndex,
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

/** Compares the messages of each wanted mailbox with the counts in the point's summary. */
function hasAllMessages(chain: ChainIndex, want: Want): boolean {
  const expected = chain.archives.at(-1)?.facts.summary?.mailboxes;
  if (!expected) return false;

  const present = countMessages(chain);
  const mailboxes = new Set([...expected.keys(), ...present.keys()]);

  return [...mailboxes]
    .filter((mailbox) => wantsMailbox(want, mailbox))
    .every(
      (mailbox) => (present.get(mailbox) ?? 0) === (expected.get(mailbox) ?? 0),
    );
}

/**
 * The wanted mailboxes that had more messages, by the point's summary, than the chain names, and how many. Undefined where
 * nothing says what they had.
 */
export function missingMessages(
  chain: ChainIndex,
  want: Want,
): ReadonlyMap<string, number> | undefined {
  const expected = chain.archives.at(-1)?.facts.summary?.mailboxes;
  const wantsMail = want.components?.has('mail') ?? true;
  if (!expected || !wantsMail) return undefined;

  const present = countMessages(chain);

  const missing = [...expected]
    .filter(([mailbox]) => wantsMailbox(want, mailbox))
    .map(([mailbox, count]): [string, number] => [
      mailbox,
      count - (present.get(mailbox) ?? 0),
    ]);

  return new Map(missing.filter(([, count]) => count > 0));
}

/** The messages of a point that can be seen, by mailbox. */
function countMessages(chain: ChainIndex): Map<string, number> {
  const counts = new Map<string, number>();

  for (const run of runsOf(chain)) {
    const mailbox = countedMailboxOf(run.prefix);
    const messages = mailbox === undefined ? 0 : countInRun(run);

    if (mailbox !== undefined && messages > 0) {
      counts.set(mailbox, (counts.get(mailbox) ?? 0) + messages);
    }
  }

  return counts;
}

function countInRun(run: ChainRun): number {
  const isInMail = holdsMessages(run.prefix);
  let messages = 0;

  for (let index = run.start; index < run.end; index++) {
    const isMessage = isMessageAt(run.table, index, isInMail);
    if (isMessage && !isHidden(run, index)) messages++;
  }

  return messages;
}

/** Tells whether the parts come before, or after, everything that the lost volumes can hold. */
function liesBeside(
  { archive, facts }: ReadArchive,
  components: readonly Component[],
): boolean {
  if (components.length === 0) return true;

  // The order of the parts in the server's own archives is known from few of them.
  const isOurs =
    facts.version?.tool !== undefined || facts.summary?.volumes !== undefined;
  if (!isOurs) return false;

  const volumes = archive.volumes.map(toRankedVolume);
  const wanted = components.map((component) => COMPONENTS.indexOf(component));

  return archive.lost.every(({ volume }) => {
    const number = parseVolumeName(volume)?.volume ?? 0;
    const { before, after } = ranksAround(volumes, number);

    return wanted.every((rank) => rank < before || rank > after);
  });
}

/** A volume by its number, with the ranks of its first and its last part in `COMPONENTS`. */
interface RankedVolume {
  readonly number: number;
  readonly first: number | undefined;
  readonly last: number | undefined;
}

function toRankedVolume({ file, table }: OpenVolume): RankedVolume {
  return {
    number: parseVolumeName(file.name)?.volume ?? 0,
    first: rankFrom(table, 0, 1),
    last: rankFrom(table, table.count - 1, -1),
  };
}

/** The ranks of the nearest parts on both sides of a lost volume: it can only hold those between them. */
function ranksAround(
  volumes: readonly RankedVolume[],
  lost: number,
): { readonly before: number; readonly after: number } {
  const filled = volumes.filter(({ first }) => first !== undefined);
  const before = filled.findLast(({ number }) => number < lost)?.last;
  const after = filled.find(({ number }) => number > lost)?.first;

  return { before: before ?? -1, after: after ?? Infinity };
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
