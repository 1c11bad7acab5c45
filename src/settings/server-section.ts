/** The section `[server]` of kms-backup.ini: how the mail server is stopped and started. */
import type { SectionReader } from './ini-section.js';

export interface ServerControl {
  /** Command lines for the system's shell; undefined: the platform's own way. */
  readonly stop: string | undefined;
  readonly start: string | undefined;
  /** After which a server that was asked to stop has not stopped. */
  readonly stopTimeoutMs: number | undefined;
  /** After which a server that was started does not run. */
  readonly startTimeoutMs: number | undefined;
}

export function readServer(section: SectionReader): ServerControl {
  return {
    stop: section.text('stop'),
    start: section.text('start'),
    stopTimeoutMs: section.duration('stop-timeout'),
    startTimeoutMs: section.duration('start-timeout'),
  };
}
