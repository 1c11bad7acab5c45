/** The server that a recover works for, also where its mailserver.cfg is lost or says nothing. */
import { KmsError, messageOf, NotFoundError } from '../errors.js';
import {
  findBareInstallation,
  type Installation,
} from '../server/installation.js';
import { readSettings } from '../server/settings.js';
import { knownArchivePlaces } from './known-archive-places.js';
import { findServer, openServer, type ServerFlags } from './server.js';

/** A server that is recovered, as far as its places go. */
export interface RecoveredServer {
  readonly installation: Installation;
  /** Undefined: mailserver.cfg does not say it. */
  readonly storeDir: string | undefined;
  /** As the store's. */
  readonly archiveDir?: string;
  /** Where archives lie, as far as the server's settings say it. */
  readonly archivePlaces: readonly string[];
  /** The reason why it does not. */
  readonly problem?: string;
}

/** The server here; undefined where there is none. */
export function findRecovered(flags: ServerFlags): RecoveredServer | undefined {
  const installation = findDespiteConfig(flags);
  if (!installation) return undefined;

  try {
    const { storeDir, archiveDir, backupDir } = readSettings(installation);
    const archivePlaces = knownArchivePlaces(backupDir, installation.dir);

    return { installation, storeDir, archiveDir, archivePlaces };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    const archivePlaces = knownArchivePlaces(undefined, installation.dir);
    const problem = messageOf(error);

    return { installation, storeDir: undefined, archivePlaces, problem };
  }
}

function findDespiteConfig(flags: ServerFlags): Installation | undefined {
  try {
    return findServer(flags);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;

    return findBareInstallation({ serverDir: flags['server-dir'] });
  }
}

/** Says why the server, or its store, is not known. @throws {KmsError} always */
export function refuseUnknown(flags: ServerFlags): never {
  try {
    openServer(flags);
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    const { code, exitCode, message, hints } = error;
    throw new KmsError(code, exitCode, message, {
      hints: [
        ...hints,
        'Where mailserver.cfg is lost, bring it back first: recover DIR --mask cfg.',
        'Without a mail server, name both places: --store DIR --cfgdir DIR.',
      ],
      cause: error,
    });
  }

  throw new NotFoundError('the mail server changed meanwhile', {
    hints: ['Try again.'],
  });
}
