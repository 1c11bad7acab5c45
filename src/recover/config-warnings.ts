import { KmsError, messageOf } from '../errors.js';
import { parseConfigDocument } from '../server/config/document.js';
import { readConfigText } from '../server/config/text.js';
import { realDirectories } from '../server/recover-journal.js';
import { exists } from '../server/recover-state.js';
import { settingsOf } from '../server/settings.js';
import type { PlacedTop } from './placed-tops.js';
import type { RecoverRequest } from './request.js';

/** Warns of a staged mailserver.cfg that no server can read, or that names another store. */
export function warnOfConfig(
  { storeDir, cfgDir }: RecoverRequest,
  tops: readonly PlacedTop[],
): string[] {
  const staged = tops.find(
    ({ area, placement }) =>
      area === 'install' && placement.name === 'mailserver.cfg',
  );

  if (!staged || !exists(staged.placement.staged)) return [];

  const { live, staged: path } = staged.placement;

  try {
    const document = parseConfigDocument(readConfigText(path));
    const named = settingsOf(document, cfgDir).storeDir;
    const [place = named] = realDirectories([named]);
    const isOther =
      tops.some(({ area }) => area === 'store') && place !== storeDir;

    return isOther
      ? [
          `the recovered ${live} names another store, ${named}; mail was recovered to ${storeDir}: correct StoreDir there`,
        ]
      : [];
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return [
      `the recovered ${live} cannot be read, and no mail server starts with it: ${messageOf(error).replaceAll(path, live)}`,
    ];
  }
}
