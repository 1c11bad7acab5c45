/** One thing that doctor looks at, and what came of it. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly fact: string;
  /** The advice, for a state other than ok. */
  readonly advice?: string | undefined;
}

export const ok = (name: string, fact: string): Check => ({
  name,
  state: 'ok',
  fact,
});
export const warning = (name: string, fact: string, advice: string): Check => ({
  name,
  state: 'warning',
  fact,
  advice,
});
export const problem = (name: string, fact: string, advice: string): Check => ({
  name,
  state: 'problem',
  fact,
  advice,
});

/** Whether archives can be written into a directory that is there. @param fault why not */
export function checkWritable(
  name: string,
  directory: string,
  fault: string | undefined,
): Check {
  return fault === undefined
    ? ok(name, `${directory} can be written`)
    : problem(
        name,
        `${directory}: ${fault}`,
        'Give this user the right to write there, or run as root.',
      );
}
