/** Where a recover of a server may be at work, or may have left its journal. */
import { KmsError } from '../errors.js';
import type { Installation } from './installation.js';
import { readSettings } from './settings.js';

/** The install directory, and the store where mailserver.cfg says where that is. */
export function serverPlaces(installation: Installation): string[] {
  try {
    return [installation.dir, readSettings(installation).storeDir];
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return [installation.dir];
  }
}
