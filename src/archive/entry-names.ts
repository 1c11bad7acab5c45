import type { ListedStep } from '../store/list-directory.js';

/** The entry names that may become paths, and the names of pieces of split files. Pure. */

/** The fault of an entry's name; `windows` names are refused on Windows and reported elsewhere. */
export interface NameFault {
  readonly reason: string;
  readonly onlyOnWindows: boolean;
}

const RESERVED =
  /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:[. ]|$)/i;
/** Half of a character: Windows allows it in names, UTF-8 has nothing for it. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Linux allows 4,096 bytes, the directory that the path is recovered into included. */
export const LONGEST_PATH_BYTES = 3500;

/** Names that would leave the directory they are recovered into, or that no file system or person can tell apart. */
export function findNameFault(name: string): NameFault | undefined {
  const reason = findFault(name);
  if (reason !== undefined) return { reason, onlyOnWindows: false };
  const windowsReason = findWindowsFault(name);
  return windowsReason === undefined
    ? undefined
    : { reason: windowsReason, onlyOnWindows: true };
}

/** Nearly every name that a mail store gives. */
const USUAL_STEP = /^[\w.#&+,@=() -]{1,128}$/;

/**
 * Finds the reason that keeps a file or directory of the store, and all below it, out of any archive: the whole entry name is
 * judged as the reader will judge it, a directory's with its `/`. Names that only Windows forbids may go in, but on Windows
 * itself: there one of them would keep all the others from being recovered.
 */
export function findStepFault(
  { prefix, prefixBytes, step, isDirectory }: ListedStep,
  isOnWindows = IS_WINDOWS,
): string | undefined {
  const slash = isDirectory ? '/' : '';
  const isUsual =
    USUAL_STEP.test(step) &&
    prefixBytes + step.length + slash.length <= LONGEST_PATH_BYTES;
  const fault = isUsual ? undefined : findFault(prefix + step + slash);

  return fault ?? (isOnWindows ? findWindowsFault(step) : undefined);
}

/** The same for an entry's whole name. */
export function findEntryFault(
  name: string,
  isOnWindows = IS_WINDOWS,
): string | undefined {
  return findFault(name) ?? (isOnWindows ? findWindowsFault(name) : undefined);
}

const IS_WINDOWS = process.platform === 'win32';

// eslint-disable-next-line complexity -- a rule a line
function findFault(name: string): string | undefined {
  if (name === '' || name === '/') return 'an empty name';
  if (name.includes('\\')) return 'a backslash';
  if (CONTROL.test(name)) return 'a control character';
  if (name.startsWith('/')) return 'an absolute path';
  if (/^[a-z]:/i.test(name)) return 'a drive letter';
  if (name.includes('\ufffd') || LONE_SURROGATE.test(name)) {
    return 'a name that is no text';
  }

  const segments = (name.endsWith('/') ? name.slice(0, -1) : name).split('/');
  if (segments.includes('..')) return 'a step out of its directory (..)';
  if (segments.includes('.') || segments.includes('')) {
    return 'an empty step in its path';
  }

  return findLengthFault(name, segments);
}

function findLengthFault(
  name: string,
  segments: readonly string[],
): string | undefined {
  if (segments.some((segment) => Buffer.byteLength(segment) > 255)) {
    return 'a name of more than 255 bytes';
  }

  return Buffer.byteLength(name) > LONGEST_PATH_BYTES
    ? 'a path that no file system could hold'
    : undefined;
}

function findWindowsFault(name: string): string | undefined {
  for (const segment of name.split('/')) {
    if (/[<>:"|?*]/.test(segment)) return 'a character that Windows forbids';
    if (/[. ]$/.test(segment)) return 'a name that ends in a dot or a space';
    if (RESERVED.test(segment)) return 'a name that Windows reserves';
  }

  return undefined;
}

const PIECE_SUFFIX = /\.kms-part-(\d+)-of-(\d+)$/;

/** `a.eml` becomes `a.eml.kms-part-2-of-3`: a plain entry to any other tool. */
export function formatPieceName(
  name: string,
  index: number,
  count: number,
): string {
  return `${name}.kms-part-${index + 1}-of-${count}`;
}

/** The name of the file that a piece belongs to. */
export function wholeName(pieceName: string): string {
  return pieceName.replace(PIECE_SUFFIX, '');
}

/** The file that a piece's name says it belongs to, and its place there; undefined for any other name. */
export function parsePieceName(
  name: string,
):
  | { readonly name: string; readonly index: number; readonly count: number }
  | undefined {
  const match = PIECE_SUFFIX.exec(name);
  if (!match) return undefined;

  return {
    name: name.slice(0, match.index),
    index: Number(match[1]) - 1,
    count: Number(match[2]),
  };
}

/** 1 for the ASCII characters that a name may hold on every system. */
const HARMLESS = new Uint8Array(256);
for (let code = 0x20; code < 0x7f; code++) {
  if (!'\\:*?"<>|'.includes(String.fromCharCode(code))) HARMLESS[code] = 1;
}

const [SLASH, DOT, SPACE] = [0x2f, 0x2e, 0x20];

/**
 * Says whether a name, as bytes, surely has no fault anywhere; the others `findNameFault` judges. Written for a million names:
 * no string is made. A step is suspicious that is empty, begins or ends with a dot, ends with a space, is long, or has
 * three or four letters before its first dot, as the names that Windows reserves have. A directory's part with its `/` and
 * the rest may be asked about apart, where their lengths together are within `LONGEST_PATH_BYTES`.
 */
// eslint-disable-next-line complexity -- one pass over the bytes of a million names
export function isSurelyHarmless(
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (end - start > LONGEST_PATH_BYTES) return false;

  let step = start;
  let firstDot = -1;

  for (let at = start; at <= end; at++) {
    const byte = at === end ? SLASH : (bytes[at] ?? 0);
    if (byte === DOT && firstDot < 0) firstDot = at;

    if (byte !== SLASH) {
      if (HARMLESS[byte] !== 1) return false;

      continue;
    }

    if (at === end && step === end && end > start) return true;

    const stem = (firstDot < 0 ? at : firstDot) - step;
    const last = bytes[at - 1];

    if (
      at === step ||
      firstDot === step ||
      last === DOT ||
      last === SPACE ||
      at - step > 255
    ) {
      return false;
    }

    if (
      (stem === 3 || stem === 4) &&
      RESERVED_INITIALS.has((bytes[step] ?? 0) | 0x20)
    ) {
      return false;
    }

    step = at + 1;
    firstDot = -1;
  }

  return true;
}

/** c, p, a, n, l: what CON, PRN, AUX, NUL, COM1 and LPT1 begin with. */
const RESERVED_INITIALS: ReadonlySet<number> = new Set([
  0x63, 0x70, 0x61, 0x6e, 0x6c,
]);
