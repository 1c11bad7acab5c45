import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChainIndex } from '../archive/chain-index.js';
import { compareTrees } from '../archive/compare-trees.js';
import { liveTree } from '../archive/live-files.js';
import { PointFiles } from '../archive/point-files.js';
import { walkLive } from '../store/walk-live.js';
import { applyChanges } from '../server/config/edit.js';
import { encodeConfigText } from '../server/config/text.js';
import { exists } from '../server/recover-state.js';
import { toChanges } from './adapt-paths.js';
import { readArchivedConfig } from './archived-config.js';
import type { Cost } from './cost.js';
import { CostCounting } from './count-cost.js';
import {
  linkedNames,
  liveRoots,
  placedNames,
  type Replaced,
} from './live-roots.js';
import type { AdaptedPath, RecoverRequest } from './request.js';

const CONFIG = 'mailserver.cfg';

/** The cost of a recover, measured: what it brings is compared with what it replaces, by size and time, and content in doubt. */

/**
 * Compares what a recover brings with what it replaces. Reads of the live store only what has the archive's size and another
 * time.
 * @throws {InterruptedError} when the signal aborts
 */
export async function measureCost(
  request: RecoverRequest,
  index: ChainIndex,
  replaced: Replaced,
  adapted: readonly AdaptedPath[],
): Promise<Cost> {
  const places = {
    placed: placedNames(request, replaced),
    linked: linkedNames(replaced),
    stays: replaced.stays,
    // It comes with other paths than the archive's, and is compared by itself.
    apart: new Set(adapted.length > 0 ? [CONFIG] : []),
  };
  const before = new PointFiles(index, replaced.entries.selections);
  const counting = new CostCounting(before, places, request);
  const walked = walkLive(liveRoots(request, replaced), {
    signal: request.signal,
  });
  const live = liveTree(counting.pass(walked), (path) => {
    counting.addUnread(path);
  });

  for await (const comparison of compareTrees(before, live)) {
    counting.add(comparison);
  }

  if (await changesConfig(request, replaced, adapted)) {
    counting.addOverwrite(false);
  }

  return counting.finish();
}

/** Tells whether the live mailserver.cfg is another than the archive's with the paths that fit here. */
async function changesConfig(
  { cfgDir }: RecoverRequest,
  { entries }: Replaced,
  adapted: readonly AdaptedPath[],
): Promise<boolean> {
  const path = join(cfgDir, CONFIG);
  if (adapted.length === 0 || !exists(path)) return false;

  const { document } = await readArchivedConfig(entries, CONFIG);
  if (!document) return false;

  const { source } = applyChanges(document, toChanges(adapted));

  return !readFileSync(path).equals(encodeConfigText(source));
}
