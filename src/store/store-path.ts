import { placeOf } from './entry-place.js';
import { decodeFolderName } from './folder-name.js';
import {
  hasMessageName,
  hasNumberedName,
  holdsMessages,
  MESSAGE_DIRECTORY,
  SETTINGS_DIRECTORY,
} from './message-file.js';

/** The meaning of paths in the mail store: domain, user, folder, message. Pure. */

/** The meaning of a directory of the mail store. */
export interface StoreDirectory {
  /** Undefined for the public folders of the whole server (`mail/#public`). */
  readonly domain: string | undefined;
  /** Undefined for public folders and for what lies in the domain's own directory. */
  readonly user: string | undefined;
  /** Decoded, joined by `/`: `INBOX/Ärzte`. Empty for the mailbox itself. */
  readonly folder: string;
  readonly isPublic: boolean;
  /** The directory of the folder that it lies in; empty for the folder's own. */
  readonly holder: typeof MESSAGE_DIRECTORY | typeof SETTINGS_DIRECTORY | '';
  /** A file in it whose name ends in `.eml` is a message. */
  readonly holdsMessages: boolean;
}

/** The meaning of a path of the mail store. */
export interface StorePath extends StoreDirectory {
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

/** Holds the flags of a folder's messages (docs/kerio.md 7.4). */
export const INDEX_FILE = 'index.fld';

/** The files that the server rebuilds from a folder's messages. */
export const REBUILT_FILES: readonly string[] = [INDEX_FILE, 'search.fld'];

const PUBLIC = '#public';

/**
 * Explains a path below the store, with `/` between names and a final `/` for a directory.
 * Undefined where it is not below `mail/`.
 * Examples: `mail/example.com/alice/INBOX/Sub/#msgs/0000000a.eml` is a message in alice's `INBOX/Sub`;
 * `mail/example.com/#public/News/` is the domain's public folder `News`; `mail/#public/…` is the server's.
 */
export function parseStorePath(path: string): StorePath | undefined {
  const slash = path.lastIndexOf('/') + 1;
  const directory = parseStoreDirectory(path.slice(0, slash));

  return directory && fileIn(directory, path.slice(slash));
}

/** Explains a directory of the mail store by its path below the store, with its final `/`. */
function parseStoreDirectory(path: string): StoreDirectory | undefined {
  const [root, ...rest] = path.split('/');
  if (root !== 'mail' || rest.length === 0) return undefined;

  rest.pop(); // what follows the final slash
  const domain = rest[0] === PUBLIC ? undefined : rest.shift();
  const isPublic = rest[0] === PUBLIC;
  const owner = rest.shift();
  const holder = holderOf(rest.at(-1));
  const folders = holder === '' ? rest : rest.slice(0, -1);

  return {
    domain,
    user: isPublic ? undefined : owner,
    folder: folders.map(decodeFolderName).join('/'),
    isPublic,
    holder,
    holdsMessages: holdsMessages(path),
  };
}

/** The part of the mail store that an entry stands for; undefined outside of mail. */
export function parseEntryPath(entryName: string): StorePath | undefined {
  const path = placeOf(entryName)?.path;

  return path === undefined ? undefined : parseStorePath(path);
}

/** The same of a directory's entry name, with its final `/`. */
export function parseEntryDirectory(
  entryName: string,
): StoreDirectory | undefined {
  const path = placeOf(entryName)?.path;

  return path === undefined ? undefined : parseStoreDirectory(path);
}

/** A file of a directory by its name; an empty name is the directory itself. */
export function fileIn(directory: StoreDirectory, name: string): StorePath {
  const { holder } = directory;

  return {
    ...directory,
    isMessage: directory.holdsMessages && hasMessageName(name),
    isNumbered: holder === MESSAGE_DIRECTORY && hasNumberedName(name),
    file: holder === '' ? name : `${holder}/${name}`,
  };
}

function holderOf(name: string | undefined): StoreDirectory['holder'] {
  return name === MESSAGE_DIRECTORY || name === SETTINGS_DIRECTORY ? name : '';
}
