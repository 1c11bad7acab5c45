/** The mail server that runs, for those who tell the state of its backups. */
import {
  readBackupState,
  readVersion,
  type RunningBackupState,
} from '../server/running/backup-state.js';
import type { ServerSettings } from '../server/settings.js';
import type { AdminContext } from './admin-calls.js';
import { onServer, type ViaFlags } from './via.js';

export interface RunningServer extends RunningBackupState {
  /** `https://127.0.0.1:4040` */
  readonly address: string;
  /** `Kerio Connect 10.0.8.9228` */
  readonly version: string;
}

/** A running server, and those of its settings that it tells. */
export interface SeenServer {
  readonly facts: RunningServer;
  readonly settings: Pick<
    ServerSettings,
    | 'storeDir'
    | 'backupDir'
    | 'backupEnabled'
    | 'volumeLimitBytes'
    | 'rotationLimit'
    | 'notifyAddress'
    | 'schedule'
  >;
}

/** Undefined where the file is the way. @throws whatever a login meets */
export function lookAtRunningServer(
  flags: ViaFlags,
  context: AdminContext,
): Promise<SeenServer | undefined> {
  return onServer(flags, 'backup', context, async ({ source, calls }) => {
    if (!calls) return undefined;

    const all = (await source.read()).settings();
    const version = await readVersion(calls);
    const state = await readBackupState(calls);

    return {
      facts: { address: calls.name, version, ...state },
      settings: {
        storeDir: all.storeDir,
        backupDir: all.backupDir,
        backupEnabled: all.backupEnabled,
        volumeLimitBytes: all.volumeLimitBytes,
        rotationLimit: all.rotationLimit,
        notifyAddress: all.notifyAddress,
        schedule: all.schedule,
      },
    };
  });
}

/** What the running server itself says is wrong. */
export function runningFaults(facts: RunningServer | undefined): string[] {
  return facts?.lastResult === 'failed'
    ? ["the mail server's own last backup has failed."]
    : [];
}
