/** The request of a backup, of a command's flags and the server's settings. */
import type { ArchiveType } from '../archive/names.js';
import type { BackupRequest } from '../backup/request.js';
import { UsageError } from '../errors.js';
import { noteRun } from '../history/run-notes.js';
import { systemClock } from '../platform/clock.js';
import type { OnProgress } from '../platform/progress.js';
import type { IncludeSwitches, ServerSettings } from '../server/settings.js';
import { readIniFile } from '../settings/ini-file.js';
import type { NotifyRule } from '../settings/smtp-section.js';
import { chooseStorage } from './archive-places.js';
import { checkExclude } from './check-patterns.js';
import { choosePolicy } from './choose-policy.js';
import { type NewPin, refusePast } from './pin-archive.js';
import type { NightlyBackup } from './nightly-backup.js';
import { knownArchivePlaces } from './known-archive-places.js';
import { openServer, type ServerFlags } from './server.js';
import {
  ACCEPT,
  ALL_LOSS_PERCENT,
  checkVolumeSize,
  choose,
  ENGINE,
  EXCLUDE,
  FILES_AHEAD,
  FRESH_EVERY,
  INCLUDES_ARCHIVE,
  LEVEL,
  LOCK_WAIT_MS,
  MAILBOX_LOSS_PERCENT,
  MASK,
  MIN_FREE,
  OVERSIZE,
  READS_BACK,
  REUSES,
  ROTATES,
  type SourceFlags,
  type Sources,
  THREADS,
  USES_CHECKSUM,
  VOLUME_SIZE,
} from './setting-sources.js';

/** The flags of a backup command, as far as the run depends on them. */
export interface BackupFlags extends ServerFlags, SourceFlags {
  readonly notify?: string | undefined;
  readonly 'new-target': boolean;
  /** The pin that the archive gets. */
  readonly newPin?: NewPin | undefined;
}

/** The means to watch a run and to stop it. */
export interface RunControl {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/**
 * The request of `backup full`, `backup diff` and `backup copy`.
 * @throws {NotFoundError} without a server · {ConfigurationError} when a file of settings is wrong · {UsageError}
 */
export function toNightlyBackup(
  type: ArchiveType,
  flags: BackupFlags,
  control: RunControl,
): NightlyBackup {
  const { installation, settings } = openServer(flags);
  const ini = readIniFile(installation.dir);
  const sources = { flags, ini, server: settings };
  const include = includedParts(sources);
  const storage = chooseStorage(flags, sources);
  refusePast(flags.newPin, systemClock());
  noteRun({ place: storage.name });

  return {
    request: {
      type,
      installation,
      settings: { ...settings, include },
      storage,
      archivePlaces: knownArchivePlaces(settings.backupDir, installation.dir),
      pin: flags.newPin,
      ...chooseValues(sources),
      clock: systemClock,
      ...control,
    },
    ini,
    rule: flags.notify as NotifyRule | undefined,
    isNewTarget: flags['new-target'],
    rotates: choose(ROTATES, sources),
    policy: choosePolicy(sources, { storage, installDir: installation.dir }),
  };
}

/** What the server includes, and the mail archive where that is asked for. @throws {UsageError} where the mask says otherwise */
function includedParts({
  flags,
  ini,
  server,
}: Sources & { readonly server: ServerSettings }): IncludeSwitches {
  const sources = { flags, ini };
  const archive = choose(INCLUDES_ARCHIVE, sources);
  const mask = choose(MASK, sources);

  if (flags['include-archive'] === true && mask?.has('archive') === false) {
    throw new UsageError(
      '--include-archive adds the mail archive to what a backup takes, and --mask names all that it takes',
      { hints: [`Write --mask ${[...mask, 'archive'].join(',')}.`] },
    );
  }

  return { ...server.include, archive };
}

type ChosenValues = Omit<
  BackupRequest,
  | 'type'
  | 'installation'
  | 'settings'
  | 'storage'
  | 'archivePlaces'
  | 'pin'
  | 'clock'
  | keyof RunControl
>;

function chooseValues(sources: Sources): ChosenValues {
  return {
    volumeLimitBytes: checkVolumeSize(choose(VOLUME_SIZE, sources)),
    oversize: choose(OVERSIZE, sources),
    accept: choose(ACCEPT, sources),
    exclude: checkExclude(choose(EXCLUDE, sources)),
    mask: choose(MASK, sources),
    level: choose(LEVEL, sources),
    engine: choose(ENGINE, sources),
    threads: choose(THREADS, sources),
    filesAhead: choose(FILES_AHEAD, sources),
    reuse: choose(REUSES, sources)
      ? { freshEvery: choose(FRESH_EVERY, sources) }
      : undefined,
    usesChecksum: choose(USES_CHECKSUM, sources),
    readsBack: choose(READS_BACK, sources),
    lockWaitMs: choose(LOCK_WAIT_MS, sources),
    minFreeBytes: choose(MIN_FREE, sources),
    lossLimits: {
      mailboxPercent: choose(MAILBOX_LOSS_PERCENT, sources),
      allPercent: choose(ALL_LOSS_PERCENT, sources),
    },
  };
}
