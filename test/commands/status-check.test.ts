import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildSampleServer } from '../../src/demo/sample-server.js';
import type { RunReport } from '../../src/report/run-report.js';
import { metricsText } from '../../src/report/metrics.js';
import { stateMetricsText } from '../../src/report/state-metrics.js';
import type { StatusReport } from '../../src/status/status-report.js';
import { checkLine } from '../../src/ui/present/check-line.js';
import { temporaryDirectory } from '../helpers/configured-server.js';
import { kmsInProcess, kmsJsonInProcess } from '../helpers/in-process.js';
import { runReport } from '../helpers/run-report.js';
import { expectDone, hasTool, runTool } from '../helpers/tools.js';

const HOUR = 3_600_000;
const LINE =
  /^KMS-BACKUP (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+( \| (\w+=\S+ ?)+)?$/;

function report(facts: Partial<StatusReport>, ageHours: number): StatusReport {
  const archive = 'F20261122T010003Z.zip';

  return {
    level: 'ok',
    warnings: [],
    criticalWarnings: 0,
    archives: 3,
    sizeBytes: 4096,
    freeBytes: 5000,
    newestRecoverable: { archive, ageMs: ageHours * HOUR },
    ...facts,
  } as StatusReport;
}

describe('the line of a check', () => {
  it('has verdict, facts and numbers as plug-ins of Nagios print them', () => {
    const old = report(
      {
        level: 'critical',
        criticalWarnings: 1,
        warnings: [
          'the newest recoverable archive F20261122T010003Z.zip is 45h old, more than 26h',
        ],
      },
      45,
    );
    expect(checkLine(old, 26 * HOUR)).toBe(
      'KMS-BACKUP CRITICAL - newest recoverable archive 45h old (limit 26h) | age=162000s;;93600 free=5000B size=4096B archives=3 warnings=1',
    );
  });

  it('names the worst first, counts the rest, and lets nothing end the line or the text', () => {
    const warnings = ['volume "a|b"\nis missing', 'another', 'a third'];
    const line = checkLine(report({ level: 'warning', warnings }, 5), HOUR * 8);
    expect(line).toMatch(LINE);
    expect(line).toContain(
      'WARNING - volume "a/b" is missing (and 2 more); newest recoverable archive 5h old (limit 8h) | age=18000s;;28800',
    );
  });
});

describe('status --check', () => {
  it('ends with 0 to 3 and says why in its first line, whatever is wrong', async () => {
    const { serverDir } = buildSampleServer(temporaryDirectory());
    const server = ['--server-dir', serverDir];
    const ini = join(serverDir, 'kms-backup.ini');
    const check = async (
      ...words: string[]
    ): Promise<[number | null, string]> => {
      const { status, stdout } = await kmsInProcess(['status', ...words]);
      const [line = ''] = stdout.split('\n');
      expect(line).toMatch(LINE);

      return [status, line];
    };

    expect(await check('--check', ...server)).toEqual([
      2,
      expect.stringContaining('CRITICAL - '),
    ]);
    expectDone(await kmsInProcess(['backup', 'full', ...server]));
    expect(await check('--check', ...server)).toEqual([
      0,
      expect.stringContaining('OK - newest recoverable archive 0m old'),
    ]);

    const nowhere = ['--server-dir', '/nonexistent'];
    expect((await check('--check', ...nowhere))[0]).toBe(3);
    expect((await check('--max-age', '3d', ...nowhere))[0]).toBe(3);
    expect((await check('--check', '--no-such-flag'))[0]).toBe(3);
    expect((await check('--max-age', 'soon', ...server))[0]).toBe(3);

    writeFileSync(ini, '[backup]\nlevle = 3\n');
    // No backup can be made: that is known, and bad.
    expect(await check('--check', ...server)).toEqual([
      2,
      expect.stringContaining('CRITICAL - '),
    ]);

    writeFileSync(ini, '');
    writeFileSync(join(serverDir, 'mailserver.cfg'), '<config><unclosed>');
    const { status, json } = await kmsJsonInProcess([
      'status',
      '--check',
      ...server,
    ]);
    expect(status).toBe(2);
    expect(json).toMatchObject({
      schema: 'kms-backup/status/1',
      exitCode: 2,
      level: 'critical',
      check: expect.stringMatching(LINE) as string,
    });
  });
});

const hasPromtool = hasTool('promtool');
if (!hasPromtool) {
  console.warn(
    "Skipped: metrics are checked by promtool of Debian's prometheus.",
  );
}

/** Fails where Prometheus' own checker has a word to say. */
function expectCleanMetrics(text: string): void {
  if (!hasPromtool) return;

  const { status, stdout, stderr } = runTool('promtool', ['check', 'metrics'], {
    input: text,
  });
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: '',
    stderr: '',
  });
}

describe('metrics of the state', () => {
  it('are written for a server that backs up by itself, and where nothing can be read', async () => {
    const { serverDir } = buildSampleServer(temporaryDirectory());
    const file = join(serverDir, 'state.prom');
    const words = ['--check', '--prometheus', file];
    const server = ['--server-dir', serverDir];
    expectDone(await kmsInProcess(['backup', 'full', ...server]));

    expectDone(await kmsInProcess(['status', ...words, ...server]));
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('\nkms_backup_state_level 0\n');
    expect(text).toMatch(
      /\nkms_backup_state_last_archive_timestamp_seconds\{type="full"\} \d+\n/,
    );
    expect(text).toContain('\nkms_backup_state_max_age_seconds 93600\n');
    expectCleanMetrics(text);

    expect(text).toContain('\nkms_backup_history_failing_nights 0\n');
    expect(text).toContain('\nkms_backup_history_missed_tasks 0\n');

    const ini = `[metrics]\ntextfile = ${file}\n[nonsense]\n`;
    writeFileSync(join(serverDir, 'kms-backup.ini'), ini);
    await kmsInProcess(['backup', 'full', ...server]);
    const failed = readFileSync(file, 'utf8');
    expect(failed).toContain('\nkms_backup_history_last_run_exit_code 2\n');
    expect(failed).toContain('\nkms_backup_history_failing_nights 1\n');
    expectCleanMetrics(failed);

    await kmsInProcess(['status', ...words, ...server]);
    const unknown = readFileSync(file, 'utf8');
    expect(unknown).toContain('\nkms_backup_state_level 2\n');
    expectCleanMetrics(unknown);
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  it('and those of runs leave each other alone in one file', () => {
    const run: RunReport = runReport();
    const state = { level: 1, at: new Date(0), nextRun: new Date(1000) };
    const both = stateMetricsText(metricsText('', run), state);
    expect(both).toContain('kms_backup_last_run_exit_code{');
    expect(both).toContain('\nkms_backup_state_next_run_timestamp_seconds 1\n');
    expectCleanMetrics(both);

    const again = metricsText(both, run);
    expect(again).toContain('\nkms_backup_state_level 1\n');
    expectCleanMetrics(again);

    const later = stateMetricsText(`${again}junk 1\n`, {
      level: 0,
      at: new Date(0),
    });
    expect(later).not.toContain('next_run');
    expect(later).not.toContain('junk');
    expectCleanMetrics(later);
  });
});
