/**
 * Folder names on disk are IMAP modified UTF-7 (RFC 3501 5.1.3): `&` starts and `-` ends a run of UTF-16BE in base64
 * with `,` for `/` and without padding; `&-` is `&` itself. Pure.
 */

/**
 * The name that people see: `Entw&APw-rfe` is `Entwürfe`.
 * A name that is no valid modified UTF-7 is returned as it is: it is what the disk says.
 */
export function decodeFolderName(name: string): string {
  if (!name.includes('&')) return name;

  const parts: string[] = [];
  for (const [whole, run, end] of name.matchAll(/[^&]+|&([^-]*)(-?)/g)) {
    const text = run === undefined ? whole : decodeShift(run, end ?? '');
    if (text === undefined) return name;

    parts.push(text);
  }

  return parts.join('');
}

/** The name on disk: `Ärzte & Co` is `&AMQ-rzte &- Co`. */
export function encodeFolderName(name: string): string {
  return name.replace(/&|[^\x20-\x7e]+/g, (run) =>
    run === '&' ? '&-' : encodeRun(run),
  );
}

function encodeRun(run: string): string {
  const bytes = Buffer.from(run, 'utf16le').swap16();
  return `&${bytes.toString('base64').replaceAll('/', ',').replace(/=+$/, '')}-`;
}

/** Decodes the text between `&` and `-`; `&-` is the `&` itself. Undefined where the `-` is missing. */
function decodeShift(run: string, end: string): string | undefined {
  if (end === '') return undefined;

  return run === '' ? '&' : decodeRun(run);
}

function decodeRun(run: string): string | undefined {
  if (!/^[A-Za-z0-9+,]+$/.test(run)) return undefined;
  const bytes = Buffer.from(run.replaceAll(',', '/'), 'base64');
  if (bytes.length < 2 || bytes.length % 2 !== 0) return undefined;
  const text = bytes.swap16().toString('utf16le');
  // Half a surrogate pair is no text; a slash or a control character would make one folder look like another.
  return /\p{Cs}|[\p{Cc}/\\]/u.test(text) ? undefined : text;
}
