/** The two moments of a comparison: points of archives, or the live store. */
import { join } from 'node:path';
import { type Chain, describePassed, readPoint } from '../archive/chain.js';
import { type ChainIndex, readChainIndex } from '../archive/chain-index.js';
import { describeParts } from '../archive/completeness.js';
import { archiveName } from '../archive/names.js';
import { PointFiles } from '../archive/point-files.js';
import { REQUIRED_FILES } from '../archive/required-files.js';
import type { ArchivePlace } from '../archive/storages.js';
import { findSources } from '../backup/sources.js';
import { NotFoundError } from '../errors.js';
import { lookAt } from '../platform/look-again.js';
import { indexMail } from '../recover/index-mail.js';
import { judgeVolumes } from '../recover/judge-damage.js';
import { type Want, wantOfMail } from '../recover/want.js';
import type { Component } from '../store/components.js';
import type { SkippedPath } from '../store/list-directory.js';
import { resolveScope, type TypedScope } from '../store/mail-scope.js';
import type { LiveRoot } from '../store/walk-live.js';
import type { OpenServer } from './server.js';

/** A point of archives. */
export interface PointMoment {
  readonly kind: 'point';
  readonly chain: Chain;
  readonly index: ChainIndex;
  readonly files: PointFiles;
  /** Damage that is not in the way, and what the archives do not know. */
  readonly notes: readonly string[];
}

/** The live store of a server. */
export interface LiveMoment {
  readonly kind: 'live';
  readonly server: OpenServer;
  readonly takenAt: Date;
}

export type DiffMoment = PointMoment | LiveMoment;

/**
 * Opens an archive, or the newest point of a directory that has all of what is asked for.
 * @throws {NotFoundError} when there is nothing · {DamagedArchiveError} where a missing volume may hold what is asked for
 */
export async function openPoint(
  from: ArchivePlace,
  typed: TypedScope | undefined,
): Promise<PointMoment> {
  return readPoint(from, async (chain) => {
    const index = await readChainIndex(chain);
    const damage = judgeVolumes(index, wantOf(index, typed));

    return {
      kind: 'point',
      chain,
      index,
      files: new PointFiles(index),
      notes: [...describePassed(chain), ...damage, ...limitsOf(index)],
    };
  });
}

/** The part of a point that damage may concern; all mail where the point alone does not tell which is meant. */
function wantOf(index: ChainIndex, typed: TypedScope | undefined): Want {
  const everything = { mailboxes: undefined, isByName: false };
  if (!typed) return { components: undefined, ...everything };

  try {
    return wantOfMail(resolveScope(indexMail(index), typed));
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;

    return { components: new Set(['mail']), ...everything };
  }
}

function limitsOf({ point, knowsDeletions }: ChainIndex): string[] {
  const name = archiveName(point.facts.files.stem);
  const parts = describeParts(point.facts);
  const limits: string[] = [];

  if (parts !== undefined) {
    limits.push(`${name} holds only ${parts}: nothing else is compared`);
  }

  const leftOut = point.facts.version?.leavesOut;
  if (leftOut) {
    limits.push(
      `${name} leaves out on purpose ${leftOut.join(', ')}: that is not compared`,
    );
  }

  if (!knowsDeletions) {
    limits.push(
      `the server wrote ${name}, which does not say what was deleted since its full: that counts as there`,
    );
  }

  return limits;
}

/** The names of a moment's archives, the base first. */
export function archivesOf({ chain }: PointMoment): string[] {
  return chain.archives.map(({ stem }) => archiveName(stem));
}

/** When a moment was. */
export function timeOf(moment: DiffMoment): Date {
  return moment.kind === 'live'
    ? moment.takenAt
    : moment.chain.point.facts.files.takenAt;
}

/** The places of the live server that hold components, and what of them cannot be taken. */
export function liveRoots(
  { installation, settings }: OpenServer,
  components: ReadonlySet<Component>,
  archivePlaces: readonly string[],
): { readonly roots: LiveRoot[]; readonly skipped: SkippedPath[] } {
  const { sources, skipped } = findSources(installation, settings, components, {
    all: archivePlaces,
  });
  // A configuration file that is not there is gone.
  const isThere = ({ name }: SkippedPath): boolean =>
    !REQUIRED_FILES.some((required) => required === name) ||
    lookAt(join(installation.dir, name)) !== undefined;

  const roots = sources.map(({ path, entryName }) => ({
    path,
    entryName: entryName.replace(/\/$/, ''),
  }));

  return { roots, skipped: skipped.filter(isThere) };
}
