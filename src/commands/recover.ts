import { Args, Flags } from '@oclif/core';
import { resolve } from 'node:path';
import { parseMask } from '../archive/components.js';
import { ExitCode, EngineRunningError, UsageError } from '../errors.js';
import { systemClock } from '../platform/clock.js';
import type { RecoverRequest } from '../recover/request.js';
import { findRunningEngine } from '../server/engine.js';
import { type CommonFlags, KmsCommand, type Outcome } from '../ui/command.js';
import { openServer } from '../ui/context.js';
import { withEnvironment } from '../ui/flags.js';
import { openPrompts } from '../ui/prompts.js';
import { formatRecoverDone, formatRecoverPlan } from '../ui/present-recover.js';

export default class Recover extends KmsCommand {
  static override summary = 'Recover mail and configuration from an archive.';
  static override description =
    'A directory means its last complete backup: the newest full and its newest differential, or the newest copy. A file\nmeans that one. The new state is extracted beside the old one and proven, byte by byte, before anything is replaced.';
  static override examples = [
    '<%= config.bin %> recover /mnt/server-backup',
    '<%= config.bin %> recover "E:\\backup 2" --yes',
    '<%= config.bin %> recover /mnt/server-backup/F20260118T220007Z.zip --dry-run',
  ];
  static override exitCodes = [
    ExitCode.incomplete,
    ExitCode.damaged,
    ExitCode.notFound,
    ExitCode.locked,
    ExitCode.noBase,
    ExitCode.engineRunning,
    ExitCode.noSpace,
  ];
  static override args = { from: Args.string({ name: 'DIR|FILE', description: 'A backup directory or an archive.' }) };
  static override flags = withEnvironment({
    store: Flags.string({
      char: 's',
      helpValue: 'DIR',
      summary: 'Where mail, lists and the like go. Default: the store.',
    }),
    cfgdir: Flags.string({ char: 'c', helpValue: 'DIR', summary: 'Where configuration, certificates and licence go.' }),
    mask: Flags.string({ char: 'm', helpValue: 'LIST', summary: 'Only these parts, for example cfg,mail.' }),
    backup: Flags.boolean({ char: 'b', summary: 'Keep the present data as NAME.BAK.' }),
    'keep-old': Flags.boolean({ summary: 'Keep the present data for --rollback.' }),
    'in-place': Flags.boolean({ summary: 'Remove the present data first: needs less space, has no undo.' }),
    rollback: Flags.boolean({ summary: 'Restore the state before the last recover that kept it.' }),
    noprogress: Flags.boolean({ char: 'g', summary: 'Show no progress.' }),
    threads: Flags.integer({ min: 1, max: 64, summary: 'Worker threads. Default: one a processor core.' }),
    'dry-run': Flags.boolean({ summary: 'Show the plan, and change nothing.' }),
    yes: Flags.boolean({ char: 'y', summary: 'Do not ask.' }),
    force: Flags.boolean({ summary: 'Although the mail server runs.' }),
  });

  protected async execute(): Promise<Outcome> {
    const { args, flags } = await this.parse(Recover);
    const request = this.#toRequest(args.from, flags);
    const { planRecover, rollBack, runRecover } = await import('../recover/run-recover.js');
    if (flags.rollback) {
      const restored = await rollBack(request);
      return { json: { schema: 'kms-backup/rollback/1', restored }, text: `Restored   ${restored.join(', ')}` };
    }
    if (args.from === undefined) throw new UsageError('recover what? Name a backup directory or an archive', {});
    if (!flags['dry-run']) await request.refuseWhileRunning();
    const planned = await planRecover(request);
    if (flags['dry-run'])
      return { json: planned.report, text: `${formatRecoverPlan(planned.report)}\nNothing was changed.` };
    await this.#confirm(flags, formatRecoverPlan(planned.report));
    const report = await runRecover(request, planned);
    this.stopProgress();
    return { json: report, text: formatRecoverDone(report) };
  }

  async #confirm(flags: CommonFlags & { yes: boolean }, plan: string): Promise<void> {
    if (!flags.quiet && !flags.json) process.stderr.write(`${plan}\n`);
    if (flags.yes) return;
    const prompts = openPrompts('Run it again with --yes if the plan is right.');
    if (!(await prompts.confirm('Replace the present state by this one?', false))) {
      throw new UsageError('not confirmed: nothing was changed');
    }
  }

  #toRequest(
    from: string | undefined,
    flags: CommonFlags & {
      store?: string | undefined;
      cfgdir?: string | undefined;
      mask?: string | undefined;
      backup: boolean;
      'keep-old': boolean;
      'in-place': boolean;
      noprogress: boolean;
      threads?: number | undefined;
      force: boolean;
    },
  ): RecoverRequest {
    const needsServer = flags.store === undefined || flags.cfgdir === undefined;
    const server = needsServer ? openServer(flags) : undefined;
    return {
      from: resolve(from ?? '.'),
      storeDir: resolve(flags.store ?? server?.settings.storeDir ?? '.'),
      cfgDir: resolve(flags.cfgdir ?? server?.installation.dir ?? '.'),
      mask: flags.mask === undefined ? undefined : parseMask(flags.mask),
      keepsOld: flags['keep-old'],
      keepsBeside: flags.backup,
      isInPlace: flags['in-place'],
      threads: flags.threads,
      clock: systemClock,
      refuseWhileRunning: async () => {
        const engine = flags.force || !server ? undefined : await findRunningEngine(server.installation);
        if (!engine) return;
        throw new EngineRunningError(`the mail server is running (${engine.name}, pid ${engine.pid})`, {
          hints: ['Stop it first, for example systemctl stop kerio-connect; it may take five minutes.'],
        });
      },
      signal: this.signal,
      onProgress: this.startProgress(flags.noprogress ? { ...flags, progress: 'none' } : flags),
    };
  }
}
