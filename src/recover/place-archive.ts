import { dirname, join, resolve } from 'node:path';
import type { Chain } from '../archive/chain.js';
import { FailedError } from '../errors.js';
import { liesWithin } from '../platform/one-place.js';
import { ARCHIVE_VARIABLE, pathIn } from '../server/config-paths.js';
import { MAIL_ARCHIVE } from '../store/components.js';
import { livePathOf } from '../store/live-places.js';
import { adaptPaths } from './adapt-paths.js';
import type { ArchivedConfig } from './archived-config.js';
import { directoriesOf, type RecoverRequest } from './request.js';
import type { ChainEntries } from './select-entries.js';
import { isMailArchive } from './top-level-names.js';

/** The place that the mail archive is recovered to. */

/** What a recover brings. */
export interface Brought {
  readonly entries: ChainEntries;
  readonly chain: Chain;
}

/**
 * The mail archive goes where the present mailserver.cfg has it; where that is lost, where the recovered one will have it. A
 * place in which it would replace something else is none: it goes into the store then.
 * @throws {FailedError} when the store has no room for it either
 */
export function placeMailArchive(
  request: RecoverRequest,
  config: ArchivedConfig,
  brought: Brought,
): { request: RecoverRequest; warnings: string[] } {
  if (!brought.entries.tops.some(isMailArchive)) {
    return { request, warnings: [] };
  }

  const archiveDir = askedPlace(request, config, brought);
  const fault = faultOf(archiveDir, request, brought);
  if (fault === undefined) {
    return { request: { ...request, archiveDir }, warnings: [] };
  }

  const inStore = join(request.storeDir, MAIL_ARCHIVE);
  const second = faultOf(inStore, request, brought);

  if (second !== undefined) {
    throw new FailedError(
      `the mail archive cannot be recovered to ${inStore}, which ${second}`,
      {
        hints: [
          'Nothing was changed. Recover everything else with --mask, or everything to another place with --store.',
        ],
      },
    );
  }

  return {
    request: { ...request, archiveDir: inStore },
    warnings: [
      `the mail archive goes to ${inStore}: ${archiveDir}, which mailserver.cfg names for it, ${fault}`,
    ],
  };
}

function askedPlace(
  request: RecoverRequest,
  { document }: ArchivedConfig,
  { chain }: Brought,
): string {
  const { lostConfig, storeDir, cfgDir, isCopy, archiveDir } = request;
  if (lostConfig === undefined) return archiveDir;
  if (!document) return join(storeDir, MAIL_ARCHIVE);

  const archivesDir = archivesOf(chain) ?? storeDir;
  const places = { storeDir, cfgDir, archivesDir, isCopy };
  const adapted = adaptPaths(document, places).find(
    ({ name }) => name === ARCHIVE_VARIABLE.name,
  );
  const named = adapted?.to ?? pathIn(document, ARCHIVE_VARIABLE);

  return named === '' ? join(storeDir, MAIL_ARCHIVE) : resolve(cfgDir, named);
}

function archivesOf({ point }: Chain): string | undefined {
  return point.facts.files.volumes[0]?.storage.localDirectory;
}

/** Why nothing may be replaced there, in words that follow the directory; undefined where it may. */
function faultOf(
  archiveDir: string,
  request: RecoverRequest,
  { entries, chain }: Brought,
): string | undefined {
  if (dirname(archiveDir) === archiveDir) return 'is the root of a disk';

  const directories = directoriesOf(request);
  const parts = entries.tops
    .filter((top) => !isMailArchive(top))
    .map(({ area, name }) => livePathOf(directories, area, name));
  const above = parts.find((path) => liesWithin(archiveDir, path));
  if (above !== undefined) return `lies in ${above}, which is recovered too`;

  const { storeDir, cfgDir, kept } = request;
  const archives = archivesOf(chain) ?? [];
  const held = [storeDir, cfgDir, ...kept, archives, parts]
    .flat()
    .find((path) => liesWithin(path, archiveDir));

  return held === undefined ? undefined : `holds ${held}`;
}
