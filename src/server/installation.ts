import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { NotFoundError } from '../errors.js';
import { tellStep } from '../platform/steps.js';
import { hasJournal } from './recover-journal.js';

/** The directory of an installed mail server, and its configuration files. */
export interface Installation {
  /** Absolute. */
  readonly dir: string;
  readonly configPath: string;
  /** May not exist. */
  readonly usersConfigPath: string;
}

const CONFIG_NAME = 'mailserver.cfg';

/** The directories into which the installer puts the server; docs/kerio.md 9.1. */
const PLACES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  win32: [
    'C:\\Program Files\\Kerio\\MailServer',
    'C:\\Program Files (x86)\\Kerio\\MailServer',
  ],
  darwin: ['/usr/local/kerio/mailserver'],
  linux: ['/opt/kerio/mailserver'],
};

/**
 * Finds the mail server: the given directory, else that of `KMS_BACKUP_SERVER_DIR`, else the current directory where it
 * holds mailserver.cfg, else the platform's places.
 * @throws {NotFoundError} naming every place that was looked at
 */
export function findInstallation(options: {
  readonly serverDir?: string | undefined;
}): Installation {
  const given = namedDirectory(options);
  const places =
    given === undefined ? [process.cwd(), ...platformPlaces()] : [given];

  const dir = places.find((place) => existsSync(join(place, CONFIG_NAME)));
  if (dir === undefined) throw notFound(places, given !== undefined);

  tellStep(`mail server in ${dir}`);

  return toInstallation(dir);
}

/**
 * Finds the directory of a mail server whose mailserver.cfg is lost: the given one, else the current one where the server has
 * left something else of its own, else that of the platform's places which is there. Undefined: there is none.
 */
export function findBareInstallation(options: {
  readonly serverDir?: string | undefined;
}): Installation | undefined {
  const given = namedDirectory(options);
  const cwd = process.cwd();
  const places =
    given === undefined
      ? [...(hasTraces(cwd) ? [cwd] : []), ...platformPlaces()]
      : [given];

  const dir = places.find(isDirectory);

  return dir === undefined ? undefined : toInstallation(dir);
}

/** What a server's directory holds beside mailserver.cfg, as plain files. */
const TRACES = [
  'users.cfg',
  'cluster.cfg',
  'mailserver.cfg.bak',
  'mailserver',
  'mailserver.exe',
];

function hasTraces(directory: string): boolean {
  const isFile = (name: string): boolean =>
    statSync(join(directory, name), { throwIfNoEntry: false })?.isFile() ===
    true;

  return TRACES.some(isFile) || hasJournal(directory);
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function toInstallation(dir: string): Installation {
  return {
    dir,
    configPath: join(dir, CONFIG_NAME),
    usersConfigPath: join(dir, 'users.cfg'),
  };
}

/** The directory that a flag or the environment names. */
function namedDirectory({
  serverDir,
}: {
  readonly serverDir?: string | undefined;
}): string | undefined {
  const given = serverDir ?? process.env['KMS_BACKUP_SERVER_DIR'] ?? '';

  return given === '' ? undefined : resolve(given);
}

function platformPlaces(): string[] {
  return [...(PLACES[process.platform] ?? []), ...programFiles()];
}

/** Windows may be installed on another drive. */
function programFiles(): string[] {
  if (process.platform !== 'win32') return [];
  return [process.env['ProgramFiles'], process.env['ProgramFiles(x86)']]
    .filter((root): root is string => root !== undefined && !/^C:/i.test(root))
    .map((root) => join(root, 'Kerio', 'MailServer'));
}

function notFound(places: readonly string[], isGiven: boolean): NotFoundError {
  const [first = ''] = places;
  if (!isGiven) {
    return new NotFoundError(
      `no mail server found; looked for ${CONFIG_NAME} in ${places.join(', ')}`,
      {
        hints: [
          'Name the install directory with --server-dir DIR or KMS_BACKUP_SERVER_DIR.',
        ],
      },
    );
  }

  const fact = isDirectory(first)
    ? `no ${CONFIG_NAME} in ${first}`
    : `no such directory: ${first}`;

  return new NotFoundError(
    `${fact}; it should be the mail server's install directory`,
    {
      hints: [
        `Name the directory that holds ${CONFIG_NAME} with --server-dir DIR.`,
      ],
    },
  );
}
