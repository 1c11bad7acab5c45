/**
 * The sources of each value of a request, in one table. The first source that says something wins:
 *
 *   --level 9                     flag
 *   KMS_BACKUP_LEVEL=9            environment: oclif gives a flag that is not typed its variable's value (ui/flags.ts)
 *   [backup] level = 9            kms-backup.ini
 *   <variable name="MaxFileSize"> mailserver.cfg
 *   6                             `otherwise`
 */
import { resolve } from 'node:path';
import { MAX_VOLUME_BYTES } from '../archive/names.js';
import type { CodecName } from '../archive/zip/codec-types.js';
import type { OversizePolicy } from '../archive/write/oversize.js';
import { DEFAULT_FILES_AHEAD } from '../archive/write/read-ahead.js';
import { DEFAULT_LOSS_LIMITS } from '../backup/mass-loss.js';
import { UsageError } from '../errors.js';
import { formatSize } from '../platform/units.js';
import { defaultThreads } from '../platform/worker-pool.js';
import type { ServerSettings } from '../server/settings.js';
import type { IniSettings } from '../settings/ini-settings.js';
import {
  type RetentionSettings,
  rulesIn,
} from '../settings/retention-section.js';
import { type Component, parseMask } from '../store/components.js';

/** The flags that say something about a request, as oclif parsed them. */
export interface SourceFlags {
  readonly 'backup-dir'?: string | undefined;
  readonly 'volume-size'?: number | undefined;
  readonly oversize?: string | undefined;
  readonly mask?: string | undefined;
  readonly 'include-archive'?: boolean | undefined;
  readonly level?: number | undefined;
  readonly threads?: number | undefined;
  readonly checksum?: boolean | undefined;
  readonly verify?: boolean | undefined;
  readonly rotate?: boolean | undefined;
  readonly reuse?: boolean | undefined;
  readonly keep?: number | undefined;
  readonly 'lock-wait'?: number | undefined;
  readonly 'min-free'?: number | undefined;
  readonly 'mass-loss-user'?: number | undefined;
  readonly 'mass-loss-all'?: number | undefined;
  readonly store?: string | undefined;
}

/** The sources that a command has; undefined: it has no such source. */
export interface Sources {
  readonly flags: SourceFlags;
  readonly ini?: IniSettings | undefined;
  readonly server?: ServerSettings | undefined;
}

interface Setting<T> {
  readonly flag: (flags: SourceFlags) => T | undefined;
  readonly ini?: (ini: IniSettings) => T | undefined;
  readonly server?: (settings: ServerSettings) => T;
  readonly otherwise: () => T;
}

/** The value of the first source that says something. */
export function choose<T>(
  setting: Setting<T>,
  { flags, ini, server }: Sources,
): T {
  return (
    setting.flag(flags) ??
    (ini && setting.ini?.(ini)) ??
    (server && setting.server?.(server)) ??
    setting.otherwise()
  );
}

/** zlib's own choice between speed and size. */
const DEFAULT_LEVEL = 6;

/** A directory, an address of a bucket or a target's name, as it was given. */
export const BACKUP_DIR: Setting<string> = {
  flag: (flags) => flags['backup-dir'],
  server: ({ backupDir }) => backupDir,
  otherwise: () => resolve('.'),
};

/** Absolute: where mail, lists and the like are. */
export const STORE_DIR: Setting<string> = {
  flag: (flags) => toPath(flags.store),
  server: ({ storeDir }) => storeDir,
  otherwise: () => resolve('.'),
};

/** The limit of a volume as it was given; `checkVolumeSize` says whether it is possible. */
export const VOLUME_SIZE: Setting<number> = {
  flag: (flags) => flags['volume-size'],
  ini: ({ backup }) => backup.volumeSizeBytes,
  server: ({ volumeLimitBytes }) => volumeLimitBytes,
  otherwise: () => MAX_VOLUME_BYTES,
};

export const OVERSIZE: Setting<OversizePolicy> = {
  flag: ({ oversize }) => oversize as OversizePolicy | undefined,
  ini: ({ backup }) => backup.oversize,
  otherwise: () => 'skip',
};

/** Undefined: what the Include switches of mailserver.cfg say. */
export const MASK: Setting<ReadonlySet<Component> | undefined> = {
  flag: ({ mask }) => (mask === undefined ? undefined : parseMask(mask)),
  otherwise: () => undefined,
};

/** The mail archive is a part of what a backup takes without a mask. */
export const INCLUDES_ARCHIVE: Setting<boolean> = {
  flag: (flags) => flags['include-archive'],
  ini: ({ backup }) => backup.includesArchive,
  otherwise: () => false,
};

/** 1 to 9. */
export const LEVEL: Setting<number> = {
  flag: ({ level }) => level,
  ini: ({ backup }) => backup.level,
  otherwise: () => DEFAULT_LEVEL,
};

