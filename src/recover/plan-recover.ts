import { archiveName } from '../archive/names.js';
import { DamagedArchiveError, NotFoundError } from '../errors.js';
import { additiveCost, planFolders, type PlannedFolders } from './additive.js';
import { type Chain, readPoint } from '../archive/chain.js';
import { type ChainIndex, readChainIndex } from '../archive/chain-index.js';
import { openSealsOf } from '../archive/volume-handle.js';
import { hidesNames, type Missing } from '../archive/salvage/missing.js';
import type { SalvagedChain } from '../archive/salvage/open-chain.js';
import { salvagePoint } from '../archive/salvage/salvage-point.js';
import { type Cost, NO_COST } from './cost.js';
import {
  describeCost,
  describeRecover,
  describeSpace,
} from './describe-recover.js';
import { callOf, noteEarlier } from './earlier.js';
import { findScope, refuseMissingMessages } from './find-scope.js';
import { fitPlaces } from './fit-places.js';
import { findIn, judgeDamage } from './judge-damage.js';
import { withNarrowChain } from './narrow-chain.js';
import { warnOfChain } from './plan-warnings.js';
import type { RecoverReport, RecoverRequest } from './request.js';
import { collectRoots } from './roots.js';
import { salvageWanted } from './salvage.js';
import {
  type ChainEntries,
  selectFrom,
  selectUnchecked,
} from './select-entries.js';
import { keepingAsAsked, keptPlaces, planKeeping } from './keeping.js';
import { measureSpaces, refuseWithoutSpace } from './space.js';
import { measureCost } from './measure-cost.js';
import { StayingFolders } from './staying-folders.js';
import { placeTops } from './placed-tops.js';
import { placesOf } from './units.js';
import { filterFor, isPartial, wantOf } from './want.js';

/** A recover that is thought through and not begun. */
export interface PlannedRecover {
  readonly chain: Chain;
  readonly entries: ChainEntries;
  /** The paths below the store that are replaced; undefined: top-level names whole. */
  readonly roots: readonly string[] | undefined;
  readonly folders: PlannedFolders | undefined;
  /** Tells the same call apart from others, in the journal of one that died. */
  readonly call: string;
  readonly report: RecoverReport;
}

/**
 * Finds the archives, checks their structure and the space, and says what would be replaced. Changes nothing.
 * @throws {NotFoundError} when the archive holds nothing of what was asked for
 * @throws {DamagedArchiveError} when damage touches what was asked for
 */
export async function planRecover(
  request: RecoverRequest,
): Promise<PlannedRecover> {
  if (request.isSalvage) {
    return salvagePoint(request.from, request, async (salvaged) =>
      planFrom(
        request,
        salvaged.chain,
        await chooseSalvaged(request, salvaged),
      ),
    );
  }

  return readPoint(request.from, async (chain) =>
    planFrom(request, chain, await chooseEntries(request, chain)),
  );
}

async function planFrom(
  asked: RecoverRequest,
  chain: Chain,
  chosen: ChosenEntries,
): Promise<PlannedRecover> {
  const { entries, roots, notes, lost } = chosen;
  await openFirst(entries);

  const { request, facts, warnings } = await fitPlaces(asked, entries, chain);
  const call = callOf(request, { chain, entries, roots, ...facts });
  const earlier = noteEarlier(request, call, placesOf(request, entries));
  const spaces = measureSpaces(request, entries);
  if (!earlier.isWhole) refuseWithoutSpace(request, spaces);

  const folders = request.isAdditive
    ? await planFolders(request, entries)
    : undefined;

  const cost = earlier.isWhole
    ? NO_COST
    : await costOf(request, chain, { ...chosen, ...facts }, folders);
  const keeping = earlier.isWhole
    ? keepingAsAsked(request)
    : planKeeping(request, spaces, cost);

  const report: RecoverReport = {
    ...describeRecover(request, chain, chosen),
    ...describeCost(cost),
    ...describeSpace(spaces),
    keepsOld: keeping.keepsOld,
    keepsIn: keeping.keepsOld ? keptPlaces(request, chosen) : [],
    warnings: [
      ...request.notes,
      ...warnings,
      ...warnOfChain(chain, entries, facts.missing),
      ...[notes, earlier.notes, cost.notes, keeping.notes].flat(),
    ],
    ...facts,
    additive: folders?.counts,
    missing: [...new Set([...facts.missing, ...lost.map(({ name }) => name)])],
    lost,
  };

  return { chain, entries, roots, folders, call, report };
}

