/** The second place of archives: what is proven is copied there, and what is over the limit there is removed there. */
import { join } from 'node:path';
import type { ArchiveState } from '../archive/archive-state.js';
import { inspectStorage } from '../archive/inspect.js';
import { readMassLoss } from '../archive/mass-loss-record.js';
import type { Storage } from '../archive/storage.js';
import { NoSpaceError, UsageError } from '../errors.js';
import type { Clock } from '../platform/clock.js';
import { liesWithin } from '../platform/one-place.js';
import type { OnProgress } from '../platform/progress.js';
import type { ReplicateReport } from '../replicate/request.js';
import { runReplicate } from '../replicate/run-replicate.js';
import { planRotation } from '../rotate/plan-rotation.js';
import { retentionPolicy } from '../rotate/choose-policy.js';
import type { RetentionPolicy } from '../rotate/policy.js';
import type { RotateReport } from '../rotate/report-rotation.js';
import { runRotate } from '../rotate/run-rotate.js';
import type { Mirror } from './mirror-place.js';
import { refuseWrongPlace, rememberArchives } from './right-place.js';
import type { OpenServer } from './server.js';

export interface MirrorRequest {
  readonly source: Storage;
  readonly mirror: Mirror;
  /** Called before anything in the second place is looked at. */
  readonly reach?: ((place: Storage) => Promise<void>) | undefined;
  /** The server that the archives are of: no copy may lie in its store, where the next backup would pack it. */
  readonly server: OpenServer;
  /** The second place may be another one than that of the nights before. */
  readonly isNewTarget: boolean;
  readonly keepsDifferentials: boolean;
  /** False: nothing is removed this time. */
  readonly rotates: boolean;
  readonly isDryRun: boolean;
  readonly lockWaitMs: number;
  readonly clock: Clock;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface MirrorEnd {
  readonly report: ReplicateReport;
  /** Undefined where nothing was rotated. */
  readonly rotation: RotateReport | undefined;
}

/**
 * Copies what the mirror lacks, then removes there what its limit no longer keeps.
 * @throws {KmsError} what ends the run; the source is as it was
 */
export async function mirrorArchives(
  request: MirrorRequest,
): Promise<MirrorEnd> {
  refusePlace(request);
  await request.reach?.(request.mirror.storage);
  const { server, mirror, clock, isNewTarget, isDryRun } = request;
  const place = { ...server, storage: mirror.storage, clock };
  const foreign = await refuseWrongPlace(place, isNewTarget);
  const end = await mirrorThere(request);
  const unmarked = isDryRun
    ? []
    : await rememberArchives(place, undefined, isNewTarget);

  return withWarnings(end, [...foreign, ...unmarked]);
}

function withWarnings(
  { report, rotation }: MirrorEnd,
  more: readonly string[],
): MirrorEnd {
  const warnings = [...report.warnings, ...more];

  return { report: { ...report, warnings }, rotation };
}

async function mirrorThere(request: MirrorRequest): Promise<MirrorEnd> {
  const wanted = await findWanted(request);

  try {
    return await copyAndRotate(request, wanted);
  } catch (error) {
    if (!(error instanceof NoSpaceError)) throw error;

    // A run that died before its rotation may have left more there than stays.
    const rotation = await rotateMirror(request, undefined);
    if (!rotation || rotation.removedBytes === 0) throw error;

    return copyAndRotate(request, wanted);
  }
}

async function copyAndRotate(
  request: MirrorRequest,
  wanted: readonly ArchiveState[],
): Promise<MirrorEnd> {
  const report = await runReplicate({
    ...request,
    target: request.mirror.storage,
    isRecorded: request.mirror.isUsual,
    wanted,
  });

  return { report, rotation: await rotateMirror(request, report) };
}

/** @throws {UsageError} for places that cannot be mirrored */
function refusePlace({ source, mirror, server }: MirrorRequest): void {
  const { storeDir } = server.settings;
  const home = source.localDirectory;
  if (home === undefined) {
    throw new UsageError(
      `${source.name} is no directory: only archives of a directory are copied`,
      { hints: ['Let the object store itself keep a second copy.'] },
    );
  }

  const { localDirectory: away, name } = mirror.storage;
  if (away === undefined) return;

  const fault = findNesting(away, { home, storeDir });
  if (fault === undefined) return;

  throw new UsageError(`${name} ${fault}`, {
    hints: ['Name another disk, another machine or a bucket.'],
  });
}

/** Why a directory is no second place; undefined where it is one. */
function findNesting(
  away: string,
  { home, storeDir }: { readonly home: string; readonly storeDir: string },
): string | undefined {
  // Mail may be a link to a disk of its own.
  const stores = [storeDir, join(storeDir, 'mail')];
  if (stores.some((store) => liesWithin(away, store))) {
    return `lies in the mail store ${storeDir}: the next backup would pack it`;
  }

  return liesWithin(away, home)
    ? `is the backup directory, or lies in it: ${home}`
    : undefined;
}

/** What the mirror's own limit would keep of the source's archives: nothing is copied that would be removed at once. */
async function findWanted(request: MirrorRequest): Promise<ArchiveState[]> {
  const states = await inspectStorage(request.source);
  const policy = policyOf(request);
  if (!policy) return states;

  return planRotation(states, policy, request.clock())
    .verdicts.filter(({ action }) => action === 'keep')
    .map(({ state }) => state);
}

function policyOf({
  mirror: { retention },
  keepsDifferentials,
}: MirrorRequest): RetentionPolicy | undefined {
  return retention && retentionPolicy(retention, keepsDifferentials);
}

/** @param report of what was copied; undefined: nothing is known of it */
async function rotateMirror(
  request: MirrorRequest,
  report: ReplicateReport | undefined,
): Promise<RotateReport | undefined> {
  const { mirror, rotates, isDryRun, lockWaitMs, clock, signal } = request;
  const policy = policyOf(request);
  if (!policy || !rotates) return undefined;

  const newest = report?.archives.find(
    ({ action }) => action === 'copied' || action === 'there',
  );
  const { report: rotation } = await runRotate({
    storage: mirror.storage,
    policy,
    loss: await readMassLoss(request.source),
    isDryRun,
    expects: newest?.archive,
    lockWaitMs,
    clock,
    signal,
  });

  return rotation;
}
