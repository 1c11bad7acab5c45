import type { ArchiveFiles } from './backup-directory.js';
import { isJsonObject } from '../platform/own-file.js';
import { plural } from '../platform/units.js';
import { pathInMail } from '../store/entry-place.js';

/**
 * The damage of an archive, as data: whoever reads decides what it concerns. An archive is a whole only for those who
 * want all of it; everybody else asks whether the volume and the entries that they read are among these.
 */
export type Damage = DamagePlace & DamageExtent;

interface DamagePlace {
  /** The archive's name without its ending: `F20260118T220007Z`. */
  readonly archive: string;
  /** The volume's file name. */
  readonly volume: string;
}

type DamageExtent =
  /** Entries whose bytes are not what their headers promise, by name. */
  | { readonly kind: 'entries'; readonly names: readonly string[] }
  /** Some of a volume's entries; which ones, only reading them tells. */
  | { readonly kind: 'unknown entries'; readonly count: number | undefined }
  /** The volume's list of entries: nothing of the volume can be read, nor what it holds. */
  | { readonly kind: 'central directory'; readonly reason: string }
  | { readonly kind: 'volume missing' };

/** Damage of which nobody can say which entries it concerns: the volume cannot be looked into. */
export type LostVolume = Extract<
  Damage,
  { kind: 'central directory' | 'volume missing' }
>;

export function isLostVolume(damage: Damage): damage is LostVolume {
  return (
    damage.kind === 'central directory' || damage.kind === 'volume missing'
  );
}

/** The way out of every damage, as a hint of its error. */
export const SALVAGE_HINT =
  'Or take all that can be read with recover --salvage or export --salvage: what is missing is named.';

/** More names than these are not kept for a volume: reading it again tells them. */
const MOST_NAMES = 1000;
/** A name may have thousands of bytes. */
const MOST_NAME_BYTES = 64 << 10;

/** Damaged entries of an archive as damage of its volumes; a volume with very many is named as a whole. */
export function toEntryDamage(
  archive: string,
  problems: readonly { readonly volume: string; readonly name: string }[],
): Damage[] {
  const byVolume = new Map<string, Set<string>>();
  for (const { volume, name } of problems) {
    byVolume.set(volume, (byVolume.get(volume) ?? new Set()).add(name));
  }

  return [...byVolume].map(([volume, damaged]): Damage => {
    const place = { archive, volume };
    const names = [...damaged];
    const bytes = names.reduce((sum, name) => sum + Buffer.byteLength(name), 0);
    const isBounded = names.length <= MOST_NAMES && bytes <= MOST_NAME_BYTES;

    return isBounded
      ? { ...place, kind: 'entries', names }
      : { ...place, kind: 'unknown entries', count: names.length };
  });
}

/** The damage without the names of entries: for a record that lies beside sealed archives. */
export function withoutNames(damage: readonly Damage[]): Damage[] {
  return damage.map((one) =>
    one.kind === 'entries'
      ? {
          archive: one.archive,
          volume: one.volume,
          kind: 'unknown entries',
          count: one.names.length,
        }
      : one,
  );
}

/** Returns the damage of an archive of which only the fact of damage is recorded. */
export function anywhereIn({
  stem,
  volumes,
}: Pick<ArchiveFiles, 'stem' | 'volumes'>): Damage[] {
  return volumes.map(({ name }) => ({
    archive: stem,
    volume: name,
    kind: 'unknown entries',
    count: undefined,
  }));
}

/** Returns the damage of one archive. */
export function damageIn(damage: readonly Damage[], archive: string): Damage[] {
  return damage.filter((one) => one.archive === archive);
}

/** `F….1.zip is missing`, `F….1.zip cannot be read: …` */
export function describeLost(damage: LostVolume): string {
  return damage.kind === 'volume missing'
    ? `${damage.volume} is missing`
    : damage.reason;
}

/** Some of the damaged entries by the places that people know: `example.com/alice/INBOX, mailserver.cfg and 3 more`. */
export function describePlaces(names: readonly string[]): string {
  const places = [...new Set(names.map(placeNameOf))];
  const shown = places.slice(0, 3).join(', ');

  return places.length > 3
    ? `${shown} and ${plural(places.length - 3, 'other place')}`
    : shown;
}

/** `@backup/store/mail/example.com/alice/INBOX/#msgs/0000000a.eml` lies in `example.com/alice/INBOX`. */
function placeNameOf(entryName: string): string {
  const path = pathInMail(entryName);
  if (path === undefined || path === '') return entryName;

  return path.replace(/\/(?:#msgs\/)?[^/]*$/, '');
}

/** Counts the damaged entries; undefined where no count is recorded. */
export function countDamaged(damage: readonly Damage[]): number | undefined {
  let total = 0;
  for (const one of damage) {
    if (one.kind === 'entries') total += one.names.length;
    if (one.kind !== 'unknown entries') continue;
    if (one.count === undefined) return undefined;

    total += one.count;
  }

  return total;
}

/** The names of damaged entries, as far as they are known. */
export function damagedNames(damage: readonly Damage[]): string[] {
  return damage.flatMap((one) => (one.kind === 'entries' ? one.names : []));
}

/** Damage as it is written down below its archive's name. */
export function documentDamage(damage: Damage): object {
  const { volume } = damage;

  switch (damage.kind) {
    case 'entries':
      return { kind: damage.kind, volume, names: damage.names };

    case 'unknown entries':
      return { kind: damage.kind, volume, count: damage.count };

    case 'central directory':
      return { kind: damage.kind, volume, reason: damage.reason };

    case 'volume missing':
      return { kind: damage.kind, volume };
  }
}

/** Damage of an archive as it was written down (`.kms-backup-verified.json`); undefined where that is none. */
export function parseDamage(
  archive: string,
  json: unknown,
): Damage | undefined {
  if (!isJsonObject(json) || typeof json['volume'] !== 'string') {
    return undefined;
  }

  const { volume, kind, names, count, reason } = json;
  const place = { archive, volume };

  switch (kind) {
    case 'entries':
      return isNames(names) ? { ...place, kind, names } : undefined;

    case 'unknown entries':
      return { ...place, kind, count: toCount(count) };

    case 'central directory':
      return { ...place, kind, reason: String(reason) };

    case 'volume missing':
      return { ...place, kind };

    default:
      return undefined;
  }
}

function isNames(json: unknown): json is string[] {
  return Array.isArray(json) && json.every((name) => typeof name === 'string');
}

function toCount(json: unknown): number | undefined {
  return typeof json === 'number' && Number.isSafeInteger(json) && json >= 0
    ? json
    : undefined;
}
