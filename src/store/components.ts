import { UsageError } from '../errors.js';

/** The components of a mail server: which there are, and what of the store is left out of every backup. */

/**
 * The components that an archive holds, in the order in which the server lays them (docs/kerio.md 6.3). `settings` and
 * `other` are ours: a settings directory, and everything in the store that has no component of its own. So is `archive`, the mail
 * archive, which no backup takes unless it is asked to. Pure.
 */
export const COMPONENTS = [
  'cfg',
  'settings',
  'license',
  'sslca',
  'sslcert',
  'spamassassin',
  'lists',
  'xmpp',
  'im',
  'other',
  'archive',
  'mail',
] as const;

export type Component = (typeof COMPONENTS)[number];

/** Components that are directories of the install directory. */
export const INSTALL_COMPONENTS = [
  'settings',
  'license',
  'sslca',
  'sslcert',
] as const;

/** Components that are directories of the store. */
const STORE_COMPONENTS = [
  'spamassassin',
  'lists',
  'xmpp',
  'im',
  'mail',
] as const;

/** The name of the mail archive in the store, wherever it really lies. */
export const MAIL_ARCHIVE = 'archive';

/** Tells whether a component lies in the install directory. */
export function isInstalled(component: Component): boolean {
  return (
    component === 'cfg' || INSTALL_COMPONENTS.some((name) => name === component)
  );
}

/** The component of a directory or file that lies directly in the store. */
export function storeComponentOf(name: string): Component {
  // Exactly so: of two spellings that an archive may hold only one can lie where mailserver.cfg says.
  if (name === MAIL_ARCHIVE) return MAIL_ARCHIVE;

  const lowerCase = name.toLowerCase();

  return (
    STORE_COMPONENTS.find((component) => component === lowerCase) ?? 'other'
  );
}

/** The component of a directory that lies directly in the install directory; undefined for what no backup takes. */
export function installComponentOf(name: string): Component | undefined {
  const lowerCase = name.toLowerCase();

  return INSTALL_COMPONENTS.find((component) => component === lowerCase);
}

/** Directories of the store that the server leaves out: logs, queues, other backups, what is rebuilt. */
const EXCLUDED_STORE_DIRECTORIES = new Set([
  'logs',
  'queue',
  'backup',
  'archive',
  'fulltext',
  'tmp',
]);
/** Files that the server rebuilds and leaves out. */
const EXCLUDED_FILES = new Set(['search.fld', '.pushdav.db', '.pushimap.db']);
/** The beginning of all names that this program gives to its own files. */
const OWN_NAMES = '.kms-backup';
/** A recover stages here, and keeps here for its rollback, beside what it replaces. */
const STAGING_DIRECTORY = '.kms-backup-recover';

/** Says whether a name is that of a file or directory of this program. */
export function isOwnName(name: string): boolean {
  return name.startsWith(OWN_NAMES);
}

/** Says whether a directory or file directly in the store is left out. */
export function isExcludedStoreChild(name: string): boolean {
  return EXCLUDED_STORE_DIRECTORIES.has(name.toLowerCase()) || isOwnName(name);
}

/** Says whether a directory is left out at any depth. */
export function isExcludedDirectory(name: string): boolean {
  return name === STAGING_DIRECTORY;
}

/** Says whether a file is left out at any depth. */
export function isExcludedFile(name: string): boolean {
  return (
    EXCLUDED_FILES.has(name) ||
    name.endsWith('.cfg.bak') ||
    name.endsWith('.kms-backup-tmp') ||
    name.startsWith(STAGING_DIRECTORY)
  );
}

/** Reads `--mask cfg,mail`. @throws {UsageError} naming the part that is none */
export function parseMask(mask: string): ReadonlySet<Component> {
  const parts = mask.split(',').map((part) => part.trim().toLowerCase());

  for (const part of parts) {
    if (!COMPONENTS.some((component) => component === part)) {
      throw new UsageError(`not a part of a backup: ${part}`, {
        hints: [`Parts are ${COMPONENTS.join(', ')}.`],
      });
    }
  }

  return new Set(parts as Component[]);
}
