/** Where a drill reads, what it compares with, and where it must not write. */
import { dirname } from 'node:path';
import type { ArchivePlace } from '../archive/storages.js';
import { ServerPlaces } from '../drill/server-places.js';
import { KmsError } from '../errors.js';
import { locate } from './archive-places.js';
import { knownArchivePlaces } from './known-archive-places.js';
import { openServer, type OpenServer, type ServerFlags } from './server.js';

export interface DrillPlaces {
  readonly from: ArchivePlace;
  /** Undefined where no server is here, or none that says where its store is. */
  readonly live: ServerPlaces | undefined;
  /** The live store and the directories of archives. */
  readonly avoid: readonly string[];
  /** The directory that the store lies in. */
  readonly besideStore: string | undefined;
}

/** @throws as `locate` */
export function findDrillPlaces(
  given: string,
  flags: ServerFlags,
): DrillPlaces {
  const from = locate(given, flags);
  const server = findReadableServer(flags);
  const { localDirectory } = from.storage;
  const archives = localDirectory === undefined ? [] : [localDirectory];
  if (!server) {
    return { from, live: undefined, avoid: archives, besideStore: undefined };
  }

  const { installation, settings } = server;
  const { storeDir, archiveDir, backupDir } = settings;
  const places = knownArchivePlaces(backupDir, installation.dir);

  return {
    from,
    live: new ServerPlaces({
      store: storeDir,
      install: installation.dir,
      archive: archiveDir,
    }),
    avoid: [storeDir, archiveDir, ...places, ...archives],
    besideStore: dirname(storeDir),
  };
}

/** A drill is made on the machine that a server is to be recovered on, too: nothing is there then. */
function findReadableServer(flags: ServerFlags): OpenServer | undefined {
  try {
    return openServer(flags);
  } catch (error) {
    if (error instanceof KmsError && flags['server-dir'] === undefined) {
      return undefined;
    }

    throw error;
  }
}
