import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  FailedError,
  InterruptedError,
  NoSpaceError,
} from '../../src/errors.js';
import { parseIniText } from '../../src/settings/ini-file.js';
import {
  runWithReporting,
  type ReportedRun,
} from '../../src/report/run-with-reporting.js';
import type { RunReport } from '../../src/report/run-report.js';
import { listSpool, spoolDirectory } from '../../src/report/spool.js';
import { runReport } from '../helpers/run-report.js';
import { startSmtp, type SmtpService } from '../helpers/smtp.js';

/** What would be waited for takes 20 s and more; leaving it takes a moment, on a busy machine some seconds. */
const SOON_MS = 15_000;

let dir: string;
let log: string;
let smtp: SmtpService;
let pings: { path: string; body: string; login: string | undefined }[];
let pingStatus: number;
let web: Server;
let pingUrl: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kms-run-'));
  log = join(dir, 'log');
  pings = [];
  pingStatus = 200;
  smtp = await startSmtp();
  web = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      pings.push({
        path: request.url ?? '',
        body,
        login: request.headers.authorization,
      });
      response.writeHead(pingStatus).end('ok');
    });
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  pingUrl = `http://127.0.0.1:${String((web.address() as AddressInfo).port)}/token-9/`;
});
afterEach(async () => {
  await smtp.close();
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

/** A command that notes its event and the named variables. */
const note = (name: string): string =>
  `printf '%s %s\\n' "$KMS_BACKUP_HOOK_EVENT" "$KMS_BACKUP_HOOK_${name}" >> "${log}"`;
const notes = (): string => readFileSync(log, 'utf8');

/** How a run ended, as runWithReporting is given it. */
function toldRun(changes: Partial<RunReport> = {}): { runReport: RunReport } {
  return { runReport: runReport(changes) };
}

function context(ini: string, changes: Partial<ReportedRun> = {}): ReportedRun {
  return {
    run: {
      command: 'backup diff',
      type: 'differential',
      backupDir: '/srv/backup',
      hostname: 'mail1',
    },
    installDir: dir,
    settings: parseIniText(ini, dir),
    server: {
      notifyAddress: 'admin@example.com',
      hostname: 'mail.example.com',
      mail: { smtpPort: smtp.port },
    },
    env: {},
    clock: () => new Date('2026-11-23T01:00:11Z'),
    ...changes,
  };
}

const full = (): string =>
  `[hooks]\nbefore=${note('TYPE')}\nafter=${note('ARCHIVE')}\non-error=${note('ERROR')}\n` +
  `[ping]\nurl=${pingUrl}\n[metrics]\ntextfile=run.prom\n`;
const metrics = (): string => readFileSync(join(dir, 'run.prom'), 'utf8');

async function failureOf(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => 'it went well',
    (error: unknown) => error,
  );
}

describe('a reported run', () => {
  test('that goes well: hooks, pings, metrics and mail, in this order', async () => {
    const order: string[] = [];
    const end = await runWithReporting(context(full()), () => {
      order.push(
        notes(),
        pings.map(({ path }) => path).join(),
        String(smtp.mails.length),
      );
      return Promise.resolve(toldRun());
    });
    expect(end).toEqual({ run: toldRun(), reportingWarnings: [] });
    expect(order).toEqual(['before differential\n', '/token-9/start', '0']);
    expect(notes()).toBe('before differential\nafter I20261123T010002Z.zip\n');
    expect(pings.map(({ path }) => path)).toEqual([
      '/token-9/start',
      '/token-9',
    ]);
    expect(pings[1]?.body).toBe('differential backup done');
    expect(metrics()).toContain(
      'kms_backup_last_success_messages{type="differential"} 50250\n',
    );
    expect(smtp.mails).toHaveLength(1);
  });

  test('that fails throws its own error, and tells it everywhere', async () => {
    const error = new NoSpaceError('not enough space in /srv/backup', {
      hints: ['Free 3 GiB.'],
    });
    const thrown = await failureOf(
      runWithReporting(context(full()), () => Promise.reject(error)),
    );
    expect(thrown).toBe(error);
    expect(notes()).toBe(
      'before differential\non-error not enough space in /srv/backup\n',
    );
    expect(pings.map(({ path }) => path)).toEqual([
      '/token-9/start',
      '/token-9/fail',
    ]);
    expect(metrics()).toContain(
      'kms_backup_last_run_exit_code{type="differential"} 14\n',
    );
    expect(metrics()).not.toContain('last_success');
    expect(smtp.mails[0]?.raw).toContain('FAILED');
  });

  test('a failed run leaves what the metrics say about the last success', async () => {
    await runWithReporting(context(full()), () => Promise.resolve(toldRun()));
    const success = metrics()
      .split('\n')
      .filter((line) => line.includes('last_success'));
    await failureOf(
      runWithReporting(
        context(full(), { clock: () => new Date('2026-11-24T01:00:00Z') }),
        () => Promise.reject(new FailedError('no')),
      ),
    );
    expect(
      metrics()
        .split('\n')
        .filter((line) => line.includes('last_success')),
    ).toEqual(success);
    expect(metrics()).toContain(
      'kms_backup_last_run_exit_code{type="differential"} 1\n',
    );
    expect(metrics()).toContain(
      `last_run_timestamp_seconds{type="differential"} ${String(Date.parse('2026-11-24T01:00:00Z') / 1000)}\n`,
    );
  });

  test('a before hook with exit 75 skips the run without a word', async () => {
    const ini = full().replace(/^before=.*$/m, 'before=exit 75');
    const end = await runWithReporting(context(ini), () =>
      Promise.reject(new Error('must not run')),
    );
    expect(end).toEqual({ run: undefined, reportingWarnings: [] });
    expect([pings.length, smtp.mails.length]).toEqual([0, 0]);
    expect(() => metrics()).toThrow(/ENOENT/);
  });

  test('any other failure of the before hook stops the run with exit 1 and is told', async () => {
    const ini = full().replace(
      /^before=.*$/m,
      'before=echo the disk is not mounted >&2; exit 9',
    );
    const thrown = await failureOf(
      runWithReporting(context(ini), () =>
        Promise.reject(new Error('must not run')),
      ),
    );
    expect(thrown).toMatchObject({
      exitCode: 1,
      message:
        'the before hook stopped the backup: exit code 9, the disk is not mounted',
    });
    expect(pings.map(({ path }) => path)).toEqual(['/token-9/fail']);
    expect(notes()).toContain('on-error the before hook stopped the backup');
    expect(smtp.mails).toHaveLength(1);
  });

  test('nothing that fails around a good backup fails it', async () => {
    pingStatus = 503;
    const ini = `[hooks]\nafter=exit 4\n[ping]\nurl=${pingUrl}\n[metrics]\ntextfile=/nowhere/run.prom\n[smtp]\nport=1\n`;
    const told: string[] = [];
    const end = await runWithReporting(
      context(ini),
      () => Promise.resolve(toldRun()),
      (warning) => told.push(warning),
    );
    expect(end.run).toEqual(toldRun());
    expect(end.reportingWarnings).toEqual(told);
    expect(told).toEqual([
      expect.stringMatching(
        /^the start ping to 127\.0\.0\.1:\d+ was answered with 503$/,
      ),
      expect.stringMatching(/^the metrics were not written: .*ENOENT/),
      expect.stringMatching(/^no notification was sent: .*it waits in/),
      expect.stringMatching(/^the success ping to .* was answered with 503$/),
      'the after hook failed: exit code 4',
    ]);
    expect(told.join()).not.toContain('token-9');
  });

  test('warnings from around the run are in its mail', async () => {
    pingStatus = 503;
    await runWithReporting(
      context(`[ping]\nurl=${pingUrl}\n[smtp]\nnotify=problems`),
      () => Promise.resolve(toldRun()),
    );
    expect(smtp.mails[0]?.raw).toContain('answered with 503');
  });

  test('a ping address with a login is called with it, and neither is told when that fails', async () => {
    const url = pingUrl.replace('//', '//mon:tulip%207@');
    const end = await runWithReporting(context(`[ping]\nurl=${url}`), () =>
      Promise.resolve(toldRun()),
    );
    expect(end.reportingWarnings).toEqual([]);
    const login = `Basic ${Buffer.from('mon:tulip 7').toString('base64')}`;
    expect(pings.map(({ path, login: sent }) => [path, sent])).toEqual([
      ['/token-9/start', login],
      ['/token-9', login],
    ]);
    for (const broken of [
      url.replace('%20', '%'),
      'http://mon:tulip-7@127.0.0.1:1/token-9',
    ]) {
      const failed = await runWithReporting(
        context(`[ping]\nurl=${broken}`),
        () => Promise.resolve(toldRun()),
      );
      expect(failed.reportingWarnings).toHaveLength(2);
      expect(failed.reportingWarnings.join()).not.toMatch(/tulip|token-9/);
    }

    expect(smtp.mails.map(({ raw }) => raw).join()).not.toMatch(
      /tulip|token-9/,
    );
  });

  test('a ping that nobody answers is left after its time limit', async () => {
    web.removeAllListeners('request');
    const before = performance.now();
    const ini = `[ping]\nurl=${pingUrl}\ntimeout=200ms\n[smtp]\nnotify=never`;
    const end = await runWithReporting(context(ini), () =>
      Promise.resolve(toldRun()),
    );
    expect(end.reportingWarnings).toHaveLength(2);
    expect(end.reportingWarnings[0]).toContain('no answer within 0.2 s');
    expect(performance.now() - before).toBeLessThan(SOON_MS);
  });

  test('a run that was told to stop spools its mail and does not wait for services', async () => {
    web.removeAllListeners('request');
    const interrupted = new InterruptedError(
      'SIGTERM',
      'earlier archives untouched',
    );
    const before = performance.now();
    const ini = `[ping]\nurl=${pingUrl}\ntimeout=100ms`;
    const controller = new AbortController();
    const stopped = runWithReporting(
      context(ini, { signal: controller.signal }),
      () => {
        controller.abort(interrupted);
        return Promise.reject(interrupted);
      },
    );
    expect(await failureOf(stopped)).toBe(interrupted);
    expect(performance.now() - before).toBeLessThan(SOON_MS);
    expect(smtp.mails).toHaveLength(0);
    expect(listSpool(spoolDirectory(dir))).toHaveLength(1);
  });

  test('an unexpected error is told as exit 1, and a listing that breaks does not hide it', async () => {
    const listArchives = (): never => {
      throw new Error('listing broke');
    };

    const run = runWithReporting(context(full(), { listArchives }), () =>
      Promise.reject(new TypeError('a defect')),
    );
    expect(await failureOf(run)).toMatchObject({ message: 'a defect' });
    expect(metrics()).toContain('last_run_exit_code{type="differential"} 1\n');
  });
});

describe('hooks', () => {
  const after = (command: string, report: RunReport = runReport(), more = '') =>
    runWithReporting(
      context(`[smtp]\nnotify=never\n[hooks]\nafter=${command}\n${more}`),
      () => Promise.resolve({ runReport: report }),
    );

  test('values that look like commands stay values', async () => {
    const warnings = [
      `$(touch ${dir}/pwned) \`touch ${dir}/pwned\`; touch ${dir}/pwned '"`,
    ];
    await after(note('WARNINGS'), runReport({ warnings }));
    expect(notes()).toBe(`after ${warnings[0] ?? ''}\n`);
    expect(() => readFileSync(join(dir, 'pwned'))).toThrow(/ENOENT/);
  });

  test('get none of the passwords', async () => {
    process.env['KMS_BACKUP_SMTP_PASSWORD'] = 'tulip-7';
    try {
      await after(`env > "${log}"`);
    } finally {
      delete process.env['KMS_BACKUP_SMTP_PASSWORD'];
    }

    expect(notes()).toContain('KMS_BACKUP_HOOK_EVENT=after');
    expect(notes()).not.toContain('tulip-7');
  });

  test('that run too long are stopped with their children', async () => {
    const before = performance.now();
    const end = await after(
      `(sleep 3; echo late >> "${log}") & sleep 30`,
      runReport(),
      'timeout = 300ms',
    );
    expect(end.reportingWarnings).toEqual([
      'the after hook failed: stopped after 0.3 s',
    ]);
    expect(performance.now() - before).toBeLessThan(SOON_MS);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(() => notes()).toThrow(/ENOENT/);
  });

  test('that leave something in the background are not waited for', async () => {
    const before = performance.now();
    expect((await after('sleep 20 & exit 0')).reportingWarnings).toEqual([]);
    expect(performance.now() - before).toBeLessThan(SOON_MS);
  });

  test('that write much are not held in memory, and their last line is told', async () => {
    const end = await after(
      'head -c 3000000 /dev/zero | tr "\\0" x; echo; echo the reason; exit 1',
    );
    expect(end.reportingWarnings).toEqual([
      'the after hook failed: exit code 1, the reason',
    ]);
  });

  test('that are killed or do not exist are warnings', async () => {
    expect((await after('kill -9 $$')).reportingWarnings).toEqual([
      'the after hook failed: ended by SIGKILL',
    ]);
    expect((await after('/no/such/command')).reportingWarnings[0]).toMatch(
      /^the after hook failed: exit code 127/,
    );
  });
});

describe('the metrics file', () => {
  test('keeps what runs of other types said, and is readable for the exporter', async () => {
    const ini = '[smtp]\nnotify=never\n[metrics]\ntextfile=run.prom\n';
    await runWithReporting(context(ini), () => Promise.resolve(toldRun()));
    await runWithReporting(context(ini), () =>
      Promise.resolve(toldRun({ type: 'full', command: 'backup full' })),
    );
    const lines = metrics().trimEnd().split('\n');
    expect(lines).toContain(
      'kms_backup_last_success_verified{type="differential"} 1',
    );
    expect(lines).toContain('kms_backup_last_success_verified{type="full"} 1');
    expect(lines).toContain('kms_backup_archives 3');
    for (const line of lines) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) kms_backup_[a-z_]+ .+|kms_backup_[a-z_]+(\{type="\w+"\})? \S+)$/,
      );
    }

    const helps = lines
      .filter((line) => line.startsWith('# HELP'))
      .map((line) => line.split(' ')[2]);
    expect(new Set(helps).size).toBe(helps.length);
  });

  test('that somebody damaged is written anew', async () => {
    writeFileSync(
      join(dir, 'run.prom'),
      'rubbish\nkms_backup_archives NaN?\n\0\0',
    );
    await runWithReporting(
      context('[smtp]\nnotify=never\n[metrics]\ntextfile=run.prom\n'),
      () => Promise.resolve(toldRun()),
    );
    expect(metrics()).not.toContain('rubbish');
    expect(metrics()).toContain('kms_backup_archives 3\n');
  });
});
