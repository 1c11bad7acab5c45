/** The warnings of a backup's run: one list, in the order in which an operator reads it. */

/** The part of the run that a warning comes from. */
type WarningSource =
  /** Reading the store and writing the archive. */
  | 'archive'
  /** Telling the right backup directory from another one. */
  | 'place'
  /** The mail server itself. */
  | 'server'
  /** Removing archives over the limit. */
  | 'rotation'
  /** Copying archives to the second place. */
  | 'mirror'
  /** Writing into the logs of the mail server. */
  | 'server-log'
  /** Tasks of kms-backup.ini whose time says nothing. */
  | 'tasks'
  /** Hooks, pings, metrics and mail. */
  | 'reporting';

export interface RunWarning {
  readonly source: WarningSource;
  readonly text: string;
}

/** Each text as a warning of that source. */
export function warningsOf(
  source: WarningSource,
  texts: readonly string[],
): RunWarning[] {
  return texts.map((text) => ({ source, text }));
}

/** The texts, in their order. */
export function warningTexts(warnings: readonly RunWarning[]): string[] {
  return warnings.map(({ text }) => text);
}
