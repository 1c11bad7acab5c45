/** The recovers of a drill: each is the one that `recover` makes, into places that nobody else knows. */
import type { DrillFault } from '../drill/compare-recovered.js';
import { DamagedArchiveError, messageOf } from '../errors.js';
import { planRecover, runRecover } from '../recover/run-recover.js';
import type { ServerDirectories } from '../store/live-places.js';
import type { RunControl } from './backup-request.js';
import type { DrillFlags } from './drill-request.js';
import type { DrilledPoint, PlacedPart } from './drilled-point.js';
import { toRecoverRequest } from './recover-request.js';

export interface DrillRecovered {
  /** Those that were recovered. */
  readonly parts: readonly PlacedPart[];
  readonly messages: number;
  readonly files: number;
  readonly bytes: number;
  readonly durationMs: number;
  readonly faults: readonly DrillFault[];
  readonly warnings: readonly string[];
}

/** Where the parts go, and how. */
interface DrillWay {
  readonly places: ServerDirectories;
  readonly flags: DrillFlags;
  readonly control: RunControl;
}

/** Damage of one part keeps no other from being drilled. */
export async function recoverParts(
  point: DrilledPoint,
  way: DrillWay,
): Promise<DrillRecovered> {
  const parts: PlacedPart[] = [];
  const faults: DrillFault[] = [];
  const warnings = new Set<string>();
  const sums = { messages: 0, files: 0, bytes: 0, durationMs: 0 };

  for (const part of point.parts) {
    way.control.signal.throwIfAborted();

    try {
      const report = await recoverPart(point, part, way);

      parts.push(part);
      sums.messages += report.messages;
      sums.files += report.files;
      sums.bytes += report.bytes;
      sums.durationMs += report.durationMs;
      for (const warning of report.warnings) warnings.add(warning);
    } catch (error) {
      if (!(error instanceof DamagedArchiveError)) throw error;

      faults.push({ name: part.label, reason: messageOf(error) });
    }
  }

  return { parts, ...sums, faults, warnings: [...warnings] };
}

async function recoverPart(
  { from }: DrilledPoint,
  part: PlacedPart,
  { places, flags, control }: DrillWay,
): ReturnType<typeof runRecover> {
  const request = toRecoverRequest(
    from,
    {
      'server-dir': flags['server-dir'],
      store: places.store,
      cfgdir: places.install,
      threads: flags.threads,
      subfolders: true,
      additive: false,
      reindex: false,
      listing: false,
      rollback: false,
      forget: false,
      backup: false,
      'keep-old': false,
      'in-place': false,
      'keep-paths': true,
      salvage: false,
      force: false,
      verbose: false,
    },
    control,
    part.scope,
  );

  const rehearsal = { ...request, isRehearsal: true };

  return runRecover(rehearsal, await planRecover(rehearsal));
}
