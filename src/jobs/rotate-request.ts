/** The request of a rotation, of a command's flags and the server's settings. */
import { noteRun } from '../history/run-notes.js';
import { systemClock } from '../platform/clock.js';
import type { RotateRequest } from '../rotate/run-rotate.js';
import { chooseStorage } from './archive-places.js';
import { findServerSettings, openServer, type ServerFlags } from './server.js';
import {
  choose,
  KEEPS_DIFFERENTIALS,
  LOCK_WAIT_MS,
  ROTATION_LIMIT,
  type SourceFlags,
} from './setting-sources.js';

interface RotateFlags extends ServerFlags, SourceFlags {
  readonly 'dry-run': boolean;
}

/**
 * The request of `rotate`. A server is needed only where the flags do not name directory and limit.
 * @throws {NotFoundError} without a server that is needed · {ConfigurationError} when its mailserver.cfg is wrong
 */
export function toRotateRequest(
  flags: RotateFlags,
  signal: AbortSignal,
): RotateRequest {
  const isSelfContained =
    flags['backup-dir'] !== undefined && flags.keep !== undefined;
  const server = isSelfContained
    ? findServerSettings(flags)
    : openServer(flags).settings;
  const sources = { flags, server };
  const storage = chooseStorage(flags, { server });
  noteRun({ place: storage.name });

  return {
    storage,
    limit: Math.max(1, choose(ROTATION_LIMIT, sources)),
    keepsDifferentials: choose(KEEPS_DIFFERENTIALS, sources),
    isDryRun: flags['dry-run'],
    lockWaitMs: choose(LOCK_WAIT_MS, sources),
    clock: systemClock,
    signal,
  };
}
