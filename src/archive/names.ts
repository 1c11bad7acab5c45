/**
 * The names of archives and their volumes; the only place that knows the letters. Pure.
 *
 * `F20060118T220007Z.zip` is a full archive taken on 2006-01-18 at 22:00:07 UTC (manual, "Data backup");
 * its further volumes are `F20060118T220007Z.1.zip`, `….2.zip` (docs/kerio.md 6.2).
 * A sealed volume is `F20060118T220007Z.zip.age`: what is in it is the volume `F20060118T220007Z.zip`.
 */

/** The type of an archive. */
export type ArchiveType = 'full' | 'differential' | 'copy';

const LETTERS: Readonly<Record<string, ArchiveType>> = {
  F: 'full',
  I: 'differential',
  D: 'differential',
  C: 'copy',
};

/** Kerio MailServer 6 writes `I`, Kerio Connect `D`. */
export type DifferentialLetter = 'I' | 'D';

/** The largest volume: 2 GiB - 1 byte, the manual's maximum and default. */
export const MAX_VOLUME_BYTES = 2_147_483_647;

export interface VolumeName {
  /** The archive's name without `.zip`: `F20060118T220007Z`. */
  readonly stem: string;
  readonly type: ArchiveType;
  /** UTC; whole seconds. */
  readonly takenAt: Date;
  /** 0 for `X.zip`, n for `X.n.zip`. */
  readonly volume: number;
  /** Says whether its bytes are sealed: `X.zip.age`. */
  readonly isSealed: boolean;
}

const VOLUME_PATTERN =
  /^([FIDC])(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:\.([1-9]\d{0,5}))?\.zip(\.age)?$/;
const INDEX_PATTERN = /^([FIDC]\d{8}T\d{6}Z)\.index\.zip(?:\.age)?$/;
const PIN_PATTERN = /^([FIDC]\d{8}T\d{6}Z)\.pin(?:\.([1-9]\d{0,5}))?\.json$/;
const TEMPORARY_PATTERN =
  /^([FIDC]\d{8}T\d{6}Z(?:\.(?:[1-9]\d{0,5}|index))?\.zip)(?:\.age)?\.part$/;

/**
 * The parts of a volume's file name, or undefined where it is none, or names a time that does not exist.
 * Example: `parseVolumeName('I20060106T220006Z.2.zip')` is volume 2 of a differential.
 */
export function parseVolumeName(fileName: string): VolumeName | undefined {
  const match = VOLUME_PATTERN.exec(fileName);
  const type = LETTERS[match?.[1] ?? ''];
  if (!match || type === undefined) return undefined;

  const [year, month, day, hour, minute, second] = match
    .slice(2, 8)
    .map(Number) as [number, number, number, number, number, number];
  const takenAt = new Date(
    Date.UTC(year, month - 1, day, hour, minute, second),
  );
  const stem = fileName.slice(0, 17);
  if (formatStamp(takenAt) !== stem.slice(1)) return undefined;

  return {
    stem,
    type,
    takenAt,
    volume: Number(match[8] ?? 0),
    isSealed: match[9] !== undefined,
  };
}

