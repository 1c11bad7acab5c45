import {
  archivesOf,
  type HeaderIndex,
} from '../archive/headers/header-index.js';
import { archiveName } from '../archive/names.js';
import { mailboxPathOf } from './live-mail.js';
import type { FoundRecord } from './read-candidates.js';
import { byPlace, type SearchHit } from './run-search.js';
import { pointWith, sightingOf } from './sightings.js';

/** What was found, message by message, with what the archives know of each. Pure. */

/** A message, and what the archives know of it. */
export interface SightedHit extends SearchHit {
  /** When the newest archive was taken in which it was. */
  readonly lastSeen: Date;
  /** When the first later one was taken that lacks it; undefined where it is in the newest, or nobody can tell. */
  readonly goneSince: Date | undefined;
  readonly isGoneKnown: boolean;
  /** The newest archive that a recover brings it from. */
  readonly archive: string;
}

/** Each message once: one that was moved within its mailbox is shown where it was last. */
export function toHits(
  index: HeaderIndex,
  found: readonly FoundRecord[],
): SightedHit[] {
  const groups = new Map<string, FoundRecord[]>();

  for (const one of found) {
    const key = identityOf(one, index);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }

  return [...groups.values()]
    .map((group) => toSightedHit(index, group))
    .sort(byPlace);
}

/** Mailbox, Message-ID, size and checksum; of a message without a Message-ID its name in place of that. */
function identityOf(
  { hit, record }: FoundRecord,
  { records }: HeaderIndex,
): string {
  const { storePath, messageId, sizeBytes } = hit;
  const id = messageId === '' ? storePath : messageId.toLowerCase();

  return [mailboxPathOf(storePath), id, sizeBytes, records.crcs[record]].join(
    '\n',
  );
}

function toSightedHit(
  index: HeaderIndex,
  group: readonly FoundRecord[],
): SightedHit {
  const { archives } = index;
  const all = group.flatMap(({ record }) => archivesOf(index, record));
  const { lastSeen, goneSince, isGoneKnown } = sightingOf(
    archives,
    new Set(all),
  );

  const [last] = [...group].sort(
    (a, b) =>
      newestOf(index, b) - newestOf(index, a) ||
      (a.hit.name < b.hit.name ? -1 : 1),
  );
  if (!last) throw new Error('a group of no records');

  const points = new Set(archivesOf(index, last.record));
  const from = archives[pointWith(archives, points, last.archive)];

  return {
    ...last.hit,
    lastSeen: new Date(archives[lastSeen]?.takenAtMs ?? 0),
    goneSince:
      goneSince === undefined
        ? undefined
        : new Date(archives[goneSince]?.takenAtMs ?? 0),
    isGoneKnown,
    archive: archiveName(from?.stem ?? ''),
  };
}

const newestOf = (index: HeaderIndex, { record }: FoundRecord): number =>
  archivesOf(index, record)[0] ?? -1;
