import { hasMessageName, isMessagePath } from './message-file.js';
import { decodeFolderName } from './folder-name.js';

/** What a path of the mail store stands for. */
export interface StorePath {
  /** Undefined for the public folders of the whole server (`mail/#public`). */
  readonly domain: string | undefined;
  /** Undefined for public folders and for what lies in the domain's own directory. */
  readonly user: string | undefined;
  /** Decoded, joined by `/`: `INBOX/Ärzte`. Empty for the mailbox itself. */
  readonly folder: string;
  readonly isPublic: boolean;
  /** A message, wherever it lies and whatever it is called: see `isMessagePath`. */
  readonly isMessage: boolean;
  /** A message where the server keeps them, by a name that the server gives: `#msgs/0000000a.eml`. */
  readonly isNumbered: boolean;
  /** The file's name, with `#msgs/` or `#assoc/` before it where it lies there; empty for a directory's entry. */
  readonly file: string;
}

/**
 * The files of a folder as a whole (docs/kerio.md 7.3): its rights, its properties, and status.fld, without which a
 * folder of the user's own is not shown.
 */
export const FOLDER_FILES: ReadonlySet<string> = new Set([
  'status.fld',
  'acl.fld',
  'properties.fld',
]);

const PUBLIC = '#public';
const NUMBERED = /^[0-9a-f]+\.eml$/i;

/**
 * Explains a path below the store, with `/` between names and a final `/` for a directory.
 * Undefined where it is not below `mail/`.
 * Examples: `mail/example.com/alice/INBOX/Sub/#msgs/0000000a.eml` is a message in alice's `INBOX/Sub`;
 * `mail/example.com/#public/News/` is the domain's public folder `News`; `mail/#public/…` is the server's.
 */
export function parseStorePath(path: string): StorePath | undefined {
  const [root, ...rest] = path.split('/');
  if (root !== 'mail' || rest.length === 0) return undefined;

  const file = rest.pop() ?? '';
  const domain = rest[0] === PUBLIC ? undefined : rest.shift();
  const isPublic = rest[0] === PUBLIC;
  const owner = rest.shift();
  const names = rest;
  const holder = names.at(-1);
  const isInHolder = holder === '#msgs' || holder === '#assoc';

  if (isInHolder) names.pop();

  return {
    domain,
    user: isPublic ? undefined : owner,
    folder: names.map(decodeFolderName).join('/'),
    isPublic,
    isMessage: isMessagePath(path),
    isNumbered: holder === '#msgs' && NUMBERED.test(file),
    file: isInHolder ? `${holder}/${file}` : file,
  };
}

/** The path of another file of the same directory, given that of a message there, or of what could be one. */
export function siblingPath(path: StorePath, file: string): StorePath {
  const holder = path.file.slice(0, path.file.lastIndexOf('/') + 1);
  return {
    ...path,
    isMessage: path.isMessage && hasMessageName(file),
    isNumbered: holder === '#msgs/' && NUMBERED.test(file),
    file: holder + file,
  };
}
