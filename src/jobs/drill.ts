/**
 * A rehearsal of the worst day: recovers the newest point, or a part of it, by the recover that a person calls, into a directory of
 * its own, proves what came, and removes it.
 */
import { join } from 'node:path';
import { describePassed } from '../archive/chain.js';
import { archiveName } from '../archive/names.js';
import {
  compareRecovered,
  type DrillFault,
} from '../drill/compare-recovered.js';
import { countFiles } from '../drill/count-files.js';
import { estimateRecover } from '../drill/estimate.js';
import { EvenChoice, openMails } from '../drill/open-mails.js';
import type { DrillReport } from '../drill/report.js';
import { openScratch, removeLeftovers } from '../drill/scratch.js';
import { ServerPlaces } from '../drill/server-places.js';
import { noteRun } from '../history/run-notes.js';
import { monotonicMs, systemClock } from '../platform/clock.js';
import { formatCount } from '../platform/units.js';
import type { RunControl } from './backup-request.js';
import { type DrilledPoint, openDrilledPoint } from './drilled-point.js';
import { findDrillPlaces } from './drill-places.js';
import { type DrillFlags, refuseContradiction } from './drill-request.js';
import { recordDrill } from './record-drill.js';
import { MAIL_ARCHIVE } from '../store/components.js';
import { type DrillRecovered, recoverParts } from './drill-recover.js';

export interface DrillControl extends RunControl {
  /** Told before the first byte is written: until then a run may end anywhere. */
  readonly beforeWrite: () => void;
}

/**
 * @param from a backup directory, whose newest point is meant, or an archive
 * @throws {NotFoundError} · {NoSpaceError} · {DamagedArchiveError} where nothing can be recovered · as `toRecoverRequest`
 */
export async function drill(
  from: string,
  flags: DrillFlags,
  control: DrillControl,
): Promise<DrillReport> {
  refuseContradiction(flags);

  const [startMs, startedAt] = [monotonicMs(), systemClock()];
  const places = findDrillPlaces(from, flags);

  noteRun({ place: places.from.storage.name });
  control.beforeWrite();

  const leftovers = await removeLeftovers(systemClock);
  const point = await openDrilledPoint(places.from, flags, startedAt);
  const scratch = await openScratch({
    to: flags.to,
    neededBytes: point.neededBytes,
    avoid: places.avoid,
    beside: places.besideStore,
    clock: systemClock,
  });

  let isDone = false;
  try {
    const proven = await recoverAndProve(scratch.directory, {
      ...{ point, flags, control },
      live: places.live,
    });

    isDone = true;
    noteDrill(point, proven);

    const unrecorded = await recordSound(point, proven);

    return {
      ...describePoint(point),
      ...proven,
      warnings: [...leftovers, ...proven.warnings, ...unrecorded],
      keptIn: flags.keep ? scratch.directory : undefined,
      startedAt,
      durationMs: monotonicMs() - startMs,
    };
  } finally {
    scratch.close(flags.keep && isDone);
  }
}

/** What differs is told by the exit code, by mail and by the history; a record of proofs has nothing to say of it. */
async function recordSound(
  point: DrilledPoint,
  proven: Proven,
): Promise<string[]> {
  return proven.faults.length === 0
    ? recordDrill(point, { ...describePoint(point), ...proven })
    : [];
}

function noteDrill(
  { chain, isWhole }: DrilledPoint,
  { recovered, warnings, estimate, faults }: Proven,
): void {
  const archive = archiveName(chain.point.facts.files.stem);
  const isProof = isWhole && faults.length === 0;

  noteRun({
    from: archive,
    messages: recovered.messages,
    bytes: recovered.bytes,
    warnings: warnings.length,
    recoverMs: estimate?.durationMs,
    proven: isProof ? [{ archive, by: 'drill' }] : [],
  });
}

/** What a drill recovers, and with what it compares. */
interface DrillWork {
  readonly point: DrilledPoint;
  readonly flags: DrillFlags;
  readonly control: RunControl;
  readonly live: ServerPlaces | undefined;
}

type Proven = Omit<
  DrillReport,
  keyof ReturnType<typeof describePoint> | 'keptIn' | 'startedAt' | 'durationMs'
>;

async function recoverAndProve(
  scratch: string,
  { point, flags, control, live }: DrillWork,
): Promise<Proven> {
  const places = {
    store: join(scratch, 'store'),
    install: join(scratch, 'server'),
    archive: join(scratch, 'store', MAIL_ARCHIVE),
  };
  const recovered = await recoverParts(point, { places, flags, control });
  const chosen = new EvenChoice(recovered.messages);

  const comparison = await compareRecovered({
    point: point.files,
    isWanted: (prefix) => recovered.parts.some((part) => part.holds(prefix)),
    recovered: new ServerPlaces(places),
    live,
    onMessage: (path) => {
      chosen.add(path);
    },
    ...control,
  });

  const there = await countFiles([places.store, places.install]);
  const counts = countFaults(recovered, { ...comparison, there });
  const faults = [...comparison.faults, ...counts];
  const unopened = await openMails(chosen.paths, control.signal);

  return {
    recovered: sumsOf(recovered),
    whole: point.whole,
    liveSame: comparison.liveSame,
    liveChanged: comparison.liveChanged,
    opened: chosen.paths.length - unopened.length,
    unopened: unopened.map((mail) => ({
      ...mail,
      path: mail.path.slice(scratch.length + 1),
    })),
    estimate: estimateRecover(recovered, point.whole, point.isWhole),
    faults: [...point.damaged, ...recovered.faults, ...faults],
    warnings: [...describePassed(point.chain), ...recovered.warnings],
  };
}

function sumsOf(recovered: DrillRecovered): DrillReport['recovered'] {
  const { messages, files, bytes, durationMs } = recovered;

  return { messages, files, bytes, durationMs };
}

/** The numbers of three who counted: the recover, the comparison, and whoever lists the directory. */
function countFaults(
  recovered: DrillRecovered,
  compared: {
    readonly files: number;
    readonly messages: number;
    readonly faults: readonly DrillFault[];
    readonly there: number;
  },
): DrillFault[] {
  const [name = ''] = recovered.parts.map(({ label }) => label);
  const faults: DrillFault[] = [];
  const compare = (found: number, expected: number, what: string): void => {
    if (found === expected) return;

    const reason = `${formatCount(found)} ${what} were recovered, the archive has ${formatCount(expected)}`;
    faults.push({ name, reason });
  };

  // Each file that is missing is named already.
  if (compared.faults.length > 0) return [];

  compare(recovered.files, compared.files, 'files');
  compare(compared.there, compared.files, 'files');
  compare(recovered.messages, compared.messages, 'messages');

  return faults;
}

function describePoint(
  point: DrilledPoint,
): Pick<
  DrillReport,
  'archive' | 'archives' | 'takenAt' | 'drilled' | 'isWhole' | 'chance'
> {
  const { chain, parts, isWhole, chance } = point;
  const { stem, takenAt } = chain.point.facts.files;

  return {
    archive: archiveName(stem),
    archives: chain.archives.map((files) => archiveName(files.stem)),
    takenAt,
    drilled: parts.map(({ label }) => label),
    isWhole,
    chance,
  };
}
