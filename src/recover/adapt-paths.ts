import { statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { errnoOf } from '../errors.js';
import { isOnePlace } from '../platform/one-place.js';
import type { ConfigChange } from '../server/config/change.js';
import type { ConfigDocument } from '../server/config/document.js';
import {
  ARCHIVE_VARIABLE,
  isForeign,
  isRooted,
  OTHER_VARIABLES,
  pathIn,
  type PathVariable,
  STORE_VARIABLE,
  stepsBelow,
  USUAL_ARCHIVE_DIR,
} from '../server/config-paths.js';
import { findSection } from '../server/config/values.js';
import type { AdaptedPath } from './request.js';

/** The paths of a recovered mailserver.cfg that lead elsewhere than what is recovered, and where they are to lead. */

/** The places that a recovered mailserver.cfg is to fit. */
export interface FittedPlaces {
  /** Where the store goes, or lies. */
  readonly storeDir: string;
  /** Where mailserver.cfg goes. */
  readonly cfgDir: string;
  /** Where the mail archive goes; undefined: it is not recovered. */
  readonly archiveDir?: string | undefined;
  /** The directory that is recovered from. */
  readonly archivesDir: string;
  /** The configuration goes beside that of the server here: it must name nothing that this server works with. */
  readonly isCopy: boolean;
}

/**
 * The paths to adapt; none where each fits. What lay below the archive's store goes with the store. Another path stays where
 * it is a directory here, and leads below the store where it is not; a copy shares none with the server here.
 */
export function adaptPaths(
  document: ConfigDocument,
  places: FittedPlaces,
): AdaptedPath[] {
  const store = adaptStore(document, places);
  const formerStore = pathIn(document, STORE_VARIABLE);
  const archive = adaptArchive(document, places);

  const others = OTHER_VARIABLES.flatMap((variable) => {
    if (archive && variable === ARCHIVE_VARIABLE) return archive;

    const from = pathIn(document, variable);
    const place =
      from === ''
        ? undefined
        : (movedWithStore(from, formerStore, places) ??
          placeOutside(from, variable, places));
    const to = place === undefined ? from : spelledLike(from, place);

    return to === from ? [] : [{ name: variable.name, from, to }];
  });

  return [...store, ...others];
}

/** A mail archive that comes along is where the server looks for it; undefined where none comes. */
function adaptArchive(
  document: ConfigDocument,
  { archiveDir, cfgDir }: FittedPlaces,
): AdaptedPath[] | undefined {
  if (archiveDir === undefined) return undefined;

  const { table, name } = ARCHIVE_VARIABLE;
  const from = pathIn(document, ARCHIVE_VARIABLE);
  const named = from === '' ? USUAL_ARCHIVE_DIR : from;
  const isRight =
    !findSection(document, 'table', table) ||
    (!isForeign(named) && isOnePlace(resolve(cfgDir, named), archiveDir));

  return isRight ? [] : [{ name, from, to: spelledLike(from, archiveDir) }];
}

/** Where the variable is absent, the server takes its own place for the store. */
function adaptStore(
  document: ConfigDocument,
  { storeDir, cfgDir }: FittedPlaces,
): AdaptedPath[] {
  const { table, name } = STORE_VARIABLE;
  const from = pathIn(document, STORE_VARIABLE);
  const named = from === '' ? 'store' : from;
  const isRight =
    !findSection(document, 'table', table) ||
    (!isForeign(named) && isOnePlace(resolve(cfgDir, named), storeDir));

  return isRight ? [] : [{ name, from, to: spelledLike(sep, storeDir) }];
}

/** The place of a path that lay below the archive's store; undefined for any other. */
function movedWithStore(
  from: string,
  formerStore: string,
  { storeDir, cfgDir }: FittedPlaces,
): string | undefined {
  if (formerStore === '') return undefined;

  const toWhole = (path: string): string =>
    isRooted(path) || isForeign(path) ? path : resolve(cfgDir, path);
  const store = toWhole(formerStore);
  const steps = stepsBelow(toWhole(from), store);
  if (!steps) return undefined;

  const isMoved = isForeign(store) || !isOnePlace(store, storeDir);

  return isMoved ? join(storeDir, ...steps) : from;
}

/** The place of a path that lay elsewhere; the path itself where it fits. */
function placeOutside(
  from: string,
  { name, ownName }: PathVariable,
  places: FittedPlaces,
): string {
  const { storeDir, cfgDir, archivesDir, isCopy } = places;
  const belowStore = join(storeDir, ownName);
  const otherwise = name === 'BackupDir' && !isCopy ? archivesDir : belowStore;
  if (isForeign(from)) return otherwise;

  const path = resolve(cfgDir, from);
  const isOwn = [storeDir, cfgDir].some((own) => stepsBelow(path, own));
  if (isOwn || (!isCopy && isHere(path))) return from;

  return isOnePlace(path, otherwise) ? from : otherwise;
}

/** A place with a final separator where the former path has one; a path that stays is not spelled anew. */
function spelledLike(former: string, place: string): string {
  if (place === former) return former;

  return /[/\\]$/.test(former) && !place.endsWith(sep) ? place + sep : place;
}

/** Says whether a directory is here. A network disk may want a login first, and what this user may not look at is there. */
export function isHere(path: string): boolean {
  if (process.platform === 'win32' && path.startsWith('\\\\')) return true;

  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch (error) {
    const code = errnoOf(error);
    return code !== 'ENOTDIR' && code !== 'ENOENT';
  }
}

/** The edits of mailserver.cfg that adapt its paths. */
export function toChanges(adapted: readonly AdaptedPath[]): ConfigChange[] {
  return adapted.map(({ name, to }) => ({
    kind: 'set',
    table: tableOf(name),
    name,
    value: to,
  }));
}

function tableOf(name: string): string {
  const variables = [STORE_VARIABLE, ...OTHER_VARIABLES];

  return variables.find((variable) => variable.name === name)?.table ?? '';
}
