import { Args } from '@oclif/core';
import { ExitCode, UsageError } from '../errors.js';
import type { RecoverRequest } from '../recover/request.js';
import type { BrowseChoice } from '../ui/browse.js';
import { type CommonFlags, KmsCommand, type Outcome } from '../ui/command.js';
import { presentListing } from '../ui/present/listing.js';
import {
  formatRecoverDone,
  formatRecoverPlan,
  formatRollback,
} from '../ui/present/recover.js';
import { openPrompts } from '../ui/prompts.js';
import { recoverFlags, toRecoverRequest } from '../ui/recover-flags.js';

export default class Recover extends KmsCommand {
  static override summary = 'Recover mail and configuration from an archive.';
  static override description =
    'A directory means its last complete backup: the newest full and its newest differential, or the newest copy. A file means that one. The new state is extracted beside the old one and proven, byte by byte, before anything is replaced.';
  static override examples = [
    '<%= config.bin %> recover /mnt/server-backup',
    '<%= config.bin %> recover "E:\\backup 2" --yes',
    '<%= config.bin %> recover /mnt/server-backup/F20060118T220007Z.zip --dry-run',
    '<%= config.bin %> recover /mnt/server-backup -d example.com -u alice -f INBOX --additive',
    '<%= config.bin %> recover --rollback',
  ];
  static override exitCodes = [
    ExitCode.damaged,
    ExitCode.notFound,
    ExitCode.locked,
    ExitCode.noBase,
    ExitCode.engineRunning,
    ExitCode.noSpace,
  ];
  static override args = {
    'DIR|FILE': Args.string({
      description: 'A backup directory or an archive.',
    }),
  };
  static override flags = recoverFlags;

  protected override stopsAtOnce = true;

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Recover);
    const onProgress = this.startProgress(
      flags.noprogress ? { ...flags, progress: 'none' } : flags,
    );
    const run = { signal: this.signal, onProgress };
    const verbs = await import('../recover/run-recover.js');
    if (flags.rollback) {
      return this.#rollBack(toRecoverRequest(undefined, flags, run), flags);
    }

    await this.useNetworkDisk(args['DIR|FILE'], flags);

    const choice = flags.interactive
      ? await this.#browse(args['DIR|FILE'], flags)
      : undefined;
    const from = choice?.from ?? args['DIR|FILE'];

    if (from === undefined) {
      throw new UsageError(
        'recover what? Name a backup directory or an archive',
      );
    }

    const request = toRecoverRequest(from, flags, {
      ...run,
      scope: choice?.scope,
    });

    if (flags.listing) return presentListing(await verbs.listRecover(request));

    if (!flags['dry-run']) await request.refuseWhileRunning();

    const planned = await verbs.planRecover(request);
    const plan = formatRecoverPlan(planned.report);
    if (flags['dry-run']) {
      return { json: planned.report, text: `${plan}\nNothing was changed.` };
    }

    if (!flags.quiet && !flags.json) process.stderr.write(`${plan}\n`);
    if (!flags.yes) await this.#confirm();
    this.stopsAtOnce = false;
    this.kept =
      'the mail server has what it had before, what was extracted is removed';

    const report = await verbs.runRecover(request, planned);
    this.#warnAll(report.warnings.slice(planned.report.warnings.length));

    return { json: report, text: formatRecoverDone(report), isSummary: true };
  }

  #warnAll(warnings: readonly string[]): void {
    for (const warning of warnings) this.warnPeople(warning);
  }

  async #rollBack(
    request: RecoverRequest,
    flags: { 'dry-run': boolean; yes: boolean },
  ): Promise<Outcome> {
    const { planRollback, rollBack } =
      await import('../recover/run-recover.js');
    const plan = planRollback(request);
    const schema = 'kms-backup/rollback/1';

    if (flags['dry-run']) {
      const text = `${formatRollback('Restores', plan)}\nNothing was changed.`;
      return {
        json: { schema, isDryRun: true, restored: [], ...plan, warnings: [] },
        text,
      };
    }

    // A script that says --rollback means it; a person is shown what goes.
    if (!flags.yes && process.stdin.isTTY) {
      process.stderr.write(`${formatRollback('Restores', plan)}\n`);
      await this.#confirm();
    }

    this.stopsAtOnce = false;

    const warnings = await rollBack(request);
    this.#warnAll(warnings);

    return {
      json: {
        schema,
        isDryRun: false,
        restored: plan.restores,
        ...plan,
        warnings,
      },
      text: formatRollback('Restored', plan),
      isSummary: true,
    };
  }

  async #confirm(): Promise<void> {
    const prompts = openPrompts(
      'Run it again with --yes if the plan is right.',
    );
    if (!(await prompts.confirm('Do it?', false))) {
      throw new UsageError('not confirmed: nothing was changed');
    }
  }

  async #browse(
    from: string | undefined,
    flags: { 'server-dir'?: string | undefined },
  ): Promise<BrowseChoice> {
    const prompts = openPrompts(
      'Name what to recover with -d, -u, -f or --message.',
    );
    const { browseMail } = await import('../ui/browse.js');
    const { openServer } = await import('../ui/context.js');

    return browseMail(
      prompts,
      from ?? openServer(flags as CommonFlags).settings.backupDir,
    );
  }
}
