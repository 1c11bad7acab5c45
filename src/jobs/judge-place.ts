/** Says whether a backup directory is the one that archives were in, by what is found there and what is known of it. Pure. */
import type { PlaceMarker } from '../archive/place-marker.js';
import type { KnownPlace } from '../server/known-places.js';
import { formatAge, plural } from '../platform/units.js';

/** A backup directory as it is now. */
export interface FoundPlace {
  readonly isThere: boolean;
  readonly marker: PlaceMarker | undefined;
  readonly archives: readonly string[];
  /** It lies on another file system than the server's install directory. */
  readonly isApart: boolean;
}

/** The things that the server remembers. */
export interface RememberedPlace {
  /** Undefined where no backup went there before. */
  readonly place: KnownPlace | undefined;
  /** Of every backup directory of this server. */
  readonly ids: ReadonlySet<string>;
  /** The server's name. */
  readonly server: string;
}

export interface PlaceVerdict {
  /** Why it seems to be another place than the one with the archives, said of the directory: `has no archives`; undefined where it is that place, or a first one. */
  readonly fault: string | undefined;
  /** The place belongs to another server; said of the directory: `is marked as …`. */
  readonly warning: string | undefined;
}

export function judgePlace(
  found: FoundPlace,
  remembered: RememberedPlace,
): PlaceVerdict {
  const { place } = remembered;
  const foreign = findForeign(found, remembered);

  if (!place || place.archives.length === 0) {
    return { fault: undefined, warning: foreign };
  }

  const fault = findFault(found, remembered, place);

  return { fault, warning: fault === undefined ? foreign : undefined };
}

function findForeign(
  { marker }: FoundPlace,
  { ids, server }: RememberedPlace,
): string | undefined {
  if (!marker || isOwn(marker, ids, server)) return undefined;

  return `is marked as the backup directory of ${marker.server}: each of two servers would rotate the archives of both`;
}

/** A server that was renamed knows the id; one that was moved to another machine has its name. */
export function isOwn(
  marker: PlaceMarker,
  ids: ReadonlySet<string>,
  server: string,
): boolean {
  return ids.has(marker.id) || marker.server === server;
}

function findFault(
  { isThere, marker, archives, isApart }: FoundPlace,
  { ids, server }: RememberedPlace,
  place: KnownPlace,
): string | undefined {
  if (!isThere) return 'is not there';
  if (marker && marker.id === place.ids.at(-1)) return undefined;
  if (archives.some((name) => place.archives.includes(name))) return undefined;

  if (!marker) {
    return archives.length === 0 ? 'has no archives' : 'has other archives';
  }

  if (!isOwn(marker, ids, server)) {
    return `is marked as that of ${marker.server}`;
  }

  return isBelowMount(place, isApart)
    ? "lies on the server's own disk now"
    : undefined;
}

/** What lies below a mount point may have a marker too, of a night without the disk. */
const isBelowMount = (before: KnownPlace, isApart: boolean): boolean =>
  before.isApart && !isApart;

/** `14 archives were here last night`. */
export function describeBefore(
  { archives, at }: Pick<KnownPlace, 'archives' | 'at'>,
  now: Date,
): string {
  const were = archives.length === 1 ? 'was' : 'were';

  return `${plural(archives.length, 'archive')} ${were} here ${describeMoment(at, now)}`;
}

const NIGHT_BEGINS = 18;
const NIGHT_ENDS = 9;
const LAST_NIGHT_MS = 36 * 3_600_000;

function describeMoment(at: Date, now: Date): string {
  const ageMs = now.getTime() - at.getTime();
  const hour = at.getHours();
  const isNight = hour >= NIGHT_BEGINS || hour < NIGHT_ENDS;

  return isNight && ageMs < LAST_NIGHT_MS
    ? 'last night'
    : `${formatAge(Math.max(0, ageMs))} ago`;
}
