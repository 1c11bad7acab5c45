/** What is done with archives in a bucket, each as one call that a server may disturb. */
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { BucketTarget } from '../../src/archive/object-storage/bucket.js';
import { storageAt } from '../../src/archive/storages.js';
import type { Storage } from '../../src/archive/storage.js';
import { mirrorArchives } from '../../src/jobs/mirror-archives.js';
import {
  type RecoverFlags,
  toRecoverRequest,
} from '../../src/jobs/recover-request.js';
import { openServer } from '../../src/jobs/server.js';
import { planRecover, runRecover } from '../../src/recover/run-recover.js';
import { limitPolicy } from '../../src/rotate/choose-policy.js';
import { runRotate } from '../../src/rotate/run-rotate.js';
import type { Installation } from './installation.js';
import { backUpAt, clockFrom } from './nights.js';
import { compareTrees, listTree } from './store.js';

/** Where they are done. */
export interface ActPlace {
  readonly dir: string;
  readonly server: Installation;
  /** The bucket as this machine has it, found anew. */
  readonly bucket: (changes?: Partial<BucketTarget>) => Storage;
}

export interface BucketAct {
  /** What is there before. */
  readonly prepare: (place: ActPlace) => Promise<unknown>;
  /** What is disturbed. */
  readonly run: (
    place: ActPlace,
    limits: BucketTarget['limits'],
  ) => Promise<unknown>;
  /** What is done next, undisturbed: the same again, or the next night. */
  readonly next: (place: ActPlace) => Promise<unknown>;
  /** Looked at after each of the two. @param isDone whether the first claims to be */
  readonly check?: (place: ActPlace, isDone: boolean) => void;
  /** The archives that the bucket has in the end, at least. */
  readonly keeps: readonly string[];
  readonly isSealed?: true;
}

const SMALL_VOLUMES = { volumeLimitBytes: 3000, rotates: false };
const DAYS = [1, 2, 3].map((day) => `2026-01-0${String(day)}T01:00:00Z`);
const [FIRST = '', SECOND = '', THIRD = ''] = DAYS;

const backUp = (
  { server, bucket }: ActPlace,
  type: 'full' | 'differential',
  at: string,
  limits?: BucketTarget['limits'],
): Promise<unknown> =>
  backUpAt(server, type, at, {
    storage: bucket(limits && { limits }),
    ...SMALL_VOLUMES,
  });

const full: BucketAct = {
  prepare: (place) => backUp(place, 'full', FIRST),
  run: (place, limits) => backUp(place, 'full', SECOND, limits),
  next: (place) => backUp(place, 'differential', THIRD),
  keeps: ['F20260101T010000Z', 'I20260103T010000Z'],
};

const differential: BucketAct = {
  ...full,
  run: (place, limits) => backUp(place, 'differential', SECOND, limits),
  next: (place) => backUp(place, 'full', THIRD),
  keeps: ['F20260101T010000Z', 'F20260103T010000Z'],
};

const rotate = async (
  { bucket }: ActPlace,
  limits?: BucketTarget['limits'],
): Promise<void> => {
  const { report } = await runRotate({
    storage: bucket(limits && { limits }),
    policy: limitPolicy(1, false),
    isDryRun: false,
    lockWaitMs: 0,
    clock: clockFrom('2026-02-01T01:00:00Z'),
  });
  expect(report.failures).toBeLessThanOrEqual(2);
};

const rotation: BucketAct = {
  prepare: async (place) => {
    for (const day of DAYS) await backUp(place, 'full', day);
  },
  run: rotate,
  next: (place) => rotate(place),
  keeps: ['F20260103T010000Z'],
};

const mirror = async (
  { server, bucket }: ActPlace,
  limits?: BucketTarget['limits'],
): Promise<void> => {
  const { report } = await mirrorArchives({
    source: storageAt(server.backupDir),
    mirror: {
      storage: bucket(limits && { limits }),
      retention: undefined,
      isUsual: true,
    },
    server: openServer({ 'server-dir': server.serverDir }),
    isNewTarget: false,
    keepsDifferentials: false,
    rotates: true,
    isDryRun: false,
    lockWaitMs: 0,
    clock: clockFrom('2026-02-01T01:00:00Z'),
  });
  const left = report.archives.filter(({ action }) => action === 'left');
  expect(left.map(({ code }) => code)).not.toContain('DAMAGED_ARCHIVE');
};

const replicate: BucketAct = {
  prepare: async ({ server }) => {
    for (const [at, type] of (['full', 'differential'] as const).entries()) {
      await backUpAt(server, type, DAYS[at] ?? '', SMALL_VOLUMES);
    }
  },
  run: mirror,
  next: (place) => mirror(place),
  keeps: ['F20260101T010000Z', 'I20260102T010000Z'],
};

const liveOf = ({ dir }: ActPlace): string => join(dir, 'live');

/** Of another machine, whose mail is replaced. */
const recoverThere = async (
  place: ActPlace,
  limits?: BucketTarget['limits'],
): Promise<void> => {
  const flags = {
    store: join(liveOf(place), 'store'),
    cfgdir: liveOf(place),
    'keep-old': false,
    threads: 1,
  } as unknown as RecoverFlags;
  const from = {
    storage: place.bucket(limits && { limits }),
    fileName: undefined,
  };
  const { signal } = new AbortController();

  const request = toRecoverRequest(from, flags, {
    signal,
    onProgress: () => undefined,
  });
  await runRecover(request, await planRecover(request));
};

function putOldMail(place: ActPlace): void {
  rmSync(liveOf(place), { recursive: true, force: true });
  const old = join(place.dir, 'old');
  mkdirSync(join(old, 'store/mail/old.example/bob'), { recursive: true });
  writeFileSync(join(old, 'store/mail/old.example/bob/1.eml'), 'old\r\n');
  cpSync(old, liveOf(place), { recursive: true, preserveTimestamps: true });
}

const recover: BucketAct = {
  prepare: (place) => backUp(place, 'full', FIRST),
  run: (place, limits) => {
    putOldMail(place);

    return recoverThere(place, limits);
  },
  next: (place) => recoverThere(place),
  check: (place, isDone) => {
    const { server, dir } = place;
    const there = join(liveOf(place), 'store/mail');
    if (isDone) {
      expect(compareTrees(join(server.storeDir, 'mail'), there)).toEqual([]);
    } else {
      expect(listTree(there)).toEqual(listTree(join(dir, 'old/store/mail')));
    }

    expect(existsSync(join(liveOf(place), 'mailserver.cfg'))).toBe(isDone);
  },
  keeps: ['F20260101T010000Z'],
};

export const BUCKET_ACTS: Readonly<Record<string, BucketAct>> = {
  'a full': full,
  'a sealed full': { ...full, isSealed: true },
  'a differential': differential,
  'a sealed differential': { ...differential, isSealed: true },
  'a rotation': rotation,
  'a copy to a second place': replicate,
  'a sealed copy to a second place': { ...replicate, isSealed: true },
  'a recover': recover,
  'a recover of what is sealed': { ...recover, isSealed: true },
};