/** What compresses; there is no flag: nobody needs to choose but where the engine of our own fails on a machine. */
export const ENGINE: Setting<CodecName> = {
  flag: () => undefined,
  ini: ({ backup }) => backup.engine,
  otherwise: () => 'own',
};

export const THREADS: Setting<number> = {
  flag: ({ threads }) => threads,
  ini: ({ backup }) => backup.threads,
  otherwise: defaultThreads,
};

/** How many files are read at once where the disk lets the threads wait; what serves one disk well serves every run. */
export const FILES_AHEAD: Setting<number> = {
  flag: () => undefined,
  ini: ({ backup }) => backup.filesAhead,
  otherwise: () => DEFAULT_FILES_AHEAD,
};

export const USES_CHECKSUM: Setting<boolean> = {
  flag: ({ checksum }) => checksum,
  otherwise: () => false,
};

/** --verify is what is done anyway: only --no-verify says something. */
export const READS_BACK: Setting<boolean> = {
  flag: ({ verify }) => (verify === false ? false : undefined),
  ini: ({ backup }) => backup.verify,
  otherwise: () => true,
};

/** --rotate is what is done anyway: only --no-rotate says something. */
export const ROTATES: Setting<boolean> = {
  flag: ({ rotate }) => (rotate === false ? false : undefined),
  ini: ({ backup }) => backup.rotate,
  otherwise: () => true,
};

/** Fulls and copies take out of older archives what is unchanged. */
export const REUSES: Setting<boolean> = {
  flag: ({ reuse }) => reuse,
  ini: ({ backup }) => backup.reuse,
  otherwise: () => false,
};

/** Of so many fulls one is read from the store whole: the month has four weekends. */
export const FRESH_EVERY: Setting<number> = {
  flag: () => undefined,
  ini: ({ backup }) => backup.freshEvery,
  otherwise: () => 4,
};

/** The number of complete backups that stay at most, or the rules of what stays. */
export const RETENTION: Setting<number | RetentionSettings> = {
  flag: ({ keep }) => keep,
  ini: ({ retention }) => rulesIn(retention),
  server: ({ rotationLimit }) => rotationLimit,
  otherwise: () => 1,
};

export const KEEPS_DIFFERENTIALS: Setting<boolean> = {
  flag: () => undefined,
  server: ({ keepsDifferentials }) => keepsDifferentials,
  otherwise: () => false,
};

export const LOCK_WAIT_MS: Setting<number> = {
  flag: (flags) => flags['lock-wait'],
  ini: ({ backup }) => backup.lockWaitMs,
  otherwise: () => 0,
};

/** There is no flag: what is known is known every night. */
export const ACCEPT: Setting<readonly string[]> = {
  flag: () => undefined,
  ini: ({ backup }) => backup.accept,
  otherwise: () => [],
};

/** There is no flag: a backup by hand leaves out what that of the night does. */
export const EXCLUDE: Setting<readonly string[]> = {
  flag: () => undefined,
  ini: ({ backup }) => backup.exclude,
  otherwise: () => [],
};

/** Undefined: what the server itself would keep free. */
export const MIN_FREE: Setting<number | undefined> = {
  flag: (flags) => flags['min-free'],
  ini: ({ backup }) => backup.minFreeBytes,
  otherwise: () => undefined,
};

export const MAILBOX_LOSS_PERCENT: Setting<number> = {
  flag: (flags) => flags['mass-loss-user'],
  ini: ({ backup }) => backup.massLossUserPercent,
  otherwise: () => DEFAULT_LOSS_LIMITS.mailboxPercent,
};

export const ALL_LOSS_PERCENT: Setting<number> = {
  flag: (flags) => flags['mass-loss-all'],
  ini: ({ backup }) => backup.massLossAllPercent,
  otherwise: () => DEFAULT_LOSS_LIMITS.allPercent,
};

function toPath(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

/** The smallest volume: headers and the texts must fit beside a little mail. */
const MIN_VOLUME_BYTES = 16_384;

/**
 * The limit of a volume; 2 GiB, as people write it, means the maximum of one byte less.
 * @throws {UsageError} for a limit that no archive could keep
 */
export function checkVolumeSize(bytes: number): number {
  if (bytes >= MIN_VOLUME_BYTES && bytes <= MAX_VOLUME_BYTES + 1) {
    return Math.min(bytes, MAX_VOLUME_BYTES);
  }

  const limit = `${formatSize(MIN_VOLUME_BYTES)} to 2 GiB`;

  throw new UsageError(`a volume of ${bytes} bytes is not possible: ${limit}`, {
    hints: [
      'Give --volume-size between these limits; the manual names 2 GB as the maximum.',
    ],
  });
}
