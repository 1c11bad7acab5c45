/** The text that Prometheus reads, in blocks of one metric each. Pure. */

/** The first word of every metric of this program. */
export const METRIC_PREFIX = 'kms_backup_';

/** What a metric tells of: the state of the backups, their history, checks of archives, or, by all other names, backups. */
type MetricSubject = 'state' | 'history' | 'check' | 'backup';

const NAME_PATTERN = /^(?:# (?:HELP|TYPE) )?(kms_backup_[a-z_]+)\b/;
const LINE_PATTERN =
  /^(?:# HELP [a-z_]+ [^\n]+|# TYPE [a-z_]+ gauge|[a-z_]+(?:\{type="(?:full|differential|copy|scheduled|verify|drill)"\})? -?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

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

/** The lines of a file that tell of something else; what is not ours is left out. */
export function otherLines(text: string, about: MetricSubject): string {
  return text
    .split(/\r?\n/)
    .filter((line) => NAME_PATTERN.test(line) && LINE_PATTERN.test(line))
    .filter((line) => subjectOf(line) !== about)
    .map((line) => `${line}\n`)
    .join('');
}

function subjectOf(line: string): MetricSubject {
  const name = (NAME_PATTERN.exec(line)?.[1] ?? '').slice(METRIC_PREFIX.length);
  if (name.startsWith('state_')) return 'state';
  if (name.startsWith('history_')) return 'history';

  return name.startsWith('check_') ? 'check' : 'backup';
}
