import { Args, Flags } from '@oclif/core';
import { ExitCode } from '../errors.js';
import { locate } from '../jobs/archive-places.js';
import { isServerAtWork } from '../jobs/server-at-work.js';
import { systemClock } from '../platform/clock.js';
import { CheckCommand } from '../ui/check-command.js';
import type { CommonFlags, Outcome } from '../ui/command.js';
import {
  durationFlag,
  identityFlags,
  threadsFlag,
  withEnvironment,
} from '../ui/flags.js';
import { presentError } from '../ui/present/error.js';
import {
  documentVerify,
  formatVerify,
  verifyEnd,
} from '../ui/present/verify.js';

/** As parsed. */
interface VerifyFlags extends CommonFlags {
  readonly quick: boolean;
  readonly read: boolean;
  readonly unverified: boolean;
  readonly 'max-duration'?: number | undefined;
  readonly threads?: number | undefined;
}

export default class Verify extends CheckCommand {
  static override acts = 'always' as const;
  static override summary =
    'Read every byte of archives and prove that they can be recovered.';
  static override description =
    "Checks structure, names, checksums, volumes and the chain of a differential, exactly as recover would. Of a sealed archive in a bucket that no identity opens it asks whether size and ETag of all volumes are those of its seal, and ends with 3: with --read it compares every sealed byte by SHA-256, which proves it. Of the server's own directory, without DIR, its end is told as that of a backup: by mail, call and metrics.";
  static override examples = [
    '<%= config.bin %> verify',
    '<%= config.bin %> verify /mnt/server-backup/F20261122T010003Z.zip',
    '<%= config.bin %> verify "E:\\backup 2" --quick',
    '<%= config.bin %> verify --unverified --max-duration 1h',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
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
    read: Flags.boolean({
      summary: 'Read every byte also of sealed archives that nothing opens.',
    }),
    unverified: Flags.boolean({
      summary:
        'Only archives that no verify, and no drill of everything, has found sound; what is least proven comes first.',
    }),
    'max-duration': durationFlag({
      summary:
        'Stop after this time, for example 1h: what was verified until then is recorded, the next call goes on with what is least proven.',
    }),
    ...identityFlags,
    threads: threadsFlag,
  });

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Verify);
    const path = await this.archivesPath('verify', args['DIR|FILE'], flags);

    await this.useNetworkDisk(path, flags);

    return this.told('verify', path, { given: args['DIR|FILE'], flags }, () =>
      this.#verify(path, flags),
    );
  }

  async #verify(path: string, flags: VerifyFlags): Promise<Outcome> {
    const { runVerify } = await import('../verify/run-verify.js');

    const end = await runVerify({
      place: locate(path, flags),
      isQuick: flags.quick,
      readsSealed: flags.read,
      onlyUnverified: flags.unverified,
      limitMs: flags['max-duration'],
      threads: flags.threads,
      clock: systemClock,
      isServerAtWork: () => isServerAtWork(flags),
      signal: this.signal,
      onProgress: this.startProgress(flags),
      beforeRecord: () => {
        this.stopsAtOnce = false;
        this.kept = 'what was verified until then is recorded';
      },
    });

    this.warnAll(end.warnings);

    const { exitCode, error } = verifyEnd(end);

    return {
      exitCode: error && !flags.json ? presentError(error, false) : exitCode,
      json: documentVerify(end),
      text: formatVerify(end),
      isSummary: true,
    };
  }
}
