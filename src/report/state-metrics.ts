/** The numbers of the state of a server's backups for Prometheus, whoever makes them. Pure. */
import { METRIC_PREFIX, metricBlock, otherLines } from './metric-text.js';
import type { RunType } from './run-report.js';

/** An undefined number is not known, and has no metric. */
export interface StateFacts {
  /** 0 ok, 1 warning, 2 critical, 3 unknown. */
  readonly level: number;
  readonly at: Date;
  readonly warnings?: number | undefined;
  readonly newestRecoverable?: Date | undefined;
  readonly maxAgeMs?: number | undefined;
  readonly last?: Partial<Record<RunType, LastArchive | undefined>>;
  readonly archives?: number | undefined;
  readonly sizeBytes?: number | undefined;
  readonly freeBytes?: number | undefined;
  readonly nextRun?: Date | undefined;
  /** The newest archive that holds it. */
  readonly mailArchive?: Date | undefined;
  readonly mirrorBehindMs?: number | undefined;
}

/** The newest archive of a type. */
interface LastArchive {
  readonly takenAt: Date;
  readonly sizeBytes: number;
  readonly verifiedAt: Date | undefined;
}

/** The textfile with this state: what it says of runs stays, and what it said of an earlier state goes. */
export function stateMetricsText(previous: string, facts: StateFacts): string {
  const blocks = [
    ...plainBlocks(facts),
    ...momentBlocks(facts),
    ...lastBlocks(facts),
  ];

  return otherLines(previous, 'state') + blocks.join('');
}

function plainBlocks(facts: StateFacts): string[] {
  return [
    plainBlock(
      'level',
      'The verdict of status: 0 ok, 1 warning, 2 critical, 3 unknown.',
      facts.level,
    ),
    plainBlock(
      'timestamp_seconds',
      'When the state was looked at.',
      seconds(facts.at),
    ),
    plainBlock('warnings', 'Warnings of status.', facts.warnings),
    plainBlock(
      'newest_recoverable_timestamp_seconds',
      'When the newest archive that can be recovered was taken.',
      seconds(facts.newestRecoverable),
    ),
    plainBlock(
      'max_age_seconds',
      'Older than that it is critical.',
      inSeconds(facts.maxAgeMs),
    ),
    plainBlock('archives', 'Archives that are there.', facts.archives),
    plainBlock('size_bytes', 'Bytes of all archives.', facts.sizeBytes),
    plainBlock('free_bytes', 'Bytes that are free there.', facts.freeBytes),
  ];
}

/** Of the schedule, and of what not every server has. */
function momentBlocks(facts: StateFacts): string[] {
  return [
    plainBlock(
      'next_run_timestamp_seconds',
      'When the next run of the schedule is due.',
      seconds(facts.nextRun),
    ),
    plainBlock(
      'mail_archive_timestamp_seconds',
      'When the newest archive that holds the mail archive was taken.',
      seconds(facts.mailArchive),
    ),
    plainBlock(
      'mirror_behind_seconds',
      'How much older the newest archive of the second place is.',
      inSeconds(facts.mirrorBehindMs),
    ),
  ];
}

/** @param name without what all of these begin with */
function plainBlock(
  name: string,
  help: string,
  value: number | undefined,
): string {
  const full = stateName(name);

  return metricBlock(full, help, value === undefined ? [] : [[full, value]]);
}

function lastBlocks({ last = {} }: StateFacts): string[] {
  const archives = Object.entries(last).filter(
    (entry): entry is [string, LastArchive] => entry[1] !== undefined,
  );

  const block = (
    name: string,
    help: string,
    valueOf: (archive: LastArchive) => number | undefined,
  ): string => {
    const full = stateName(name);
    const samples = archives.flatMap(([type, archive]) => {
      const value = valueOf(archive);

      return value === undefined
        ? []
        : [[`${full}{type="${type}"}`, value] as const];
    });

    return metricBlock(full, help, samples);
  };

  return [
    block(
      'last_archive_timestamp_seconds',
      'When the newest archive of a type was taken.',
      ({ takenAt }) => seconds(takenAt),
    ),
    block(
      'last_archive_verified_timestamp_seconds',
      'When the newest archive of a type was last proven.',
      ({ verifiedAt }) => seconds(verifiedAt),
    ),
    block(
      'last_archive_size_bytes',
      'Bytes of the newest archive of a type.',
      ({ sizeBytes }) => sizeBytes,
    ),
  ];
}

function stateName(name: string): string {
  return `${METRIC_PREFIX}state_${name}`;
}

function seconds(moment: Date | undefined): number | undefined {
  return inSeconds(moment?.getTime());
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms / 1000);
}
