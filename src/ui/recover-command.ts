import { ExitCode, UsageError } from '../errors.js';
import { listOfRecover } from '../jobs/missing-list.js';
import {
  type RecoverFlags,
  replacedServer,
  toRecoverRequest,
  toScope,
} from '../jobs/recover-request.js';
import { locate } from '../jobs/archive-places.js';
import { noteAct, noteRecover, noteSource } from '../jobs/note-acts.js';
import { toArchivesPath } from '../jobs/server.js';
import type { PlannedRecover } from '../recover/plan-recover.js';
import type { RecoverReport, RecoverRequest } from '../recover/request.js';
import type { BrowseChoice } from './browse.js';
import type { CommonFlags, Outcome } from './command.js';
import { formatListing } from './present/listing.js';
import { formatRecoverDone, formatRecoverPlan } from './present/recover.js';
import {
  documentForget,
  documentRollback,
  formatForget,
  formatRollback,
} from './present/rollback.js';
import { openPrompts } from './prompts.js';
import { RestartCommand } from './restart-command.js';

/** The flags of `recover` as parsed. */
export interface RecoverCommandFlags extends CommonFlags, RecoverFlags {
  readonly interactive: boolean;
  readonly noprogress: boolean;
  readonly 'dry-run': boolean;
  readonly 'restart-server': boolean;
  readonly yes: boolean;
}

/** The source of a recover, and whether it only adds what is missing. */
interface RecoverSource extends Pick<BrowseChoice, 'from'> {
  /** Undefined: what the flags name. */
  readonly scope?: BrowseChoice['scope'] | undefined;
  readonly isAdditive: boolean;
}

/** The steps of a recover that a person sees: browse, list, plan, ask, run, roll back. */
export abstract class RecoverCommand extends RestartCommand {
  protected override stopsAtOnce = true;

  /** Recovers from a backup directory or an archive; undefined: what a person chooses. */
  protected async recover(
    path: string | undefined,
    flags: RecoverCommandFlags,
  ): Promise<Outcome> {
    const verb = await import('../recover/run-recover.js');
    const control = this.#control(flags);

    await this.useNetworkDisk(path, flags);

    const { from, scope, isAdditive } = await this.#chooseSource(path, flags);
    const way = { ...flags, additive: isAdditive };
    const request = toRecoverRequest(from, way, control, scope);

    if (flags.listing) {
      const listing = await verb.listRecover(request);
      return { json: listing, text: formatListing(listing) };
    }

    const mayRun = flags['dry-run'] || flags['restart-server'];
    if (!mayRun) await request.refuseWhileRunning();

    const planned = await verb.planRecover(request);
    const stream = flags['dry-run'] ? process.stdout : process.stderr;
    const plan = formatRecoverPlan(planned.report, flags.verbose, stream);
    if (flags['dry-run']) return previewOf(planned.report, plan);

    if (!flags.quiet && !flags.json) this.showPeople(plan);
    if (!flags.yes) await confirm();

    return this.#run(request, planned, { ...way, scope });
  }

