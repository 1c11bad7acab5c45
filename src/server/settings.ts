import { resolve } from 'node:path';
import { ConfigurationError } from '../errors.js';
import { tellStep } from '../platform/steps.js';
import { type ConfigDocument, parseConfigDocument } from './config/document.js';
import { decodeConfigText, readConfigText } from './config/text.js';
import { findSection, readerOf } from './config/values.js';
import { USUAL_ARCHIVE_DIR } from './config-paths.js';
import type { Installation } from './installation.js';
import { readScheduleTasks, type ScheduleTask } from './schedule-tasks.js';

/** The largest volume that the server and the manual allow: 2 GiB - 1. */
export const MAX_VOLUME_BYTES = 2_147_483_647;
/** The documented default of "keep at most N complete backups". */
const DEFAULT_ROTATION_LIMIT = 7;

const MIB = 1024 ** 2;
/** A thousand TiB. */
const MAX_LIMIT_MIB = 1024 ** 3;

/** The components of a backup: the Include… switches of table StoreBackup. */
export interface IncludeSwitches {
  readonly mail: boolean;
  readonly lists: boolean;
  readonly sslcert: boolean;
  readonly license: boolean;
  readonly spamassassin: boolean;
  readonly xmpp: boolean;
  readonly im: boolean;
  /** The mail archive, which the server itself never backs up: kms-backup is told so elsewhere. */
  readonly archive: boolean;
}

/** The server's route for mail, for notifications. Passwords are left out: they are the server's secret. */
interface MailFacts {
  /** Of the server's own SMTP service. */
  readonly smtpPort: number;
  readonly relayHost: string;
  readonly relayPort: number;
  readonly relayNeedsLogin: boolean;
}

/** The settings of mailserver.cfg about backup, with the documented default for each missing one. */
export interface ServerSettings {
  /** Absolute. */
  readonly storeDir: string;
  /** Absolute. */
  readonly backupDir: string;
  /** Absolute: where the server archives mail. */
  readonly archiveDir: string;
  /** Less free space than this on the store's disk makes the server warn its administrator; 0: no limit is set. */
  readonly storeSoftLimitBytes: number;
  readonly backupEnabled: boolean;
  readonly volumeLimitBytes: number;
  /** Keep at most that many complete backups. */
  readonly rotationLimit: number;
  /** Every differential is kept, not only the newest. */
  readonly keepsDifferentials: boolean;
  /** Empty: nobody is told. */
  readonly notifyAddress: string;
  readonly include: IncludeSwitches;
  readonly createsBackupDirectory: boolean;
  /** The internet host name; empty where the file names none. */
  readonly hostname: string;
  readonly schedule: readonly ScheduleTask[];
  /** Absolute. */
  readonly logDirectory: string;
  /** Absolute. */
  readonly debugLogPath: string;
  /** Absolute. */
  readonly errorLogPath: string;
  /** The debug log's message group "Store Backup". */
  readonly logsStoreBackup: boolean;
  readonly mail: MailFacts;
}

/**
 * Reads the settings of an installed server.
 * @throws {ConfigurationError} naming file, line and value of what is missing, impossible or no XML
 */
export function readSettings(installation: Installation): ServerSettings {
  tellStep(`settings of ${installation.configPath}`);
  return settingsOf(
    parseConfigDocument(readConfigText(installation.configPath)),
    installation.dir,
  );
}

/** The settings of a server whose mailserver.cfg says nothing, for those who must go on without it. */
export function defaultSettings(installation: Installation): ServerSettings {
  const text =
    '<config><table name="Directories"><variable name="StoreDir">store</variable></table></config>';
  const source = decodeConfigText(installation.configPath, Buffer.from(text));

  return settingsOf(parseConfigDocument(source), installation.dir);
}

/** The settings of a parsed mailserver.cfg; relative directories count from the install directory. */
export function settingsOf(
  document: ConfigDocument,
  installDir: string,
): ServerSettings {
  const directories = readerOf(
    document,
    findSection(document, 'table', 'Directories'),
  );

  const backup = readerOf(
    document,
    findSection(document, 'table', 'StoreBackup'),
  );

  const storeDir = directories.text('StoreDir', '');
  if (storeDir === '') throw storeMissing(document);

  const pathOf = (name: string, usual: string): string =>
    resolve(installDir, directories.text(name, usual));

  return {
    storeDir: resolve(installDir, storeDir),
    backupDir: pathOf('BackupDir', 'store/backup'),
    archiveDir: pathOf('ArchiveDir', USUAL_ARCHIVE_DIR),
    storeSoftLimitBytes:
      directories.integer('StoreFreeSoftLimit', 0, [0, MAX_LIMIT_MIB]) * MIB,
    backupEnabled: backup.flag('Enabled', true),
    volumeLimitBytes: readVolumeLimit(backup),
    rotationLimit: backup.integer(
      'RotationLimit',
      DEFAULT_ROTATION_LIMIT,
      [1, 999_999],
    ),
    keepsDifferentials: !backup.flag('RemoveOldDiffBackups', true),
    notifyAddress: backup.text('AdminNotify', ''),
    include: includeSwitches(document),
    createsBackupDirectory: backup.flag('CreateBackupDirectory', true),
    hostname: readHostname(document),
    schedule: readScheduleTasks(document),
    ...logFacts(document, installDir, storeDir),
    mail: mailFacts(document),
  };
}

