import { replaceFile } from '../platform/atomic-file.js';
import { parseConfigDocument } from '../server/config/document.js';
import { applyChanges } from '../server/config/edit.js';
import { encodeConfigText, readConfigText } from '../server/config/text.js';
import { exists } from '../server/recover-state.js';
import { toChanges } from './adapt-paths.js';
import type { AdaptedPath } from './request.js';
import type { PlacedRecover } from './run-swap.js';
import { toStageError } from './stage.js';
import { dropStaged } from './staging.js';

/**
 * Adapts the paths of the staged mailserver.cfg, which stays byte for byte the archive's in everything else. Nothing live is
 * changed, and the swap brings the file as a whole. It has the time of now: with the archive's time, and of the same size, a
 * differential would not see that it is another.
 * @throws {KmsError} with nothing staged
 */
export function adaptStaged(
  { tops, staging }: PlacedRecover,
  adapted: readonly AdaptedPath[],
): void {
  const path = tops.find(
    ({ area, placement }) =>
      area === 'install' && placement.name === 'mailserver.cfg',
  )?.placement.staged;
  if (adapted.length === 0 || path === undefined || !exists(path)) return;

  try {
    const document = parseConfigDocument(readConfigText(path));
    const { source } = applyChanges(document, toChanges(adapted));

    replaceFile(path, encodeConfigText(source));
  } catch (error) {
    for (const directory of staging.stagingDirs) dropStaged(directory);
    throw toStageError(error);
  }
}
