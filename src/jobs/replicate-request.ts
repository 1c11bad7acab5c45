/** The request of `replicate`, of its flags and the server's settings. */
import { UsageError } from '../errors.js';
import { noteRun } from '../history/run-notes.js';
import { systemClock } from '../platform/clock.js';
import type { OnProgress } from '../platform/progress.js';
import { readIniFile } from '../settings/ini-file.js';
import { chooseStorage, locateStorage } from './archive-places.js';
import type { MirrorRequest } from './mirror-archives.js';
import { findMirror, type Mirror } from './mirror-place.js';
import { openServer, type ServerFlags } from './server.js';
import {
  choose,
  KEEPS_DIFFERENTIALS,
  LOCK_WAIT_MS,
  type SourceFlags,
} from './setting-sources.js';

interface ReplicateFlags extends ServerFlags, SourceFlags {
  readonly to?: string | undefined;
  readonly 'new-target': boolean;
  readonly 'dry-run': boolean;
}

/** @throws {NotFoundError} without a server · {ConfigurationError} · {UsageError} where no place is named */
export function toReplicateRequest(
  flags: ReplicateFlags,
  signal: AbortSignal,
  onProgress: OnProgress,
): MirrorRequest {
  const { installation, settings: server } = openServer(flags);
  const ini = readIniFile(installation.dir);
  const sources = { flags, ini, server };
  const source = chooseStorage(flags, sources);
  noteRun({ place: source.name });

  return {
    source,
    server: { installation, settings: server },
    isNewTarget: flags['new-target'],
    mirror: chooseMirror(flags, findMirror(ini, installation.dir)),
    keepsDifferentials: choose(KEEPS_DIFFERENTIALS, sources),
    rotates: true,
    isDryRun: flags['dry-run'],
    lockWaitMs: choose(LOCK_WAIT_MS, sources),
    clock: systemClock,
    onProgress,
    signal,
  };
}

/** A place that is named by hand has no limit, unless it is that of kms-backup.ini. */
function chooseMirror(
  flags: ReplicateFlags,
  mirror: Mirror | undefined,
): Mirror {
  if (flags.to === undefined) {
    if (mirror) return mirror;

    throw new UsageError('no place is named that archives are copied to', {
      hints: [
        'Name it with --to TARGET, or as "to" of [mirror] in kms-backup.ini.',
      ],
    });
  }

  const storage = locateStorage(flags.to, flags);
  const isMirror = mirror?.storage.identity === storage.identity;

  return isMirror
    ? mirror
    : { storage, retention: undefined, isUsual: !mirror };
}
