/** The directory of this machine that holds what the program keeps for itself and belongs to no mail server. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { toSystemError } from './system-error.js';

/** What the place depends on. */
export interface StateHomeFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly isRoot: boolean;
}

/** `/var/lib/kms-backup` for root, `~/.local/state/kms-backup` for others; `KMS_BACKUP_STATE_DIR` names another. */
export function stateHome(facts: StateHomeFacts = factsOfProcess()): string {
  const { env, platform, home, isRoot } = facts;
  const named = env['KMS_BACKUP_STATE_DIR'] ?? '';
  if (named !== '') return named;

  switch (platform) {
    case 'win32':
      return join(env['ProgramData'] ?? home, 'kms-backup');
    case 'darwin':
      return join(
        isRoot ? '/' : home,
        'Library/Application Support/kms-backup',
      );
    default:
      return isRoot
        ? '/var/lib/kms-backup'
        : join(
            env['XDG_STATE_HOME'] ?? join(home, '.local/state'),
            'kms-backup',
          );
  }
}

/**
 * Makes a directory in it, for this user alone.
 * @param what for messages: `the note of the scratch directory`
 * @throws {KmsError} the class of the operating system's refusal
 */
export function makeStateDirectory(name: string, what: string): string {
  const directory = join(stateHome(), name);

  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    const fact = `${what} cannot be made, ${directory}`;
    const hints = ['Name another place with KMS_BACKUP_STATE_DIR.'];
    throw toSystemError(error, { fact, hints }) ?? error;
  }

  return directory;
}

function factsOfProcess(): StateHomeFacts {
  return {
    env: process.env,
    platform: process.platform,
    home: homedir(),
    isRoot: process.getuid?.() === 0,
  };
}
