import { ExitCode } from '../errors.js';
import { pinArchive, toPinRequest } from '../jobs/pin-archive.js';
import { systemClock } from '../platform/clock.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { backupDirFlag, lockWaitFlag, withEnvironment } from '../ui/flags.js';
import { archiveArg } from '../ui/pin-args.js';
import { documentPinReport, formatPin } from '../ui/present/pin.js';

export default class Unpin extends KmsCommand {
  static override summary = 'Take the pin of an archive away.';
  static override description =
    'The rules decide about the archive again. Nothing is removed before the next rotation, and no right to remove anything is needed, in a bucket neither.';
  static override examples = ['<%= config.bin %> unpin F20260118T220007Z.zip'];
  static override exitCodes = [ExitCode.notFound, ExitCode.locked];
  static override args = archiveArg;
  static override flags = withEnvironment({
    'backup-dir': backupDirFlag,
    'lock-wait': lockWaitFlag,
  });

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Unpin);
    const request = toPinRequest(flags, {
      archive: args.ARCHIVE,
      pin: undefined,
      signal: this.signal,
    });

    await this.useNetworkDisk(request.storage.localDirectory, flags);

    const report = await pinArchive(request);

    return {
      json: documentPinReport(report),
      text: formatPin(report, systemClock()),
    };
  }
}
