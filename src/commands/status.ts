import { Flags } from '@oclif/core';
import { resolve } from 'node:path';
import { ExitCode, KmsError } from '../errors.js';
import {
  collectStatus,
  type CollectedStatus,
  type StatusRequest,
  toStatusRequest,
} from '../jobs/collect-status.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import {
  backupDirFlag,
  durationFlag,
  identityFlag,
  withEnvironment,
} from '../ui/flags.js';
import {
  documentStatus,
  formatStatus,
  monitoringExitCode,
  presentUnknown,
} from '../ui/present/status.js';

export default class Status extends KmsCommand {
  static override summary =
    'Show the last backups, the next run, free space and warnings on one screen.';
  static override description = `With --max-age it is a monitoring check: exit code 0 ok, 1 warning, 2 critical (the newest recoverable archive is older, or
there is none), 3 unknown (the server or its configuration cannot be read).`;
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --max-age 26h',
    '<%= config.bin %> status --html status.html',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.notFound,
    ExitCode.noSpace,
  ];
  static override flags = withEnvironment({
    'backup-dir': backupDirFlag,
    identity: identityFlag,
    html: Flags.string({
      helpValue: 'FILE',
      summary: 'Also write the state as one self-contained page.',
    }),
    'max-age': durationFlag({
      summary: 'Be a monitoring check with this limit, for example 26h.',
    }),
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(Status);
    const isCheck = flags['max-age'] !== undefined;

    try {
      const request = toStatusRequest(flags);
      await this.useNetworkDisk(request.storage.localDirectory, flags);

      const status = await collectStatus(request);
      if (flags.html !== undefined) {
        await writePage(flags.html, request, status);
      }

      return {
        exitCode: isCheck ? monitoringExitCode(status.report) : ExitCode.done,
        json: documentStatus(status),
        text: formatStatus(status),
      };
    } catch (error) {
      if (isCheck && error instanceof KmsError) return presentUnknown(error);

      throw error;
    }
  }
}

async function writePage(
  path: string,
  request: StatusRequest,
  status: CollectedStatus,
): Promise<void> {
  const job = await import('../jobs/status-page.js');

  job.writeStatusPage(resolve(path), await job.makeStatusPage(request, status));
}
