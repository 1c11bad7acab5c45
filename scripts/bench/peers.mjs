// The other tools that take part in a measurement.
import { join } from 'node:path';

/** The parts of a mail server that every tool saves, named from the server's directory. */
export const SOURCES = ['mailserver.cfg', 'users.cfg', 'store'];

/** Returns restic's environment, with its cache below the work directory. */
export function resticEnvironment(work) {
  return {
    RESTIC_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: join(work, 'restic-cache'),
  };
}

/** Returns borg's environment, with its own files below the work directory. */
export function borgEnvironment(work) {
  return {
    BORG_BASE_DIR: join(work, 'borg-base'),
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
  };
}

/** Leaves out the contestants whose `tool` this machine lacks; one without a `tool` needs none. */
export function installed(tools, contestants) {
  return contestants.filter(
    ({ tool }) => tool === undefined || tools.has(tool),
  );
}
