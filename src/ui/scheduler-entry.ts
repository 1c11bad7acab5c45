import { planJob, type SchedulerJob } from '../schedule/job.js';
import { findInstallation } from '../server/installation.js';
import { readSettings } from '../server/settings.js';
import { ownProgram } from './schedule-command.js';

/** The entry for the operating system's scheduler that a command's flags ask for. */
export function entryFor(flags: {
  readonly 'server-dir'?: string | undefined;
  readonly name: string;
  readonly 'even-if-disabled'?: boolean;
}): SchedulerJob {
  const installation = findInstallation({ serverDir: flags['server-dir'] });
  const command = [...ownProgram(), 'schedule', 'run', '--server-dir', installation.dir, '--quiet'];
  if (flags['even-if-disabled']) command.push('--even-if-disabled');
  return planJob(readSettings(installation).schedule, { name: flags.name, command, serverDir: installation.dir });
}