/**
 * Where an index has answered so far, nobody knows yet whether what is sealed can be opened: an archive is sealed for the same
 * recipients in all of its volumes.
 * @throws {SealedError} before anybody is asked whether it may replace what is there
 */
async function openFirst({ selections }: ChainEntries): Promise<void> {
  const needed = selections.filter(({ indices }) => indices.length > 0);
  const [first] = needed.map(({ volume }) => volume);

  if (first) await openSealsOf([first]);
}

async function costOf(
  request: RecoverRequest,
  chain: Chain,
  {
    index,
    entries,
    roots,
    lost,
    adapted,
  }: ChosenEntries & Pick<RecoverReport, 'adapted'>,
  folders: PlannedFolders | undefined,
): Promise<Cost> {
  if (folders) return additiveCost(folders);

  const tops = placeTops(request, entries);
  const hidesAll = hidesNames(lost);
  const names = new Set(lost.flatMap(({ entry }) => entry ?? []));
  const staying = new StayingFolders(request, chain, roots);
  const stays = (name: string): boolean =>
    hidesAll || names.has(name) || staying.stays(name);

  return measureCost(request, index, { entries, roots, tops, stays }, adapted);
}

/** The entries that a request wants of a chain. */
interface ChosenEntries {
  readonly index: ChainIndex;
  readonly entries: ChainEntries;
  /** The paths below the store that are replaced; undefined: top-level names whole. */
  readonly roots: readonly string[] | undefined;
  /** Notes on damage that is not in the way. */
  readonly notes: readonly string[];
  readonly lost: readonly Missing[];
}

/** @throws {NotFoundError} · {DamagedArchiveError} as `planRecover` */
function chooseEntries(
  request: RecoverRequest,
  chain: Chain,
): Promise<ChosenEntries> {
  return withNarrowChain(chain, request.scope, {
    narrow: (index) => chooseFrom(request, chain, index),
    whole: async () => chooseFrom(request, chain, await readChainIndex(chain)),
  });
}

async function chooseFrom(
  request: RecoverRequest,
  chain: Chain,
  index: ChainIndex,
): Promise<ChosenEntries> {
  const scope = request.scope && findScope(index, request.scope);
  const filter = filterFor(request, scope);
  const entries = selectFrom(index, filter, isPartial(request));

  if (scope) {
    findIn(index, () => {
      refuseMissingMessages(index, scope, entries.selections);
    });
  }

  const want = wantOf(request, scope);
  const notes = await judgeDamage(index, entries.selections, want);

  if (entries.selections.every(({ indices }) => indices.length === 0)) {
    throw nothingFound(chain, entries);
  }

  const roots = scope && collectRoots(entries, scope);
  if (roots?.length === 0) throw nothingFound(chain, entries);

  return { index, entries, roots, notes, lost: [] };
}

/** The same of what is left, where some of it is damaged. @throws as `chooseEntries` */
async function chooseSalvaged(
  request: RecoverRequest,
  salvaged: SalvagedChain,
): Promise<ChosenEntries> {
  const raw = salvaged.index;
  const scope = request.scope && findScope(raw, request.scope);
  const filter = filterFor(request, scope);
  const wanted = selectUnchecked(raw, filter);

  if (scope) refuseMissingMessages(raw, scope, wanted);

  const want = wantOf(request, scope);
  const { index, missing, notes } = await salvageWanted(
    salvaged,
    wanted,
    want,
    request,
  );

  const entries = selectFrom(index, filter, true);
  if (entries.selections.every(({ indices }) => indices.length === 0)) {
    throw nothingFound(salvaged.chain, entries);
  }

  const roots = scope && collectRoots(entries, scope);
  if (roots?.length === 0) throw nothingFound(salvaged.chain, entries);

  return { index, entries, roots, notes, lost: missing };
}

function nothingFound(chain: Chain, entries: ChainEntries): Error {
  const { files, version } = chain.point.facts;
  if (!version && entries.foreign.length > 0) {
    return new DamagedArchiveError(
      `${archiveName(files.stem)} is no backup of a mail server`,
      {
        hints: [
          'An archive holds .version.txt, the configuration and @backup/….',
        ],
      },
    );
  }

  return new NotFoundError(
    `${files.stem}.zip holds nothing of what was asked for`,
    {
      hints: ['See what it holds with recover --listing.'],
    },
  );
}