/** People write 2 GiB where the server writes one byte less. */
function readVolumeLimit(backup: ReturnType<typeof readerOf>): number {
  const range = [1, MAX_VOLUME_BYTES + 1] as const;
  const bytes = backup.integer('MaxFileSize', MAX_VOLUME_BYTES, range);

  return Math.min(bytes, MAX_VOLUME_BYTES);
}

function readHostname(document: ConfigDocument): string {
  const misc = readerOf(document, findSection(document, 'table', 'Misc'));

  return misc.text('InternetHostname', '');
}

function includeSwitches(document: ConfigDocument): IncludeSwitches {
  const backup = readerOf(
    document,
    findSection(document, 'table', 'StoreBackup'),
  );

  return {
    mail: backup.flag('IncludeMail', true),
    lists: backup.flag('IncludeLists', true),
    sslcert: backup.flag('IncludeSSLCert', true),
    license: backup.flag('IncludeLicense', true),
    spamassassin: backup.flag('IncludeSpamassassin', true),
    xmpp: backup.flag('IncludeXmpp', true),
    im: backup.flag('IncludeIM', true),
    archive: false,
  };
}

function logFacts(
  document: ConfigDocument,
  installDir: string,
  storeDir: string,
): Pick<
  ServerSettings,
  'logDirectory' | 'debugLogPath' | 'errorLogPath' | 'logsStoreBackup'
> {
  const root = readerOf(
    document,
    findSection(document, 'table', 'LogGlobal'),
  ).text('RelativePathsRoot', '');

  const logDirectory =
    root === ''
      ? resolve(installDir, storeDir, 'logs')
      : resolve(installDir, root);

  const items = findSection(document, 'list', 'Log')?.items ?? [];

  const pathOf = (log: 'debug' | 'error'): string => {
    const item = items
      .map((it) => readerOf(document, it))
      .find((read) => read.text('LogName', '') === log);
    // StreamURL file:///debug.log is relative to the log directory.
    const name =
      /^file:\/{2,3}([^/\\].*)$/.exec(item?.text('StreamURL', '') ?? '')?.[1] ??
      `${log}.log`;

    return resolve(logDirectory, name);
  };

  const logsStoreBackup = readsStoreBackup(document);

  return {
    logDirectory,
    debugLogPath: pathOf('debug'),
    errorLogPath: pathOf('error'),
    logsStoreBackup,
  };
}

/** List LogEvents: the item with LogName debug and EventName backup. */
function readsStoreBackup(document: ConfigDocument): boolean {
  const items = findSection(document, 'list', 'LogEvents')?.items ?? [];
  const readers = items.map((item) => readerOf(document, item));

  const item = readers.find(
    (read) =>
      read.text('LogName', '') === 'debug' &&
      read.text('EventName', '') === 'backup',
  );

  return item?.flag('Enabled', false) ?? false;
}

function mailFacts(document: ConfigDocument): MailFacts {
  const relay = readerOf(document, findSection(document, 'table', 'Relay'));
  const smtp = readerOf(
    document,
    findSection(document, 'table', 'service-smtp'),
  );

  const port = [1, 65_535] as const;

  return {
    smtpPort: smtp.integer('Port', 25, port),
    relayHost: relay.text('ServerName', ''),
    relayPort: relay.integer('ServerPort', 25, port),
    relayNeedsLogin: relay.flag('AuthEnabled', false),
  };
}

function storeMissing(document: ConfigDocument): ConfigurationError {
  const table = findSection(document, 'table', 'Directories');
  const variable = table?.variables.find(({ name }) => name === 'StoreDir');
  const line = variable?.line ?? table?.line ?? 1;
  const found = variable
    ? `StoreDir is "${variable.value}"`
    : 'Directories/StoreDir is missing';

  return new ConfigurationError(
    `${document.source.path}, line ${line}: names no mail store: ${found}`,
    {
      hints: [
        'Compare the file with mailserver.cfg.bak, or recover it from a backup with --mask cfg.',
      ],
    },
  );
}
