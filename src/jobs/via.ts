/** Which way a server's settings are read and changed: in mailserver.cfg, or by the administration of the server that runs. */
import { UsageError } from '../errors.js';
import type { AdminCalls } from '../server/running/calls.js';
import type { EditedServer } from '../server/settings-source.js';
import type { AdminContext } from './admin-calls.js';
import { findEditedServer, findServer, type ServerFlags } from './server.js';

export interface ViaFlags extends ServerFlags {
  /** `file` or `api`. */
  readonly via: string;
  /** Edits the file although the server runs. */
  readonly force?: boolean | undefined;
  /** Edits the file while the server is stopped. */
  readonly 'restart-server'?: boolean | undefined;
}

/** What of a running server is looked at. */
export type RunningPartName = 'backup' | 'log';

/** A server, and a way to its settings that is open. */
export interface ReachedServer extends EditedServer {
  /** To the server that runs; undefined: the file is the way. */
  readonly calls: AdminCalls | undefined;
}

/**
 * Works with the settings of the server that flags name, by the way that they name.
 * @throws {NotFoundError} without an installation · whatever a login meets
 */
export async function onServer<Result>(
  flags: ViaFlags,
  part: RunningPartName,
  context: AdminContext,
  work: (server: ReachedServer) => Promise<Result>,
): Promise<Result> {
  if (flags.via !== 'api') {
    return work({ ...findEditedServer(flags), calls: undefined });
  }

  refuseFileFlags(flags);

  const installation = findServer(flags);
  const { withAdminCalls } = await import('./admin-calls.js');
  const running = await import('../server/running/settings-source.js');

  return withAdminCalls(installation, context, (calls) => {
    const open = part === 'log' ? running.runningLog : running.runningBackup;
    const source = open(calls, installation.dir);

    return work({ installation, source, calls });
  });
}

/** @throws {UsageError} for a flag that means the file */
function refuseFileFlags(flags: ViaFlags): void {
  const hints = ['Leave out one of them.'];

  if (flags.force === true) {
    throw new UsageError(
      '--force edits the file of a server that runs; --via api asks that server',
      { hints },
    );
  }

  if (flags['restart-server'] === true) {
    throw new UsageError(
      '--restart-server stops the server to edit its file; --via api asks a server that runs',
      { hints },
    );
  }
}
