/** The point that a drill recovers, and the parts of it. */
import { randomInt } from 'node:crypto';
import { type Chain, readPoint } from '../archive/chain.js';
import { type ChainIndex, readChainIndex } from '../archive/chain-index.js';
import { listArchiveFiles } from '../archive/backup-directory.js';
import { archiveName } from '../archive/names.js';
import { PointFiles } from '../archive/point-files.js';
import type { ArchivePlace } from '../archive/storages.js';
import type { DrillFault } from '../drill/compare-recovered.js';
import type { MailAmount } from '../drill/estimate.js';
import { type DrillPart, planSample } from '../drill/plan-sample.js';
import { Turns } from '../platform/turns.js';
import { findScope } from '../recover/find-scope.js';
import { indexMail } from '../recover/index-mail.js';
import { placeOf } from '../store/entry-place.js';
import { isDirectoryInScope } from '../store/mail-scope.js';
import { parseEntryDirectory } from '../store/store-path.js';
import { mayBeUnfinished } from '../verify/unfinished.js';
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

    return {
      chain,
      from: { storage: from.storage, fileName: archiveName(stem) },
      files,
      parts,
      isWhole: request.wish.kind === 'everything',
      chance:
        sample.chosenAmong === undefined
          ? undefined
          : { seed, among: sample.chosenAmong },
      ...amounts,
      damaged: await damagedIn(chain, from, request),
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

/** What the mail server may be writing at this moment is none of them: the next drill looks at it. */
async function damagedIn(
  { passedOver }: Chain,
  { storage }: ArchivePlace,
  writing: DrillRequest,
): Promise<DrillFault[]> {
  const damaged = passedOver.filter(({ isDamaged }) => isDamaged);
  if (damaged.length === 0) return [];

  const all = await listArchiveFiles(storage);
  const faults: DrillFault[] = [];

  for (const { archive, reason } of damaged) {
    const files = all.find(({ stem }) => stem === archive);
    const isLeft = files && (await mayBeUnfinished(files, storage, writing));
    if (isLeft !== true) faults.push({ name: archiveName(archive), reason });
  }

  return faults;
}
