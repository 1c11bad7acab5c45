/** The tasks of a server that kms-backup.ini names. */
import { type OwnTask, parseOwnTasks } from '../schedule/own-tasks.js';
import type { Installation } from '../server/installation.js';
import { readIniFile } from '../settings/ini-file.js';

/** @throws {ConfigurationError} when kms-backup.ini is wrong */
export function readOwnTasks({ dir }: Installation): OwnTask[] {
  return parseOwnTasks(readIniFile(dir).tasks);
}
