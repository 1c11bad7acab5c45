import { ExitCode } from '../errors.js';
import { examineServer } from '../jobs/examine-server.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { backupDirFlag, withEnvironment } from '../ui/flags.js';
import {
  doctorExitCode,
  documentDoctor,
  formatDoctor,
} from '../ui/present/doctor.js';
import { nameFlag } from '../ui/schedule-command.js';

export default class Doctor extends KmsCommand {
  static override summary =
    'Check configuration, schedule, paths, rights, space, clock and engine, and say what to do.';
  static override description =
    'Changes nothing. Exit code 1 when something would make a backup or a recovery fail, 2 when the configuration is wrong.';
  static override examples = ['<%= config.bin %> doctor'];
  static override exitCodes = [ExitCode.notFound];
  static override flags = withEnvironment({
    'backup-dir': backupDirFlag,
    name: nameFlag,
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { flags } = await this.parse(Doctor);
    const examination = await examineServer(flags, (directory) =>
      this.useNetworkDisk(directory, flags),
    );

    return {
      exitCode: doctorExitCode(examination),
      json: documentDoctor(examination),
      text: formatDoctor(examination),
    };
  }
}
