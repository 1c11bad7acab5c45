import { Args, Flags } from '@oclif/core';
import { resolve } from 'node:path';
import type { VerifyReport } from '../archive/verify.js';
import { ExitCode } from '../errors.js';
import { toSystemError } from '../platform/system-error.js';
import { systemClock } from '../platform/clock.js';
import { KmsCommand, type Outcome } from '../ui/command.js';
import { openServer } from '../ui/context.js';
import { withEnvironment } from '../ui/flags.js';
import { presentError } from '../ui/present/error.js';
import { formatVerify } from '../ui/present/verify.js';

export default class Verify extends KmsCommand {
  static override summary =
    'Read every byte of archives and prove that they can be recovered.';
  static override description =
    'Checks structure, names, checksums, volumes and the chain of a differential, exactly as recover would.';
  static override examples = [
    '<%= config.bin %> verify',
    '<%= config.bin %> verify /mnt/server-backup/F20261122T010003Z.zip',
    '<%= config.bin %> verify "E:\\backup 2" --quick',
  ];
  static override exitCodes = [
    ExitCode.damaged,
    ExitCode.notFound,
    ExitCode.noSpace,
  ];
  static override args = {
    'DIR|FILE': Args.string({
      name: 'DIR|FILE',
      description:
        "A backup directory or an archive. Default: the server's directory.",
    }),
  };
  static override flags = withEnvironment({
    quick: Flags.boolean({
      summary: 'Check the structure only, without reading data.',
    }),
    threads: Flags.integer({
      min: 1,
      max: 64,
      helpValue: 'N',
      summary: 'Worker threads. Default: one a processor core.',
    }),
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Verify);
    const path =
      args['DIR|FILE'] === undefined
        ? openServer(flags).settings.backupDir
        : resolve(args['DIR|FILE']);

    await this.useNetworkDisk(path, flags);

    const { runVerify } = await import('../verify/run-verify.js');

    const { reports, warnings } = await runVerify({
      path,
      isQuick: flags.quick,
      threads: flags.threads,
      clock: systemClock,
      signal: this.signal,
      onProgress: this.startProgress(flags),
      beforeRecord: () => {
        this.stopsAtOnce = false;
      },
    });

    for (const warning of warnings) this.warnPeople(warning);

    const isSound = reports.every((report) => report.isSound);

    return {
      exitCode: isSound ? ExitCode.done : this.#failure(reports, flags.json),
      json: {
        schema: 'kms-backup/verify/1',
        isSound,
        archives: reports,
        warnings,
      },
      text: formatVerify(reports),
      isSummary: true,
    };
  }
  /** Damage is certain; what could not be read may be sound, and is told as the operating system's error. */
  #failure(reports: readonly VerifyReport[], asJson: boolean): ExitCode {
    const unread = reports.find((report) => report.unread.length > 0);
    const [first] = unread?.unread ?? [];
    const isDamaged = reports.some(
      ({ isSound, unread: own }) => !isSound && own.length === 0,
    );
    if (isDamaged || !unread || !first) return ExitCode.damaged;

    const cause = Object.assign(new Error(first.reason), {
      code: first.errno,
      syscall: 'read',
    });

    const hints = [
      'Nothing was recorded of that archive. Verify it again when the disk or share is well.',
    ];

    const error = toSystemError(cause, {
      fact: `${unread.archive} cannot be read`,
      hints,
    });

    return error && !asJson ? presentError(error, false) : ExitCode.failed;
  }
}
