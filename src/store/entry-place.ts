import {
  type Component,
  installComponentOf,
  isOwnName,
  MAIL_ARCHIVE,
  storeComponentOf,
} from './components.js';

/** The layout of entry names: which file of a mail server an entry is (docs/kerio.md 6.3). Pure. */

/** The place of an entry in a mail server. */
export interface EntryPlace {
  readonly component: Component;
  readonly area: Area;
  /** Below its area: `mail/example.com/alice/INBOX/#msgs/0000000a.eml`. */
  readonly path: string;
}

/** `store`: below the store directory; `install`: below the install directory. */
export type Area = 'store' | 'install';

/** Prefixes of entry names and the area that they lie in; 6.x archives may hold `store/…` at the root. */
export const AREA_PREFIXES = [
  { prefix: '@backup/store/', area: 'store' },
  { prefix: 'store/', area: 'store' },
  { prefix: '@backup/', area: 'install' },
] as const;

/** The beginning of entry names, before the name of a file or directory of the server. */
const WRITTEN_PREFIX = {
  store: '@backup/store/',
  install: '@backup/',
} as const;

/** The directory of all mail, as an entry and below the store. */
const MAIL = 'mail/';

/** The entry of the directory of all mail. */
export const MAIL_ENTRY = WRITTEN_PREFIX.store + MAIL;

/** The beginning of entry names, before `mail/`. A path below the store has none. */
const MAIL_PREFIXES = [
  ...AREA_PREFIXES.filter(({ area }) => area === 'store').map(
    ({ prefix }) => prefix + MAIL,
  ),
  MAIL,
];

/** The name of the entry for a path below the store or the install directory: `@backup/store/lists`. */
export function entryNameOf(area: Area, path: string): string {
  return WRITTEN_PREFIX[area] + path;
}

/** The directory of the mail archive, wherever that lies. */
export const MAIL_ARCHIVE_NAME = entryNameOf('store', MAIL_ARCHIVE);

/** All names that an archive of any program may have for a path below the store or the install directory. */
export function entryNamesOf(area: Area, path: string): string[] {
  return AREA_PREFIXES.filter((rule) => rule.area === area).map(
    ({ prefix }) => prefix + path,
  );
}

/**
 * The place of an entry; undefined where it is none of a mail server's: our own texts, strange files.
 * Example: `@backup/sslcert/server.key` is `sslcert/server.key` in the install directory.
 */
export function placeOf(entryName: string): EntryPlace | undefined {
  if (/^[^/]+\.cfg$/i.test(entryName)) {
    return { component: 'cfg', area: 'install', path: entryName };
  }

  const rule = AREA_PREFIXES.find(({ prefix }) => entryName.startsWith(prefix));
  if (!rule) return undefined;

  const { area, prefix } = rule;
  const path = entryName.slice(prefix.length);
  const top = path.split('/', 1)[0] ?? '';
  if (top === '' || isOwnName(top)) return undefined;

  const component =
    area === 'store' ? storeComponentOf(top) : installComponentOf(top);

  return component && { component, area, path };
}

/**
 * The place that all files of a directory share, by the directory's entry name with its final `/`. Undefined where they
 * are top-level names themselves, or none of a mail server's.
 */
export function sharedPlaceOf(directory: string): EntryPlace | undefined {
  const place = directory === '' ? undefined : placeOf(directory);

  return place?.path.includes('/') === true ? place : undefined;
}

/**
 * The entry name that this program writes for a directory, by the one that an archive has, with its final `/`: empty for the
 * archive's root. Undefined where no file of a mail server can lie in it.
 */
export function writtenDirectory(directory: string): string | undefined {
  if (directory === '') return '';

  const rule = AREA_PREFIXES.find(({ prefix }) => directory.startsWith(prefix));
  if (!rule || (directory !== rule.prefix && !placeOf(directory))) {
    return undefined;
  }

  return entryNameOf(rule.area, directory.slice(rule.prefix.length));
}

/**
 * Returns the rest after `mail/` of an entry's name or of a path below the store; undefined outside of mail.
 * Example: `@backup/store/mail/example.com/alice/` is `example.com/alice/`.
 */
export function pathInMail(name: string): string | undefined {
  const prefix = MAIL_PREFIXES.find((known) => name.startsWith(known));

  return prefix === undefined ? undefined : name.slice(prefix.length);
}

/** Says whether a directory's entry is the store itself or a whole component: `@backup/store/lists/`, `@backup/sslca/`. */
export function isTopDirectory(entryName: string): boolean {
  const rule = AREA_PREFIXES.find(({ prefix }) => entryName.startsWith(prefix));
  const path = rule && entryName.slice(rule.prefix.length);

  return path !== undefined && path.indexOf('/') === path.length - 1;
}

/** Says whether an entry, or a directory above it, is one of these paths. */
export function isIn(paths: ReadonlySet<string>, name: string): boolean {
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
    if (paths.has(name.slice(0, at))) return true;
  }

  return paths.has(name);
}
