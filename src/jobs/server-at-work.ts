/** Whether a mail server runs on this machine. */
import { KmsError } from '../errors.js';
import { findRunningEngine } from '../server/engine.js';
import { findServer, type ServerFlags } from './server.js';

/** False where none is installed: archives are verified on other machines too. */
export async function isServerAtWork(flags: ServerFlags): Promise<boolean> {
  try {
    return (await findRunningEngine(findServer(flags))) !== undefined;
  } catch (error) {
    if (error instanceof KmsError) return false;

    throw error;
  }
}