/** `20060118T220007Z`, UTC. */
function formatStamp(date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '')}Z`;
}

/** `F20060118T220007Z`. */
export function formatStem(
  type: ArchiveType,
  takenAt: Date,
  differential: DifferentialLetter = 'I',
): string {
  const letters = { full: 'F', copy: 'C', differential } as const;

  return letters[type] + formatStamp(takenAt);
}

/** Returns the name of an archive in text and in JSON: that of its first volume, also where the volume is missing. */
export function archiveName(stem: string): string {
  return formatVolumeName(stem, 0);
}

/** The file name of an archive's n-th volume, counted from 0. */
export function formatVolumeName(stem: string, volume: number): string {
  return volume === 0 ? `${stem}.zip` : `${stem}.${volume}.zip`;
}

/** The name of the index of an archive, which lies beside its volumes in a bucket. */
export function formatIndexName(stem: string): string {
  return `${stem}.index.zip`;
}

const COPY_PREFIX = '.kms-backup-';

/** The name of this machine's own copy of the index of a sealed archive, as it is. */
export function formatIndexCopyName(stem: string): string {
  return COPY_PREFIX + formatIndexName(stem);
}

/** The archive that such a copy is of; undefined for other names. */
export function stemOfIndexCopy(fileName: string): string | undefined {
  if (!fileName.startsWith(COPY_PREFIX)) return undefined;

  const name = fileName.slice(COPY_PREFIX.length);
  const stem = INDEX_PATTERN.exec(name)?.[1];

  return stem !== undefined && name === formatIndexName(stem)
    ? stem
    : undefined;
}

/** The name of the file that pins an archive; where nothing can be replaced, later ones have later numbers. */
export function formatPinName(stem: string, number: number): string {
  return number === 0 ? `${stem}.pin.json` : `${stem}.pin.${number}.json`;
}

/** The archive that a file pins, and its number; undefined for other names. */
export function parsePinName(
  fileName: string,
): { readonly stem: string; readonly number: number } | undefined {
  const [, stem = '', number = '0'] = PIN_PATTERN.exec(fileName) ?? [];

  return (
    parseVolumeName(formatVolumeName(stem, 0)) && {
      stem,
      number: Number(number),
    }
  );
}

/** The archive that a file is a volume or the index of; undefined for other names. */
export function stemOfFile(fileName: string): string | undefined {
  return parseVolumeName(fileName)?.stem ?? INDEX_PATTERN.exec(fileName)?.[1];
}

/** The name under which a volume of this name lies sealed. */
export function formatSealedName(volumeName: string): string {
  return `${volumeName}.age`;
}

/** The names that an archive's first volume may lie under. */
export function firstNames(stem: string): readonly string[] {
  const name = formatVolumeName(stem, 0);

  return [name, formatSealedName(name)];
}

/** Says whether a file holds sealed bytes, by its name. */
export function isSealedName(fileName: string): boolean {
  return fileName.endsWith('.age');
}

/** The name that a volume has until its archive is complete and proven. */
export function formatTemporaryName(stem: string, volume: number): string {
  return `${formatVolumeName(stem, volume)}.part`;
}

/** The same of a sealed one. */
export function formatSealedTemporaryName(
  stem: string,
  volume: number,
): string {
  return `${formatSealedName(formatVolumeName(stem, volume))}.part`;
}

/** Says whether a file is the first volume of an archive whose run died: it proves that what else has its name is unfinished. */
export function isTemporaryFirstName(fileName: string): boolean {
  const name = fileName.replace(/\.part$/, '');

  return isTemporaryName(fileName) && parseVolumeName(name)?.volume === 0;
}

/** The name that an index has until then. */
export function formatTemporaryIndexName(stem: string): string {
  return `${formatIndexName(stem)}.part`;
}

/** Says whether a file is a volume, or an index, whose run died before it was published. */
export function isTemporaryName(fileName: string): boolean {
  return TEMPORARY_PATTERN.test(fileName);
}

const SEAL_SUFFIX = '.seal.json';

/** The name of the object that says of which uploads an archive in a bucket is made: `F20060118T220007Z.seal.json`. */
export function formatSealName(stem: string): string {
  return stem + SEAL_SUFFIX;
}

/** The archive that a seal is of; undefined for other names. */
export function stemOfSeal(name: string): string | undefined {
  if (!name.endsWith(SEAL_SUFFIX)) return undefined;

  const stem = name.slice(0, -SEAL_SUFFIX.length);

  return parseVolumeName(formatVolumeName(stem, 0)) && stem;
}

/** Says whether a name is that of a 6.0 backup, a directory such as `20041024T020000Z`, which no program reads any more. */
export function isLegacyDirectoryName(name: string): boolean {
  return /^[FIDC]?\d{8}T\d{6}Z$/.test(name);
}
