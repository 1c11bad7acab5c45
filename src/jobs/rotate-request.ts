/** The request of a rotation, of a command's flags and the settings of the server. */
import { noteRun } from '../history/run-notes.js';
import { systemClock } from '../platform/clock.js';
import type { RotateRequest } from '../rotate/run-rotate.js';
import { readIniFile } from '../settings/ini-file.js';
import { chooseStorage } from './archive-places.js';
import { choosePolicy } from './choose-policy.js';
import { findOpenServer, openServer, type ServerFlags } from './server.js';
import { choose, LOCK_WAIT_MS, type SourceFlags } from './setting-sources.js';

interface RotateFlags extends ServerFlags, SourceFlags {
  readonly 'dry-run': boolean;
}

/**
 * The request of `rotate`. A server is needed only where the flags do not name directory and limit.
 * @throws {NotFoundError} without a server that is needed · {ConfigurationError} when a file of its settings is wrong
 */
export function toRotateRequest(
  flags: RotateFlags,
  signal: AbortSignal,
): RotateRequest {
  const isSelfContained =
    flags['backup-dir'] !== undefined && flags.keep !== undefined;
  const open = isSelfContained ? findOpenServer(flags) : openServer(flags);

  const installDir = open?.installation.dir;
  const ini = installDir === undefined ? undefined : readIniFile(installDir);
  const sources = { flags, ini, server: open?.settings };
  const storage = chooseStorage(flags, sources);
  noteRun({ place: storage.name });

  return {
    storage,
    policy: choosePolicy(sources, { storage, installDir }),
    isDryRun: flags['dry-run'],
    lockWaitMs: choose(LOCK_WAIT_MS, sources),
    clock: systemClock,
    signal,
  };
}
