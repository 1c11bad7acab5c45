/** An entry that does not hold what its headers promise. The message completes `entry X is damaged: …`. */
export class EntryDamage extends Error {}

/** Every kind of damage of an entry, in the words that reports and errors use. */
export const entryDamage = {
  noLocalHeader: (atByte: number) =>
    new EntryDamage(`there is no local header at byte ${atByte}`),
  localHeaderCutOff: () => new EntryDamage('its local header is cut off'),
  encrypted: () => new EntryDamage('it is encrypted'),
  unknownMethod: (method: number) =>
    new EntryDamage(`it is compressed with the unknown method ${method}`),
  headersDiffer: (field: DifferingField) =>
    new EntryDamage(`its two headers ${DIFFERENCES[field]}`),
  reachesIntoNext: () => new EntryDamage('its data reach into the next entry'),
  storedSizesDiffer: () =>
    new EntryDamage('it is stored, but its two sizes differ'),
  brokenData: (zlibMessage: string) =>
    new EntryDamage(`its compressed data are broken (${zlibMessage})`),
  followedByBytes: () => new EntryDamage('bytes follow its compressed data'),
  tooLong: () => new EntryDamage('it inflates to more than its declared size'),
  tooShort: (bytes: number, declaredBytes: number) =>
    new EntryDamage(
      `it inflates to ${bytes} bytes, declared are ${declaredBytes}`,
    ),
  wrongChecksum: () => new EntryDamage('its checksum is wrong'),
  placeTaken: () => new EntryDamage('another entry has its place'),
} as const;

/** The fields that the local and the central header of an entry share. */
export type DifferingField =
  'method' | 'name' | 'crc' | 'size' | 'compressedSize' | 'time';

const DIFFERENCES: Readonly<Record<DifferingField, string>> = {
  method: 'name different methods',
  name: 'have different names',
  crc: 'have different checksums',
  size: 'have different sizes',
  compressedSize: 'have different compressed sizes',
  time: 'have different times or flags',
};
