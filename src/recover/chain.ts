import { basename, dirname } from 'node:path';
import { statSync } from 'node:fs';
import {
  type ArchiveFiles,
  findArchiveFiles,
  listArchiveFiles,
  refuseLegacyDirectory,
} from '../archive/backup-directory.js';
import { inspectArchives, inspectDirectory } from '../archive/inspect.js';
import { describeIncompleteness, newestPoint } from '../archive/completeness.js';
import type { ArchiveState } from '../archive/archive-state.js';
import { BaseMissingError, DamagedArchiveError, NotFoundError } from '../errors.js';

/** The archives that make up one point in time: a full or copy, or a full and one differential. */
export interface Chain {
  /** The base first. */
  readonly archives: readonly ArchiveFiles[];
  readonly point: ArchiveState;
  /** Newer archives that were passed over, and why: `cannot be recovered: …`. */
  readonly passedOver: readonly { readonly archive: string; readonly reason: string }[];
}

/**
 * Finds what `recover DIR|FILE` means (manual: a directory is the last complete backup, a file is that one).
 * @throws {NotFoundError} when there is nothing · {DamagedArchiveError} when what was named cannot be recovered ·
 * {BaseMissingError} when a differential's full is gone
 */
export async function findChain(path: string): Promise<Chain> {
  refuseLegacyDirectory(path);
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? newestChain(path) : namedChain(path);
}

async function newestChain(directory: string): Promise<Chain> {
  const states = await inspectDirectory(directory);
  const point = newestPoint(states);
  const newer = point ? states.slice(states.indexOf(point) + 1) : states;
  const passedOver = newer.map((state) => ({ archive: state.facts.files.stem, reason: reasonToPass(state) }));
  if (point) return toChain(point, passedOver);
  const [worst] = passedOver.slice(-1);
  if (!worst) {
    throw new NotFoundError(`there is no archive in ${directory}`, {
      hints: ['Name the directory that holds F….zip, C….zip, I….zip.'],
    });
  }
  throw new DamagedArchiveError(
    `no archive in ${directory} can be recovered; the newest, ${worst.archive}.zip, ${worst.reason}`,
    {
      hints: ['See list-archives for the reason of each.'],
    },
  );
}

function reasonToPass(state: ArchiveState): string {
  return describeIncompleteness(state) ?? 'is passed over';
}

async function namedChain(path: string): Promise<Chain> {
  const files = findArchiveFiles(path);
  const inDirectory = files.type === 'differential' ? listArchiveFiles(dirname(path)) : [files];
  const states = await inspectArchives(inDirectory, dirname(path));
  const point = states.find(({ facts }) => facts.files.stem === files.stem);
  if (!point) throw new NotFoundError(`there is no archive ${path}`);
  if (point.isRecoverable) return toChain(point, []);
  const message = `${basename(path)} cannot be recovered: ${point.fault ?? ''}`;
  if (point.facts.fault === undefined && files.type === 'differential' && !point.base) {
    throw new BaseMissingError(message, { hints: ['Put the full that it needs beside it, with all its volumes.'] });
  }
  throw new DamagedArchiveError(message, { hints: ['See list-archives for archives that can be recovered.'] });
}

function toChain(point: ArchiveState, passedOver: Chain['passedOver']): Chain {
  const archives = point.base ? [point.base.files, point.facts.files] : [point.facts.files];
  return { archives, point, passedOver };
}