  /** Recovers as it was agreed. */
  async #run(
    request: RecoverRequest,
    planned: PlannedRecover,
    flags: RecoverCommandFlags & Pick<RecoverSource, 'scope'>,
  ): Promise<Outcome> {
    this.stopsAtOnce = false;
    noteSource(request.from, planned.report.archives);
    this.kept =
      'the mail server has what it had before, what was extracted is removed';

    const server = replacedServer(flags, flags.scope);
    const { refuseBusyRecover } = await import('../recover/run-recover.js');
    const { report, plan } = await this.whileStopped(
      server,
      flags,
      () => runPlanned(request, planned, flags),
      () => {
        refuseBusyRecover(request, planned);
      },
    );
    const list = listOfRecover(report, plan);
    const warnings = [...report.warnings, ...list.warnings];
    const paths = { missingList: list.path, ...this.downtime };
    const done = { ...report, warnings, ...paths };
    noteRecover(report, warnings);
    // The plan has told some of them, where it was shown.
    const told = flags.quiet ? [] : planned.report.warnings;
    this.warnAll(warnings.filter((warning) => !told.includes(warning)));

    return {
      exitCode: exitCodeOf(report),
      json: done,
      text: formatRecoverDone(done, flags.verbose),
      isSummary: true,
    };
  }

  /** The source that a person chooses from lists, or that the command line names. */
  async #chooseSource(
    path: string | undefined,
    flags: RecoverCommandFlags,
  ): Promise<RecoverSource> {
    if (flags.interactive) return browse(path, flags);
    if (path !== undefined) {
      return { from: locate(path, flags), isAdditive: flags.additive };
    }

    throw new UsageError('recover what? Name a backup directory or an archive');
  }

  /** Puts back what was there before the last recover that kept it. */
  protected async rollBack(flags: RecoverCommandFlags): Promise<Outcome> {
    const verb = await import('../recover/run-recover.js');
    const request = toRecoverRequest(undefined, flags, this.#control(flags));
    const plan = await verb.planRollback(request);
    const preview = formatRollback(plan, undefined, flags.verbose);

    if (flags['dry-run']) {
      const { notes } = plan.cost;
      const end = { isDryRun: true, warnings: notes, keptIn: [] };

      return {
        json: documentRollback(plan, end),
        text: `${preview}\nNothing was changed.`,
      };
    }

    // A script that says --rollback means it; a person is shown what goes.
    if (!flags.yes && process.stdin.isTTY) {
      this.showPeople(preview);
      await confirm();
    }

    this.stopsAtOnce = false;

    const report = await this.whileStopped(
      replacedServer(flags, undefined),
      flags,
      () => verb.rollBack(request),
      () => {
        verb.refuseBusyRollback(request);
      },
    );
    const warnings = [...report.cost.notes, ...report.warnings];
    noteAct('rollback', warnings);
    this.warnAll(warnings);

    return {
      json: documentRollback(report, {
        ...report,
        ...this.downtime,
        isDryRun: false,
        warnings,
      }),
      text: formatRollback(report, report.keptIn, flags.verbose),
      isSummary: true,
    };
  }

  /** Removes what recovers keep for a rollback. */
  protected async forget(flags: RecoverCommandFlags): Promise<Outcome> {
    const verb = await import('../recover/run-recover.js');
    const request = toRecoverRequest(undefined, flags, this.#control(flags));
    const kept = verb.planForget(request);

    if (flags['dry-run']) {
      return {
        json: documentForget(kept, { isDryRun: true, warnings: [] }),
        text: `${formatForget('Forgets', kept)}\nNothing was changed.`,
      };
    }

    if (!flags.quiet && !flags.json) {
      this.showPeople(formatForget('Forgets', kept));
    }

    if (!flags.yes) await confirm();

    this.stopsAtOnce = false;

    const warnings = await verb.forget(request);
    noteAct('forget', warnings);
    this.warnAll(warnings);

    return {
      json: documentForget(kept, { isDryRun: false, warnings }),
      text: formatForget('Forgot', kept),
      isSummary: true,
    };
  }

  #control(flags: RecoverCommandFlags): Parameters<typeof toRecoverRequest>[2] {
    const shown = flags.noprogress ? { ...flags, progress: 'none' } : flags;

    return { signal: this.signal, onProgress: this.startProgress(shown) };
  }
}

/** Runs what was planned; where the mail server was stopped since, what is planned now. */
async function runPlanned(
  request: RecoverRequest,
  planned: PlannedRecover,
  flags: RecoverCommandFlags,
): Promise<{ readonly plan: PlannedRecover; readonly report: RecoverReport }> {
  const verb = await import('../recover/run-recover.js');
  const plan = flags['restart-server']
    ? await verb.planAnew(request, planned)
    : planned;

  return { plan, report: await verb.runRecover(request, plan) };
}

/** Not all of what was asked for is in the archive. */
function exitCodeOf({ missing }: RecoverReport): ExitCode {
  return missing.length > 0 ? ExitCode.incomplete : ExitCode.done;
}

function previewOf(report: RecoverReport, plan: string): Outcome {
  return {
    exitCode: exitCodeOf(report),
    json: report,
    text: `${plan}\nNothing was changed.`,
  };
}

/** @throws {UsageError} where a person says no, or there is nobody to ask */
export async function confirm(): Promise<void> {
  const prompts = openPrompts('Run it again with --yes if the plan is right.');

  if (!(await prompts.confirm('Do it?', false))) {
    throw new UsageError('not confirmed: nothing was changed');
  }
}

async function browse(
  path: string | undefined,
  flags: RecoverCommandFlags,
): Promise<RecoverSource> {
  const prompts = openPrompts(
    'Name what to recover with -d, -u, -f or --message.',
  );
  const given = toScope(flags) ?? { withSubfolders: true };
  const { browseMail, isToBeAdded } = await import('./browse.js');

  const choice = await browseMail(prompts, {
    from: locate(toArchivesPath(path, flags), flags),
    given,
    live: flags,
  });

  // These flags are about what is replaced.
  const isReplacing = flags.backup || flags['in-place'] || flags.listing;
  const isAdditive =
    flags.additive || (!isReplacing && (await isToBeAdded(prompts)));

  return { ...choice, isAdditive };
}
