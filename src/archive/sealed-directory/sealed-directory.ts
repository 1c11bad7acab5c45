/** Archives in a directory that gets none but sealed ones. What else lies there, a server's own archives for instance, is there as ever. */
import { join } from 'node:path';
import { systemClock } from '../../platform/clock.js';
import type { Recipients } from '../../sealing/age-headers.js';
import { proveLocalSeal, readLocalSeal } from '../local-seal.js';
import { localStorage } from '../local-storage.js';
import { isTemporaryName, stemOfIndexCopy } from '../names.js';
import { workplaceWith } from '../object-storage/finished-volumes.js';
import { ownFiles } from '../object-storage/own-files.js';
import type { Storage } from '../storage.js';
import { dropUnneededCopies } from './drop-copies.js';
import { SealedPublication } from './sealed-publication.js';

/** A directory with what is set for it: plain data. */
export interface DirectoryTarget {
  /** Absolute. */
  readonly directory: string;
  /** Absolute: the directory of this machine that holds copies of indexes, and volumes until they are sealed. */
  readonly stateDirectory: string;
  /** Those whom archives are sealed for; none: they lie there as they are. */
  readonly recipients?: Recipients;
  /** False where this machine keeps no copies of the indexes of what it seals. */
  readonly keepsIndexes?: boolean;
  /** Absolute: opens sealed archives. */
  readonly identityFile?: string;
  /** Absolute: the passphrase that opens sealed archives. */
  readonly passphraseFile?: string;
}

/** Nothing is made there before it is needed. */
export function directoryTarget(target: DirectoryTarget): Storage {
  const { recipients, stateDirectory } = target;
  const local = localStorage(target.directory);
  const own = ownFiles(stateDirectory);
  const seen = { ...local, ...withCopies(local, own), secrets: target };
  if (!recipients) return seen;

  const workplace = ownFiles(join(stateDirectory, 'spool'));
  const keepsIndex = target.keepsIndexes !== false;
  const settings = { directory: local, own, recipients, now: systemClock };

  return {
    ...seen,
    isSealing: true,
    spool: workplace,
    beginPublication: (stem, finished) =>
      new SealedPublication({
        ...settings,
        stem,
        workplace: finished
          ? workplaceWith(workplace, stem, finished)
          : workplace,
        keepsIndex: keepsIndex && !finished,
      }),
    findSealedDigest: (stem) => findSealedDigest(local, stem),
    settleDeadRuns: async () => {
      await clearWorkplace(workplace);
      await dropUnneededCopies({ own, directory: local, keepsIndex });

      return [];
    },
  };
}

/** This machine's copies of indexes lie elsewhere: none is believed that somebody put into the directory. */
function withCopies(
  local: Storage,
  own: Storage,
): Pick<Storage, 'list' | 'stat' | 'openForRanges' | 'openAtOnce'> {
  const placeOf = (name: string): Storage => (isCopy(name) ? own : local);

  return {
    list: async (isWanted) => {
      const there = await local.list((name) => !isCopy(name) && isWanted(name));
      const copies = await own.list((name) => isCopy(name) && isWanted(name));

      return [...there, ...copies];
    },
    stat: (name) => placeOf(name).stat(name),
    openForRanges: (name, shownAs) =>
      placeOf(name).openForRanges(name, shownAs),
    openAtOnce: (name, shownAs) => placeOf(name).openAtOnce(name, shownAs),
  };
}

const isCopy = (name: string): boolean => stemOfIndexCopy(name) !== undefined;

/** The directory's lock is held: nobody else writes there. */
async function clearWorkplace(workplace: Storage): Promise<void> {
  for (const { name } of await workplace.list(isTemporaryName)) {
    await workplace.remove(name);
  }
}

async function findSealedDigest(
  local: Storage,
  stem: string,
): Promise<string | undefined> {
  const proof = await proveLocalSeal(local, stem, {});
  if (proof?.isReadBack !== true || proof.faults.length > 0) return undefined;

  return (await readLocalSeal(local, stem))?.digest;
}
