import { Flags } from '@oclif/core';
import { resolve } from 'node:path';
import { ExitCode } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import { findInstallation } from '../server/installation.js';
import { type Check, checkConfiguration, runChecks } from '../status/doctor.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { document } from '../ui/document.js';
import { withEnvironment } from '../ui/flags.js';
import { nameFlag } from '../ui/schedule-command.js';
import { checkScheduler } from '../jobs/check-scheduler.js';

export default class Doctor extends KmsCommand {
  static override summary =
    'Check configuration, schedule, paths, rights, space, clock and engine, and say what to do.';
  static override description =
    'Changes nothing. Exit code 1 when something would make a backup or a recovery fail, 2 when the configuration is wrong.';
  static override examples = ['<%= config.bin %> doctor'];
  static override exitCodes = [ExitCode.notFound];
  static override flags = withEnvironment({
    'backup-dir': Flags.string({
      helpValue: 'DIR',
      summary: "Where archives are. Default: the server's backup directory.",
    }),
    name: nameFlag,
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(Doctor);
    const installation = findInstallation({ serverDir: flags['server-dir'] });
    const { check, settings } = checkConfiguration(installation);
    const checks = [check];

    if (settings) {
      const backupDir =
        flags['backup-dir'] === undefined
          ? settings.backupDir
          : resolve(flags['backup-dir']);

      await this.useNetworkDisk(backupDir, flags);
      checks.push(
        ...(await runChecks(installation, {
          settings,
          backupDir,
          clock: systemClock,
        })),
      );
      checks.push(checkScheduler(flags, settings.backupEnabled));
    }

    const problems = checks.filter(({ state }) => state === 'problem').length;
    const verdict = problems > 0 ? ExitCode.failed : ExitCode.done;
    const exitCode = settings ? verdict : ExitCode.usage;

    return {
      exitCode,
      json: document('doctor', { checks, problems }),
      text: format(checks),
    };
  }
}

function format(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, state, fact, advice }) => [
    `${state.padEnd(7)}  ${name.padEnd(width)}  ${fact}`,
    ...(advice === undefined
      ? []
      : [`${' '.repeat(9)}${' '.repeat(width)}  * ${advice}`]),
  ]);

  return lines.join('\n');
}
