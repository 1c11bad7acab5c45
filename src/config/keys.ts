import { UsageError } from '../errors.js';
import { parseSize } from '../platform/units.js';
import {
  type IncludeSwitches,
  MAX_VOLUME_BYTES,
  type ServerSettings,
} from '../server/settings.js';

/** A setting's value as `config show --json` gives it. */
export type SettingValue = boolean | number | string;

/** One setting of the server's Backup tab, by the name that scripts use. */
export interface SettingKey {
  readonly name: string;
  /** As the Backup tab names it. */
  readonly label: string;
  readonly table: 'StoreBackup' | 'Directories';
  readonly variable: string;
  /** The present value, with the default where the file says nothing. */
  readonly read: (settings: ServerSettings) => SettingValue;
  /** Returns the value for the file. @throws {UsageError} when the value is impossible on this platform */
  readonly toFile: (text: string, platform: NodeJS.Platform) => string;
  /** The form of the value, for help and wizard. */
  readonly example: string;
}

/** Below this hardly a message fits into a volume. */
const MIN_VOLUME_BYTES = 65_536;

const onOff = (
  name: string,
  label: string,
  variable: string,
  read: (settings: ServerSettings) => boolean,
): SettingKey => ({
  name,
  label,
  table: 'StoreBackup',
  variable,
  read,
  toFile: (text) => (parseSwitch(name, text) ? '1' : '0'),
  example: 'true or false',
});

const include = (
  part: keyof IncludeSwitches,
  label: string,
  variable: string,
): SettingKey =>
  onOff(
    `include-${part}`,
    `Back up ${label}`,
    variable,
    (settings) => settings.include[part],
  );

/** Every setting that can be shown and set, in the order of the Backup tab. */
export const SETTING_KEYS: readonly SettingKey[] = [
  onOff(
    'enabled',
    'Backup is enabled',
    'Enabled',
    (settings) => settings.backupEnabled,
  ),
  {
    name: 'backup-dir',
    label: 'Backup directory',
    table: 'Directories',
    variable: 'BackupDir',
    read: (settings) => settings.backupDir,
    toFile: checkDirectory,
    example: 'a complete path',
  },
  {
    name: 'volume-size',
    label: 'Split archives at',
    table: 'StoreBackup',
    variable: 'MaxFileSize',
    read: (settings) => settings.volumeLimitBytes,
    toFile: (text) => String(checkVolumeSize(text)),
    example: '600MB, 2GiB or bytes',
  },
  {
    name: 'keep',
    label: 'Keep at most this many complete backups',
    table: 'StoreBackup',
    variable: 'RotationLimit',
    read: (settings) => settings.rotationLimit,
    toFile: (text) => String(checkKeep(text)),
    example: '1 or more',
  },
  {
    ...onOff(
      'keep-differentials',
      'Keep every differential',
      'RemoveOldDiffBackups',
      (it) => it.keepsDifferentials,
    ),
    // The file asks the opposite question: remove old differentials?
    toFile: (text) => (parseSwitch('keep-differentials', text) ? '0' : '1'),
  },
  {
    name: 'notify',
    label: 'Send notifications to',
    table: 'StoreBackup',
    variable: 'AdminNotify',
    read: (settings) => settings.notifyAddress,
    toFile: checkAddress,
    example: 'an e-mail address; Backspace for nobody',
  },
  include('mail', 'mail', 'IncludeMail'),
  include('lists', 'mailing lists', 'IncludeLists'),
  include('sslcert', 'SSL certificates', 'IncludeSSLCert'),
  include('license', 'the licence', 'IncludeLicense'),
  include('spamassassin', 'the SpamAssassin database', 'IncludeSpamassassin'),
  include('xmpp', 'XMPP data', 'IncludeXmpp'),
  include('im', 'instant messaging data', 'IncludeIM'),
  onOff(
    'create-backup-dir',
    'Create the backup directory',
    'CreateBackupDirectory',
    (it) => it.createsBackupDirectory,
  ),
];

function parseSwitch(name: string, text: string): boolean {
  const word = text.trim().toLowerCase();
  if (['true', 'yes', 'on', '1'].includes(word)) return true;
  if (['false', 'no', 'off', '0'].includes(word)) return false;
  throw new UsageError(
    `${name} is ${JSON.stringify(text)}, which is neither true nor false`,
  );
}

function checkVolumeSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) {
    throw new UsageError(
      `volume-size is ${JSON.stringify(text)}, which is no size`,
      {
        hints: ['Write bytes or a unit: 600MB, 2GiB, 1048576.'],
      },
    );
  }

  // People write 2 GiB where the format and the server mean one byte less.
  if (bytes === MAX_VOLUME_BYTES + 1) return MAX_VOLUME_BYTES;

  if (bytes > MAX_VOLUME_BYTES || bytes < MIN_VOLUME_BYTES) {
    throw new UsageError(
      `volume-size is ${JSON.stringify(text)}, which is not within 64 KiB and 2 GiB`,
    );
  }

  return bytes;
}

function checkKeep(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text.trim()) || count < 1 || count > 999_999) {
    throw new UsageError(
      `keep is ${JSON.stringify(text)}, which is no number from 1 on`,
      {
        hints: [
          'The last complete backup is always kept: the smallest limit is 1.',
        ],
      },
    );
  }

  return count;
}

function checkAddress(text: string): string {
  const address = text.trim();
  if (address !== '' && !/^[^\s@,;<>()]+@[^\s@,;<>()]+$/.test(address)) {
    throw new UsageError(
      `notify is ${JSON.stringify(text)}, which is no e-mail address`,
    );
  }

  return address;
}

function checkDirectory(text: string, platform: NodeJS.Platform): string {
  const isWindows = platform === 'win32';
  const isUnc = /^\\\\[^\\/]+\\[^\\/]+/.test(text);
  const isDrive = /^[A-Za-z]:[\\/]/.test(text);
  const isComplete = isWindows ? isUnc || isDrive : text.startsWith('/');
  if (isComplete) return text;

  const unixHint =
    isUnc || isDrive
      ? 'Mount the share and name the mount point: /mnt/server-backup.'
      : 'Write the complete path: /mnt/server-backup.';

  const hint = isWindows
    ? 'Write a drive (E:\\backup) or, for a network disk, its UNC path (\\\\nas\\backup).'
    : unixHint;

  throw new UsageError(
    `backup-dir is ${JSON.stringify(text)}, which is no complete path on this system`,
    {
      hints: [hint],
    },
  );
}
