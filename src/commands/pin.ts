import { Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { pinArchive, toPinRequest } from '../jobs/pin-archive.js';
import { systemClock } from '../platform/clock.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import {
  backupDirFlag,
  lockWaitFlag,
  untilFlag,
  withEnvironment,
} from '../ui/flags.js';
import { archiveArg } from '../ui/pin-args.js';
import { documentPinReport, formatPin } from '../ui/present/pin.js';

export default class PinArchive extends KmsCommand {
  static override summary = 'Keep an archive, whatever the rules say.';
  static override description =
    'Writes F….pin.json beside the archive, so that the pin travels with it: no rotation removes a pinned archive, nor the full of a pinned differential. Pinned again, it has the new reason and date. list-archives, status and rotate show pins.';
  static override examples = [
    '<%= config.bin %> pin F20260118T220007Z.zip --reason "before the move"',
    '<%= config.bin %> pin C20260118T220007Z.zip --until 2027-01-31',
  ];
  static override exitCodes = [ExitCode.notFound, ExitCode.locked];
  static override args = archiveArg;
  static override flags = withEnvironment({
    reason: Flags.string({
      helpValue: 'TEXT',
      summary: 'Why it is kept; shown wherever the pin is.',
    }),
    until: untilFlag,
    'backup-dir': backupDirFlag,
    'lock-wait': lockWaitFlag,
  });

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(PinArchive);
    const { reason, until } = flags;
    const request = toPinRequest(flags, {
      archive: args.ARCHIVE,
      pin: {
        ...(reason !== undefined && { reason }),
        ...(until && { until }),
      },
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
