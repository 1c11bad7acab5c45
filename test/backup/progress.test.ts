import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBackup } from '../../src/backup/run-backup.js';
import {
  ProgressFile,
  readRunProgress,
} from '../../src/history/progress-file.js';
import { describeRunning } from '../../src/history/run-words.js';
import { PaceMeter, type ProgressReport } from '../../src/platform/progress.js';
import {
  buildInstallation,
  type Installation,
} from '../helpers/installation.js';
import { backupRequest, clockFrom } from '../helpers/nights.js';
import { removeTemporary, temporaryDirectory } from '../helpers/store.js';

let dir = '';
let server: Installation;

beforeAll(() => {
  dir = temporaryDirectory('progress');
  server = buildInstallation(join(dir, 'server'));
  for (let at = 0; at < 40; at++) {
    const path = join(server.storeDir, 'mail', `file-${String(at)}`);
    writeFileSync(path, randomBytes(200_000));
  }
});

afterAll(() => {
  removeTemporary(dir);
});

async function reportsOf(readsBack: boolean): Promise<ProgressReport[]> {
  const reports: ProgressReport[] = [];
  await runBackup({
    ...backupRequest(server, 'full', clockFrom('2026-01-01T01:00:00Z')),
    readsBack,
    onProgress: (report) => reports.push(report),
  });

  return reports;
}

const sharesOf = (reports: readonly ProgressReport[]): number[] => {
  const meter = new PaceMeter();

  return reports.map((report) => meter.measure(report).share ?? NaN);
};

describe('the progress of a backup', () => {
  it.each([true, false])(
    'goes on from its begin to its end, over all phases (read back: %s)',
    async (readsBack) => {
      const reports = await reportsOf(readsBack);
      const shares = sharesOf(reports);

      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares.at(-1)).toBe(1);
      const written = reports.findLastIndex(({ phase }) => phase === 'writing');
      if (readsBack) expect(shares[written]).toBeLessThan(0.9);
      else expect(shares[written]).toBe(1);
    },
  );

  it('is what others read of a run: of all of it, where its phases have a place in it', () => {
    const file = new ProgressFile(dir, 'run');
    const report = {
      phase: 'writing',
      doneItems: 3,
      totalItems: 4,
      doneBytes: 5,
    };
    const words = (told: ProgressReport): string => {
      const pace = new PaceMeter().measure(told);
      const { phase, span } = told;

      return describeRunning(
        {
          command: 'backup full',
          startedAt: new Date('2026-01-01T01:00:00Z'),
        } as never,
        {
          phase,
          isOfRun: span !== undefined,
          percent: (pace.share ?? 0) * 100,
          elapsedMs: pace.elapsedMs,
          leftMs: 60_000,
          at: new Date(),
        },
      );
    };

    expect(words({ ...report, span: { from: 0, to: 0.5 } })).toMatch(
      / writing 37\.5 %, 1:00 left$/,
    );
    expect(words(report)).toMatch(/ writing 75\.0 %, 1:00 left of that$/);
    file.remove();
    expect(readRunProgress(dir, 'run')).toBe(undefined);
  });
});
