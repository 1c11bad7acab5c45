/** The point that a drill recovers, and the parts of it. */
import { randomInt } from 'node:crypto';
import { type Chain, readPoint } from '../archive/chain.js';
import { type ChainIndex, readChainIndex } from '../archive/chain-index.js';
import { listArchiveFiles } from '../archive/backup-directory.js';
import { SEEMS_WRITTEN } from '../archive/completeness.js';
import { archiveName } from '../archive/names.js';
import { PointFiles } from '../archive/point-files.js';
import type { ArchivePlace } from '../archive/storages.js';
import { mayBeUnfinished } from '../archive/unfinished.js';
import type { DrillFault } from '../drill/compare-recovered.js';
import type { MailAmount } from '../drill/estimate.js';
import { type DrillPart, planSample } from '../drill/plan-sample.js';
import { Turns } from '../platform/turns.js';
import { findScope } from '../recover/find-scope.js';
import { indexMail } from '../recover/index-mail.js';
import { placeOf } from '../store/entry-place.js';
import { isDirectoryInScope } from '../store/mail-scope.js';
import { parseEntryDirectory } from '../store/store-path.js';
import {
  type DrillFlags,
  type DrillRequest,
  toDrillRequest,
} from './drill-request.js';

/** A part, and which directories are of it. */
export interface PlacedPart extends DrillPart {
  /** By a directory's entry name. */
  readonly holds: (prefix: string) => boolean;
}

export interface DrilledPoint {
  readonly chain: Chain;
  /** The archive itself: one that a backup adds meanwhile is another point. */
  readonly from: ArchivePlace;
  readonly files: PointFiles;
  readonly parts: readonly PlacedPart[];
  readonly isWhole: boolean;
  readonly chance:
    { readonly seed: number; readonly among: number } | undefined;
  readonly whole: MailAmount;
  /** What the parts take on a disk. */
  readonly neededBytes: number;
  /** Newer archives, which cannot be recovered. */
  readonly damaged: readonly DrillFault[];
}

const MOST_SEED = 2 ** 31;
/** What a file takes at least, with its directory. */
const BLOCK_BYTES = 4096;

/** @throws as `readPoint` and `planSample` */
export async function openDrilledPoint(
  from: ArchivePlace,
  flags: DrillFlags,
  startedAt: Date,
): Promise<DrilledPoint> {
  const request = toDrillRequest(flags, startedAt);

  return readPoint(from, async (chain) => {
    const index = await readChainIndex(chain);
    const seed = request.seed ?? randomInt(MOST_SEED);
    const sample = planSample(request.wish, indexMail(index), seed);
    const parts = sample.parts.map((part) => placePart(part, index));
    const files = new PointFiles(index);
    const amounts = await measure(files, parts);
    const { stem } = chain.point.facts.files;
    const passedOver = await tellUnfinished(chain.passedOver, from, request);

    return {
      chain: { ...chain, passedOver },
      from: { storage: from.storage, fileName: archiveName(stem) },
      files,
      parts,
      isWhole: request.wish.kind === 'everything',
      chance:
        sample.chosenAmong === undefined
          ? undefined
          : { seed, among: sample.chosenAmong },
      ...amounts,
      damaged: passedOver
        .filter(({ isDamaged }) => isDamaged)
        .map(({ archive, reason }) => ({ name: archiveName(archive), reason })),
    };
  });
}

function placePart(part: DrillPart, index: ChainIndex): PlacedPart {
  const scope = part.scope && findScope(index, part.scope);
  if (!scope) return { ...part, holds: () => true };

  return {
    ...part,
    holds: (prefix) => {
      const directory = parseEntryDirectory(prefix);

      return directory !== undefined && isDirectoryInScope(scope, directory);
    },
  };
}

async function measure(
  files: PointFiles,
  parts: readonly PlacedPart[],
): Promise<Pick<DrilledPoint, 'whole' | 'neededBytes'>> {
  const turns = new Turns();
  let [count, bytes, neededBytes] = [0, 0, 0];

  for (const prefix of files.prefixes) {
    await turns.pass();

    const directory = files.filesOf(prefix);
    const isWanted = parts.some((part) => part.holds(prefix));

    for (const [at, name] of (directory?.names ?? []).entries()) {
      if (!placeOf(prefix + name)) continue;

      const sizeBytes = directory?.sizeAt(at) ?? 0;
      count++;
      bytes += sizeBytes;
      if (isWanted) neededBytes += sizeBytes + BLOCK_BYTES;
    }
  }

  return { whole: { files: count, bytes }, neededBytes };
}

/** What the mail server may be writing at this moment is not damaged: the next drill looks at it. */
async function tellUnfinished(
  passedOver: Chain['passedOver'],
  { storage }: ArchivePlace,
  writing: DrillRequest,
): Promise<Chain['passedOver']> {
  if (!passedOver.some(({ isDamaged }) => isDamaged)) return passedOver;

  const all = await listArchiveFiles(storage);
  const told: Chain['passedOver'][number][] = [];

  for (const passed of passedOver) {
    const files = all.find(({ stem }) => stem === passed.archive);
    const isWritten =
      passed.isDamaged &&
      files !== undefined &&
      (await mayBeUnfinished(files, storage, writing));

    told.push(
      isWritten
        ? { ...passed, reason: SEEMS_WRITTEN, isDamaged: false }
        : passed,
    );
  }

  return told;
}
