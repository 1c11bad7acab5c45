import type { RunReport } from '../../src/report/run-report.js';

/** The report of a differential that went well, with whatever a test wants otherwise. */
export function runReport(changes: Partial<RunReport> = {}): RunReport {
  return {
    schema: 'kms-backup/run/1',
    command: 'backup diff',
    type: 'differential',
    hostname: 'mail1',
    backupDir: '/srv/backup',
    startedAt: new Date('2026-11-23T01:00:02Z'),
    finishedAt: new Date('2026-11-23T01:00:11Z'),
    outcome: 'done',
    exitCode: 0,
    archive: {
      name: 'I20261123T010002Z.zip',
      base: 'F20261122T010003Z.zip',
      messages: {
        total: 50_250,
        new: 1204,
        changed: 37,
        unchanged: 49_009,
        deleted: 58,
        vanished: 3,
      },
      sizeBytes: 14_889_779,
      compressedBytes: 12_478_054,
      volumes: 1,
      verifiedEntries: 1241,
    },
    warnings: [],
    skipped: [],
    rotation: {
      kept: { complete: 2, differentials: 1, pinned: 0, others: 0 },
      limit: 2,
      policy:
        'at most 2 complete backups, each full with its newest differential',
      removed: ['F20261101T010004Z.zip'],
    },
    recentArchives: [
      {
        name: 'F20261122T010003Z.zip',
        type: 'full',
        takenAt: new Date('2026-11-22T01:00:03Z'),
        sizeBytes: 305_869_619,
      },
      {
        name: 'I20261123T010002Z.zip',
        type: 'differential',
        takenAt: new Date('2026-11-23T01:00:02Z'),
        sizeBytes: 12_478_054,
      },
    ],
    ...changes,
  };
}

/** The report of a run that found no space. */
export function failedReport(changes: Partial<RunReport> = {}): RunReport {
  return runReport({
    outcome: 'failed',
    exitCode: 14,
    archive: undefined,
    rotation: undefined,
    error: {
      code: 'NO_SPACE',
      message: 'not enough space in /srv/backup',
      hints: ['Free 3 GiB.'],
    },
    ...changes,
  });
}
