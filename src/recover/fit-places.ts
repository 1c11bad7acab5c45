import { join, resolve } from 'node:path';
import type { Chain } from '../archive/chain.js';
import { KmsError, messageOf } from '../errors.js';
import type { ConfigDocument } from '../server/config/document.js';
import { applyChanges } from '../server/config/edit.js';
import { isForeign, pathIn, STORE_VARIABLE } from '../server/config-paths.js';
import { settingsOf } from '../server/settings.js';
import { adaptPaths, isHere, toChanges } from './adapt-paths.js';
import { type ArchivedConfig, readArchivedConfig } from './archived-config.js';
import { nameAccountless } from './name-accounts.js';
import type { AdaptedPath, RecoverReport, RecoverRequest } from './request.js';
import { type Brought, placeMailArchive } from './place-archive.js';
import type { ChainEntries } from './select-entries.js';
import { isMailArchive } from './top-level-names.js';
import { findMissing } from './want.js';

/** The places of a recover and its mailserver.cfg, made to fit each other. */
export interface FittedRecover {
  /** The request, with the store's place where the present configuration does not say it. */
  readonly request: RecoverRequest;
  /** What the report says of it. */
  readonly facts: Pick<RecoverReport, 'adapted' | 'missing' | 'withoutAccount'>;
  readonly warnings: readonly string[];
}

/** @throws {ConfigurationError} when a path cannot be written into mailserver.cfg */
export async function fitPlaces(
  asked: RecoverRequest,
  entries: ChainEntries,
  chain: Chain,
): Promise<FittedRecover> {
  const config = await readArchivedConfig(entries, 'mailserver.cfg');
  const brought = { entries, chain };
  const store = placeStore(asked, config);
  const archive = placeMailArchive(store.request, config, brought);
  const { request } = archive;
  const { adapted, warnings } = fitConfig(request, config, brought);

  const facts = {
    adapted,
    missing: findMissing(request, entries),
    withoutAccount: await nameAccountless(request, entries),
  };

  return {
    request,
    facts,
    warnings: [...store.notes, ...archive.warnings, ...warnings],
  };
}

/** The changes of the archive's mailserver.cfg, and warnings of what it says then. */
function fitConfig(
  request: RecoverRequest,
  { document, problem }: ArchivedConfig,
  brought: Brought,
): { adapted: readonly AdaptedPath[]; warnings: string[] } {
  if (!document) {
    const warnings =
      problem === undefined ? [] : [unreadable(request, problem)];

    return { adapted: [], warnings };
  }

  const fitting = pathsToAdapt(request, document, brought);
  const { adapted, edited, warnings } = adapt(request, document, fitting);

  return {
    adapted,
    warnings: [
      ...warnings,
      ...warnOfCopy(request, edited, brought),
      ...warnOfMeaning(request, edited),
    ],
  };
}

/** The changes that are made, and the file as it is then. What cannot be written stops no recover. */
function adapt(
  { keepsPaths, isRehearsal, storeDir }: RecoverRequest,
  document: ConfigDocument,
  fitting: readonly AdaptedPath[],
): {
  adapted: readonly AdaptedPath[];
  edited: ConfigDocument;
  warnings: string[];
} {
  const paths = fitting.map(({ name, from }) => `${name} ${from || '(none)'}`);
  const keepFor = (reason: string): ReturnType<typeof adapt> => ({
    adapted: [],
    edited: document,
    warnings: [
      `${reason} leaves what does not fit here, where the store is ${storeDir}: ${paths.join(', ')}`,
    ],
  });

  if (isRehearsal) return { adapted: [], edited: document, warnings: [] };
  if (keepsPaths && fitting.length > 0) return keepFor('--keep-paths');

  try {
    const edited = applyChanges(document, toChanges(fitting));

    return { adapted: fitting, edited, warnings: [] };
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return keepFor(
      `mailserver.cfg cannot be edited (${messageOf(error)}), which`,
    );
  }
}

/**
 * The place of the store where the present mailserver.cfg does not say it: the archive's, where that is a directory here, else
 * the place of a new installation, which the request names.
 */
function placeStore(
  request: RecoverRequest,
  { document }: ArchivedConfig,
): { request: RecoverRequest; notes: string[] } {
  const { lostConfig, isCopy } = request;
  if (lostConfig === undefined) return { request, notes: [] };

  const here = document && !isCopy ? storeHere(request, document) : undefined;
  const storeDir = here ?? request.storeDir;
  const reason =
    here === undefined
      ? 'the place of a new installation'
      : "the archive's mailserver.cfg names it, and it is there";

  return {
    request: { ...request, storeDir },
    notes: [
      `${lostConfig}: the store is taken to be ${storeDir}, ${reason}; --store DIR names another`,
    ],
  };
}

/** The store that a mailserver.cfg names, where that is a directory of this machine. */
function storeHere(
  { cfgDir }: RecoverRequest,
  document: ConfigDocument,
): string | undefined {
  const named = pathIn(document, STORE_VARIABLE);
  if (named === '' || isForeign(named)) return undefined;

  const path = resolve(cfgDir, named);

  return isHere(path) ? path : undefined;
}

function pathsToAdapt(
  request: RecoverRequest,
  document: ConfigDocument,
  brought: Brought,
): AdaptedPath[] {
  if (isAlone(request, brought)) return [];

  const { storeDir, cfgDir, isCopy } = request;
  const [volume] = brought.chain.point.facts.files.volumes;
  const archivesDir = volume?.storage.name ?? storeDir;

  const places = { storeDir, cfgDir, archivesDir, isCopy };
  const comes = brought.entries.tops.some(isMailArchive);

  return adaptPaths(
    document,
    comes ? { ...places, archiveDir: request.archiveDir } : places,
  );
}

/** A copy of the configuration alone is one to look at: it belongs to no store. */
function isAlone(
  { isCopy, named, storeDir }: RecoverRequest,
  { entries }: Brought,
): boolean {
  const goesToStore = entries.tops.some(({ area }) => area === 'store');

  return isCopy && !goesToStore && !named.includes(storeDir);
}

/** Warns of a copy that leads to a store which is here, and is not the copy's. */
function warnOfCopy(
  request: RecoverRequest,
  document: ConfigDocument,
  brought: Brought,
): string[] {
  const store = storeHere(request, document);
  if (store === undefined || !isAlone(request, brought)) return [];

  return [
    `the recovered ${configPath(request)} names ${store}, which is a store here: start no server with it, or name another with --store`,
  ];
}

/** Warns of a mailserver.cfg that says something impossible. */
function warnOfMeaning(
  request: RecoverRequest,
  document: ConfigDocument,
): string[] {
  try {
    settingsOf(document, request.cfgDir);

    return [];
  } catch (error) {
    if (!(error instanceof KmsError)) throw error;

    return [unreadable(request, messageOf(error))];
  }
}

function unreadable(request: RecoverRequest, reason: string): string {
  return `the recovered ${configPath(request)} cannot be read, and no mail server starts with it: ${reason}`;
}

function configPath({ cfgDir }: RecoverRequest): string {
  return join(cfgDir, 'mailserver.cfg');
}
