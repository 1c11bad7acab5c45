/** Which entry names may become paths, and how parts of split files are called. Pure. */

/** What the name of an entry does wrong; `windows` names are refused on Windows and reported elsewhere. */
export interface NameFault {
  readonly reason: string;
  readonly onlyOnWindows: boolean;
}

const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:[. ]|$)/i;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Names that would leave the directory they are recovered into, or that no file system or person can tell apart. */
export function findNameFault(name: string): NameFault | undefined {
  const reason = findFault(name);
  if (reason !== undefined) return { reason, onlyOnWindows: false };
  const windowsReason = findWindowsFault(name);
  return windowsReason === undefined ? undefined : { reason: windowsReason, onlyOnWindows: true };
}

function findFault(name: string): string | undefined {
  if (name === '' || name === '/') return 'an empty name';
  if (name.includes('\\')) return 'a backslash';
  if (CONTROL.test(name)) return 'a control character';
  if (name.startsWith('/')) return 'an absolute path';
  if (/^[a-z]:/i.test(name)) return 'a drive letter';
  if (name.includes('\ufffd')) return 'a name that is no text';
  const segments = (name.endsWith('/') ? name.slice(0, -1) : name).split('/');
  if (segments.includes('..')) return 'a step out of its directory (..)';
  if (segments.includes('.') || segments.includes('')) return 'an empty step in its path';
  return segments.some((segment) => Buffer.byteLength(segment) > 255) ? 'a name of more than 255 bytes' : undefined;
}

function findWindowsFault(name: string): string | undefined {
  for (const segment of name.split('/')) {
    if (/[<>:"|?*]/.test(segment)) return 'a character that Windows forbids';
    if (/[. ]$/.test(segment)) return 'a name that ends in a dot or a space';
    if (RESERVED.test(segment)) return 'a name that Windows reserves';
  }
  return undefined;
}

const PART_SUFFIX = /\.kms-part-\d+-of-\d+$/;

/** `a.eml` becomes `a.eml.kms-part-2-of-3`: a plain entry to any other tool. */
export function formatPartName(name: string, index: number, count: number): string {
  return `${name}.kms-part-${index + 1}-of-${count}`;
}

/** The name of the file that a part belongs to. */
export function wholeName(partName: string): string {
  return partName.replace(PART_SUFFIX, '');
}
