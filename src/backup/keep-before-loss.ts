/** What of the older archives must stay when far less mail was found than before. */
import type { Catalogue } from '../archive/backup-directory.js';
import { newestPoint } from '../archive/completeness.js';
import { inspectArchives } from '../archive/inspect.js';
import { recordMassLoss } from '../archive/mass-loss-record.js';
import { archiveName } from '../archive/names.js';

/**
 * Writes down that the newest point before this archive stays until somebody acknowledges the loss.
 * @param stem of the archive that is about to be published
 * @throws {Error} where it cannot be written: the archive is not published then
 */
export async function keepBeforeLoss(
  { storage, archives }: Catalogue,
  stem: string,
  at: Date,
): Promise<void> {
  const point = newestPoint(await inspectArchives(storage, archives));
  if (!point) return;

  const { files } = point.facts;
  const needed = point.base ? [point.base.files, files] : [files];

  await recordMassLoss(storage, {
    archive: archiveName(stem),
    keeps: needed.map((one) => archiveName(one.stem)),
    at,
  });
}
