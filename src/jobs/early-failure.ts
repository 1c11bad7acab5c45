/** A backup or a schedule run that dies before it knows how it is told: it is told by every way that can still be read. */
import { hostname } from 'node:os';
import { InterruptedError } from '../errors.js';
import { lastPlaceOf } from '../history/backup-runs.js';
import { noteRun } from '../history/run-notes.js';
import { systemClock } from '../platform/clock.js';
import type { RunReport } from '../report/run-report.js';
import { tellFailure } from '../report/run-with-reporting.js';
import { readTelling } from '../report/telling.js';
import {
  findBareInstallation,
  type Installation,
} from '../server/installation.js';
import type { NotifyRule } from '../settings/smtp-section.js';
import { tellLeftStopped } from './left-stopped.js';
import { historyDirectory, historyOf } from './record-run.js';
import type { ServerFlags } from './server.js';
import type { SourceFlags } from './setting-sources.js';

/** Somebody who does not mend it is told again the next day. */
const DAY_MS = 86_400_000;

/** The run that failed. */
export interface EarlyRun {
  /** `backup full`. */
  readonly command: string;
  readonly type: RunReport['type'];
  readonly startedAt: Date;
  readonly signal: AbortSignal;
}

/** @returns what could not be told; nothing on a machine without a server, and for a run that somebody stopped */
export async function tellEarlyFailure(
  flags: ServerFlags & SourceFlags & { readonly notify?: string | undefined },
  { command, type, startedAt, signal }: EarlyRun,
  error: unknown,
): Promise<readonly string[]> {
  const installation = installationOf(flags);
  if (!installation || error instanceof InterruptedError) return [];

  const { settings, server, gaps } = readTelling(installation);
  const backupDir = lastPlaceOf(historyOf(flags)) ?? '';
  noteRun({ isToldEarly: true });

  return tellFailure(
    {
      run: {
        command,
        type,
        backupDir,
        hostname: hostname(),
      },
      settings,
      server,
      installDir: installation.dir,
      rule: flags.notify as NotifyRule | undefined,
      env: process.env,
      clock: systemClock,
      signal,
      makePage: () => makePage(flags),
      standingWarnings: () => tellLeftStopped(installation, systemClock),
    },
    { startedAt, error, gaps },
  );
}

/** Whether the same failure of a command that is called every few minutes was told within a day. */
export function wasToldToday(
  flags: ServerFlags,
  command: string,
  message: string,
): boolean {
  const since = systemClock().getTime() - DAY_MS;

  return historyOf(flags).some(
    ({ command: name, startedAt, error, facts }) =>
      name === command &&
      error?.message === message &&
      facts.isToldEarly === true &&
      startedAt.getTime() > since,
  );
}

function installationOf(flags: ServerFlags): Installation | undefined {
  const serverDir = historyDirectory(flags);

  return serverDir === undefined
    ? undefined
    : findBareInstallation({ serverDir });
}

async function makePage(flags: ServerFlags & SourceFlags): Promise<string> {
  const { toStatusRequest } = await import('./status-request.js');
  const { makeCurrentPage } = await import('./status-page.js');
  const request = toStatusRequest({ 'server-dir': flags['server-dir'] });

  return makeCurrentPage(request);
}
