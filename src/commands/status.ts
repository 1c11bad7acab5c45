import { Flags } from '@oclif/core';
import { resolve } from 'node:path';
import { ExitCode } from '../errors.js';
import {
  collectStatus,
  type CollectedStatus,
  type StatusRequest,
} from '../jobs/collect-status.js';
import { lookAtRunningServer } from '../jobs/running-server.js';
import type { ViaFlags } from '../jobs/via.js';
import { systemClock } from '../platform/clock.js';
import { toStatusRequest } from '../jobs/status-request.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { printedDocument } from '../ui/document.js';
import {
  backupDirFlag,
  durationFlag,
  identityFlags,
  withEnvironment,
} from '../ui/flags.js';
import { adminContext, viaFlags } from '../ui/via-flag.js';
import { checkLine } from '../ui/present/check-line.js';
import { wantsJson, writeOut } from '../ui/present/error.js';
import {
  documentStatus,
  formatStatus,
  monitoringExitCode,
  presentUnknown,
} from '../ui/present/status.js';

/** A backup each night, and two hours for the one that takes long. */
const DEFAULT_MAX_AGE_MS = 26 * 3_600_000;

export default class Status extends KmsCommand {
  static override summary =
    'Show the last backups, the next run, free space and warnings on one screen.';
  static override description = `With --check it is a plug-in of Nagios, Icinga, Zabbix and their like: the first line is the verdict with numbers, the exit
code 0 ok, 1 warning, 2 critical (the newest recoverable archive is older than the limit, or there is none, or no backup can be
made because a file of settings is broken), 3 unknown (nobody can look, or the call is wrong), and never another.`;
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --check',
    '<%= config.bin %> status --max-age 8d',
    '<%= config.bin %> status --html status.html --prometheus /var/lib/prometheus/node-exporter/kms-backup-state.prom',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.notFound,
    ExitCode.noSpace,
  ];
  static override flags = {
    ...viaFlags,
    ...withEnvironment({
      acknowledge: Flags.boolean({
        summary: 'Say that a loss of mail is right: nothing is kept for it.',
      }),
      'backup-dir': backupDirFlag,
      ...identityFlags,
      html: Flags.string({
        helpValue: 'FILE',
        summary: 'Also write the state as one self-contained page.',
      }),
      prometheus: Flags.string({
        helpValue: 'FILE',
        summary: 'Also write the state as metrics, for the node exporter.',
      }),
      check: Flags.boolean({
        summary: 'Be a monitoring check.',
      }),
      'max-age': durationFlag({
        summary:
          'The same with this limit for the newest archive. Default: 26h.',
      }),
    }),
  };

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(Status);
    const isCheck = flags.check || flags['max-age'] !== undefined;
    this.isVerbatim = isCheck;

    const limitMs = flags['max-age'] ?? DEFAULT_MAX_AGE_MS;
    const maxAgeMs = isCheck ? limitMs : undefined;
    const metrics = flags.prometheus && {
      path: resolve(flags.prometheus),
      maxAgeMs,
    };

    try {
      const request = await this.#toRequest({ ...flags, 'max-age': maxAgeMs });
      await this.useNetworkDisk(request.storage.localDirectory, flags);

      await this.#acknowledge(request, flags.acknowledge);

      const status = await collectStatus(request);

      if (flags.html !== undefined) {
        await writePage(flags.html, request, status);
      }

      if (metrics) await writeMetrics(metrics, status);
      if (!isCheck) {
        return {
          exitCode: exitCodeOf(request),
          json: documentStatus(status),
          text: formatStatus(status),
        };
      }

      const line = checkLine(status.report, limitMs);

      return {
        exitCode: monitoringExitCode(status.report),
        json: documentStatus(status, line),
        text: `${line}\n${formatStatus(status)}`,
      };
    } catch (error) {
      if (metrics) await writeMetrics(metrics, undefined);

      throw error;
    }
  }

  /** Whoever calls a check knows four exit codes, whatever went wrong. */
  protected override presentFailure(error: unknown): ExitCode {
    if (!asksForCheck(this.argv)) return super.presentFailure(error);

    const { exitCode, json, text } = presentUnknown(error);
    const document = printedDocument(json, exitCode);

    writeOut(`${wantsJson(this.argv) ? JSON.stringify(document) : text}\n`);

    return exitCode;
  }

  /** Whoever is logged in takes leave, also where somebody stops it. */
  async #toRequest(
    flags: ViaFlags & Parameters<typeof toStatusRequest>[0],
  ): Promise<StatusRequest> {
    this.stopsAtOnce = flags.via === 'file';
    const running = await lookAtRunningServer(flags, adminContext(this.signal));
    this.stopsAtOnce = true;

    return toStatusRequest(flags, running);
  }

  /** The state that follows no longer warns of it. */
  async #acknowledge(
    { storage }: StatusRequest,
    isAsked: boolean,
  ): Promise<void> {
    if (!isAsked) return;

    const { acknowledge } = await import('../jobs/acknowledge.js');
    this.stopsAtOnce = false;
    await acknowledge(storage);
  }
}

/** The state is shown as far as it is known; the code says that a file of settings is broken. */
function exitCodeOf({ settingsFaults = [] }: StatusRequest): ExitCode {
  return settingsFaults.length > 0 ? ExitCode.usage : ExitCode.done;
}

/** Also where the flags cannot be parsed. */
function asksForCheck(argv: readonly string[]): boolean {
  const { KMS_BACKUP_CHECK: check, KMS_BACKUP_MAX_AGE: maxAge } = process.env;

  return (
    argv.some((word) => /^--(?:check$|max-age(?:=|$))/.test(word)) ||
    ['1', 'true'].includes(check ?? '') ||
    Boolean(maxAge)
  );
}

async function writePage(
  path: string,
  request: StatusRequest,
  status: CollectedStatus,
): Promise<void> {
  const job = await import('../jobs/status-page.js');

  job.writeStatusPage(resolve(path), await job.makeStatusPage(request, status));
}

/** @param status undefined: it cannot be read */
async function writeMetrics(
  {
    path,
    maxAgeMs,
  }: { readonly path: string; readonly maxAgeMs: number | undefined },
  status: CollectedStatus | undefined,
): Promise<void> {
  const { writeStatusMetrics } = await import('../jobs/status-metrics.js');

  await writeStatusMetrics(path, status, { clock: systemClock, maxAgeMs });
}
