/** The text that Prometheus reads, in blocks of one metric each. Pure. */

/** The first word of every metric of this program. */
export const METRIC_PREFIX = 'kms_backup_';
/** That of the metrics about the state of the backups; all others are about runs. */
const STATE_PREFIX = `${METRIC_PREFIX}state_`;

const NAME_PATTERN = /^(?:# (?:HELP|TYPE) )?(kms_backup_[a-z_]+)\b/;
const LINE_PATTERN =
  /^(?:# HELP [a-z_]+ [^\n]+|# TYPE [a-z_]+ gauge|[a-z_]+(?:\{type="(?:full|differential|copy)"\})? -?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

/**
 * One metric with its samples; empty where there are none.
 * @param name with the prefix
 * @param samples by what stands before the value: the name, and labels where it has some
 */
export function metricBlock(
  name: string,
  help: string,
  samples: readonly (readonly [key: string, value: string | number])[],
): string {
  if (samples.length === 0) return '';

  const body = samples.map(([key, value]) => `${key} ${value}\n`).join('');

  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${body}`;
}

/** The lines of a file that tell of the state of the backups, or those that tell of runs; what is not ours is in neither. */
export function ownLines(text: string, about: 'state' | 'runs'): string {
  const isState = (line: string): boolean =>
    (NAME_PATTERN.exec(line)?.[1] ?? '').startsWith(STATE_PREFIX);

  return text
    .split(/\r?\n/)
    .filter((line) => NAME_PATTERN.test(line) && LINE_PATTERN.test(line))
    .filter((line) => isState(line) === (about === 'state'))
    .map((line) => `${line}\n`)
    .join('');
}
